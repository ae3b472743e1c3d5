"""Spans: the stretches of time in which a resource uses the same, and the records that are cut from them.

Each step is one transaction that holds the lock of metering, so any number of processes may try: a span knows up to
when it has its records, and they and that instant are written together. A process that is killed has done a step or has
not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update

from zaffre.foundation.work import UnitOfWork
from zaffre.management.metering.cursors import held_cursor
from zaffre.management.metering.meters import HOUR_S, Meters
from zaffre.management.metering.quantities import over_time, quantity
from zaffre.management.metering.records import RecordKind, insert_records
from zaffre.management.metering.tables import UsageChangeRow, UsageSpanRow
from zaffre.management.tables import SubscriptionRow

LOCK = "spans"
SUBSCRIPTION = "subscription"


@dataclass(frozen=True)
class _Owner:
    """Who pays, and by which plan."""

    account_id: str
    plan_id: str


class Spans:
    """Writes records of what is used over time, inside one unit of work."""

    def __init__(self, work: UnitOfWork, meters: Meters) -> None:
        self._work = work
        self._session = work.session
        self._meters = meters
        self._records: list[dict[str, Any]] = []
        self._spans: dict[str, UsageSpanRow] = {}

    async def follow(self, limit: int) -> int:
        """Take up to `limit` changes out of the journal into their spans; returns how many there were."""
        await held_cursor(self._work, LOCK)
        found = select(UsageChangeRow).order_by(UsageChangeRow.position).limit(limit)
        changes = (await self._session.scalars(found)).all()
        if not changes:
            return 0
        await self._load(UsageSpanRow.resource_id.in_({change.resource_id for change in changes}))
        for change in changes:
            await self._apply(change)
        await self._session.flush()
        await insert_records(self._work, self._records)
        taken = UsageChangeRow.position.in_([change.position for change in changes])
        await self._session.execute(delete(UsageChangeRow).where(taken).execution_options(synchronize_session=False))
        return len(changes)

    async def cut(self, boundary: datetime, limit: int) -> int:
        """Record what up to `limit` resources used until `boundary`, an hour of each at most; returns how many."""
        await held_cursor(self._work, LOCK)
        due = (
            select(*UsageSpanRow.__table__.c)
            .where(UsageSpanRow.ended.is_(False), UsageSpanRow.metered_to < boundary)
            .order_by(UsageSpanRow.metered_to)
            .limit(limit)
        )
        spans = (await self._session.execute(due)).all()
        ends: dict[datetime, list[str]] = {}
        for span in spans:
            end = min(boundary, _next_hour(span.metered_to))
            self._record(span, span.metered_to, end)
            ends.setdefault(end, []).append(span.resource_id)
        await insert_records(self._work, self._records)
        for end, ids in ends.items():
            statement = update(UsageSpanRow).where(UsageSpanRow.resource_id.in_(ids)).values(metered_to=end)
            await self._session.execute(statement.execution_options(synchronize_session=False))
        return len(spans)

    async def _load(self, condition: Any) -> None:
        for span in await self._session.scalars(select(UsageSpanRow).where(condition)):
            self._spans[span.resource_id] = span

    async def _apply(self, change: UsageChangeRow) -> None:
        usage = change.usage
        span = self._spans.get(change.resource_id)
        if span is None or span.ended:
            if usage and usage["amounts"] is not None:
                await self._open(span, change)
            return
        span.position = change.position
        if not usage:
            self._close(span, change.occurred_at)
            span.ended = True
        elif usage["amounts"] is None:
            span.resource_name = usage["resource_name"]
        else:
            await self._continue(span, change)

    async def _open(self, span: UsageSpanRow | None, change: UsageChangeRow) -> None:
        """Begin to record a resource; one that comes back goes on from where it ended."""
        usage = change.usage
        owner = await self._owner(usage)
        if owner is None:
            return
        if span is None:
            span = UsageSpanRow(resource_id=change.resource_id, metered_to=change.occurred_at)
            self._session.add(span)
            self._spans[change.resource_id] = span
        span.provider, span.position, span.ended = change.provider, change.position, False
        span.metered_to = max(span.metered_to, change.occurred_at)
        span.resource_type, span.subscription_id = usage["resource_type"], usage["subscription_id"]
        span.account_id, span.plan_id = owner.account_id, owner.plan_id
        _set(span, usage)

    async def _continue(self, span: UsageSpanRow, change: UsageChangeRow) -> None:
        usage = change.usage
        owner = _Owner(span.account_id, span.plan_id)
        if span.resource_type == SUBSCRIPTION:
            owner = _Owner(usage["account_id"], usage["plan_id"])
        if owner != _Owner(span.account_id, span.plan_id):
            await self._load((UsageSpanRow.subscription_id == span.resource_id) & UsageSpanRow.ended.is_(False))
            inside = [each for each in self._spans.values() if each.subscription_id == span.resource_id]
            for each in inside:
                if not each.ended:
                    self._close(each, change.occurred_at)
                    each.account_id, each.plan_id = owner.account_id, owner.plan_id
        if (span.state, span.amounts, span.dimensions, span.tags) != tuple(usage[key] for key in _PRICED):
            self._close(span, change.occurred_at)
        _set(span, usage)

    def _close(self, span: UsageSpanRow, at: datetime) -> None:
        """Record a span up to a change. A clock that was put back makes it end where it is recorded to already."""
        end = max(at, span.metered_to)
        self._record(span, span.metered_to, end)
        span.metered_to = end

    async def _owner(self, usage: Mapping[str, Any]) -> _Owner | None:
        """Return whose a resource is; None when its subscription is not known any more."""
        if usage["plan_id"] is not None:
            return _Owner(usage["account_id"], usage["plan_id"])
        subscription_id = usage["subscription_id"]
        if subscription_id not in self._spans:
            await self._load(UsageSpanRow.resource_id == subscription_id)
        span = self._spans.get(subscription_id)
        if span is not None:
            return _Owner(span.account_id, span.plan_id)
        row = await self._session.get(SubscriptionRow, subscription_id)
        return _Owner(row.account_id, row.plan_id) if row is not None else None

    def _record(self, span: Any, begin: datetime, end: datetime) -> None:
        """Add the records of a time in which a resource used the same."""
        now = self._work.clock.now()
        for piece_begin, piece_end in pieces(begin, end):
            microseconds = (piece_end - piece_begin) // timedelta(microseconds=1)
            for name, amount in span.amounts.items():
                meter = self._meters.get(name)
                if meter is None:
                    continue
                used = over_time(amount, microseconds, meter.period_s)
                self._records.append(
                    {
                        "id": self._work.ids.new(),
                        "meter": name,
                        "subscription_id": span.subscription_id,
                        "account_id": span.account_id,
                        "plan_id": span.plan_id,
                        "resource_type": span.resource_type,
                        "resource_id": span.resource_id,
                        "resource_name": span.resource_name,
                        "state": span.state,
                        "quantity": quantity(used),
                        "unit": meter.unit,
                        "began_at": piece_begin,
                        "ended_at": piece_end,
                        "dimensions": span.dimensions,
                        "tags": span.tags,
                        "kind": RecordKind.METERED,
                        "corrects": None,
                        "recorded_at": now,
                    }
                )


_PRICED = ("state", "amounts", "dimensions", "tags")
"""What of a usage must be the same throughout a record."""


def _set(span: UsageSpanRow, usage: Mapping[str, Any]) -> None:
    span.resource_name, span.state = usage["resource_name"], usage["state"]
    span.amounts, span.dimensions, span.tags = usage["amounts"], usage["dimensions"], usage["tags"]


def pieces(begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield a stretch of time in pieces that lie within an hour each; nothing when it has no length."""
    while begin < end:
        piece_end = min(end, _next_hour(begin))
        yield begin, piece_end
        begin = piece_end


def boundary_before(instant: datetime, interval_s: int) -> datetime:
    """Return the last multiple of an interval before an instant."""
    seconds = int(instant.timestamp())
    return datetime.fromtimestamp(seconds - seconds % interval_s, UTC)


def _next_hour(instant: datetime) -> datetime:
    return instant.replace(minute=0, second=0, microsecond=0) + timedelta(seconds=HOUR_S)
