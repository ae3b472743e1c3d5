"""Carrying a disk's content from one host to another, through this process."""

from collections.abc import AsyncIterator

from zaffre.fabric.drivers.hypervisor import GuestState, Hypervisor
from zaffre.foundation.errors import Conflict
from zaffre.foundation.operations.saga import Run

CANCEL_CHECK_BYTES = 64 * 1024 * 1024


class DiskInUseElsewhere(Conflict):
    """A guest that should not have the disk any more runs with it."""

    code = "disk.in_use_elsewhere"
    title = "The disk is still in use"


async def carry_disk(
    run: Run, source: Hypervisor, volume: str, target: Hypervisor, new_volume: str, size_gib: int
) -> None:
    """Copy a volume from one host to another, unless it has arrived there already.

    Raises:
        DiskInUseElsewhere: a guest of the source runs with it, so that it could change meanwhile.
        VolumeMissing: the source does not have it.
        StorageFull: the target has no room.
        Cancelled: the owner asked for that.
    """
    if await target.has_volume(new_volume):
        return
    if any(volume in seen.volumes for seen in await source.observe_all() if seen.state in _ON):
        raise DiskInUseElsewhere(
            "A virtual machine that was deleted while its host did not answer still runs with the disk.",
            remedy="Wait a minute until its host has been cleaned up, and try again.",
            target=run.operation.resource_id,
        )
    length = await source.volume_size(volume)
    await target.receive_disk(new_volume, size_gib, length, _reported(run, source, volume, length))


_ON = (GuestState.RUNNING, GuestState.PAUSED)


async def _reported(run: Run, source: Hypervisor, volume: str, length: int) -> AsyncIterator[bytes]:
    """Yield the volume's content, telling how far it is."""
    sent, checked = 0, 0
    async for part in source.read_volume(volume, 0, length):
        yield part
        sent += len(part)
        run.report(sent / max(length, 1), f"Copying the disk from another host: {sent >> 20} of {length >> 20} MiB")
        if sent - checked >= CANCEL_CHECK_BYTES:
            checked = sent
            await run.check_cancelled()
