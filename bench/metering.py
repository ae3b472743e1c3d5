"""Metering at size: what usage records of 20,000 machines cost, and how fast a month of a million records is summed.

Time is simulated. Machines run with one disk each; every interval some of them change their state.
"""

import asyncio
import random
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from cryptography.fernet import Fernet
from sqlalchemy import func, insert, select

import zaffre.edge.schema.tables  # noqa: F401 - every table is in the metadata from here on
from bench.figures import Figure, arguments, report, timings
from zaffre.compute.meters import METERS
from zaffre.foundation.actor import system_actor
from zaffre.foundation.clock import ManualClock
from zaffre.foundation.database import Database, Table
from zaffre.foundation.ids import SystemIds
from zaffre.foundation.secrets import Keyring
from zaffre.foundation.settings import MeteringSettings, load_settings
from zaffre.foundation.telemetry.metrics import Metrics
from zaffre.foundation.work import UnitsOfWork
from zaffre.management.metering import Meters, ResourceUsage
from zaffre.management.metering.journal import as_json, change
from zaffre.management.metering.loops import Metering
from zaffre.management.metering.records import insert_records
from zaffre.management.metering.rollups import add_up
from zaffre.management.metering.summaries import Grouping, Step, Wanted, summarise
from zaffre.management.metering.tables import UsageRecordRow, UsageSpanRow

ACTOR = system_actor("bench")
ROUNDS = 5
CHANGING = 0.01
"""The share of machines that change their state in an interval."""


def _usage(kind: str, resource_id: str, subscription_id: str, state: str) -> ResourceUsage:
    if kind == "disk":
        amounts = {"disk_gib_hours": 20}
    else:
        amounts = {"virtual_machine_hours": 1} | (
            {"vcpu_hours": 2, "memory_gib_hours": 4} if state == "running" else {}
        )
    dimensions: dict[str, str | int] = {"size": "medium", "vcpus": 2, "memory_mib": 4096}
    return ResourceUsage(kind, resource_id, f"{kind}-1", subscription_id, state, cast("Any", amounts), dimensions)


async def _open_spans(units: UnitsOfWork, machines: int) -> list[tuple[str, str]]:
    """Write the spans of all machines and disks; returns machines with their subscriptions."""
    now = units.clock.now()
    found: list[tuple[str, str]] = []
    for start in range(0, machines, 500):
        rows: list[dict[str, Any]] = []
        for _ in range(min(500, machines - start)):
            subscription_id = units.ids.new()
            for kind, state in (("virtual_machine", "running"), ("disk", "attached")):
                resource_id = units.ids.new()
                row = as_json(_usage(kind, resource_id, subscription_id, state))
                row |= {"account_id": subscription_id, "plan_id": subscription_id, "provider": "virtual_machines"}
                rows.append(row | {"metered_to": now, "position": 0, "ended": False})
                if kind == "virtual_machine":
                    found.append((resource_id, subscription_id))
        async with units.write(ACTOR) as work:
            await work.session.execute(insert(UsageSpanRow), rows)
    return found


