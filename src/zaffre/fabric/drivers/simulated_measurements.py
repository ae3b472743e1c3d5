"""What simulated guests and hosts use: made up from the time, so that nothing has to be kept.

A guest's use swings slowly around a level of its own. Counters are the integrals of that, so they never fall while the
guest runs, and begin anew when it is started.
"""

import math
from collections.abc import Iterable
from uuid import UUID

from zaffre.fabric.drivers.hypervisor import GuestSpec
from zaffre.fabric.drivers.measurements import GuestCounters, HostCounters
from zaffre.fabric.drivers.simulated_capacity import SimulatedCapacity

_SWING_S = 300.0
_LEVELS = 8
_DISK_BYTES_S = 200_000
_OPERATION_BYTES = 16_384
_NETWORK_BYTES_S = 50_000
_HOST_SHARE = 0.02
"""What a host without guests uses of its processors."""


def guest_counters(spec: GuestSpec, up_s: float) -> GuestCounters:
    """Return the counters of a guest that has been up for some seconds."""
    number = UUID(spec.id).int
    level = (number % _LEVELS + 1) / (2 * _LEVELS)
    lived_s = _swung_s(max(up_s, 0.0), number % 628 / 100) * level
    used_mib = int(spec.memory_mib * (0.2 + level / 2))
    return GuestCounters(
        guest_id=spec.id,
        vcpus=spec.vcpus,
        processor_ns=int(lived_s * spec.vcpus * 1e9),
        memory_used_mib=used_mib,
        memory_available_mib=spec.memory_mib - used_mib,
        disk_read_bytes=int(lived_s * _DISK_BYTES_S),
        disk_write_bytes=int(lived_s * _DISK_BYTES_S / 2),
        disk_reads=int(lived_s * _DISK_BYTES_S / _OPERATION_BYTES),
        disk_writes=int(lived_s * _DISK_BYTES_S / 2 / _OPERATION_BYTES),
        network_receive_bytes=int(lived_s * _NETWORK_BYTES_S) if spec.ports else 0,
        network_transmit_bytes=int(lived_s * _NETWORK_BYTES_S / 4) if spec.ports else 0,
    )


def host_counters(
    capacity: SimulatedCapacity, now_s: float, running: Iterable[tuple[GuestSpec, float]]
) -> HostCounters:
    """Return a host's counters; of each of its running guests it gets what it is and the instant it was ready."""
    guests = tuple((guest_counters(spec, now_s - ready_at_s), spec.memory_mib) for spec, ready_at_s in running)
    held_mib = sum(memory_mib for _, memory_mib in guests)
    own_ns = int(now_s * capacity.vcpus * _HOST_SHARE * 1e9)
    return HostCounters(
        processors=capacity.vcpus,
        processor_ns=own_ns + sum(guest.processor_ns for guest, _ in guests),
        memory_used_mib=min(held_mib, capacity.memory_mib),
        memory_available_mib=max(capacity.memory_mib - held_mib, 0),
        guests=tuple(guest for guest, _ in guests),
    )


def _swung_s(seconds: float, phase: float) -> float:
    """Return the integral of `1 + sin(t)/2` up to a time: more and less than the time itself, but never falling."""
    turn = seconds / _SWING_S + phase
    return seconds + (math.cos(phase) - math.cos(turn)) * _SWING_S / 2
