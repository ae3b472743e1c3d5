"""Moving a running guest to another host. Every function blocks and takes the session first.

The hosts' libvirt daemons do it between them (peer to peer), so it neither depends on Zaffre's connection nor on its
life. Memory is copied while the guest runs, and so is the top layer of each disk that it writes to; the layers below
are images, which are the same on both hosts.
"""

import xml.etree.ElementTree as ET
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import libvirt

from zaffre.fabric.drivers.hypervisor import GuestMissing, MigrationTarget
from zaffre.fabric.drivers.libvirt_errors import has_code
from zaffre.fabric.drivers.libvirt_guests import find_guest
from zaffre.fabric.drivers.libvirt_session import HostSession

_FLAGS = (
    libvirt.VIR_MIGRATE_LIVE
    | libvirt.VIR_MIGRATE_PEER2PEER
    | libvirt.VIR_MIGRATE_NON_SHARED_INC
    | libvirt.VIR_MIGRATE_PERSIST_DEST
    | libvirt.VIR_MIGRATE_UNDEFINE_SOURCE
    | libvirt.VIR_MIGRATE_ABORT_ON_ERROR
    # A guest that writes faster than the network carries is slowed down until it can be moved.
    | libvirt.VIR_MIGRATE_AUTO_CONVERGE
)
_OUTSIDE_JOB = libvirt.VIR_DOMAIN_JOB_NONE
_FULL_SPEED_MIB_S = (2**63 - 1) // 2**20
"""The most that libvirt takes, which it takes for no limit."""
_DOWNTIME_MS = 300
"""QEMU's default."""
_EMULATED_DOWNTIME_MS = 1_000
"""So long that an emulated guest stands still from the second look at its memory on. QEMU before 9.0 does not notice
each write of an emulated processor to memory that it has looked through, and a guest that is sent in several rounds
goes on with stale pages: it panics over there."""
_HELD_SPEED_MIB_S = 1
_HELD_DOWNTIME_MS = 1
"""At this speed nothing that a page of memory fits in is sent within this time, so the guest goes on where it is."""


def move_guest(session: HostSession, guest_id: str, target: MigrationTarget) -> None:
    """Move the guest; returns when it goes on over there.

    Raises:
        libvirt.libvirtError: it could not be moved, or the move was aborted.
    """
    try:
        domain = find_guest(session, guest_id)
    except GuestMissing:
        return
    xml = xml_for(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_MIGRATABLE | libvirt.VIR_DOMAIN_XML_SECURE), session, target)
    persistent = domain.XMLDesc(
        libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_MIGRATABLE | libvirt.VIR_DOMAIN_XML_SECURE
    )
    parameters = {
        libvirt.VIR_MIGRATE_PARAM_DEST_XML: xml,
        libvirt.VIR_MIGRATE_PARAM_PERSIST_XML: xml_for(persistent, session, target),
    }
    host = urlsplit(target.uri).hostname
    if host is not None:
        parameters[libvirt.VIR_MIGRATE_PARAM_URI] = f"tcp://[{host}]" if ":" in host else f"tcp://{host}"
    # Said each time, because a move that was stopped has left both low.
    emulated = ET.fromstring(persistent).get("type") == "qemu"  # noqa: S314 - libvirtd wrote it
    domain.migrateSetMaxSpeed(_FULL_SPEED_MIB_S)
    domain.migrateSetMaxDowntime(_EMULATED_DOWNTIME_MS if emulated else _DOWNTIME_MS)
    domain.migrateToURI3(target.uri, parameters, _FLAGS)


def move_progress(session: HostSession, guest_id: str) -> float | None:
    """Return how far the guest's move is, from 0 to 1; None when it is not being moved away."""
    try:
        statistics = find_guest(session, guest_id).jobStats()
    except GuestMissing:
        return None
    except libvirt.libvirtError as error:
        if has_code(error, libvirt.VIR_ERR_NO_DOMAIN) or has_code(error, libvirt.VIR_ERR_OPERATION_INVALID):
            return None  # it has gone, or is off
        raise
    if statistics.get("type", _OUTSIDE_JOB) == _OUTSIDE_JOB:
        return None
    if statistics.get("operation") != libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT:
        return None
    total = statistics.get("data_total", 0)
    return 1 - statistics.get("data_remaining", 0) / total if total else 0.0


def abort_move(session: HostSession, guest_id: str) -> bool:
    """Ask for the end of the guest's move; False when there is none under way, or it cannot be ended just now.

    While the guest changes sides it must not be asked for: libvirt 9 then can wait for good for what has ended. So
    memory is first held back such that what the guest writes meanwhile keeps it from changing sides; that takes QEMU a
    moment, and the end is asked for when the caller comes again.
    """
    if move_progress(session, guest_id) is None:
        return False
    try:
        domain = find_guest(session, guest_id)
        if domain.migrateGetMaxDowntime() != _HELD_DOWNTIME_MS:
            domain.migrateSetMaxDowntime(_HELD_DOWNTIME_MS)
            domain.migrateSetMaxSpeed(_HELD_SPEED_MIB_S)
            return False
        if domain.state() == [libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_MIGRATION]:
            return False
        domain.abortJob()
    except (libvirt.libvirtError, GuestMissing):
        return False
    return True


def xml_for(xml: str, session: HostSession, target: MigrationTarget) -> str:
    """Return a guest's XML with the new host's paths and bridge in place of this one's."""
    domain = ET.fromstring(xml)  # noqa: S314 - libvirtd wrote it
    here, there = PurePosixPath(session.address.pool_path), PurePosixPath(target.address.pool_path)
    for disk in domain.iterfind("devices/disk"):
        for chain in disk.findall("backingStore"):
            disk.remove(chain)  # the new host finds what is below in the volume itself
    for element in (*domain.iterfind("devices/disk/source"), *domain.iterfind("devices/serial/log")):
        path = PurePosixPath(element.get("file", ""))
        if path.parent == here:
            element.set("file", str(there / path.name))
    for log in domain.iterfind("devices/console/log"):
        path = PurePosixPath(log.get("file", ""))
        if path.parent == here:
            log.set("file", str(there / path.name))
    for bridge in domain.iterfind("devices/interface/source"):
        if bridge.get("bridge") == session.address.integration_bridge:
            bridge.set("bridge", target.address.integration_bridge)
    return ET.tostring(domain, encoding="unicode")
