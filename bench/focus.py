"""FOCUS at size: how fast a site's month is exported, beside reading the same sums and writing them as they are.

Memory is that of processes of their own, one for a month and one for a month with a tenth of the rows.
"""

import asyncio
import csv
import gc
import io
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from bench.books import Books, books, choose_databases, on_each_database
from bench.figures import Figure, arguments, report
from bench.metering import ACTOR
from zaffre.identity.tables import AccountRow
from zaffre.management.focus.charges import FocusMonth
from zaffre.management.focus.formats import FocusFormat, as_csv, as_parquet
from zaffre.management.metering.tables import UsageDayRow
from zaffre.management.money.months import Month
from zaffre.management.money.tables import DiscountRow
from zaffre.management.tables import PlanRow, SubscriptionRow

SUBSCRIPTIONS = 1000
SMALLER = 10
"""How many times fewer rows the other month has, for comparing memory."""
DAYS = 28
RATE = 20_000.0
"""Rows a second that an export must at least have."""
GROWTH = 1.1
"""How much more memory ten times the rows may take: none, but for what measuring is off by."""
BASELINE_PAGE = 2000
WRITERS = {FocusFormat.CSV: as_csv, FocusFormat.PARQUET: as_parquet}
BILLION = 10**9


async def measure(directory: Path, url: str, rows: int) -> list[Figure]:
    """Write a month of sums and export it; returns the figures."""
    async with books(directory, url) as site:
        count = await _fill(site, rows)
        # As a server does when it is up.
        gc.collect()
        gc.freeze()
        raw_s, _ = await _timed(_raw(site))
        figures = [Figure("rows", count, "count"), Figure("raw_rows", round(count / raw_s), "per s")]
        for form, written in WRITERS.items():
            began_s = time.process_time()
            taken_s, size = await _timed(written(_month(site, site.month).rows()))
            processor_s = time.process_time() - began_s
            figures += [
                Figure(f"{form}_rows", round(count / taken_s), "per s", RATE, at_least=True),
                Figure(f"{form}_rows_of_own_time", round(count / processor_s), "per s"),
                Figure(f"{form}_beside_raw", round(taken_s / raw_s, 2), "x"),
                Figure(f"{form}_size", round(size / 1e6, 1), "MB"),
            ]
        for form in WRITERS:
            small, large = (_memory_mib(directory, site, form, month) for month in (site.month.plus(-1), site.month))
            figures += [
                Figure(f"{form}_memory", round(large, 1), "MiB"),
                Figure(f"{form}_memory_growth", round(large / small, 2), "x", GROWTH),
            ]
    return figures


def _month(site: Books, month: Month) -> FocusMonth:
    return FocusMonth(site.units, ACTOR, site.meters, month, "Bench")


async def _timed(pieces: AsyncIterator[bytes]) -> tuple[float, int]:
    began_s, size = time.perf_counter(), 0
    async for piece in pieces:
        size += len(piece)
    return time.perf_counter() - began_s, size


async def _raw(site: Books) -> AsyncIterator[bytes]:
    """Read all sums as the database has them, and write them with `csv`."""
    sums = UsageDayRow.__table__
    wanted = select(*(column.label(column.name) for column in sums.c)).where(
        sums.c.began_at >= site.month.begin, sums.c.began_at < site.month.end
    )
    # Reading needs no transaction, but a cursor that PostgreSQL keeps does.
    async with site.units.write(ACTOR) as work:
        found = await work.session.stream(wanted.order_by(sums.c.subscription_id, sums.c.began_at))
        async for page in found.partitions(BASELINE_PAGE):
            sheet = io.StringIO()
            csv.writer(sheet).writerows(page)
            yield sheet.getvalue().encode()


def _memory_mib(directory: Path, site: Books, form: FocusFormat, month: Month) -> float:
    """Return the most memory that a process has had which exports a month."""
    command = [sys.executable, "-m", "bench.focus", "--only", form.value, "--month", str(month)]
    command += ["--directory", str(directory), "--url", site.url]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(ended.stdout)


async def _export_only(options: Any) -> None:
    async with books(options.directory, options.url, fresh=False) as site:
        pieces = WRITERS[FocusFormat(options.only)](_month(site, Month.parse(options.month)).rows())
        await _timed(pieces)


