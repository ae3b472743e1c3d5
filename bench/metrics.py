"""Measurements at size: what sampling, folding and reading cost for 20,000 machines on 1,000 hosts, on SQLite.

Hosts are made up and answer at once, so that what is measured is Zaffre's own work. Time is simulated: an hour and a
half is sampled, which is enough for folded and not yet folded rows to be what they are all day.
"""

import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, cast

from cryptography.fernet import Fernet
from sqlalchemy import event, func, select

import zaffre.edge.schema.tables  # noqa: F401 - every table is in the metadata from here on
from bench.figures import Figure, arguments, report, timings
from zaffre.compute.exposition import exposition
from zaffre.fabric.drivers.measurements import GuestCounters, HostCounters
from zaffre.fabric.hypervisors import Hypervisors
from zaffre.fabric.measurements.history import History, Span
from zaffre.fabric.measurements.sampler import Sampler
from zaffre.fabric.tables import MeasurementRow
from zaffre.foundation.actor import system_actor
from zaffre.foundation.clock import ManualClock
from zaffre.foundation.database import Database, Table
from zaffre.foundation.ids import SystemIds
from zaffre.foundation.secrets import Keyring
from zaffre.foundation.settings import MetricsSettings, load_settings
from zaffre.foundation.telemetry.metrics import Metrics
from zaffre.foundation.work import UnitsOfWork

ACTOR = system_actor("bench")
INTERVAL_S = 30
ROUNDS = 180
DAY_S = 86_400
BUSY_SHARE = 0.5
"""Half of the machines change all of their numbers in every round; the others stand still."""


class MadeUpHost:
    """A host whose guests use a random amount of everything, more or less."""

    def __init__(self, ids: SystemIds, guests: int, chance: random.Random) -> None:
        self.id = ids.new()
        self._chance = chance
        self._totals = {ids.new(): (chance.random() < BUSY_SHARE, [0] * 7) for _ in range(guests)}
        self.guest_ids = list(self._totals)

    async def measure(self) -> HostCounters:
        guests = tuple(self._guest(key, busy, totals) for key, (busy, totals) in self._totals.items())
        return HostCounters(32, sum(guest.processor_ns for guest in guests), 100_000, 30_000, guests)

    def _guest(self, key: str, busy: bool, totals: list[int]) -> GuestCounters:  # noqa: FBT001 - a made-up guest's kind
        if busy:
            for place, most in enumerate((30_000_000_000, *(30_000_000,) * 2, *(3000,) * 2, *(9_000_000,) * 2)):
                totals[place] += int(most * self._chance.random())
        used = 1000 + int(200 * self._chance.random()) if busy else 300
        processor, *rest = totals
        return GuestCounters(key, 2, processor, used, 4096 - used, *rest)


class MadeUpHypervisors:
    """As much of `Hypervisors` as the sampler uses."""

    def __init__(self, hosts: Sequence[MadeUpHost]) -> None:
        self._hosts = hosts

    def connected(self) -> list[tuple[str, MadeUpHost]]:
        return [(host.id, host) for host in self._hosts]

    async def gather(
        self, hosts: Sequence[tuple[str, MadeUpHost]], action: Callable[[str, MadeUpHost], Awaitable[Any]]
    ) -> dict[str, Any]:
        return {host_id: await action(host_id, host) for host_id, host in hosts}