async def measure(directory: Path, url: str, machines: int, records: int) -> list[Figure]:
    """Meter some intervals, then sum a month; returns the figures."""
    clock = ManualClock()
    flags = [f"state_directory={directory}", f"database.url={url}"]
    database = Database(load_settings(environment={}, flags=flags).database_url)
    async with database.engine.begin() as connection:
        await connection.run_sync(Table.metadata.drop_all)
        await connection.run_sync(Table.metadata.create_all)
    units = UnitsOfWork(database, clock, SystemIds(), Keyring([Fernet.generate_key()]))
    meters = Meters([cast("Any", SimpleNamespace(name="virtual_machines", meters=METERS, watched=()))])
    settings = MeteringSettings()
    metering = Metering(units, meters, Metrics(), settings)
    known = await _open_spans(units, machines)
    chance = random.Random(1)
    busy_s: list[float] = []
    wall_s: list[float] = []
    for _ in range(ROUNDS):
        for resource_id, subscription_id in chance.sample(known, int(machines * CHANGING)):
            state = chance.choice(["running", "stopped"])
            async with units.write(ACTOR) as work:
                usage = _usage("virtual_machine", resource_id, subscription_id, state)
                work.add(change(work, "virtual_machines", resource_id, usage))
        clock.advance(settings.interval_s)
        began_s, wall_began_s = time.process_time(), time.perf_counter()
        await metering.record()
        busy_s.append(time.process_time() - began_s)
        wall_s.append(time.perf_counter() - wall_began_s)
    async with units.read(ACTOR) as work:
        written = await work.session.scalar(select(func.count()).select_from(UsageRecordRow)) or 0
    figures = [
        *timings("round_processor", busy_s),
        Figure("round_wall_longest", round(max(wall_s), 1), "s", 300.0),
        Figure("records_of_a_round", written // ROUNDS, "count"),
        Figure("processor_share", round(100 * sum(busy_s) / (ROUNDS * settings.interval_s), 2), "percent", 10.0),
        *await _month(units, records),
    ]
    await database.close()
    return figures


async def _month(units: UnitsOfWork, records: int) -> list[Figure]:
    """Write a million records of one subscription, spread over a month, add them up and ask for the month."""
    subscription_id, plan_id = units.ids.new(), units.ids.new()
    begin = units.clock.now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=30)
    resources = [units.ids.new() for _ in range(100)]
    step = timedelta(days=30) / (records // len(resources))
    began_s = time.perf_counter()
    for start in range(0, records // len(resources), 50):
        rows: list[dict[str, Any]] = []
        for number in range(start, min(start + 50, records // len(resources))):
            at = begin + number * step
            rows += [usage_record(units, subscription_id, plan_id, resource, at, step) for resource in resources]
        async with units.write(ACTOR) as work:
            await insert_records(work, rows)
    writing_s = time.perf_counter() - began_s
    began_s = time.perf_counter()
    more = True
    while more:
        async with units.write(ACTOR) as work:
            more = bool(await add_up(work, 2000))
    adding_s = time.perf_counter() - began_s
    taken_s: list[float] = []
    for grouping in (Grouping.METER, Grouping.RESOURCE) * 5:
        began_s = time.perf_counter()
        async with units.read(ACTOR) as work:
            wanted = Wanted(begin, begin + timedelta(days=31), Step.DAY, grouping, None, subscription_id)
            await summarise(work, wanted)
        taken_s.append(time.perf_counter() - began_s)
    return [
        Figure("records_written", round(records / writing_s), "per s"),
        Figure("records_added_up", round(records / adding_s), "per s"),
        *timings("month_of_a_subscription", taken_s, 1000.0),
    ]


def usage_record(
    units: UnitsOfWork, subscription_id: str, plan_id: str, resource_id: str, at: Any, length: timedelta
) -> dict[str, Any]:
    return {
        "id": units.ids.new(),
        "meter": "vcpu_hours",
        "subscription_id": subscription_id,
        "account_id": subscription_id,
        "plan_id": plan_id,
        "resource_type": "virtual_machine",
        "resource_id": resource_id,
        "resource_name": "web",
        "state": "running",
        "quantity": 1,
        "unit": "vCPU-hour",
        "began_at": at,
        "ended_at": at + length,
        "dimensions": {"size": "medium"},
        "tags": {},
        "kind": "metered",
        "corrects": None,
        "recorded_at": at + length,
    }


def main() -> int:
    """Run; returns the exit code."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--machines", type=int, default=20_000)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--url", default="", help="an empty PostgreSQL database; SQLite when left out")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        figures = asyncio.run(measure(Path(directory), options.url, options.machines, options.records))
    return report(figures, options.json)


if __name__ == "__main__":
    sys.exit(main())
