"""What having checkpoints means for a virtual machine.

A machine's checkpoints live inside the disks on its host. As long as there are any, nothing may change which disks,
network ports, processors, memory or host the machine has: they would no longer fit it. What can be done with the
checkpoints themselves is in `checkpoint_tree`.
"""

from collections.abc import Sequence

from sqlalchemy import func, select

from zaffre.compute.tables import CheckpointRow, VirtualMachineRow
from zaffre.foundation.errors import Conflict
from zaffre.foundation.work import UnitOfWork
from zaffre.management import Quotas


class HasCheckpoints(Conflict):
    """The virtual machine has checkpoints, which fit only the machine as it is."""

    code = "virtual_machine.has_checkpoints"
    title = "The virtual machine has checkpoints"

    def __init__(self, machine: VirtualMachineRow, count: int) -> None:
        having = "a checkpoint, which fits" if count == 1 else f"{count} checkpoints, which fit"
        super().__init__(
            f"Virtual machine {machine.name!r} has {having} only the disks, ports, size and host that it has now.",
            remedy="Delete its checkpoints first.",
            target=machine.id,
        )


async def refuse_with_checkpoints(work: UnitOfWork, machine: VirtualMachineRow) -> None:
    """Refuse what would leave a virtual machine's checkpoints unfit: call it with the machine's row locked.

    Raises:
        HasCheckpoints: it has some, or one is just being taken.
    """
    count = (await checkpoint_counts(work, [machine.id])).get(machine.id, 0)
    if count:
        raise HasCheckpoints(machine, count)


async def checkpoint_counts(work: UnitOfWork, machine_ids: Sequence[str]) -> dict[str, int]:
    """Return how many checkpoints virtual machines have; those without are left out."""
    statement = (
        select(CheckpointRow.virtual_machine_id, func.count())
        .where(CheckpointRow.virtual_machine_id.in_(machine_ids))
        .group_by(CheckpointRow.virtual_machine_id)
    )
    return {str(machine_id): count for machine_id, count in await work.session.execute(statement)}


async def forget_checkpoints(work: UnitOfWork, machine_id: str) -> None:
    """Remove the records of all of a virtual machine's checkpoints, and give back their quota."""
    statement = select(CheckpointRow).where(CheckpointRow.virtual_machine_id == machine_id)
    for row in (await work.session.scalars(statement)).all():
        await Quotas(work).release(row.id)
        await work.session.delete(row)
    await work.session.flush()
