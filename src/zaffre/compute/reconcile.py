"""Loops that keep what is known of virtual machines true.

Hosts report changes as events within a second; because events get lost, every host is also read in full now and then.
Both ways end in the same place: the observation is applied to the machine's row, and guests that belong to no row are
written down for the operator, never touched.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from zaffre.compute.disk_reconcile import LostDisks
from zaffre.compute.observations import apply_observation, mark_unknown
from zaffre.compute.states import Observed, Transition, observed_power
from zaffre.compute.tables import VirtualMachineRow
from zaffre.compute.titles import retitle_guests
from zaffre.compute.unmanaged import UnmanagedGuests
from zaffre.fabric import Hypervisors
from zaffre.fabric.drivers.hypervisor import (
    GuestChanged,
    GuestObservation,
    GuestRemoved,
    HostConnected,
    HostEvent,
    HostLost,
    Hypervisor,
)
from zaffre.foundation.actor import system_actor
from zaffre.foundation.background import Loop
from zaffre.foundation.batches import batches
from zaffre.foundation.telemetry.metrics import Metrics
from zaffre.foundation.work import UnitOfWork, UnitsOfWork

ACTOR = system_actor("compute reconciler")
BATCH = 100
HOST_BATCH = 10
FLUSH_INTERVAL_S = 5.0
LOST_GRACE = timedelta(seconds=10)
"""A connection that is back sooner leaves no trace on the machines' states."""
SEEN = (Observed.RUNNING, Observed.PAUSED, Observed.STOPPED, Observed.CRASHED, Observed.UNKNOWN)
"""What a guest can be known as that must then be on its host."""


@dataclass(frozen=True)
class _Sighting:
    """What a host said of a guest; None means that it does not know it."""

    host_id: str
    observation: GuestObservation | None


class GuestWatch:
    """Collects hosts' events, newest per guest, and applies them in batches."""

    def __init__(self, units: UnitsOfWork, hypervisors: Hypervisors, metrics: Metrics) -> None:
        self._units = units
        self._metrics = metrics
        self._sightings: dict[str, _Sighting] = {}
        self.loop = Loop("guest watch", FLUSH_INTERVAL_S, self.flush, units.clock, metrics)
        self.full_read: Loop | None = None
        """Woken when a host has come back and must be read in full."""
        hypervisors.listen(self._on_event)

    def _on_event(self, host_id: str, event: HostEvent) -> None:
        match event:
            case GuestChanged(observation):
                self._sightings[observation.id] = _Sighting(host_id, observation)
                self.loop.wake()
            case GuestRemoved(guest_id):
                self._sightings[guest_id] = _Sighting(host_id, None)
                self.loop.wake()
            case HostConnected():
                if self.full_read is not None:
                    self.full_read.wake()
            case HostLost():
                pass  # the full read notices, after a time of grace

    async def flush(self) -> None:
        """Apply what has been reported since the last time."""
        sightings, self._sightings = self._sightings, {}
        for ids in batches(sorted(sightings), BATCH):
            await self._apply({guest_id: sightings[guest_id] for guest_id in ids})
            await asyncio.sleep(0)

    async def _apply(self, sightings: dict[str, _Sighting]) -> None:
        def news(row: Any) -> bool:
            sighting = sightings[row.id]
            return row.host_id == sighting.host_id and _reported(row, sighting.observation)

        # Most reports are about machines that an operation is building: they change nothing and cost only a look.
        async with self._units.read(ACTOR) as work:
            statement = select(*_COMPARED).where(VirtualMachineRow.id.in_(sightings))
            changed = [row.id for row in (await work.session.execute(statement)).all() if news(row)]
        if not changed:
            return
        async with self._units.write(ACTOR) as work:
            for row in await _locked(work, changed):
                if news(row):
                    apply_observation(work, row, sightings[row.id].observation)


Seen = dict[str, GuestObservation]
"""What one host shows, by guest id."""


