"""Disks: what tenants do with them, as rules inside a unit of work.

A root disk comes and goes with its virtual machine. A data disk belongs to its subscription: it is attached to one
machine at a time and outlives it. It takes up no storage until it is attached for the first time; from then on its
volume is on the host of the machine it is attached to, or was attached to last.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from zaffre.compute.checkpoints import refuse_with_checkpoints
from zaffre.compute.disk_records import DiskKind, DiskState, reference, set_disk_transition
from zaffre.compute.states import Observed, Transition
from zaffre.compute.tables import DiskRow, VirtualMachineRow
from zaffre.compute.virtual_machines import VirtualMachines, WrongPowerState, set_transition
from zaffre.compute.virtual_machines import reference as machine_reference
from zaffre.fabric.drivers.guest_slots import DATA_DISKS
from zaffre.foundation.database import RowLock, for_update
from zaffre.foundation.errors import Conflict, InUse, InvalidInput, NameTaken, NotFound
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.operations.operation import NewOperation
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.tags import retag, tags_field
from zaffre.foundation.work import UnitOfWork
from zaffre.management import Quotas

LISTING = Listing(
    DiskRow,
    {
        "id": Field(DiskRow.id, FieldType.ID),
        "name": Field(DiskRow.name, FieldType.TEXT, searchable=True),
        "kind": Field(DiskRow.kind, FieldType.TEXT),
        "state": Field(DiskRow.state, FieldType.TEXT),
        "size_gib": Field(DiskRow.size_gib, FieldType.INTEGER),
        "virtual_machine_id": Field(DiskRow.virtual_machine_id, FieldType.ID, sortable=False),
        "tags": tags_field(DiskRow),
        "created_at": Field(DiskRow.created_at, FieldType.INSTANT),
    },
    key=DiskRow.id,
    order="name",
)

LARGEST_GIB = 65_536

_SEEN = frozenset({Observed.RUNNING, Observed.PAUSED, Observed.STOPPED, Observed.CRASHED})
"""What a machine must be seen as to get a disk: its guest is on its host, and the host answers."""
_LETTING_GO = frozenset({Observed.RUNNING, Observed.STOPPED, Observed.CRASHED, Observed.MISSING})
"""What a machine must be seen as to lose one. A paused guest cannot let go of anything."""


class DiskBusy(Conflict):
    """Another operation works on the disk."""

    code = "disk.busy"
    title = "The disk is busy"

    def __init__(self, row: DiskRow) -> None:
        super().__init__(
            f"Disk {row.name!r} is {row.state}.",
            remedy=f"Wait for operation {row.operation_id} to end.",
            target=row.id,
        )


class WrongDiskState(Conflict):
    """The disk is attached and must not be, or the other way round."""

    code = "disk.wrong_state"
    title = "The disk is in another state"


class RootDiskStays(Conflict):
    """A root disk belongs to its machine."""

    code = "disk.root"
    title = "A root disk stays with its virtual machine"

    def __init__(self, row: DiskRow) -> None:
        super().__init__(
            f"Disk {row.name!r} is the root disk of a virtual machine.",
            remedy="Delete the virtual machine; its root disk goes with it.",
            target=row.id,
        )


class DiskCannotShrink(InvalidInput):
    """A disk is asked to become smaller."""

    code = "disk.cannot_shrink"
    title = "A disk cannot shrink"

    def __init__(self, row: DiskRow, size_gib: int) -> None:
        super().__init__(
            f"Disk {row.name!r} has {row.size_gib} GiB and cannot be made {size_gib} GiB: what is on it could be lost.",
            remedy="Make a smaller disk and copy to it what you need.",
            target="size_gib",
        )


class TooManyDisks(Conflict):
    """The machine has as many data disks as it can have."""

    code = "virtual_machine.too_many_disks"
    title = "The virtual machine has too many disks"

    def __init__(self, machine: VirtualMachineRow) -> None:
        super().__init__(
            f"Virtual machine {machine.name!r} has {DATA_DISKS} data disks, which is the most.",
            remedy="Detach one first, or use a larger disk.",
            target=machine.id,
        )


class OtherStamp(Conflict):
    """The disk and the machine are in different stamps."""

    code = "disk.other_stamp"
    title = "The disk is in another stamp"


@dataclass(frozen=True)
class NewDisk:
    """A data disk to make."""

    stamp_id: str
    """Of the cloud that the subscription's plan offers."""
    name: str
    size_gib: int
    virtual_machine_id: str | None = None
    """Where to attach it at once."""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Disks:
    """Rules for one subscription's disks inside one unit of work."""

    def __init__(self, work: UnitOfWork, subscription_id: str) -> None:
        self._work = work
        self._session = work.session
        self._subscription_id = subscription_id
        self._machines = VirtualMachines(work, subscription_id)

    async def create(self, draft: NewDisk) -> tuple[DiskRow, OperationRow]:
        """Begin to make a data disk, and to attach it when a machine is named.

        Raises:
            QuotaExceeded: the plan does not allow it.
            NameTaken: the subscription has another data disk of that name.
            NotFound, VirtualMachineBusy, WrongPowerState, HasCheckpoints, TooManyDisks: see `attach`.
        """
        machine = None
        if draft.virtual_machine_id is not None:
            machine = await self._machine_for(draft.virtual_machine_id, _SEEN, "get a disk")
        row = DiskRow(
            id=self._work.ids.new(),
            subscription_id=self._subscription_id,
            stamp_id=machine.stamp_id if machine is not None else draft.stamp_id,
            name=draft.name,
            kind=DiskKind.DATA,
            size_gib=draft.size_gib,
            state=DiskState.CREATING,
            tags=dict(draft.tags),
            created_at=self._work.clock.now(),
        )
        await Quotas(self._work).claim(self._subscription_id, row.id, {"disks": 1, "disk_gib": row.size_gib})
        if machine is not None:
            row.virtual_machine_id, row.position = machine.id, await self._free_position(machine)
        operation = self._begin(row, DiskState.CREATING, "create", machine)
        await self._work.save(row, lambda _: NameTaken("disk", draft.name))
        return row, operation

    async def get(self, disk_id: str, *, lock: RowLock | None = None) -> DiskRow:
        """Return a disk of the subscription, locked as wanted until the transaction ends.

        Raises:
            NotFound: it has none with this id.
        """
        row = await self._session.get(DiskRow, disk_id, with_for_update=for_update(lock))
        if row is None or row.subscription_id != self._subscription_id:
            raise NotFound("disk", disk_id)
        return row

    async def page(self, query: ListQuery) -> Rows[DiskRow]:
        """Return a page of the subscription's disks."""
        return await LISTING.rows(self._session, query, DiskRow.subscription_id == self._subscription_id)

    async def label(
        self, disk_id: str, name: str | None, tags: Mapping[str, str | None], expected: int | None = None
    ) -> DiskRow:
        """Give a disk another name, if one is given, and merge tags into those it has. What its guest sees stays.

        Raises:
            NotFound: the subscription has none with this id.
            NameTaken: it has another data disk of that name.
            TooManyTags: there would be too many.
        """
        row = await self.get(disk_id, lock=RowLock.CHANGE)
        check_generation(expected, row.generation)
        if name is not None and row.name != name:
            row.name = name
            await self._work.save(row, lambda _: NameTaken("disk", name))
            self._work.emit("disk.renamed", reference(row))
        await retag(self._work, row, reference(row), tags)
        return row

    async def attach(self, disk_id: str, machine_id: str, expected: int | None = None) -> tuple[DiskRow, OperationRow]:
        """Begin to attach a data disk to a virtual machine, which may be running.

        Raises:
            NotFound: the subscription has no such disk or machine.
            DiskBusy, VirtualMachineBusy: another operation works on one of them.
            WrongDiskState: the disk is attached already.
            WrongPowerState: nothing is known of the machine's guest.
            HasCheckpoints: the machine has checkpoints.
            TooManyDisks: it has as many data disks as it can have.
        """
        machine = await self._machine_for(machine_id, _SEEN, "get a disk")
        row = await self._free(disk_id, expected)
        if row.virtual_machine_id is not None:
            raise WrongDiskState(
                f"Disk {row.name!r} is attached to a virtual machine.", remedy="Detach it first.", target=disk_id
            )
        if row.stamp_id != machine.stamp_id:
            raise OtherStamp(
                f"Disk {row.name!r} and virtual machine {machine.name!r} are in different stamps.",
                remedy="Make a disk in the machine's stamp and copy its content inside a guest.",
                target=disk_id,
            )
        row.virtual_machine_id, row.position = machine.id, await self._free_position(machine)
        return row, self._begin(row, DiskState.ATTACHING, "attach", machine)

    async def detach(self, disk_id: str, expected: int | None = None) -> tuple[DiskRow, OperationRow]:
        """Begin to detach a data disk from its virtual machine, which may be running.

        Raises:
            NotFound: the subscription has none with this id.
            DiskBusy, VirtualMachineBusy: another operation works on it or its machine.
            RootDiskStays: it is a root disk.
            WrongDiskState: it is not attached.
            WrongPowerState: the machine's guest cannot let go now.
            HasCheckpoints: the machine has checkpoints.
        """
        seen = await self.get(disk_id)
        if seen.kind == DiskKind.ROOT:
            raise RootDiskStays(seen)
        if seen.virtual_machine_id is None:
            raise WrongDiskState(
                f"Disk {seen.name!r} is not attached to any virtual machine.", remedy="Nothing is left to do."
            )
        machine = await self._machine_for(seen.virtual_machine_id, _LETTING_GO, "give up a disk")
        row = await self._free_on(machine, disk_id, expected)
        return row, self._begin(row, DiskState.DETACHING, "detach", machine)

    async def grow(self, disk_id: str, size_gib: int, expected: int | None = None) -> tuple[DiskRow, OperationRow]:
        """Begin to make a disk larger; a running guest sees that at once.

        Raises:
            NotFound: the subscription has none with this id.
            DiskCannotShrink: it is not larger than now.
            DiskBusy, VirtualMachineBusy: another operation works on it or its machine.
            WrongPowerState: nothing is known of the machine's guest.
            HasCheckpoints: the machine has checkpoints.
            QuotaExceeded: the plan does not allow it.
        """
        seen = await self.get(disk_id)
        machine = None
        if seen.virtual_machine_id is not None:
            machine = await self._machine_for(seen.virtual_machine_id, _SEEN | {Observed.MISSING}, "get a larger disk")
        row = await self._free_on(machine, disk_id, expected)
        if size_gib <= row.size_gib:
            raise DiskCannotShrink(row, size_gib)
        operation = self._begin(row, DiskState.GROWING, "grow", machine, size_gib=size_gib)
        more = {"disk_gib": size_gib - row.size_gib}
        await Quotas(self._work).claim(self._subscription_id, operation.id, more)
        return row, operation

    async def delete(self, disk_id: str, expected: int | None = None) -> tuple[DiskRow, OperationRow]:
        """Begin to delete a data disk that belongs to no machine.

        Raises:
            NotFound: the subscription has none with this id.
            RootDiskStays: it is a root disk.
            InUse: it is attached.
            DiskBusy: another operation works on it.
        """
        row = await self._free(disk_id, expected)
        if row.kind == DiskKind.ROOT:
            raise RootDiskStays(row)
        if row.virtual_machine_id is not None:
            raise InUse(
                f"Disk {row.name!r} is attached to a virtual machine.", remedy="Detach it first.", target=disk_id
            )
        return row, self._begin(row, DiskState.DELETING, "delete", None)

    async def _free(self, disk_id: str, expected: int | None) -> DiskRow:
        row = await self.get(disk_id, lock=RowLock.CHANGE)
        check_generation(expected, row.generation)
        if row.transition is not None:
            raise DiskBusy(row)
        return row

    async def _free_on(self, machine: VirtualMachineRow | None, disk_id: str, expected: int | None) -> DiskRow:
        """Return a disk that is still where it was when its machine was locked."""
        row = await self._free(disk_id, expected)
        if row.virtual_machine_id != (machine.id if machine is not None else None):
            raise DiskBusy(row)
        return row

    async def _machine_for(self, machine_id: str, allowed: frozenset[Observed], what: str) -> VirtualMachineRow:
        """Return the machine, locked, if its disks can be changed now. Machines are locked before their disks."""
        machine = await self._machines.free(machine_id, None)
        await refuse_with_checkpoints(self._work, machine)
        if machine.observed not in allowed:
            states = ", ".join(sorted(allowed))
            raise WrongPowerState(
                f"Virtual machine {machine.name!r} is {machine.state}, and to {what} it must be one of: {states}.",
                remedy="Bring it into such a state first.",
                target=machine_id,
            )
        return machine

    async def _free_position(self, machine: VirtualMachineRow) -> int:
        """Return the lowest position at which the machine has no disk."""
        statement = select(DiskRow.position).where(DiskRow.virtual_machine_id == machine.id)
        taken = set(await self._session.scalars(statement))
        for position in range(1, DATA_DISKS + 1):
            if position not in taken:
                return position
        raise TooManyDisks(machine)

    def _begin(
        self, row: DiskRow, transition: DiskState, verb: str, machine: VirtualMachineRow | None, **parameters: Any
    ) -> OperationRow:
        """Start an operation that holds the disk, and its machine if it has one."""
        if machine is not None:
            parameters["machine_id"] = machine.id
        parameters |= {"from_host": row.host_id, "from_volume": row.volume}
        new = NewOperation(f"disk.{verb}", queue=row.stamp_id, parameters=parameters)
        operation = self._work.start(new, reference(row))
        set_disk_transition(row, transition, operation.id)
        self._work.emit(f"disk.{transition}", reference(row), operation_id=operation.id)
        if machine is not None:
            set_transition(machine, Transition.RECONFIGURING, operation.id)
            self._work.emit(
                "virtual_machine.reconfiguring", machine_reference(machine), operation_id=operation.id, disk_id=row.id
            )
        return operation
