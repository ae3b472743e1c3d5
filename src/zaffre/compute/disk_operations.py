"""Durable work on disks: making, attaching, detaching, growing and deleting them.

An operation on a disk that is, or is to be, attached holds the disk and its machine, so that nobody starts, stops or
deletes the machine half-way. The room that a disk needs on another host is held by the operation until it is done, and
so is the quota that a larger disk needs: undoing gives back exactly that.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from zaffre.compute.disk_records import (
    DiskKind,
    DiskState,
    forget_disk,
    leave_machine,
    reference,
    serial_of,
    set_disk_transition,
)
from zaffre.compute.disk_transport import carry_disk
from zaffre.compute.operations import LET_GO_S
from zaffre.compute.states import Transition
from zaffre.compute.tables import DiskRow, VirtualMachineRow
from zaffre.compute.virtual_machines import reference as machine_reference
from zaffre.compute.virtual_machines import set_transition
from zaffre.fabric import Cleanups, HostDown, Hypervisors, Placement, StorageRoom
from zaffre.fabric.drivers.hypervisor import GuestDisk, GuestKeepsDisk, VolumeMissing
from zaffre.foundation.errors import DomainError, NotFound
from zaffre.foundation.operations.saga import Run, Saga, Step, nothing
from zaffre.foundation.work import UnitOfWork
from zaffre.management import Quotas

CARRY_DEADLINE_S = 6 * 3600.0
"""For a disk that goes from host to host: a few hundred GiB at a slow link's speed."""


class GuestUsesDisk(DomainError):
    """The machine's guest does not let go of the disk."""

    code = "disk.in_use_by_guest"
    title = "The guest still uses the disk"
    status = 504

    def __init__(self, disk: str, machine: str) -> None:
        super().__init__(
            f"The guest of {machine!r} was asked for disk {disk!r} and did not let go in {LET_GO_S:g} s.",
            remedy="Unmount the disk inside the guest and detach it again, or stop the virtual machine first.",
        )


@dataclass(frozen=True)
class Attachment:
    """A disk and the place that an operation on it is about."""

    disk_id: str
    disk_name: str
    size_gib: int
    volume: str | None
    position: int
    subscription_id: str
    machine_id: str
    machine_name: str
    host_id: str
    """Where the machine is."""


class DiskSaga:
    """What all sagas of disks share: the rows they hold, and the ways to their hosts."""

    def __init__(self, hypervisors: Hypervisors) -> None:
        self._hypervisors = hypervisors

    @staticmethod
    def _machine_id(run: Run) -> str | None:
        return run.operation.parameters.get("machine_id")

    @staticmethod
    async def _disk(work: UnitOfWork, run: Run) -> DiskRow | None:
        return await work.session.get(DiskRow, run.operation.resource_id, with_for_update=True)

    async def _machine(self, work: UnitOfWork, run: Run) -> VirtualMachineRow | None:
        machine_id = self._machine_id(run)
        if machine_id is None:
            return None
        return await work.session.get(VirtualMachineRow, machine_id, with_for_update=True)

    async def _attachment(self, run: Run) -> Attachment:
        """Read what the operation is about.

        Raises:
            NotFound: the disk or its machine is gone, or the machine has no host.
        """
        async with run.units.read(run.actor) as work:
            disk = await work.session.get(DiskRow, run.operation.resource_id)
            machine = await work.session.get(VirtualMachineRow, self._machine_id(run))
            if disk is None or machine is None or machine.host_id is None:
                raise NotFound("disk at a virtual machine", run.operation.resource_id)
            return Attachment(
                disk_id=disk.id,
                disk_name=disk.name,
                size_gib=disk.size_gib,
                volume=disk.volume,
                position=disk.position or 0,
                subscription_id=disk.subscription_id,
                machine_id=machine.id,
                machine_name=machine.name,
                host_id=machine.host_id,
            )

    async def _let_machine_go(self, work: UnitOfWork, run: Run) -> None:
        """End the operation's hold on the machine."""
        machine = await self._machine(work, run)
        if machine is not None and machine.operation_id == run.operation.id:
            set_transition(machine, None, None)
            work.emit("virtual_machine.reconfigured", machine_reference(machine), disk_id=run.operation.resource_id)

    async def _let_go(self, run: Run) -> None:
        """End the operation's hold on disk and machine, leaving the disk where it is."""
        async with run.work() as work:
            await self._let_machine_go(work, run)
            disk = await self._disk(work, run)
            if disk is not None and disk.operation_id == run.operation.id:
                set_disk_transition(disk, None, None)
                work.emit(f"{run.operation.kind}_failed", reference(disk))

    async def _remove(self, run: Run, host_id: str, volume: str) -> None:
        """Remove a volume; if the host does not answer, have it removed when it does."""
        try:
            await (await self._hypervisors.get(host_id)).delete_volume(volume)
        except HostDown:
            async with run.work() as work:
                await Cleanups(work).note(host_id, volumes=[volume])


