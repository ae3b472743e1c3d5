"""Money at size: how long the statement of a month of a million usage records takes."""

import random
import statistics
import sys
import time
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from bench.books import Books, books, choose_databases, on_each_database
from bench.figures import Figure, arguments, report, timings
from bench.metering import ACTOR, usage_record
from zaffre.foundation.settings import MeteringSettings
from zaffre.management.cost_overview.overview import CostOverviews
from zaffre.management.cost_overview.tables import CostedMonthRow, CostTotalRow
from zaffre.management.metering.rollups import add_up
from zaffre.management.metering.tables import UsageRecordRow
from zaffre.management.money.price_book import PriceBook
from zaffre.management.money.statements import Statements
from zaffre.management.money.usage_rows import used_in

RESOURCES = 100
ROUNDS = 10
AT_ONCE = 5000
SUBSCRIPTIONS = 10_000
PLANS = 20
LINES = 6
"""Rows that the overview keeps of a subscription's month."""


async def measure(directory: Path, url: str, records: int) -> list[Figure]:
    """Write the month and price it; returns the figures."""
    async with books(directory, url) as site:
        await site.price({"vcpu_hours": [("1000", "0.02"), (None, "0.015")]})
        began_s = time.perf_counter()
        subscription_id = await _fill(site, records)
        written_s = time.perf_counter()
        await _add_up(site)
        added_s = time.perf_counter()
        taken_s: list[float] = []
        reading_s: list[float] = []
        async with site.units.read(ACTOR) as work:
            for _ in range(ROUNDS):
                began = time.perf_counter()
                (draft,) = await Statements(work, site.meters, MeteringSettings()).drafts(subscription_id, site.month)
                taken_s.append(time.perf_counter() - began)
                book = await PriceBook.read(work, site.month.end)
                began = time.perf_counter()
                used = await used_in(work, book, subscription_id, site.month)
                reading_s.append(time.perf_counter() - began)
        overview_s = await _overviews(site)
        return [
            *timings("overview", overview_s, 1000.0),
            Figure("records_written", round(records / (written_s - began_s)), "per s"),
            Figure("records_added_up", round(records / (added_s - written_s)), "per s"),
            *timings("statement", taken_s, 1000.0),
            *timings("sums_read", reading_s),
            Figure("pricing_ratio", round(statistics.median(taken_s) / statistics.median(reading_s), 2), "x"),
            Figure("sums", len(used), "count"),
            Figure("statement_total", draft.total / 10**9, "EUR"),
        ]


async def _fill(site: Books, records: int) -> str:
    """Write the records of a subscription's month, in bulk; returns the subscription."""
    units = site.units
    subscription_id, plan_id = units.ids.new(), units.ids.new()
    resources = [units.ids.new() for _ in range(RESOURCES)]
    count = records // RESOURCES
    step = timedelta(seconds=int((site.month.end - site.month.begin).total_seconds()) // count)
    chance = random.Random(1)
    rows: list[dict[str, Any]] = []
    for number in range(count):
        at = site.month.begin + number * step
        for resource in resources:
            row = usage_record(units, subscription_id, plan_id, resource, at, step)
            rows.append(row | {"quantity": chance.randrange(10**9) / 10**9})
        if len(rows) >= AT_ONCE or number + 1 == count:
            async with units.write(ACTOR) as work:
                await work.session.execute(insert(UsageRecordRow), rows)
            rows.clear()
    return subscription_id


async def _add_up(site: Books) -> None:
    """Add records to sums, as metering's loop does."""
    more = True
    while more:
        async with site.units.write(ACTOR) as work:
            more = bool(await add_up(work, AT_ONCE))


async def _overviews(site: Books) -> list[float]:
    """Keep what two months of many subscriptions come to, and look at it; returns how long that took each time."""
    ids = site.units.ids
    plans = [ids.new() for _ in range(PLANS)]
    chance = random.Random(2)
    for start in range(0, SUBSCRIPTIONS, AT_ONCE // LINES):
        heads: list[dict[str, Any]] = []
        rows: list[dict[str, Any]] = []
        for _ in range(start, min(start + AT_ONCE // LINES, SUBSCRIPTIONS)):
            subscription_id, plan_id = ids.new(), chance.choice(plans)
            currency = chance.choice(("EUR", "USD"))
            for month in (site.month.plus(-1), site.month):
                key = {"month": str(month), "subscription_id": subscription_id}
                told = {"subscription_name": "production", "account_id": subscription_id, "as_of": month.begin}
                heads.append(key | told)
                for line in range(LINES):
                    cost = chance.randrange(10**11)
                    meter = {"line": str(line), "kind": "usage", "meter": f"meter_{line}", "currency": currency}
                    rows.append(key | meter | {"plan_id": plan_id, "list_cost": cost, "cost": cost, "forecast": cost})
        async with site.units.write(ACTOR) as work:
            await work.session.execute(insert(CostedMonthRow), heads)
            await work.session.execute(insert(CostTotalRow), rows)
    taken_s: list[float] = []
    for _ in range(ROUNDS):
        began_s = time.perf_counter()
        async with site.units.read(ACTOR) as work:
            await CostOverviews(work, site.meters).of_month(site.month, 10)
        taken_s.append(time.perf_counter() - began_s)
    return taken_s


def main() -> int:
    """Run; returns the exit code."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--records", type=int, default=1_000_000)
    choose_databases(parser)
    options = parser.parse_args()
    return report(on_each_database(options, partial(measure, records=options.records)), options.json)


if __name__ == "__main__":
    sys.exit(main())
