"""Usage records: reading them by cursor, and adding what is counted or comes from outside."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, literal_column, select, true, tuple_
from sqlalchemy.exc import IntegrityError

from zaffre.foundation.database import insert_of
from zaffre.foundation.errors import Conflict, InvalidInput, NotFound
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.management.metering.cursors import CursorExpired, RecordCursor
from zaffre.management.metering.meters import Meters
from zaffre.management.metering.tables import UsageCursorRow, UsageRecordRow, UsageSpanRow
from zaffre.management.tables import SubscriptionRow

PRUNED = "pruned"
"""Name of the cursor behind the last record that was deleted."""
ROWS_AT_ONCE = 500
LONGEST = timedelta(days=31)
"""A record from outside lasts no longer: its sums are one row for each hour."""


class RecordKind(StrEnum):
    """Where a record comes from."""

    METERED = "metered"
    """Zaffre's own, written as the time went by."""
    LATE = "late"
    """From outside, or about a time that had its records already."""
    CORRECTION = "correction"
    """To be added to the record that it names; it may be negative."""


_FIELDS = {
    "id": Field(UsageRecordRow.id, FieldType.ID),
    "meter": Field(UsageRecordRow.meter, FieldType.TEXT, sortable=False),
    "plan_id": Field(UsageRecordRow.plan_id, FieldType.ID, sortable=False),
    "resource_type": Field(UsageRecordRow.resource_type, FieldType.TEXT, sortable=False),
    "resource_id": Field(UsageRecordRow.resource_id, FieldType.ID, sortable=False),
    "resource_name": Field(UsageRecordRow.resource_name, FieldType.TEXT, searchable=True, sortable=False),
    "state": Field(UsageRecordRow.state, FieldType.TEXT, sortable=False),
    "kind": Field(UsageRecordRow.kind, FieldType.TEXT, sortable=False),
    "corrects": Field(UsageRecordRow.corrects, FieldType.ID, sortable=False),
    "began_at": Field(UsageRecordRow.began_at, FieldType.INSTANT),
    "ended_at": Field(UsageRecordRow.ended_at, FieldType.INSTANT, sortable=False),
    "recorded_at": Field(UsageRecordRow.recorded_at, FieldType.INSTANT, sortable=False),
}
OF_SUBSCRIPTION = Listing(UsageRecordRow, _FIELDS, key=UsageRecordRow.id, order="began_at desc")
OF_SITE = Listing(
    UsageRecordRow,
    {
        **_FIELDS,
        "subscription_id": Field(UsageRecordRow.subscription_id, FieldType.ID, sortable=False),
        "account_id": Field(UsageRecordRow.account_id, FieldType.ID, sortable=False),
    },
    key=UsageRecordRow.id,
    order="began_at desc",
)


class RecordTaken(Conflict):
    """There is a record from outside of this meter, resource and beginning."""

    code = "usage.record_exists"
    title = "The usage is recorded already"


@dataclass(frozen=True)
class CountedUsage:
    """What was counted of a resource since it was counted before."""

    meter: str
    resource_id: str
    quantity: Decimal
    began_at: datetime
    ended_at: datetime


@dataclass(frozen=True)
class NewUsageRecord:
    """A record from outside."""

    meter: str
    subscription_id: str
    resource_type: str
    resource_id: str
    resource_name: str
    quantity: Decimal
    began_at: datetime
    ended_at: datetime
    state: str = ""
    dimensions: Mapping[str, Any] = field(default_factory=dict[str, Any])
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    plan_id: str | None = None
    """None: the subscription's present one."""


