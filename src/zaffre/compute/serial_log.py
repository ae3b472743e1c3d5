"""The serial log: what a guest wrote to its first serial port."""

from dataclasses import dataclass

from zaffre.compute.guest import serial_log_volume
from zaffre.fabric.drivers.hypervisor import Hypervisor, VolumeMissing

TAIL_BYTES = 65_536


@dataclass(frozen=True)
class SerialLog:
    """A piece of a serial log."""

    text: str
    """Bytes that are not UTF-8 are shown as U+FFFD."""
    offset: int
    """Of the first byte."""
    next_offset: int
    """Where to go on reading."""
    size: int
    """Of the whole log now."""


async def read_serial_log(hypervisor: Hypervisor, machine_id: str, offset: int | None, limit_bytes: int) -> SerialLog:
    """Read a piece of a machine's log.

    Args:
        hypervisor: its host.
        machine_id: whose log.
        offset: first byte; None: the end of the log. One beyond the end (the host has begun the log anew) starts over.
        limit_bytes: most bytes to read.

    Raises:
        HostUnreachable: the host does not answer.
    """
    volume = serial_log_volume(machine_id)
    try:
        size = await hypervisor.volume_size(volume)
    except VolumeMissing:
        return SerialLog("", 0, 0, 0)
    start = max(size - limit_bytes, 0) if offset is None else offset
    if start > size:
        start = 0
    chunks = [chunk async for chunk in hypervisor.read_volume(volume, start, limit_bytes)]
    content = b"".join(chunks)
    return SerialLog(content.decode(errors="replace"), start, start + len(content), max(size, start + len(content)))
