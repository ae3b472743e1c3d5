"""The loops that measure: one asks every host and writes what it says, the other keeps the history small."""

import asyncio
from collections.abc import Callable, Mapping

from zaffre.fabric.drivers.hypervisor import Hypervisor
from zaffre.fabric.hypervisors import Hypervisors
from zaffre.fabric.measurements.history import History, round_rows
from zaffre.fabric.measurements.rates import Look, guests_values, host_values
from zaffre.foundation.actor import system_actor
from zaffre.foundation.background import Loop
from zaffre.foundation.settings import MetricsSettings
from zaffre.foundation.telemetry.metrics import Metrics
from zaffre.foundation.work import UnitsOfWork

ACTOR = system_actor("metrics")
UPKEEP_INTERVAL_S = 60.0
FOLD_GRACE_S = 120
"""A span is folded so long after its end, when a round that began in it has surely been written."""
FOLDED_IN_A_RUN = 128
PRUNED_IN_A_RUN = 20


class Sampler:
    """Measures hosts and guests, and keeps what was measured for as long as the settings say."""

    def __init__(
        self, units: UnitsOfWork, hypervisors: Hypervisors, metrics: Metrics, settings: MetricsSettings, worker: str
    ) -> None:
        self._units = units
        self._hypervisors = hypervisors
        self._keep_s = settings.keep_hours * 3600
        self._worker = worker
        self._looks: dict[str, Look] = {}
        self.listeners: list[Callable[[Mapping[str, Look]], None]] = []
        """Given every round's looks by host, for what is more than rates."""
        self._written_at_s = 0
        self.loops = (
            Loop("metrics", settings.interval_s, self.sample, units.clock, metrics),
            Loop("metrics upkeep", UPKEEP_INTERVAL_S, self.keep, units.clock, metrics),
        )

    async def sample(self) -> None:
        """Measure all hosts that answer, and write the rates since they were measured before.

        A host or guest that is new has no rates yet.
        """
        looks = await self._hypervisors.gather(self._hypervisors.connected(), self._look)
        for tell in self.listeners:
            tell(looks)
        values: dict[str, tuple[int, ...]] = {}
        for host_id, look in looks.items():
            before = self._looks.get(host_id)
            if before is not None:
                guests = guests_values(before, look)
                values.update(guests)
                host = host_values(before, look, list(guests.values()))
                if host is not None:
                    values[host_id] = host
            await asyncio.sleep(0)
        self._looks = looks
        at_s = max(int(self._units.clock.now().timestamp()), self._written_at_s + 1)
        for rows in round_rows(at_s, self._worker, values):
            async with self._units.write(ACTOR) as work:
                await History(work).write(rows)
            self._written_at_s = at_s
            await asyncio.sleep(0)

    async def keep(self) -> None:
        """Fold what has become old enough, and forget what is older than it is kept for; a bounded amount."""
        now_s = int(self._units.clock.now().timestamp())
        async with self._units.read(ACTOR) as work:
            due = await History(work).foldable(now_s - FOLD_GRACE_S, FOLDED_IN_A_RUN)
        for drawer, began_s in due:
            async with self._units.write(ACTOR) as work:
                await History(work).fold(drawer, began_s)
            await asyncio.sleep(0)
        for _ in range(PRUNED_IN_A_RUN):
            async with self._units.write(ACTOR) as work:
                pruned = await History(work).prune(now_s - self._keep_s)
            if not pruned:
                break

    async def _look(self, _host_id: str, hypervisor: Hypervisor) -> Look:
        counters = await hypervisor.measure()
        return Look(self._units.clock.monotonic_s(), counters)
