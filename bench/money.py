"""Money at size: how long the statement of a month of a million usage records takes."""

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from cryptography.fernet import Fernet

import zaffre.edge.schema.tables  # noqa: F401 - every table is in the metadata from here on
from bench.figures import Figure, arguments, report, timings
from bench.metering import ACTOR, usage_record
from zaffre.compute.meters import METERS
from zaffre.foundation.clock import ManualClock
from zaffre.foundation.database import Database, Table
from zaffre.foundation.ids import SystemIds
from zaffre.foundation.secrets import Keyring
from zaffre.foundation.settings import MeteringSettings, load_settings
from zaffre.foundation.work import UnitsOfWork
from zaffre.management.metering import Meters
from zaffre.management.metering.records import insert_records
from zaffre.management.metering.rollups import add_up
from zaffre.management.money.months import Month
from zaffre.management.money.price_book import PriceBook
from zaffre.management.money.statements import Statements
from zaffre.management.money.tables import RateCardRow, RateCardUseRow, RateRow
from zaffre.management.money.usage_rows import used_in

RESOURCES = 100
ROUNDS = 5


async def measure(directory: Path, url: str, records: int) -> list[Figure]:
    """Write the month and price it; returns the figures."""
    flags = [f"state_directory={directory}", f"database.url={url}"]
    database = Database(load_settings(environment={}, flags=flags).database_url)
    async with database.engine.begin() as connection:
        await connection.run_sync(Table.metadata.drop_all)
        await connection.run_sync(Table.metadata.create_all)
    units = UnitsOfWork(database, ManualClock(), SystemIds(), Keyring([Fernet.generate_key()]))
    meters = Meters([cast("Any", SimpleNamespace(name="virtual_machines", meters=METERS, watched=()))])
    month = Month.of(units.clock.now()).plus(-1)
    subscription_id = await _fill(units, month, records)
    taken_s: list[float] = []
    reading_s: list[float] = []
    for _ in range(ROUNDS):
        async with units.read(ACTOR) as work:
            began_s = time.perf_counter()
            (draft,) = await Statements(work, meters, MeteringSettings()).drafts(subscription_id, month)
            taken_s.append(time.perf_counter() - began_s)
            book = await PriceBook.read(work, month.end)
            began_s = time.perf_counter()
            used = await used_in(work, book, subscription_id, month)
            reading_s.append(time.perf_counter() - began_s)
    await database.close()
    return [
        *timings("statement", taken_s, 1000.0),
        *timings("sums_read", reading_s),
        Figure("pricing_ratio", round(statistics.median(taken_s) / statistics.median(reading_s), 2), "x"),
        Figure("sums", len(used), "count"),
        Figure("statement_total", draft.total / 10**9, "EUR"),
    ]


async def _fill(units: UnitsOfWork, month: Month, records: int) -> str:
    """Price a meter, use it a million times, and add that up; returns the subscription."""
    subscription_id, plan_id, card_id = (units.ids.new() for _ in range(3))
    told: dict[str, Any] = {"created_at": month.begin}
    dated: dict[str, Any] = told | {"id": units.ids.new(), "rate_card_id": card_id, "effective_from": month.begin}
    tiers: list[dict[str, Any]] = [{"up_to": "1000", "price": "0.02"}, {"up_to": None, "price": "0.015"}]
    async with units.write(ACTOR) as work:
        work.add(RateCardRow(id=card_id, name="card", description="", currency="EUR", **told))
        await work.session.flush()
        work.add(RateRow(meter="vcpu_hours", state="", tiers=tiers, **dated))
        work.add(RateCardUseRow(scope="default", **dated))
    resources = [units.ids.new() for _ in range(RESOURCES)]
    count = records // RESOURCES
    step = (month.end - month.begin) / count
    for start in range(0, count, 50):
        rows: list[dict[str, Any]] = []
        for number in range(start, min(start + 50, count)):
            at = month.begin + number * step
            rows += [usage_record(units, subscription_id, plan_id, resource, at, step) for resource in resources]
        async with units.write(ACTOR) as work:
            await insert_records(work, rows)
    more = True
    while more:
        async with units.write(ACTOR) as work:
            more = bool(await add_up(work, 2000))
    return subscription_id


def main() -> int:
    """Run; returns the exit code."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--url", default="", help="an empty PostgreSQL database; SQLite when left out")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        figures = asyncio.run(measure(Path(directory), options.url, options.records))
    return report(figures, options.json)


if __name__ == "__main__":
    sys.exit(main())
