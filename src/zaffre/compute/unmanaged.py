"""Unmanaged guests: what runs on hosts without belonging to any virtual machine we know. Reported, never touched."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import delete, select, tuple_

from zaffre.compute.tables import UnmanagedGuestRow, VirtualMachineRow
from zaffre.fabric.drivers.hypervisor import GuestObservation
from zaffre.foundation.actor import system_actor
from zaffre.foundation.batches import batches
from zaffre.foundation.telemetry.metrics import Metrics
from zaffre.foundation.work import ResourceRef, UnitOfWork, UnitsOfWork

ACTOR = system_actor("compute reconciler")
BATCH = 100
SEEN_AGAIN_AFTER = timedelta(seconds=10)
"""How old a sighting may be before it is written down anew."""


class UnmanagedGuests:
    """Keeps the list of unmanaged guests."""

    def __init__(self, units: UnitsOfWork, metrics: Metrics) -> None:
        self._units = units
        self._metrics = metrics

    async def note(self, hosts: Mapping[str, str], strangers: Mapping[str, Sequence[GuestObservation]]) -> None:
        """Compare what was seen on some hosts with the list.

        Args:
            hosts: name of each host by id.
            strangers: what was seen on each and belongs to no machine placed there.
        """
        async with self._units.read(ACTOR) as work:
            statement = select(UnmanagedGuestRow).where(UnmanagedGuestRow.host_id.in_(strangers))
            listed = {(row.host_id, row.guest_id): row for row in await work.session.scalars(statement)}
            now = work.clock.now()
        fresh = now - SEEN_AGAIN_AFTER
        news = [
            (host_id, stranger)
            for host_id, seen in strangers.items()
            for stranger in seen
            if (row := listed.get((host_id, stranger.id))) is None or row.last_seen_at < fresh
        ]
        seen_now = {(host_id, stranger.id) for host_id, seen in strangers.items() for stranger in seen}
        gone = listed.keys() - seen_now
        if not news and not gone:
            return
        async with self._units.write(ACTOR) as work:
            for host_id, stranger in news:
                await self._see(work, host_id, hosts[host_id], stranger)
            key = tuple_(UnmanagedGuestRow.host_id, UnmanagedGuestRow.guest_id)
            for some in batches(sorted(gone), BATCH):
                await work.session.execute(delete(UnmanagedGuestRow).where(key.in_(some)))

    async def _see(self, work: UnitOfWork, host_id: str, host_name: str, stranger: GuestObservation) -> None:
        row = await work.session.get(UnmanagedGuestRow, (host_id, stranger.id))
        if row is None:
            # A machine that is just being built or deleted is a stranger for a moment, but its record is there.
            if await work.session.get(VirtualMachineRow, stranger.id) is not None:
                return
            row = UnmanagedGuestRow(host_id=host_id, guest_id=stranger.id, first_seen_at=work.clock.now())
            work.add(row)
            host = ResourceRef("host", host_id, host_name)
            work.emit("host.unmanaged_guest_found", host, guest_id=stranger.id, title=stranger.title)
            self._metrics.drift.labels("unmanaged_guest").inc()
        row.title, row.power_state = stranger.title[:200], stranger.state
        row.made_by_zaffre, row.last_seen_at = bool(stranger.labels), work.clock.now()
