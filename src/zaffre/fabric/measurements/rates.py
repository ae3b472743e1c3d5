"""From counters that only grow to what is used per second."""

from collections.abc import Sequence
from dataclasses import dataclass

from zaffre.fabric.drivers.measurements import GuestCounters, HostCounters
from zaffre.fabric.measurements.series import ABSENT, SERIES, rounded

_FIRST_RATE = 3
"""Series before it are processor time and memory; all others are sums over time."""


@dataclass(frozen=True, slots=True)
class Look:
    """A host's counters and when they were read."""

    at_s: float
    """Monotonic."""
    counters: HostCounters


def guest_values(before: GuestCounters, after: GuestCounters, elapsed_s: float) -> tuple[int, ...] | None:
    """Return a guest's values for a sample; None when its counters began anew meanwhile.

    Args:
        before: its counters at the last look.
        after: its counters now.
        elapsed_s: the seconds between.
    """
    growths = [now - then for then, now in zip(_totals(before), _totals(after), strict=True)]
    busy_ns = after.processor_ns - before.processor_ns
    if elapsed_s <= 0 or busy_ns < 0 or min(growths) < 0:
        return None
    percent = busy_ns / (elapsed_s * 1e9 * max(after.vcpus, 1)) * 100
    memory = [ABSENT if mib is None else mib for mib in (after.memory_used_mib, after.memory_available_mib)]
    rates = [growth / elapsed_s * series.scale for growth, series in zip(growths, SERIES[_FIRST_RATE:], strict=True)]
    # QEMU's own threads count as well, so that it may come to a little more than its processors can do.
    return (rounded(min(percent, 100.0) * SERIES[0].scale), *memory, *(rounded(rate) for rate in rates))


def host_values(before: Look, after: Look, guests: Sequence[tuple[int, ...]]) -> tuple[int, ...] | None:
    """Return a host's values for a sample; None when it was booted meanwhile.

    What it reads, writes and sends is what its guests do.
    """
    elapsed_s = after.at_s - before.at_s
    busy_ns = after.counters.processor_ns - before.counters.processor_ns
    if elapsed_s <= 0 or busy_ns < 0:
        return None
    percent = busy_ns / (elapsed_s * 1e9 * max(after.counters.processors, 1)) * 100
    sums = [sum(column) for column in zip(*(values[_FIRST_RATE:] for values in guests), strict=True)]
    return (
        rounded(min(percent, 100.0) * SERIES[0].scale),
        after.counters.memory_used_mib,
        after.counters.memory_available_mib,
        *(rounded(total) for total in sums or [0] * len(SERIES[_FIRST_RATE:])),
    )


def guests_values(before: Look, after: Look) -> dict[str, tuple[int, ...]]:
    """Return the values of those of a host's guests that both looks show, by id."""
    known = {guest.guest_id: guest for guest in before.counters.guests}
    elapsed_s = after.at_s - before.at_s
    found = {
        guest.guest_id: guest_values(known[guest.guest_id], guest, elapsed_s)
        for guest in after.counters.guests
        if guest.guest_id in known
    }
    return {guest_id: values for guest_id, values in found.items() if values is not None}


def _totals(counters: GuestCounters) -> tuple[int, ...]:
    return (
        *(counters.disk_read_bytes, counters.disk_write_bytes, counters.disk_reads, counters.disk_writes),
        *(counters.network_receive_bytes, counters.network_transmit_bytes),
    )
