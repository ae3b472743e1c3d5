"""What a host's counters show in one look: raw numbers that only grow, and amounts of memory."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GuestCounters:
    """A running guest's counters since it was started, and its memory now."""

    guest_id: str
    vcpus: int
    """How many it has at the moment."""
    processor_ns: int
    """Processor time of the host that it has used, all of its threads together."""
    memory_used_mib: int | None
    """What its kernel and programs hold, as the guest says itself; None where it has no balloon driver."""
    memory_available_mib: int | None
    """What programs in the guest could still get without swapping. Both together are what its kernel manages."""
    disk_read_bytes: int
    disk_write_bytes: int
    disk_reads: int
    disk_writes: int
    network_receive_bytes: int
    """What has arrived in the guest."""
    network_transmit_bytes: int


@dataclass(frozen=True, slots=True)
class HostCounters:
    """A host's counters since it booted, its memory now, and its guests."""

    processors: int
    processor_ns: int
    """Time that its processors were busy, all together."""
    memory_used_mib: int
    memory_available_mib: int
    """Free, or held by caches that would make room."""
    guests: tuple[GuestCounters, ...]
    """Those of Zaffre's that are running and could be asked at once."""