async def measure(directory: Path, hosts: int, machines: int) -> list[Figure]:
    """Sample, fold and read; returns the figures."""
    clock, ids = ManualClock(), SystemIds()
    database = Database(load_settings(environment={}, flags=[f"state_directory={directory}"]).database_url)
    async with database.engine.begin() as connection:
        await connection.run_sync(Table.metadata.create_all)
    statements: Counter[str] = Counter()
    event.listen(
        database.engine.sync_engine,
        "before_cursor_execute",
        lambda _connection, _cursor, text, *_rest: statements.update([text.split(None, 1)[0]]),
    )
    units = UnitsOfWork(database, clock, ids, Keyring([Fernet.generate_key()]))
    chance = random.Random(1)
    made_up = [MadeUpHost(ids, machines // hosts, chance) for _ in range(hosts)]
    hypervisors = cast("Hypervisors", MadeUpHypervisors(made_up))
    sampler = Sampler(units, hypervisors, Metrics(), MetricsSettings(interval_s=INTERVAL_S), "bench")
    await sampler.sample()
    asking_s = await _asking_s(made_up)
    rounds_s: list[float] = []
    upkeep_s: list[float] = []
    statements.clear()
    sampled = Counter[str]()
    for number in range(ROUNDS):
        clock.advance(INTERVAL_S)
        began_s, before = time.process_time(), statements.copy()
        await sampler.sample()
        rounds_s.append(time.process_time() - began_s - asking_s)
        sampled.update(statements - before)
        if number % 2:
            began_s = time.process_time()
            await sampler.keep()
            upkeep_s.append(time.process_time() - began_s)
    figures = [
        *timings("round_processor", rounds_s),
        Figure("round_statements", round(sum(sampled.values()) / ROUNDS, 1), "count"),
        Figure("upkeep_processor_per_hour", round(sum(upkeep_s) / (ROUNDS * INTERVAL_S) * 3600, 2), "s"),
        Figure(
            "processor_share",
            round(100 * (sum(rounds_s) + sum(upkeep_s)) / (ROUNDS * INTERVAL_S), 2),
            "percent",
            10.0,
        ),
        *await _sizes(units),
        *await _reads(units, clock, made_up),
    ]
    await database.close()
    return figures


async def _asking_s(hosts: Sequence[MadeUpHost]) -> float:
    began_s = time.process_time()
    for host in hosts:
        await host.measure()
    return time.process_time() - began_s


async def _sizes(units: UnitsOfWork) -> list[Figure]:
    async with units.read(ACTOR) as work:
        shown = {
            folded: (rows, size or 0, spans)
            for folded, rows, size, spans in await work.session.execute(
                select(
                    MeasurementRow.folded,
                    func.count(),
                    func.sum(func.length(MeasurementRow.content)),
                    func.count(MeasurementRow.began_at_s.distinct()),
                ).group_by(MeasurementRow.folded)
            )
        }
    rows, size, spans = shown[True]
    fresh_rows, fresh_size, _ = shown.get(False, (0, 0, 0))
    return [
        Figure("rows_of_rounds", fresh_rows, "count"),
        Figure("bytes_of_rounds", round(fresh_size / 2**20, 1), "MiB"),
        Figure("rows_of_a_day", rows // spans * 48, "count"),
        Figure("bytes_of_a_day", round(size / spans * 48 / 2**20, 1), "MiB", 1024.0),
    ]


async def _reads(units: UnitsOfWork, clock: ManualClock, hosts: Sequence[MadeUpHost]) -> list[Figure]:
    taken_s: list[float] = []
    now_s = int(clock.now().timestamp())
    for host in hosts[:200]:
        began_s = time.process_time()
        async with units.read(ACTOR) as work:
            await History(work).read(host.guest_ids[0], Span.of(now_s - ROUNDS * INTERVAL_S, now_s, None, INTERVAL_S))
        taken_s.append(time.process_time() - began_s)
    began_s = time.process_time()
    pieces = [len(piece) async for piece in exposition(units, INTERVAL_S)]
    return [
        *timings("read_one_machine", taken_s, 50.0),
        Figure("exposition_processor", round(time.process_time() - began_s, 2), "s"),
        Figure("exposition_pieces", len(pieces), "count"),
    ]


def main() -> int:
    """Run; returns the exit code."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--hosts", type=int, default=1000)
    parser.add_argument("--machines", type=int, default=20_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        figures = asyncio.run(measure(Path(directory), options.hosts, options.machines))
    return report(figures, options.json)


if __name__ == "__main__":
    sys.exit(main())
