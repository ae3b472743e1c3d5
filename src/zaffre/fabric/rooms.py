"""Changing how much room a guest holds on the host that it is on."""

from sqlalchemy import CursorResult, update

from zaffre.fabric.tables import HostRow, ReservationRow
from zaffre.foundation.errors import Conflict
from zaffre.foundation.work import UnitOfWork


class NoRoomOnHost(Conflict):
    """The guest's host has no room for it to grow."""

    code = "placement.no_room_on_host"
    title = "Its host has no room"

    def __init__(self, vcpus: int, memory_mib: int, host: HostRow) -> None:
        super().__init__(
            f"The virtual machine would need {vcpus} more vCPUs and {memory_mib} MiB more memory; its host has "
            f"{host.vcpus_capacity - host.vcpus_reserved} vCPUs and "
            f"{host.memory_capacity_mib - host.memory_reserved_mib} MiB left.",
            remedy="Choose a smaller size, try again later, or ask the operator to move it to a host with more room.",
            target="size",
        )


async def change_room(work: UnitOfWork, resource_id: str, vcpus: int, memory_mib: int) -> None:
    """Let a guest hold so much on its host; one that holds nothing anywhere is left alone.

    One conditional statement checks and counts, so racing changes and placements never overbook a host.

    Raises:
        NoRoomOnHost: it would grow and there is no room.
    """
    held = await work.session.get(ReservationRow, resource_id, with_for_update=True, populate_existing=True)
    if held is None or (held.vcpus, held.memory_mib) == (vcpus, memory_mib):
        return
    more_vcpus, more_mib = vcpus - held.vcpus, memory_mib - held.memory_mib
    fits = [
        *([HostRow.vcpus_reserved + more_vcpus <= HostRow.vcpus_capacity] if more_vcpus > 0 else []),
        *([HostRow.memory_reserved_mib + more_mib <= HostRow.memory_capacity_mib] if more_mib > 0 else []),
    ]
    result = await work.session.execute(
        update(HostRow)
        .where(HostRow.id == held.host_id, *fits)
        .values(
            vcpus_reserved=HostRow.vcpus_reserved + more_vcpus,
            memory_reserved_mib=HostRow.memory_reserved_mib + more_mib,
        )
        .execution_options(synchronize_session=False)
    )
    if not (isinstance(result, CursorResult) and result.rowcount):
        host = await work.session.get_one(HostRow, held.host_id, populate_existing=True)
        raise NoRoomOnHost(max(more_vcpus, 0), max(more_mib, 0), host)
    held.vcpus, held.memory_mib = vcpus, memory_mib
    await work.session.flush()
