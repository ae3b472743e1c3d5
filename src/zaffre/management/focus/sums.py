"""Sums: what subscriptions used in a month, in pages, with as little work for each row as a database allows.

Ids, instants and JSON are read as text, because the same ones come again and again: each is made into an object once,
and not once for every row.
"""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Text, and_, cast, func, not_, or_, select, type_coerce

from zaffre.foundation.actor import Actor
from zaffre.foundation.work import UnitOfWork, UnitsOfWork
from zaffre.management.focus.known import Known
from zaffre.management.metering.tables import UsageDayRow, UsageHourRow
from zaffre.management.money.months import HOUR, Month
from zaffre.management.money.pricing import Used
from zaffre.management.money.usage_rows import DAY

SUMS_AT_ONCE = 2000
"""Read at once: what a stretch of time takes on the event loop is some tens of milliseconds."""
_Table = type[UsageDayRow] | type[UsageHourRow]
_PLACE_IN_TIME = itemgetter(0, 1)


@dataclass(frozen=True)
class _Stretch:
    """What is read at once: some subscriptions for the whole month, or one for a part of it."""

    ids: Sequence[str]
    begin: datetime
    end: datetime


class SumReader:
    """Reads the sums of a month: those of days, and those of hours on days in which a price changes."""

    def __init__(self, units: UnitsOfWork, actor: Actor, month: Month, split: Sequence[datetime]) -> None:
        self._units = units
        self._actor = actor
        self._month = month
        self._split = split
        self._lengths: dict[_Table, timedelta] = {UsageDayRow: DAY, UsageHourRow: HOUR}
        self._instants = Known[str, datetime](_instant)
        self._json = Known[str, dict[str, Any]](json.loads)

    async def pages(self, ids: Sequence[str]) -> AsyncIterator[list[Used]]:
        """Yield what subscriptions used, one after the other, each in the order of time.

        A page never parts what was used at one time, because that shares tiers.
        """
        sizes = await self._sizes(ids)
        begin, end = self._month.begin, self._month.end
        together: list[str] = []
        size = 0
        for each in ids:
            count = sizes.get(each, 0)
            if together and size + count > SUMS_AT_ONCE:
                yield await self._read(_Stretch(together, begin, end))
                together, size = [], 0
            if count > SUMS_AT_ONCE:
                for stretch in await self._parts(each):
                    yield await self._read(stretch)
            elif count:
                together.append(each)
                size += count
        if together:
            yield await self._read(_Stretch(together, begin, end))

    async def _sizes(self, ids: Sequence[str]) -> dict[str, int]:
        """Return how many sums there are of each subscription."""
        sizes: dict[str, int] = {}
        async with self._units.read(self._actor) as work:
            for table in self._tables():
                counted = select(cast(table.subscription_id, Text), func.count())
                wanted = self._wanted(table, _Stretch(ids, self._month.begin, self._month.end))
                for id_, count in await work.session.execute(counted.where(wanted).group_by(table.subscription_id)):
                    sizes[id_] = sizes.get(id_, 0) + count
        return sizes

    async def _parts(self, subscription_id: str) -> list[_Stretch]:
        """Divide a large subscription's month into times of about a page; what was used at one time is never parted."""
        whole = _Stretch([subscription_id], self._month.begin, self._month.end)
        counts: list[tuple[datetime, int]] = []
        async with self._units.read(self._actor) as work:
            for table in self._tables():
                counted = select(table.began_at, func.count()).where(self._wanted(table, whole))
                rows = await work.session.execute(counted.group_by(table.began_at))
                counts += [(row[0], row[1]) for row in rows]
        parts: list[_Stretch] = []
        begin, size = whole.begin, 0
        for at, count in sorted(counts):
            if size and size + count > SUMS_AT_ONCE:
                parts.append(_Stretch(whole.ids, begin, at))
                begin, size = at, 0
            size += count
        return [*parts, _Stretch(whole.ids, begin, whole.end)]

    async def _read(self, stretch: _Stretch) -> list[Used]:
        found: list[Used] = []
        async with self._units.read(self._actor) as work:
            for table in self._tables():
                found += await self._sums(work, table, stretch)
        if self._split:
            found.sort(key=_PLACE_IN_TIME)
        return found

    async def _sums(self, work: UnitOfWork, table: _Table, stretch: _Stretch) -> list[Used]:
        key = table.__table__.primary_key
        rows = await work.session.execute(select(*_texts(table)).where(self._wanted(table, stretch)).order_by(*key))
        instants, known, length = self._instants, self._json, self._lengths[table]
        ends = Known[datetime, datetime](lambda begin: begin + length)
        return [
            Used(
                subscription_id,
                begin := instants[began_at],
                ends[begin],
                meter,
                resource_id,
                account_id,
                plan_id,
                resource_type,
                resource_name,
                state,
                unit,
                quantity,
                known[dimensions],
                known[tags],
            )
            for (
                subscription_id,
                began_at,
                meter,
                resource_id,
                account_id,
                plan_id,
                resource_type,
                resource_name,
                state,
                unit,
                quantity,
                dimensions,
                tags,
            ) in rows.all()
        ]

    def _tables(self) -> Sequence[_Table]:
        return (UsageDayRow, UsageHourRow) if self._split else (UsageDayRow,)

    def _wanted(self, table: _Table, stretch: _Stretch) -> ColumnElement[bool]:
        """Say which of a table's sums count: of days all but those that are priced by the hour."""
        wanted = and_(
            table.subscription_id.in_(stretch.ids), table.began_at >= stretch.begin, table.began_at < stretch.end
        )
        if not self._split:
            return wanted
        among = or_(*(and_(table.began_at >= day, table.began_at < day + DAY) for day in self._split))
        return and_(wanted, not_(among) if table is UsageDayRow else among)


def _instant(text: str) -> datetime:
    """Read an instant as a database writes it: PostgreSQL with a zone, SQLite in UTC and without one."""
    instant = datetime.fromisoformat(text)
    return instant.astimezone(UTC) if instant.tzinfo is not None else instant.replace(tzinfo=UTC)


def _texts(table: _Table) -> Sequence[Any]:
    """Return what is read of a sum; the quantity as the whole number that it is, and the rest as text."""
    of = table.__table__.c  # Not the mapped attributes, which the session would look at row by row.
    return (
        cast(of.subscription_id, Text),
        cast(of.began_at, Text),
        of.meter,
        cast(of.resource_id, Text),
        cast(of.account_id, Text),
        cast(of.plan_id, Text),
        of.resource_type,
        of.resource_name,
        of.state,
        of.unit,
        type_coerce(of.quantity, BigInteger),
        cast(of.dimensions, Text),
        cast(of.tags, Text),
    )