def _peak_mib() -> float:
    """Return the most memory that this process has had; what the kernel counts of children includes their parent's."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) / 1024


async def _fill(site: Books, rows: int) -> int:
    """Write two months of many subscriptions, the earlier one of a tenth of them; returns the rows of the later one."""
    units = site.units
    plan_id = units.ids.new()
    prices = {
        "vcpu_hours": [(None, "0.02")],
        "memory_gib_hours": [(None, "0.005")],
        "network_out_gb": [("10", "0.10"), (None, "0.08")],
    }
    await site.price(prices, {plan_id: "9.50"})
    async with units.write(ACTOR) as work:
        work.add(PlanRow(id=plan_id, name="basic", description="", state="public", services=[],
                         subscriptions_per_account=None, created_at=site.month.begin))  # fmt: skip
    machines = max(1, round((rows / (SUBSCRIPTIONS * DAYS) - 1) / 3))
    chance = random.Random(1)
    for number in range(SUBSCRIPTIONS):
        customer = {"subscription_id": units.ids.new(), "account_id": units.ids.new(), "plan_id": plan_id}
        months = (site.month, site.month.plus(-1)) if number % SMALLER == 0 else (site.month,)
        sums = [row for month in months for row in _sums(site, month, customer, machines, chance)]
        async with units.write(ACTOR) as work:
            for row in _customer(site, customer, number):
                work.add(row)
                await work.session.flush()
            await work.session.execute(insert(UsageDayRow), sums)
    return SUBSCRIPTIONS * DAYS * (3 * machines + 1)


def _customer(site: Books, customer: dict[str, str], number: int) -> Iterator[Any]:
    """Yield an account, its subscription, and for one of ten a discount."""
    told = {"created_at": site.month.begin}
    account_id, subscription_id = customer["account_id"], customer["subscription_id"]
    email = f"owner-{number}@example.com"
    yield AccountRow(id=account_id, email=email, name=f"Owner {number}", role="tenant", state="active", **told)
    owned = {"id": subscription_id, "account_id": account_id, "plan_id": customer["plan_id"]}
    yield SubscriptionRow(**owned, name=f"production {number}", state="active", **told)
    if number % 10 == 1:
        given: dict[str, Any] = {"percent": 10, "amount": None, "currency": None, "ends_at": None}
        scope = {"scope": "subscription", "scope_id": subscription_id, "begins_at": site.month.begin}
        yield DiscountRow(id=site.units.ids.new(), name="launch", **scope, **given, **told)


def _sums(
    site: Books, month: Month, customer: dict[str, str], machines: int, chance: random.Random
) -> Iterator[dict[str, Any]]:
    """Yield a month of a subscription: its fee, and processors, memory and traffic of its machines."""
    ids, common = site.units.ids, customer | {"variant": "a", "state": ""}
    itself = common | {"resource_id": customer["subscription_id"], "resource_type": "subscription", "unit": "hour"}
    itself |= {"resource_name": "production", "dimensions": {}, "tags": {}, "meter": "subscription_hours"}
    resources = [ids.new() for _ in range(machines)]
    for day in range(DAYS):
        at = {"began_at": month.begin + timedelta(days=day)}
        yield itself | at | {"quantity": 24}
        for number, resource_id in enumerate(resources):
            machine = common | at | {"resource_id": resource_id, "resource_type": "virtual_machine"}
            machine |= {"resource_name": f"web-{number}", "dimensions": {"size": "medium", "vcpus": 2}}
            machine |= {"tags": {"team": f"team {number % 7}", "environment": "production"}}
            yield machine | {"meter": "vcpu_hours", "unit": "vCPU-hour", "state": "running", "quantity": 48}
            hours = chance.choice((24, 24, 13.25))
            yield machine | {"meter": "memory_gib_hours", "unit": "GiB-hour", "state": "running", "quantity": 4 * hours}
            traffic = chance.randrange(3 * BILLION) / BILLION
            yield machine | {"meter": "network_out_gb", "unit": "GB", "quantity": traffic}


def main() -> int:
    """Run; returns the exit code."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--rows", type=int, default=500_000, help="about how many rows the month has")
    choose_databases(parser)
    parser.add_argument("--only", choices=[form.value for form in FocusFormat], help="export, and tell the memory")
    parser.add_argument("--directory", type=Path, help="with --only: where the database is")
    parser.add_argument("--url", default="", help="with --only: the database")
    parser.add_argument("--month", help="with --only: which month")
    options = parser.parse_args()
    if options.only:
        asyncio.run(_export_only(options))
        print(_peak_mib())
        return 0
    return report(on_each_database(options, partial(measure, rows=options.rows)), options.json)


if __name__ == "__main__":
    sys.exit(main())
