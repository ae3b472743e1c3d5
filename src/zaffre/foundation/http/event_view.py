"""How a lifecycle event looks to whoever reads it: in lists, streams and webhooks alike."""

from datetime import datetime
from typing import Any

from zaffre.foundation.events.log import LifecycleEvent
from zaffre.foundation.http.wire import View


class EventView(View):
    """One fact."""

    cursor: str
    """Its place in the log; resume behind it with `Last-Event-ID`."""
    id: str
    kind: str
    occurred_at: datetime
    actor_kind: str
    actor_id: str
    acting_for_id: str | None
    """The account that the actor, an administrator, acted for."""
    account_id: str | None
    subscription_id: str | None
    resource_type: str
    resource_id: str
    resource_name: str | None
    operation_id: str | None
    request_id: str | None
    data: dict[str, Any]

    @classmethod
    def of(cls, event: LifecycleEvent) -> "EventView":
        """Shape an event."""
        fields = {**vars(event), "cursor": str(event.cursor)}
        return cls.model_validate(fields)
