"""What was used: records, their feed, and summaries."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from zaffre.client.collection import Listing
from zaffre.client.connection import Connection, parsed
from zaffre.client.models import (
    NewUsageRecordBody,
    UsageFeedView,
    UsageRecordView,
    UsageSummaryView,
)

FEED_PAGE = 5000


class UsageRecords(Listing[UsageRecordView]):
    """Usage records, newest first."""

    noun = "usage record"
    name_field = "id"


class SubscriptionUsage:
    """What a subscription used."""

    def __init__(self, connection: Connection, subscription_path: str) -> None:
        """Look at one subscription."""
        self._connection = connection
        self._path = subscription_path
        self.records = UsageRecords(connection, f"{subscription_path}/usage-records", UsageRecordView)

    def summary(
        self,
        begin: datetime | None = None,
        end: datetime | None = None,
        *,
        step: str = "day",
        group: str = "meter",
        meter: str | None = None,
    ) -> UsageSummaryView:
        """Return what was used by `step` (hour, day, total) and `group` (meter, resource); left out, in 30 days."""
        parameters = _parameters(begin, end, step, group, meter)
        return self._connection.get(f"{self._path}/usage-summary", UsageSummaryView, parameters)


class AllUsage:
    """What everybody used, and the feed that billing systems read."""

    def __init__(self, connection: Connection) -> None:
        """Use the usage of the admin face."""
        self._connection = connection
        self.records = UsageRecords(connection, "/usage-records", UsageRecordView)

    def feed(self, after: str | None = None, limit: int = FEED_PAGE) -> UsageFeedView:
        """Return records that follow a cursor, with the cursor to go on from; nothing is deleted by reading.

        Raises:
            ZaffreError: `usage.cursor_expired`, when records that were not read yet have been deleted by age.
        """
        parameters = {"limit": limit} | ({"after": after} if after is not None else {})
        return self._connection.get("/usage-feed", UsageFeedView, parameters)

    def follow(self, after: str | None = None) -> Iterator[UsageFeedView]:
        """Yield pages of records until there are no more at present; keep a page's cursor once you kept its records."""
        while True:
            page = self.feed(after)
            if page.value:
                yield page
            if not page.more:
                return
            after = page.cursor

    def summary(
        self,
        begin: datetime | None = None,
        end: datetime | None = None,
        *,
        step: str = "day",
        group: str = "subscription",
        meter: str | None = None,
        subscription_id: str | None = None,
    ) -> UsageSummaryView:
        """Return what everybody used by `step` (hour, day, total) and `group` (meter, subscription, resource)."""
        parameters = _parameters(begin, end, step, group, meter)
        if subscription_id is not None:
            parameters["subscription_id"] = subscription_id
        return self._connection.get("/usage-summary", UsageSummaryView, parameters)

    def add(self, body: NewUsageRecordBody) -> UsageRecordView:
        """Add a late record, or with `corrects` and a quantity the difference to one that is there."""
        return parsed(self._connection.ask("POST", "/usage-records", body), UsageRecordView)

    def correct(self, record_id: str, difference: str) -> UsageRecordView:
        """Change what a record says by a difference, such as `-2.5`."""
        return self.add(NewUsageRecordBody(corrects=record_id, quantity=difference))


def _parameters(
    begin: datetime | None, end: datetime | None, step: str, group: str, meter: str | None
) -> dict[str, Any]:
    bounds = {"from": begin, "to": end}
    told = {name: instant.isoformat() for name, instant in bounds.items() if instant is not None}
    return {"step": step, "group": group, **told} | ({"meter": meter} if meter is not None else {})
