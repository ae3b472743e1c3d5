"""The loops of metering: recording, proving, and forgetting what is old."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from zaffre.foundation.actor import system_actor
from zaffre.foundation.background import Loop
from zaffre.foundation.settings import MeteringSettings
from zaffre.foundation.telemetry.metrics import Metrics
from zaffre.foundation.work import UnitsOfWork
from zaffre.management.metering.meters import Meters
from zaffre.management.metering.proof import UsageProof
from zaffre.management.metering.retention import forget_old
from zaffre.management.metering.rollups import add_up
from zaffre.management.metering.spans import Spans, boundary_before

ACTOR = system_actor("metering")
LOOK_INTERVAL_S = 15.0
GRACE = timedelta(seconds=10)
"""A boundary is cut so long after it, when changes before it have surely been written. One that was not counts from the
boundary on."""
CHANGES_AT_ONCE = 200
SPANS_AT_ONCE = 250
RECORDS_AT_ONCE = 2000
PROOF_INTERVAL_S = 600.0
UPKEEP_INTERVAL_S = 60.0


class Metering:
    """Turns what is used into records, as one of any number of processes that try."""

    def __init__(self, units: UnitsOfWork, meters: Meters, metrics: Metrics, settings: MeteringSettings) -> None:
        self._units = units
        self._meters = meters
        self._settings = settings
        self.proof = UsageProof(units, meters, metrics)
        self.loops: Sequence[Loop] = (
            Loop("metering", LOOK_INTERVAL_S, self._record_in_time, units.clock, metrics),
            Loop("usage proof", PROOF_INTERVAL_S, self.proof.run, units.clock, metrics),
            Loop("usage upkeep", UPKEEP_INTERVAL_S, self.forget, units.clock, metrics),
        )

    async def _record_in_time(self) -> None:
        """Record, and have the loop woken for the next boundary.

        A loop that was at work for long rests for long; records must not be late for that.
        """
        await self.record()
        past_s = (self._units.clock.now() - GRACE).timestamp() % self._settings.interval_s
        asyncio.get_running_loop().call_later(self._settings.interval_s - past_s, self.loops[0].wake)

    async def record(self) -> None:
        """Write the records that are due, and add them up."""
        await self._follow()
        boundary = boundary_before(self._units.clock.now() - GRACE, self._settings.interval_s)
        more = True
        while more:
            async with self._units.write(ACTOR) as work:
                more = bool(await Spans(work, self._meters).cut(boundary, SPANS_AT_ONCE))
            await asyncio.sleep(0)
        more = True
        while more:
            async with self._units.write(ACTOR) as work:
                more = await add_up(work, RECORDS_AT_ONCE) == RECORDS_AT_ONCE
            await asyncio.sleep(0)

    async def _follow(self) -> None:
        more = True
        while more:
            async with self._units.write(ACTOR) as work:
                more = await Spans(work, self._meters).follow(CHANGES_AT_ONCE) == CHANGES_AT_ONCE
            await asyncio.sleep(0)

    async def forget(self) -> None:
        """Delete what is older than it is kept for, a bounded amount."""
        await forget_old(self._units, self._settings)
