"""Disks that guests no longer have, although the records say so.

An administrator took one away on the host, or a guest let go of a disk long after it was asked to. Either way the disk
is where its machine was and belongs to nobody now: the record follows, and the tenant is told. The guest's next start
is defined from the records, so nothing remains of it there either.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Select, select

from zaffre.compute.disk_records import DiskKind, leave_machine, reference
from zaffre.compute.tables import DiskRow, VirtualMachineRow
from zaffre.fabric import Hypervisors
from zaffre.fabric.drivers.hypervisor import GuestObservation
from zaffre.foundation.actor import system_actor
from zaffre.foundation.errors import DomainError
from zaffre.foundation.telemetry.metrics import Metrics
from zaffre.foundation.work import UnitOfWork, UnitsOfWork

ACTOR = system_actor("compute reconciler")
LOOKED_AT_ONCE = 100
"""Suspicions that are followed up in one round; the rest comes up again in the next."""


class LostDisks:
    """Notices data disks that a guest was seen without."""

    def __init__(self, units: UnitsOfWork, hypervisors: Hypervisors, metrics: Metrics) -> None:
        self._units = units
        self._hypervisors = hypervisors
        self._metrics = metrics

    async def notice(self, shown: Mapping[str, Mapping[str, GuestObservation]]) -> None:
        """Compare what hosts show, by host and guest, with the disks that machines should have.

        What was shown is older than the records, so a disk that has just been attached looks lost. Each suspicion is
        therefore checked with the host once more, and counts only if the record has not changed meanwhile.
        """
        async with self._units.read(ACTOR) as work:
            rows = (await work.session.execute(_attached(list(shown)))).all()
        suspected = [row for row in rows if _lacks(shown[row.host_id].get(row.virtual_machine_id), row.volume)]
        for row in suspected[:LOOKED_AT_ONCE]:
            if await self._is_gone(row.host_id, row.virtual_machine_id, row.volume):
                await self._note(row.id, row.generation)

    async def _is_gone(self, host_id: str, machine_id: str, volume: str) -> bool:
        try:
            hypervisor = await self._hypervisors.get(host_id)
            return _lacks(await hypervisor.observe(machine_id), volume)
        except DomainError:  # the host does not answer just now; the next full read asks again
            return False

    async def _note(self, disk_id: str, generation: int) -> None:
        async with self._units.write(ACTOR) as work:
            machine, disk = await _both(work, disk_id)
            if machine is None or disk is None or disk.generation != generation or machine.transition is not None:
                return
            await leave_machine(work, disk, machine)
            work.emit("disk.detached", reference(disk), virtual_machine_id=machine.id, reason="not_on_guest")
        self._metrics.drift.labels("disk").inc()


def _attached(host_ids: Sequence[str]) -> Select[str, int, str | None, str | None, str | None]:
    """Return the statement that reads the data disks of settled machines on some hosts."""
    columns = (DiskRow.id, DiskRow.generation, DiskRow.volume, DiskRow.virtual_machine_id, VirtualMachineRow.host_id)
    return (
        select(*columns)
        .join(VirtualMachineRow, VirtualMachineRow.id == DiskRow.virtual_machine_id)
        .where(
            DiskRow.kind == DiskKind.DATA,
            DiskRow.transition.is_(None),
            VirtualMachineRow.transition.is_(None),
            VirtualMachineRow.host_id.in_(host_ids),
        )
    )


async def _both(work: UnitOfWork, disk_id: str) -> tuple[VirtualMachineRow | None, DiskRow | None]:
    """Return a disk and its machine, locked in the order in which everybody locks them."""
    machine_id = await work.session.scalar(select(DiskRow.virtual_machine_id).where(DiskRow.id == disk_id))
    if machine_id is None:
        return None, None
    machine = await work.session.get(VirtualMachineRow, machine_id, with_for_update=True)
    return machine, await work.session.get(DiskRow, disk_id, with_for_update=True)


def _lacks(observation: GuestObservation | None, volume: str) -> bool:
    """Tell whether a guest is there without the disk. A guest that is missing altogether says nothing of its disks."""
    return observation is not None and volume not in observation.volumes
