"""Other sizes for virtual machines.

The new size is what the machine has from the moment it is accepted; what a running guest cannot take at once waits for
its next start. Until then quota and room on its host are held for the larger of both, because the guest still uses what
it was started with.
"""

from zaffre.compute.checkpoints import refuse_with_checkpoints
from zaffre.compute.sizes import Sizes
from zaffre.compute.states import Transition
from zaffre.compute.tables import VirtualMachineRow
from zaffre.compute.virtual_machines import VirtualMachines, check_memory
from zaffre.fabric.rooms import change_room
from zaffre.fabric.tables import ImageRow
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.work import UnitOfWork
from zaffre.management import Quotas


async def begin_resize(
    work: UnitOfWork, subscription_id: str, machine_id: str, size_name: str, expected: int | None = None
) -> tuple[VirtualMachineRow, OperationRow]:
    """Begin to give a virtual machine another size. Quota and room on its host are claimed at once.

    Raises:
        NotFound: the subscription has none with this id.
        VirtualMachineBusy: an operation works on it.
        HasCheckpoints: it has checkpoints, which are of machines of the size it has.
        InvalidInput: there is no such size, or it is too small for the image.
        QuotaExceeded: the plan does not allow it.
        NoRoomOnHost: its host has no room for it to grow.
    """
    machines = VirtualMachines(work, subscription_id)
    row = await machines.free(machine_id, expected)
    await refuse_with_checkpoints(work, row)
    size = await Sizes(work).named(size_name)
    check_memory(await work.session.get_one(ImageRow, row.image_id), size)
    was = {"size": row.size, "vcpus": row.vcpus, "memory_mib": row.memory_mib, "restart_required": row.restart_required}
    await hold(work, row, max(row.vcpus, size.vcpus), max(row.memory_mib, size.memory_mib), shrink=False)
    row.size, row.vcpus, row.memory_mib = size.name, size.vcpus, size.memory_mib
    return await machines.begin(row, Transition.RESIZING, "resize", {"was": was, "size": size.name})


async def hold(work: UnitOfWork, row: VirtualMachineRow, vcpus: int, memory_mib: int, *, shrink: bool = True) -> None:
    """Claim so much quota and room on its host for a machine; its row is locked.

    Args:
        work: the transaction.
        row: the machine.
        vcpus: processors to hold.
        memory_mib: memory to hold.
        shrink: whether to give back what is held beyond that.
    """
    amounts = {"vcpus": vcpus, "memory_mib": memory_mib}
    quotas = Quotas(work)
    if not shrink:
        # A machine that waits for a restart may hold more already.
        held = await quotas.claimed(row.id)
        amounts = {dimension: max(amount, held.get(dimension, 0)) for dimension, amount in amounts.items()}
    await quotas.change(row.subscription_id, row.id, amounts)
    await change_room(work, row.id, amounts["vcpus"], amounts["memory_mib"])


async def take_up_size(work: UnitOfWork, row: VirtualMachineRow) -> None:
    """Note that a machine's guest has all of its size, and nothing more."""
    row.restart_required = False
    await hold(work, row, row.vcpus, row.memory_mib)
