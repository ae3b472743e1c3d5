"""What was used in a month, from the sums: by the day, and by the hour on days in which a price changes."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import BigInteger, select, type_coerce

from zaffre.foundation.work import UnitOfWork
from zaffre.management.metering.meters import MeterKind, Meters
from zaffre.management.metering.quantities import over_time
from zaffre.management.metering.tables import UsageDayRow, UsageHourRow, UsageSpanRow
from zaffre.management.money.months import HOUR, Month, hour_of
from zaffre.management.money.price_book import PriceBook
from zaffre.management.money.pricing import Used

DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)


async def used_in(work: UnitOfWork, book: PriceBook, subscription_id: str, month: Month) -> list[Used]:
    """Return what a subscription used in a month, in the order of time."""
    split = book.split_days(month.begin, month.end)
    found = await _sums(work, UsageDayRow, DAY, subscription_id, month.begin, month.end)
    if split:
        days = set(split)
        found = [each for each in found if each.began_at not in days]
        for day in split:
            found += await _sums(work, UsageHourRow, HOUR, subscription_id, day, day + DAY)
    return sorted(found, key=lambda each: (each.began_at, each.meter, each.resource_id))


async def _sums(
    work: UnitOfWork,
    table: type[UsageDayRow] | type[UsageHourRow],
    length: timedelta,
    subscription_id: str,
    begin: datetime,
    end: datetime,
) -> list[Used]:
    statement = select(*columns(table)).where(
        table.subscription_id == subscription_id, table.began_at >= begin, table.began_at < end
    )
    return [used_of(row, length) for row in (await work.session.execute(statement)).all()]


def columns(table: type[UsageDayRow] | type[UsageHourRow]) -> Sequence[Any]:
    """Return what is read of a sum; the quantity as the whole number that it is."""
    return (
        table.subscription_id,
        table.began_at,
        table.meter,
        table.resource_id,
        table.account_id,
        table.plan_id,
        table.resource_type,
        table.resource_name,
        table.state,
        table.unit,
        type_coerce(table.quantity, BigInteger).label("quantity"),
        table.dimensions,
        table.tags,
    )


def used_of(row: Any, length: timedelta) -> Used:
    """Shape a row of `columns`."""
    return Used(row[0], row[1], row[1] + length, *row[2:])


async def expected_in(
    work: UnitOfWork, meters: Meters, book: PriceBook, subscription_id: str, month: Month
) -> list[Used]:
    """Return what a subscription will use until a running month ends, if everything stays as it is.

    What is used for a time goes on as it is now; what is counted, such as traffic, as in the last 24 hours.
    """
    now = work.clock.now()
    cuts = {each for each in book.instants() if now < each < month.end}
    ahead = list(pairwise(sorted({now, month.end, *cuts})))
    spans = select(UsageSpanRow).where(UsageSpanRow.subscription_id == subscription_id, UsageSpanRow.ended.is_(False))
    found: list[Used] = []
    for span in await work.session.scalars(spans):
        found += _going_on(span, meters, ahead)
    found += await _counted_on(work, meters, subscription_id, ahead)
    return sorted(found, key=lambda each: (each.began_at, each.meter, each.resource_id))


def _going_on(span: UsageSpanRow, meters: Meters, ahead: Sequence[tuple[datetime, datetime]]) -> Iterator[Used]:
    for number, (begin, end) in enumerate(ahead):
        # What has no record yet belongs to what is expected.
        length = end - (begin if number else min(begin, span.metered_to))
        for name, amount in span.amounts.items():
            meter = meters.get(name)
            if meter is not None:
                quantity = over_time(amount, length // _MICROSECOND, meter.period_s)
                yield _expected(span, begin, end, name, meter.unit, quantity)


async def _counted_on(
    work: UnitOfWork, meters: Meters, subscription_id: str, ahead: Sequence[tuple[datetime, datetime]]
) -> list[Used]:
    counters = [meter.name for meter in meters if meter.kind is MeterKind.COUNTER]
    begin = hour_of(work.clock.now()) - DAY
    statement = select(*columns(UsageHourRow)).where(
        UsageHourRow.subscription_id == subscription_id,
        UsageHourRow.began_at >= begin,
        UsageHourRow.meter.in_(counters),
    )
    rows = (await work.session.execute(statement)).all()
    return [
        _expected(row, begin, end, row.meter, row.unit, max(row.quantity, 0) * (end - begin) // DAY)
        for row in rows
        for begin, end in ahead
    ]


def _expected(row: Any, begin: datetime, end: datetime, meter: str, unit: str, quantity: int) -> Used:
    return Used(
        row.subscription_id,
        begin,
        end,
        meter,
        row.resource_id,
        row.account_id,
        row.plan_id,
        row.resource_type,
        row.resource_name,
        row.state,
        unit,
        quantity,
        row.dimensions,
        row.tags,
        expected=True,
    )