class UsageRecords:
    """Reads and adds records inside one unit of work."""

    def __init__(self, work: UnitOfWork, meters: Meters) -> None:
        self._work = work
        self._session = work.session
        self._meters = meters

    async def page(self, query: ListQuery, subscription_id: str | None = None) -> Rows[UsageRecordRow]:
        """Return a page of a subscription's records, or of all."""
        if subscription_id is None:
            return await OF_SITE.rows(self._session, query)
        scope = UsageRecordRow.subscription_id == subscription_id
        return await OF_SUBSCRIPTION.rows(self._session, query, scope)

    async def after(self, cursor: RecordCursor, limit: int) -> Sequence[UsageRecordRow]:
        """Return up to `limit` records that follow `cursor`, in the order in which they were written for good.

        Raises:
            CursorExpired: some of them have been deleted; an empty cursor begins with the oldest that is left.
        """
        statement = select(UsageRecordRow).where(settled(self._work), following(cursor))
        found = await self._session.scalars(statement.order_by(*_ORDER).limit(limit))
        records = found.all()
        pruned = await self._session.get(UsageCursorRow, PRUNED)
        if pruned is not None and RecordCursor() < cursor < RecordCursor(pruned.transaction_id, pruned.position):
            raise CursorExpired(cursor)
        return records

    async def get(self, record_id: str) -> UsageRecordRow:
        """Return a record.

        Raises:
            NotFound: there is none with this id.
        """
        row = await self._session.scalar(select(UsageRecordRow).where(UsageRecordRow.id == record_id))
        if row is None:
            raise NotFound("usage record", record_id)
        return row

    async def count(self, counted: Iterable[CountedUsage]) -> None:
        """Record what was counted. Of a resource that metering does not know, nothing is."""
        wanted = [each for each in counted if each.quantity and each.ended_at > each.began_at]
        ids = {each.resource_id for each in wanted}
        found = await self._session.execute(select(*UsageSpanRow.__table__.c).where(UsageSpanRow.resource_id.in_(ids)))
        spans = {span.resource_id: span for span in found.all()}
        records = [self._counted(each, spans[each.resource_id]) for each in wanted if each.resource_id in spans]
        await insert_records(self._work, records)

    async def add(self, draft: NewUsageRecord) -> UsageRecordRow:
        """Add a record from outside; it counts as late.

        Raises:
            InvalidInput: there is no such meter, or the time is empty, too long or has not come yet.
            NotFound: there is no such subscription.
            RecordTaken: one of this meter, resource and beginning came from outside already.
        """
        meter = self._meters.named(draft.meter)
        self._check_time(draft.began_at, draft.ended_at)
        subscription = await self._session.get(SubscriptionRow, draft.subscription_id)
        if subscription is None:
            raise NotFound("subscription", draft.subscription_id)
        row = UsageRecordRow(
            id=self._work.ids.new(),
            meter=meter.name,
            subscription_id=draft.subscription_id,
            account_id=subscription.account_id,
            plan_id=draft.plan_id or subscription.plan_id,
            resource_type=draft.resource_type,
            resource_id=draft.resource_id,
            resource_name=draft.resource_name,
            state=draft.state,
            quantity=draft.quantity,
            unit=meter.unit,
            began_at=draft.began_at,
            ended_at=draft.ended_at,
            dimensions=dict(draft.dimensions),
            tags=dict(draft.tags),
            kind=RecordKind.LATE,
            recorded_at=self._work.clock.now(),
        )
        return await self._save(row)

    async def correct(self, record_id: str, difference: Decimal) -> UsageRecordRow:
        """Add a record that changes what another says by a difference, which may be negative.

        Raises:
            NotFound: there is no such record.
        """
        wrong = await self.get(record_id)
        same = {name: getattr(wrong, name) for name in _SAME}
        row = UsageRecordRow(
            id=self._work.ids.new(),
            **same,
            quantity=difference,
            kind=RecordKind.CORRECTION,
            corrects=wrong.id,
            recorded_at=self._work.clock.now(),
        )
        return await self._save(row)

    async def _save(self, row: UsageRecordRow) -> UsageRecordRow:
        def refusal(_: IntegrityError) -> RecordTaken:
            return RecordTaken(
                "A record from outside of the same meter, resource and beginning is there already.",
                remedy="Correct that one, or send another beginning.",
                target="began_at",
            )

        described = (row.meter, row.kind, row.resource_id, row.resource_name, row.subscription_id)
        meter, kind, resource_id, name, subscription_id = described
        await self._work.save(row, refusal)
        resource = ResourceRef("usage_record", row.id, name or None, subscription_id=subscription_id)
        self._work.emit("usage_record.added", resource, meter=meter, record_kind=kind, metered_resource_id=resource_id)
        return row

    def _check_time(self, began_at: datetime, ended_at: datetime) -> None:
        reason = None
        if ended_at <= began_at:
            reason = "The record ends before it begins."
        elif ended_at - began_at > LONGEST:
            reason = f"The record is longer than {LONGEST.days} days."
        elif ended_at > self._work.clock.now() + timedelta(minutes=5):
            reason = "The record ends in the future."
        elif began_at < datetime(2000, 1, 1, tzinfo=UTC):
            reason = "The record begins before the year 2000."
        if reason is not None:
            raise InvalidInput(reason, remedy="Correct began_at and ended_at.", target="ended_at")

    def _counted(self, counted: CountedUsage, span: Any) -> dict[str, Any]:
        meter = self._meters.named(counted.meter)
        return {
            "id": self._work.ids.new(),
            "meter": meter.name,
            "subscription_id": span.subscription_id,
            "account_id": span.account_id,
            "plan_id": span.plan_id,
            "resource_type": span.resource_type,
            "resource_id": span.resource_id,
            "resource_name": span.resource_name,
            "state": span.state,
            "quantity": counted.quantity,
            "unit": meter.unit,
            "began_at": counted.began_at,
            "ended_at": counted.ended_at,
            "dimensions": span.dimensions,
            "tags": span.tags,
            "kind": RecordKind.METERED,
            "corrects": None,
            "recorded_at": self._work.clock.now(),
        }


_ORDER = (UsageRecordRow.transaction_id, UsageRecordRow.position)
_SAME = (
    "meter",
    "subscription_id",
    "account_id",
    "plan_id",
    "resource_type",
    "resource_id",
    "resource_name",
    "state",
    "unit",
    "began_at",
    "ended_at",
    "dimensions",
    "tags",
)
"""What a correction has in common with what it corrects."""


def following(cursor: RecordCursor) -> ColumnElement[bool]:
    """Return the condition for records behind a cursor."""
    return tuple_(*_ORDER) > (cursor.transaction_id, cursor.position)  # pyright: ignore[reportReturnType]


def settled(work: UnitOfWork) -> ColumnElement[bool]:
    """Stop short of transactions that are still open, whose records might come before visible ones."""
    if work.session.get_bind().dialect.name == "sqlite":
        return true()
    horizon = literal_column("CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)", BigInteger())
    return UsageRecordRow.transaction_id < horizon


async def insert_records(work: UnitOfWork, records: Sequence[dict[str, Any]]) -> None:
    """Write records. One that is there already, by meter, resource and beginning, is not written again."""
    insert = insert_of(work.session)
    for start in range(0, len(records), ROWS_AT_ONCE):
        statement = insert(UsageRecordRow).on_conflict_do_nothing()
        await work.session.execute(statement, records[start : start + ROWS_AT_ONCE])