class FullRead:
    """Reads every host in full and compares, some hosts at a time."""

    def __init__(self, units: UnitsOfWork, hypervisors: Hypervisors, metrics: Metrics) -> None:
        self._units = units
        self._hypervisors = hypervisors
        self._metrics = metrics
        self._unmanaged = UnmanagedGuests(units, metrics)
        self._lost_disks = LostDisks(units, hypervisors, metrics)
        self._lost_since: dict[str, float] = {}

    async def run(self) -> None:
        """Read all hosts that answer; note what is on those that have not answered for a while as unknown."""
        for hosts in batches(self._hypervisors.connected(), HOST_BATCH):
            await self._compare(hosts)
            await asyncio.sleep(0)
        await self._mark_lost()

    async def _compare(self, hosts: Sequence[tuple[str, Hypervisor]]) -> None:
        """Compare some hosts with the records.

        Hosts are read before the records, so a machine that is being built meanwhile is not taken for missing: its row
        says `absent` until the operation that builds it has looked at it.
        """
        shown = await self._hypervisors.gather(hosts, _observe_all)
        async with self._units.read(ACTOR) as work:
            statement = select(*_COMPARED).where(VirtualMachineRow.host_id.in_(shown))
            rows = (await work.session.execute(statement)).all()
            arriving = select(VirtualMachineRow.id).where(VirtualMachineRow.state == Transition.MIGRATING)
            moving = set(await work.session.scalars(arriving))
        changed = [row.id for row in rows if _differs(row, shown[row.host_id].get(row.id))]
        for ids in batches(changed, BATCH):
            await self._apply(ids, shown)
        await self._lost_disks.notice(shown)
        await retitle_guests(self._hypervisors, hosts, rows, shown)
        ours = {row.id for row in rows} | moving
        strangers = {
            host_id: [observation for guest_id, observation in seen.items() if guest_id not in ours]
            for host_id, seen in shown.items()
        }
        await self._unmanaged.note({host_id: door.address.name for host_id, door in hosts}, strangers)

    async def _apply(self, ids: Sequence[str], shown: dict[str, Seen]) -> None:
        async with self._units.write(ACTOR) as work:
            for row in await _locked(work, ids):
                if row.host_id not in shown:
                    continue
                observation = shown[row.host_id].get(row.id)
                if _differs(row, observation) and apply_observation(work, row, observation):
                    self._metrics.drift.labels("guest").inc()

    async def _mark_lost(self) -> None:
        now_s = self._units.clock.monotonic_s()
        lost = self._hypervisors.lost()
        self._lost_since = {host_id: self._lost_since.get(host_id, now_s) for host_id in lost}
        overdue = [h for h, since_s in self._lost_since.items() if now_s - since_s >= LOST_GRACE.total_seconds()]
        async with self._units.read(ACTOR) as work:
            statement = select(VirtualMachineRow.id).where(
                VirtualMachineRow.host_id.in_(overdue),
                VirtualMachineRow.observed.not_in((Observed.UNKNOWN, Observed.ABSENT)),
            )
            ids = (await work.session.scalars(statement)).all()
        for some in batches(ids, BATCH):
            async with self._units.write(ACTOR) as work:
                for row in await _locked(work, some):
                    mark_unknown(work, row)


async def _observe_all(_host_id: str, hypervisor: Hypervisor) -> Seen:
    return {observation.id: observation for observation in await hypervisor.observe_all()}


_COMPARED = (
    VirtualMachineRow.id,
    VirtualMachineRow.host_id,
    VirtualMachineRow.observed,
    VirtualMachineRow.ready,
    VirtualMachineRow.stop_reason,
    VirtualMachineRow.transition,
    VirtualMachineRow.name,
)
"""What a comparison needs of a machine: plain columns, because a large site has tens of thousands of rows."""


async def _locked(work: UnitOfWork, ids: Sequence[str]) -> Sequence[VirtualMachineRow]:
    statement = select(VirtualMachineRow).where(VirtualMachineRow.id.in_(ids)).order_by(VirtualMachineRow.id)
    return (await work.session.scalars(statement.with_for_update())).all()


def _differs(row: Any, observation: GuestObservation | None) -> bool:
    """Tell whether a machine's row is behind what its host shows in a full read."""
    if observation is None:
        return row.observed in SEEN and row.transition is None
    return _reported(row, observation)


def _reported(row: Any, observation: GuestObservation | None) -> bool:
    """Tell whether what its host reports of a machine is news. One that is not built yet is left to its operation."""
    ready, reason = (observation.ready, observation.stop_reason) if observation is not None else (False, None)
    seen = (observed_power(observation), ready, reason)
    return row.observed != Observed.ABSENT and (row.observed, row.ready, row.stop_reason) != seen
