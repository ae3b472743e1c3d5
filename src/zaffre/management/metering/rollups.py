"""Sums of hours and of days, kept up with the records.

A step takes records that were not added up yet, adds them to their hours and days, and moves its cursor, all in one
transaction: each record is added once. Because sums only need adding, a late record or a correction is added to a time
long past as any other. What prices may depend on is never added up.
"""

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from zaffre.foundation.database import insert_of
from zaffre.foundation.work import UnitOfWork
from zaffre.management.metering.cursors import RecordCursor, held_cursor
from zaffre.management.metering.quantities import billionths, quantity
from zaffre.management.metering.records import following, settled
from zaffre.management.metering.spans import pieces
from zaffre.management.metering.tables import UsageDayRow, UsageHourRow, UsageRecordRow

LOCK = "sums"
ROWS_AT_ONCE = 500

_COLUMNS = (
    UsageRecordRow.transaction_id,
    UsageRecordRow.position,
    UsageRecordRow.meter,
    UsageRecordRow.subscription_id,
    UsageRecordRow.account_id,
    UsageRecordRow.plan_id,
    UsageRecordRow.resource_type,
    UsageRecordRow.resource_id,
    UsageRecordRow.resource_name,
    UsageRecordRow.state,
    UsageRecordRow.unit,
    UsageRecordRow.quantity,
    UsageRecordRow.began_at,
    UsageRecordRow.ended_at,
    UsageRecordRow.dimensions,
    UsageRecordRow.tags,
)
_KEY = ("subscription_id", "began_at", "meter", "resource_id", "variant")

_TICK = timedelta(microseconds=1)
_Sums = dict[tuple[Any, ...], dict[str, Any]]


async def add_up(work: UnitOfWork, limit: int) -> int:
    """Add up to `limit` records to their hours and days; returns how many there were."""
    cursor = await held_cursor(work, LOCK)
    behind = RecordCursor(cursor.transaction_id, cursor.position)
    statement = select(*_COLUMNS).where(settled(work), following(behind))
    order = (UsageRecordRow.transaction_id, UsageRecordRow.position)
    records = (await work.session.execute(statement.order_by(*order).limit(limit))).all()
    if not records:
        return 0
    hours: _Sums = {}
    days: _Sums = {}
    for record in records:
        variant = _variant(record)
        for begin, parts in _shares(record):
            _add(hours, record, begin, variant, parts)
            _add(days, record, begin.replace(hour=0), variant, parts)
    await _write(work, UsageHourRow, hours)
    await _write(work, UsageDayRow, days)
    cursor.transaction_id, cursor.position = records[-1].transaction_id, records[-1].position
    return len(records)


def _variant(record: Any) -> str:
    told = [record.account_id, record.plan_id, record.state, record.unit, record.dimensions]
    return hashlib.blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=8).hexdigest()


def _shares(record: Any) -> list[tuple[datetime, int]]:
    """Return which part of a record belongs to which hour, in billionths. The parts add up to the record."""
    total = billionths(record.quantity)
    hour = record.began_at.replace(minute=0, second=0, microsecond=0)
    if record.ended_at <= hour + timedelta(hours=1):
        return [(hour, total)]
    length = record.ended_at - record.began_at
    shares: list[tuple[datetime, int]] = []
    given = 0
    for begin, end in pieces(record.began_at, record.ended_at):
        until = total * ((end - record.began_at) // _TICK) // (length // _TICK)
        shares.append((begin.replace(minute=0, second=0, microsecond=0), until - given))
        given = until
    return shares


def _add(sums: _Sums, record: Any, begin: datetime, variant: str, parts: int) -> None:
    key = (record.subscription_id, begin, record.meter, record.resource_id, variant)
    row = sums.get(key)
    if row is None:
        fresh: dict[str, Any] = dict(zip(_KEY, key, strict=True)) | {"parts": 0}
        sums[key] = row = fresh
        row |= {name: getattr(record, name) for name in ("account_id", "plan_id", "resource_type", "state", "unit")}
        row["dimensions"] = record.dimensions
    row["resource_name"], row["tags"] = record.resource_name, record.tags
    row["parts"] += parts


async def _write(work: UnitOfWork, table: type[UsageHourRow] | type[UsageDayRow], sums: _Sums) -> None:
    insert = insert_of(work.session)
    new = insert(table)
    statement = new.on_conflict_do_update(
        index_elements=list(_KEY),
        set_={
            "quantity": table.__table__.c.quantity + new.excluded.quantity,
            "resource_name": new.excluded.resource_name,
            "tags": new.excluded.tags,
        },
    )
    rows = [sums[key] for key in sorted(sums)]
    for row in rows:
        row["quantity"] = quantity(row.pop("parts"))
    for start in range(0, len(rows), ROWS_AT_ONCE):
        await work.session.execute(statement, rows[start : start + ROWS_AT_ONCE])
