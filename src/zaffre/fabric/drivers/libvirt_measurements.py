"""Counters of a host and its guests through libvirt: one question for all guests. Every function blocks."""

from collections.abc import Mapping
from typing import Any

import libvirt

from zaffre.fabric.drivers.domain_xml import DOMAIN_NAME_PREFIX
from zaffre.fabric.drivers.libvirt_session import HostSession
from zaffre.fabric.drivers.measurements import GuestCounters, HostCounters

_GROUPS = (
    libvirt.VIR_DOMAIN_STATS_CPU_TOTAL
    | libvirt.VIR_DOMAIN_STATS_VCPU
    | libvirt.VIR_DOMAIN_STATS_BALLOON
    | libvirt.VIR_DOMAIN_STATS_BLOCK
    | libvirt.VIR_DOMAIN_STATS_INTERFACE
)

# A guest that is busy with something else, such as being started or copied, is left out rather than waited for.
_FLAGS = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_RUNNING | libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT

_BUSY = ("kernel", "user")
"""Waiting for disks is not work."""


def measure_host(session: HostSession) -> HostCounters:
    """Read the counters of the host and of every running guest that Zaffre made."""
    connection = session.connection
    processor = connection.getCPUStats(-1)
    memory = connection.getMemoryStats(-1)
    available_kib = memory["free"] + memory.get("buffers", 0) + memory.get("cached", 0)
    statistics = connection.getAllDomainStats(_GROUPS, _FLAGS)
    named = [(domain.name(), domain.UUIDString(), shown) for domain, shown in statistics]
    guests = [_guest(uuid, shown) for name, uuid, shown in named if name.startswith(DOMAIN_NAME_PREFIX)]
    return HostCounters(
        processors=connection.getInfo()[2],
        processor_ns=sum(processor.get(kind, 0) for kind in _BUSY),
        memory_used_mib=(memory["total"] - available_kib) // 1024,
        memory_available_mib=available_kib // 1024,
        guests=tuple(guest for guest in guests if guest is not None),
    )


def _guest(guest_id: str, shown: Mapping[str, Any]) -> GuestCounters | None:
    """Return a guest's counters; None when libvirt could not ask it without waiting."""
    if "cpu.time" not in shown or "block.count" not in shown:
        return None
    used_mib, available_mib = _memory(shown)
    disks = [f"block.{index}" for index in range(shown["block.count"])]
    ports = [f"net.{index}" for index in range(shown.get("net.count", 0))]

    def total(things: list[str], counter: str) -> int:
        return sum(shown.get(f"{thing}.{counter}", 0) for thing in things)

    return GuestCounters(
        guest_id=guest_id,
        vcpus=shown.get("vcpu.current", 1),
        processor_ns=shown["cpu.time"],
        memory_used_mib=used_mib,
        memory_available_mib=available_mib,
        disk_read_bytes=total(disks, "rd.bytes"),
        disk_write_bytes=total(disks, "wr.bytes"),
        disk_reads=total(disks, "rd.reqs"),
        disk_writes=total(disks, "wr.reqs"),
        # libvirt turns the counters of an Open vSwitch port around already: they are the guest's.
        network_receive_bytes=total(ports, "rx.bytes"),
        network_transmit_bytes=total(ports, "tx.bytes"),
    )


def _memory(shown: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Return used and available memory in MiB, if the guest's balloon driver reports them."""
    if not shown.get("balloon.last-update"):
        return None, None
    total_kib, usable_kib = shown.get("balloon.available"), shown.get("balloon.usable", shown.get("balloon.unused"))
    if total_kib is None or usable_kib is None:
        return None, None
    return max(total_kib - usable_kib, 0) // 1024, usable_kib // 1024