class PlugInSaga(DiskSaga):
    """Brings a disk to the host of a machine and plugs it in."""

    cancellable = True
    doing: DiskState
    """The disk's state meanwhile."""
    done: str
    """The event that tells of success."""

    def _plugging(self) -> list[Step]:
        return [
            Step("bring", "Bringing the disk to the host", self._bring, self._take_back, deadline_s=CARRY_DEADLINE_S),
            Step("plug", "Plugging it in", self._plug, self._unplug),
            Step("settle", "Noting where it is", self._settle, self._unsettle),
        ]

    @staticmethod
    def _new_volume(run: Run) -> str:
        """Return the name for a new volume of the disk. Each has its own, so removing an old one is never a mistake."""
        return f"{run.operation.resource_id}-{run.operation.id}.qcow2"

    def _stays(self, run: Run, place: Attachment) -> bool:
        """Tell whether the disk has a volume on the machine's host."""
        return self._was_somewhere(run) and run.operation.parameters.get("from_host") == place.host_id

    @staticmethod
    def _was_somewhere(run: Run) -> bool:
        return run.operation.parameters.get("from_volume") is not None

    def _volume(self, run: Run, place: Attachment) -> str:
        return str(run.operation.parameters["from_volume"]) if self._stays(run, place) else self._new_volume(run)

    async def _bring(self, run: Run) -> None:
        """Make the disk's volume where the machine is, unless it is there."""
        if self._machine_id(run) is None:
            return
        place = await self._attachment(run)
        if self._stays(run, place):
            return
        async with run.work() as work:
            room = StorageRoom(work)
            await room.take(run.operation.id, place.subscription_id, place.host_id, place.size_gib)
        target = await self._hypervisors.get(place.host_id)
        if not self._was_somewhere(run):
            await target.create_blank(self._new_volume(run), place.size_gib)
            return
        parameters = run.operation.parameters
        source = await self._hypervisors.get(str(parameters["from_host"]))
        await carry_disk(run, source, str(parameters["from_volume"]), target, self._new_volume(run), place.size_gib)

    async def _take_back(self, run: Run) -> None:
        """Remove the volume that was made, and give back its room; unless the disk has moved into it for good."""
        if self._machine_id(run) is None:
            return
        place = await self._attachment(run)
        volume = self._new_volume(run)
        if place.volume != volume:
            await self._remove(run, place.host_id, volume)
        async with run.work() as work:
            await Placement(work).release(run.operation.id)

    async def _plug(self, run: Run) -> None:
        if self._machine_id(run) is None:
            return
        place = await self._attachment(run)
        disk = GuestDisk(self._volume(run, place), "qcow2", place.position, serial_of(place.disk_id))
        hypervisor = await self._hypervisors.get(place.host_id)
        await hypervisor.attach_disk(place.machine_id, disk)

    async def _unplug(self, run: Run) -> None:
        if self._machine_id(run) is None:
            return
        place = await self._attachment(run)
        try:
            hypervisor = await self._hypervisors.get(place.host_id)
            await hypervisor.detach_disk(place.machine_id, self._volume(run, place), LET_GO_S)
        except HostDown:
            run.report(1.0, "The host does not answer; its next full read will show what the guest has")

    async def _settle(self, run: Run) -> None:
        """Note that the disk is where it is now. Its old volume is removed by the clean-ups."""
        async with run.work() as work:
            machine = await self._machine(work, run)
            disk = await self._disk(work, run)
            if disk is None or disk.operation_id != run.operation.id:
                return
            if machine is not None and machine.host_id is not None:
                await self._move_in(work, run, disk, machine)
            set_disk_transition(disk, None, None)
            await self._let_machine_go(work, run)
            work.emit(self.done, reference(disk), virtual_machine_id=disk.virtual_machine_id)

    async def _move_in(self, work: UnitOfWork, run: Run, disk: DiskRow, machine: VirtualMachineRow) -> None:
        room = StorageRoom(work)
        if run.operation.parameters.get("from_host") == machine.host_id:
            await room.move(disk.id, machine.id, disk.size_gib)
        else:
            await room.move(run.operation.id, machine.id, disk.size_gib)
            if disk.host_id is not None and disk.volume is not None:
                await Placement(work).release(disk.id)
                await Cleanups(work).note(disk.host_id, volumes=[disk.volume])
            disk.volume = self._new_volume(run)
        disk.host_id = None

    async def _unsettle(self, run: Run) -> None:
        """Hold disk and machine again and take the disk's room from the machine's."""
        async with run.work() as work:
            machine = await self._machine(work, run)
            disk = await self._disk(work, run)
            if disk is None or disk.transition is not None:
                return
            set_disk_transition(disk, self.doing, run.operation.id)
            if machine is None:
                return
            set_transition(machine, Transition.RECONFIGURING, run.operation.id)
            holder = disk.id if self._was_somewhere(run) else run.operation.id
            await StorageRoom(work).move(machine.id, holder, disk.size_gib)
            if self._was_somewhere(run):
                disk.host_id = machine.host_id
            else:
                disk.volume = None


