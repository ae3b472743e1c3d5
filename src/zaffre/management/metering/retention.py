"""Forgetting: records and sums go when they are older than they are kept for, and never before they are added up."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, delete, select, tuple_

from zaffre.foundation.actor import system_actor
from zaffre.foundation.settings import MeteringSettings
from zaffre.foundation.work import UnitOfWork, UnitsOfWork
from zaffre.management.metering import rollups
from zaffre.management.metering.cursors import held_cursor
from zaffre.management.metering.records import PRUNED
from zaffre.management.metering.tables import UsageDayRow, UsageHourRow, UsageRecordRow, UsageSpanRow

ACTOR = system_actor("metering")
AT_ONCE = 2000
STEPS_IN_A_RUN = 20
ENDED_KEPT = timedelta(days=1)
"""How long a span stays that has ended: what was counted of its resource may still come."""


async def forget_old(units: UnitsOfWork, settings: MeteringSettings) -> None:
    """Delete a bounded amount of what is older than the settings keep."""
    now = units.clock.now()
    for step in range(STEPS_IN_A_RUN):
        async with units.write(ACTOR) as work:
            gone = await _forget_records(work, now - timedelta(days=settings.keep_days))
            gone += await _forget_sums(work, UsageHourRow, now - timedelta(days=settings.keep_hourly_days))
            gone += await _forget_sums(work, UsageDayRow, now - timedelta(days=settings.keep_daily_days))
            if step == 0:
                await _forget_spans(work, now - ENDED_KEPT)
        if not gone:
            return
        await asyncio.sleep(0)


async def _forget_records(work: UnitOfWork, before: datetime) -> int:
    """Delete the oldest records that have been added up, and note how far that went for readers that lag behind.

    Records are in the order of their writing, so the first that is too young ends it.
    """
    added_up = await held_cursor(work, rollups.LOCK)
    order = (UsageRecordRow.transaction_id, UsageRecordRow.position)
    oldest = (
        select(*order, UsageRecordRow.recorded_at)
        .where(tuple_(*order) <= (added_up.transaction_id, added_up.position))  # pyright: ignore[reportArgumentType]
        .order_by(*order)
        .limit(AT_ONCE)
    )
    found = (await work.session.execute(oldest)).all()
    old: list[Any] = []
    for row in found:
        if row.recorded_at >= before:
            break
        old.append(row)
    if not old:
        return 0
    await work.session.execute(delete(UsageRecordRow).where(UsageRecordRow.position.in_([row.position for row in old])))
    pruned = await held_cursor(work, PRUNED)
    pruned.transaction_id, pruned.position = old[-1].transaction_id, old[-1].position
    return len(old)


async def _forget_sums(work: UnitOfWork, table: type[UsageHourRow] | type[UsageDayRow], before: datetime) -> int:
    keys = (table.subscription_id, table.began_at, table.meter, table.resource_id, table.variant)
    old = select(*keys).where(table.began_at < before).limit(AT_ONCE)
    result = await work.session.execute(delete(table).where(tuple_(*keys).in_(old)))
    return result.rowcount if isinstance(result, CursorResult) else 0


async def _forget_spans(work: UnitOfWork, before: datetime) -> None:
    old = (
        select(UsageSpanRow.resource_id)
        .where(UsageSpanRow.ended.is_(True), UsageSpanRow.metered_to < before)
        .limit(AT_ONCE)
    )
    await work.session.execute(delete(UsageSpanRow).where(UsageSpanRow.resource_id.in_(old)))
