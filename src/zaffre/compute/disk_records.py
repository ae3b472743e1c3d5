"""Disks' rows: what their states mean, and what happens to them when their machine goes."""

from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import select

from zaffre.compute.tables import DiskRow, VirtualMachineRow
from zaffre.fabric import StorageRoom
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.management import Quotas

NAME_LENGTH = 100
"""Of a disk, in characters."""


class DiskKind(StrEnum):
    """What a disk is for."""

    ROOT = "root"
    """It was made from an image with its virtual machine, and goes with it."""
    DATA = "data"


class DiskState(StrEnum):
    """Where a disk stands."""

    CREATING = "creating"
    AVAILABLE = "available"
    """It belongs to no machine."""
    ATTACHING = "attaching"
    ATTACHED = "attached"
    DETACHING = "detaching"
    GROWING = "growing"
    DELETING = "deleting"


def set_disk_transition(row: DiskRow, transition: DiskState | None, operation_id: str | None) -> None:
    """Note which operation works on a disk, or that none does."""
    row.transition, row.operation_id = transition, operation_id
    settled = DiskState.AVAILABLE if row.virtual_machine_id is None else DiskState.ATTACHED
    row.state = transition or settled


async def _disks_of(work: UnitOfWork, machine_id: str) -> Sequence[DiskRow]:
    """Return the disks of a virtual machine, locked for this transaction, in order."""
    statement = select(DiskRow).where(DiskRow.virtual_machine_id == machine_id).order_by(DiskRow.position)
    return (await work.session.scalars(statement.with_for_update())).all()


def serial_of(disk_id: str) -> str:
    """Return the serial by which a guest finds a disk: the last 20 hexadecimal digits of its id.

    virtio's limit is 20 bytes. The end of a UUIDv7 is its random part, so two disks never share one.
    """
    return disk_id.replace("-", "")[-20:]


def reference(row: DiskRow) -> ResourceRef:
    """Name a disk in events."""
    return ResourceRef("disk", row.id, row.name, row.subscription_id)


def root_disk(work: UnitOfWork, machine: VirtualMachineRow, size_gib: int) -> DiskRow:
    """Return the row of a new machine's root disk."""
    return DiskRow(
        id=work.ids.new(),
        subscription_id=machine.subscription_id,
        stamp_id=machine.stamp_id,
        name=f"{machine.name} root"[:NAME_LENGTH],
        kind=DiskKind.ROOT,
        size_gib=size_gib,
        virtual_machine_id=machine.id,
        position=0,
        volume=f"{machine.id}-root.qcow2",
        state=DiskState.CREATING,
        tags=dict(machine.tags),
        created_at=work.clock.now(),
    )


async def root_disk_made(work: UnitOfWork, machine: VirtualMachineRow) -> None:
    """Note that a new machine's root disk is there."""
    for disk in await _disks_of(work, machine.id):
        if disk.kind == DiskKind.ROOT and disk.transition is None:
            set_disk_transition(disk, None, None)


async def forget_disks(work: UnitOfWork, machine_id: str) -> None:
    """Remove the rows of the disks that a machine still has. Their quota is the machine's."""
    for disk in await _disks_of(work, machine_id):
        await work.session.delete(disk)
    await work.session.flush()


async def hold_disks(work: UnitOfWork, machine_id: str, operation_id: str, *, delete: bool) -> None:
    """Note on a machine's disks that it is being deleted: which of them go with it, and which are let go."""
    for disk in await _disks_of(work, machine_id):
        goes = delete or disk.kind == DiskKind.ROOT
        set_disk_transition(disk, DiskState.DELETING if goes else DiskState.DETACHING, operation_id)


async def let_disks_go(work: UnitOfWork, machine_id: str, operation_id: str) -> None:
    """End the hold of an operation on a machine's disks."""
    for disk in await _disks_of(work, machine_id):
        if disk.operation_id == operation_id:
            set_disk_transition(disk, None, None)


async def part_with_disks(work: UnitOfWork, machine: VirtualMachineRow, *, delete: bool) -> None:
    """Take a machine's data disks from it: they are deleted with it, or belong to nobody from now on."""
    for disk in await _disks_of(work, machine.id):
        if disk.kind == DiskKind.ROOT:
            continue
        if delete:
            await forget_disk(work, disk)
            work.emit("disk.deleted", reference(disk))
        else:
            await leave_machine(work, disk, machine)
            work.emit("disk.detached", reference(disk), virtual_machine_id=machine.id)
    await work.session.flush()


async def leave_machine(work: UnitOfWork, disk: DiskRow, machine: VirtualMachineRow) -> None:
    """Note that a disk belongs to no machine any more. Its volume stays where the machine was, in room of its own."""
    disk.virtual_machine_id, disk.position, disk.host_id = None, None, machine.host_id
    set_disk_transition(disk, None, None)
    await StorageRoom(work).move(machine.id, disk.id, disk.size_gib)


async def forget_disk(work: UnitOfWork, disk: DiskRow) -> None:
    """Remove a disk's row and give back its quota."""
    await Quotas(work).release(disk.id)
    await work.session.delete(disk)