class CreateDisk(PlugInSaga):
    """Makes a data disk, and attaches it if it was asked for together with a machine."""

    kind = "disk.create"
    doing = DiskState.CREATING
    done = "disk.created"

    def steps(self) -> Sequence[Step]:
        """Return the steps. The first has nothing to do: quota and row were claimed with the intent."""
        return [Step("record", "Recording the disk", nothing, self._forget), *self._plugging()]

    async def _forget(self, run: Run) -> None:
        async with run.work() as work:
            await self._let_machine_go(work, run)
            disk = await self._disk(work, run)
            if disk is not None:
                work.emit("disk.create_failed", reference(disk))
                await forget_disk(work, disk)


class AttachDisk(PlugInSaga):
    """Attaches a data disk to a machine, running or not, and brings it to the machine's host if it is elsewhere."""

    kind = "disk.attach"
    doing = DiskState.ATTACHING
    done = "disk.attached"

    def steps(self) -> Sequence[Step]:
        """Return the steps. The first has nothing to do: disk and machine are held since the intent."""
        return [Step("hold", "Holding disk and virtual machine", nothing, self._come_off), *self._plugging()]

    async def _come_off(self, run: Run) -> None:
        async with run.work() as work:
            await self._let_machine_go(work, run)
            disk = await self._disk(work, run)
            if disk is not None and disk.operation_id == run.operation.id:
                disk.virtual_machine_id, disk.position = None, None
                set_disk_transition(disk, None, None)
                work.emit("disk.attach_failed", reference(disk))


class DetachDisk(DiskSaga):
    """Takes a data disk from its machine. A running guest is asked for it and must let go."""

    kind = "disk.detach"
    cancellable = False

    def steps(self) -> Sequence[Step]:
        """Return the step."""
        return [Step("unplug", "Waiting for the guest to let go of the disk", self._detach, self._let_go)]

    async def _detach(self, run: Run) -> None:
        place = await self._attachment(run)
        hypervisor = await self._hypervisors.get(place.host_id)
        try:
            await hypervisor.detach_disk(place.machine_id, str(place.volume), LET_GO_S)
        except GuestKeepsDisk:
            raise GuestUsesDisk(place.disk_name, place.machine_name) from None
        async with run.work() as work:
            machine = await self._machine(work, run)
            disk = await self._disk(work, run)
            if disk is None or machine is None or disk.operation_id != run.operation.id:
                return
            await leave_machine(work, disk, machine)
            work.emit("disk.detached", reference(disk), virtual_machine_id=machine.id)
            await self._let_machine_go(work, run)


@dataclass(frozen=True)
class _Growth:
    """A disk that becomes larger."""

    host_id: str | None
    """Where its volume is; None when it has none yet."""
    volume: str
    size_gib: int
    wanted_gib: int


