"""Which events a webhook is for."""

from collections.abc import Collection, Sequence

from sqlalchemy import select

from zaffre.foundation.events import LifecycleEvent, LifecycleEventRow
from zaffre.foundation.http.filters import Field, FieldType, parse_filter
from zaffre.foundation.work import UnitOfWork
from zaffre.management.webhooks.tables import WebhookRow

KIND_PATTERN = r"^(\*|[a-z_]{1,60}\.(\*|[a-z_]{1,60}))$"
"""`*`, `virtual_machine.*` or `virtual_machine.started`."""

EVENT_FIELDS = {
    "kind": Field(LifecycleEventRow.kind, FieldType.TEXT),
    "occurred_at": Field(LifecycleEventRow.occurred_at, FieldType.INSTANT),
    "actor_kind": Field(LifecycleEventRow.actor_kind, FieldType.TEXT),
    "actor_id": Field(LifecycleEventRow.actor_id, FieldType.TEXT),
    "account_id": Field(LifecycleEventRow.account_id, FieldType.ID),
    "subscription_id": Field(LifecycleEventRow.subscription_id, FieldType.ID),
    "resource_type": Field(LifecycleEventRow.resource_type, FieldType.TEXT),
    "resource_id": Field(LifecycleEventRow.resource_id, FieldType.TEXT),
    "resource_name": Field(LifecycleEventRow.resource_name, FieldType.TEXT),
    "operation_id": Field(LifecycleEventRow.operation_id, FieldType.ID),
}
"""What a webhook's filter may name."""


async def selected(work: UnitOfWork, webhook: WebhookRow, events: Sequence[LifecycleEvent]) -> Sequence[LifecycleEvent]:
    """Return those of `events` that a webhook is sent, in their order."""
    wanted = [event for event in events if _in_scope(webhook, event) and _is_wanted(webhook.kinds, event.kind)]
    if webhook.filter is None or not wanted:
        return wanted
    ids = [event.id for event in wanted]
    condition = parse_filter(webhook.filter, EVENT_FIELDS)
    passing = set(
        await work.session.scalars(select(LifecycleEventRow.id).where(LifecycleEventRow.id.in_(ids), condition))
    )
    return [event for event in wanted if event.id in passing]


def _in_scope(webhook: WebhookRow, event: LifecycleEvent) -> bool:
    return webhook.subscription_id is None or webhook.subscription_id == event.subscription_id


def _is_wanted(kinds: Collection[str], kind: str) -> bool:
    noun = kind.partition(".")[0]
    return "*" in kinds or kind in kinds or f"{noun}.*" in kinds
