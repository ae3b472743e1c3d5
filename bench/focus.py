"""FOCUS at size: how fast a site's month is exported, beside reading the same sums and writing them as they are."""

import asyncio
import csv
import io
import sys
import tempfile
import time
import tracemalloc
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from cryptography.fernet import Fernet
from sqlalchemy import insert, text

import zaffre.edge.schema.tables  # noqa: F401 - every table is in the metadata from here on
from bench.figures import Figure, arguments, report
from bench.metering import ACTOR
from zaffre.compute.meters import METERS
from zaffre.foundation.clock import ManualClock
from zaffre.foundation.database import Database, Table
from zaffre.foundation.ids import SystemIds
from zaffre.foundation.secrets import Keyring
from zaffre.foundation.settings import load_settings
from zaffre.foundation.work import UnitsOfWork
from zaffre.management.focus.charges import FocusMonth
from zaffre.management.focus.formats import FocusFormat, as_csv, as_parquet
from zaffre.management.metering import Meters
from zaffre.management.metering.tables import UsageDayRow
from zaffre.management.money.months import Month
from zaffre.management.money.tables import RateCardRow, RateCardUseRow, RateRow

SUBSCRIPTIONS = 1000
DAYS = 28
RATE = 20_000.0
"""Rows a second that an export must at least have."""
BASELINE_PAGE = 2000


async def measure(directory: Path, url: str, rows: int) -> list[Figure]:
    """Write a month of sums and export it; returns the figures."""
    flags = [f"state_directory={directory}", f"database.url={url}"]
    database = Database(load_settings(environment={}, flags=flags).database_url)
    async with database.engine.begin() as connection:
        await connection.run_sync(Table.metadata.drop_all)
        await connection.run_sync(Table.metadata.create_all)
    units = UnitsOfWork(database, ManualClock(), SystemIds(), Keyring([Fernet.generate_key()]))
    month = Month.of(units.clock.now()).plus(-1)
    await _fill(units, month, rows)
    meters = Meters([cast("Any", SimpleNamespace(name="virtual_machines", meters=METERS, watched=()))])
    focus = FocusMonth(units, ACTOR, meters, month, "Bench")
    figures: list[Figure] = []
    raw = await _timed(_raw(units))
    figures.append(Figure("raw_rows", round(rows / raw[0]), "per s"))
    for form, written in ((FocusFormat.CSV, as_csv), (FocusFormat.PARQUET, as_parquet)):
        taken_s, size = await _timed(written(focus.rows()))
        figures += [
            Figure(f"{form}_rows", round(rows / taken_s), "per s", RATE, at_least=True),
            Figure(f"{form}_beside_raw", round(taken_s / raw[0], 2), "x"),
            Figure(f"{form}_size", round(size / 1e6, 1), "MB"),
        ]
    tracemalloc.start()
    await _timed(as_csv(focus.rows()))
    figures.append(Figure("csv_memory_peak", round(tracemalloc.get_traced_memory()[1] / 1e6, 1), "MB", 64.0))
    tracemalloc.stop()
    await database.close()
    return figures


async def _timed(pieces: AsyncIterator[bytes]) -> tuple[float, int]:
    began_s, size = time.perf_counter(), 0
    async for piece in pieces:
        size += len(piece)
    return time.perf_counter() - began_s, size


async def _raw(units: UnitsOfWork) -> AsyncIterator[bytes]:
    """Read all sums as the database has them, and write them with `csv`."""
    async with units.read(ACTOR) as work:
        found = await work.session.execute(text("SELECT * FROM usage_days ORDER BY subscription_id, began_at"))
        for page in found.partitions(BASELINE_PAGE):
            sheet = io.StringIO()
            csv.writer(sheet).writerows(page)
            yield sheet.getvalue().encode()


async def _fill(units: UnitsOfWork, month: Month, rows: int) -> None:
    """Price a meter, and write sums of it: of some resources of many subscriptions, for each day."""
    card_id = units.ids.new()
    told: dict[str, Any] = {"created_at": month.begin}
    dated: dict[str, Any] = told | {"rate_card_id": card_id, "effective_from": month.begin}
    async with units.write(ACTOR) as work:
        work.add(RateCardRow(id=card_id, name="card", description="", currency="EUR", **told))
        await work.session.flush()
        for meter, price in (("vcpu_hours", "0.02"), ("memory_gib_hours", "0.005")):
            work.add(
                RateRow(id=units.ids.new(), meter=meter, state="", tiers=[{"up_to": None, "price": price}], **dated)
            )
        work.add(RateCardUseRow(id=units.ids.new(), scope="default", **dated))
    plan_id = units.ids.new()
    resources = max(1, rows // (SUBSCRIPTIONS * DAYS * 2))
    for _ in range(SUBSCRIPTIONS):
        subscription_id, account_id = units.ids.new(), units.ids.new()
        sums = [
            {
                "subscription_id": subscription_id,
                "began_at": month.begin + timedelta(days=day),
                "meter": meter,
                "resource_id": resource_id,
                "variant": "a",
                "account_id": account_id,
                "plan_id": plan_id,
                "resource_type": "virtual_machine",
                "resource_name": "web",
                "state": "running",
                "unit": "vCPU-hour",
                "quantity": 24 + day,
                "dimensions": {"size": "medium"},
                "tags": {"team": "red"},
            }
            for resource_id in (units.ids.new() for _ in range(resources))
            for meter in ("vcpu_hours", "memory_gib_hours")
            for day in range(DAYS)
        ]
        async with units.write(ACTOR) as work:
            await work.session.execute(insert(UsageDayRow), sums)


def main() -> int:
    """Run; returns the exit code."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--rows", type=int, default=560_000)
    parser.add_argument("--url", default="", help="an empty PostgreSQL database; SQLite when left out")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        figures = asyncio.run(measure(Path(directory), options.url, options.rows))
    return report(figures, options.json)


if __name__ == "__main__":
    sys.exit(main())