class GrowDisk(DiskSaga):
    """Makes a disk larger, on its host and in the guest that runs with it."""

    kind = "disk.grow"
    cancellable = False

    def steps(self) -> Sequence[Step]:
        """Return the steps."""
        return [
            Step("claim", "Claiming quota", nothing, self._give_back),
            Step("room", "Reserving room on its host", self._take_room, self._release_room),
            Step("grow", "Making it larger", self._grow, self._look_again),
        ]

    async def _growth(self, run: Run) -> _Growth:
        async with run.units.read(run.actor) as work:
            disk = await work.session.get(DiskRow, run.operation.resource_id)
            if disk is None:
                raise NotFound("disk", run.operation.resource_id)
            host_id = disk.host_id
            if disk.virtual_machine_id is not None:
                machine = await work.session.get_one(VirtualMachineRow, disk.virtual_machine_id)
                host_id = machine.host_id
            wanted_gib = int(run.operation.parameters["size_gib"])
            return _Growth(host_id, str(disk.volume), disk.size_gib, wanted_gib)

    async def _take_room(self, run: Run) -> None:
        growth = await self._growth(run)
        more_gib = growth.wanted_gib - growth.size_gib
        if growth.host_id is not None and more_gib > 0:
            async with run.work() as work:
                subscription_id = str(run.operation.subscription_id)
                await StorageRoom(work).take(run.operation.id, subscription_id, growth.host_id, more_gib)

    async def _release_room(self, run: Run) -> None:
        async with run.work() as work:
            await Placement(work).release(run.operation.id)

    async def _grow(self, run: Run) -> None:
        growth = await self._growth(run)
        if growth.host_id is not None:
            hypervisor = await self._hypervisors.get(growth.host_id)
            await hypervisor.grow_disk(growth.volume, growth.wanted_gib, self._machine_id(run))
        await self._note_size(run, growth.wanted_gib)

    async def _note_size(self, run: Run, size_gib: int) -> None:
        async with run.work() as work:
            disk = await self._disk(work, run)
            if disk is None or disk.operation_id != run.operation.id:
                return
            holder = disk.virtual_machine_id or disk.id
            await StorageRoom(work).move(run.operation.id, holder, size_gib - disk.size_gib)
            await Quotas(work).merge(run.operation.id, holder if disk.kind == DiskKind.ROOT else disk.id)
            disk.size_gib = size_gib
            set_disk_transition(disk, None, None)
            work.emit("disk.grown", reference(disk), size_gib=size_gib)
            await self._let_machine_go(work, run)

    async def _look_again(self, run: Run) -> None:
        """Keep the new size if the disk has got it although something failed: it cannot be made smaller again."""
        growth = await self._growth(run)
        if growth.host_id is None:
            return
        try:
            hypervisor = await self._hypervisors.get(growth.host_id)
            if await hypervisor.volume_capacity(growth.volume) >= growth.wanted_gib << 30:
                await self._note_size(run, growth.wanted_gib)
        except (HostDown, VolumeMissing) as error:
            run.report(1.0, f"Its size could not be read: {error.detail}")

    async def _give_back(self, run: Run) -> None:
        async with run.work() as work:
            await Quotas(work).release(run.operation.id)
        await self._let_go(run)


class DeleteDisk(DiskSaga):
    """Deletes a data disk. A host that does not answer is cleaned when it does."""

    kind = "disk.delete"
    cancellable = False

    def steps(self) -> Sequence[Step]:
        """Return the steps. Undoing only ends the operation's hold: deleting can be asked for again."""
        return [
            Step("volume", "Removing it from its host", self._remove_volume, self._let_go),
            Step("forget", "Giving back its room and quota", self._forget),
        ]

    async def _remove_volume(self, run: Run) -> None:
        parameters = run.operation.parameters
        if parameters.get("from_host") is not None and parameters.get("from_volume") is not None:
            await self._remove(run, parameters["from_host"], parameters["from_volume"])

    async def _forget(self, run: Run) -> None:
        async with run.work() as work:
            disk = await self._disk(work, run)
            if disk is not None:
                await Placement(work).release(disk.id)
                work.emit("disk.deleted", reference(disk))
                await forget_disk(work, disk)


def disk_sagas(hypervisors: Hypervisors) -> list[Saga]:
    """Return the sagas of disks."""
    return [saga(hypervisors) for saga in (CreateDisk, AttachDisk, DetachDisk, GrowDisk, DeleteDisk)]
