"""Checkpoints of guests on a host: snapshots inside their qcow2 disks, through libvirt's snapshot API.

libvirt 9 can neither go back to nor delete external snapshots, so they are internal ones, named by the checkpoint's id.
libvirt keeps its list of snapshots apart from the disks. Whoever ends between the two leaves them different; therefore
what counts here is what the disks say, and libvirt's list is brought to that whenever one of its entries is needed.

Every function blocks and takes the session first. libvirt does one such thing to a guest at a time, whoever asks for
it, so a call that follows an interrupted one waits until that one has ended.
"""

import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import PurePosixPath

import libvirt

from zaffre.fabric.drivers.domain_xml import GUEST_NAMESPACE, domain_xml, labels_xml
from zaffre.fabric.drivers.hypervisor import (
    CheckpointMissing,
    GuestCheckpoint,
    GuestMissing,
    GuestSpec,
    HypervisorRefused,
    StorageFull,
)
from zaffre.fabric.drivers.libvirt_errors import has_code, is_disk_full
from zaffre.fabric.drivers.libvirt_guests import find_guest, retitle_guest
from zaffre.fabric.drivers.libvirt_session import HostSession
from zaffre.fabric.drivers.libvirt_transfer import VolumeDownload
from zaffre.fabric.drivers.libvirt_volumes import refresh_pool
from zaffre.fabric.drivers.qcow2_snapshots import (
    ENTRY_BYTES,
    HEADER_BYTES,
    DiskSnapshot,
    TableUnreadable,
    read_table,
    table_place,
)

DESCRIPTION = "A checkpoint of Zaffre. Its name and tree are kept there."

_REDEFINE = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE
_REMOVALS = 8
"""How often removing is repeated until no disk has the checkpoint: `qemu-img` makes a second one of the same name when
it is interrupted and run again, and each removal takes one."""

_SPARE_BYTES = 16 * 1024 * 1024
"""What taking a checkpoint needs beside the memory: new tables in every disk."""


@dataclass(frozen=True)
class _Disk:
    """A disk of a guest."""

    target: str
    """As the guest's definition calls it: `vda`."""
    volume: str
    kept: bool
    """Whether it is part of checkpoints. The seed and CD-ROMs are not: nobody writes to them."""


def list_checkpoints(session: HostSession, guest_id: str) -> list[GuestCheckpoint]:
    """Read a guest's checkpoints from its disks.

    Raises:
        GuestMissing: there is no such guest.
        VolumeMissing: one of its disks is gone.
        HypervisorRefused: a disk cannot keep checkpoints or cannot be read.
    """
    return list(_read(session, find_guest(session, guest_id)).values())


def create_checkpoint(session: HostSession, guest_id: str, checkpoint_id: str) -> GuestCheckpoint:
    """Take a checkpoint, with memory if the guest is on; one that is there and whole is left as it is.

    Raises:
        GuestMissing: there is no such guest.
        StorageFull: the pool has no room for the guest's memory.
    """
    domain = find_guest(session, guest_id)
    found = _read(session, domain).get(checkpoint_id)
    if found is not None and found.whole:
        return found
    if found is not None or _known(domain, checkpoint_id) is not None:
        _remove(session, domain, checkpoint_id)
    if domain.isActive():
        _check_room(session, domain)
    try:
        domain.snapshotCreateXML(_snapshot_xml(_disks(session, domain), checkpoint_id), 0)
    except libvirt.libvirtError as error:
        full = _full(session, domain, error)
        if not session.alive():
            raise
        _remove(session, domain, checkpoint_id)
        if full is None:
            raise
    else:
        return _taken(session, domain, checkpoint_id)
    raise full


def restore_checkpoint(session: HostSession, spec: GuestSpec, checkpoint_id: str) -> None:
    """Bring the guest and its disks to a checkpoint, and its definition to what `spec` says.

    Raises:
        CheckpointMissing: not every disk has it. Nothing has been changed then.
    """
    domain = session.connection.defineXML(domain_xml(spec, session.address))
    found = _read(session, domain).get(checkpoint_id)
    if found is None or not found.whole:
        raise CheckpointMissing(session.address.name, checkpoint_id)
    snapshot = _known(domain, checkpoint_id) or _make_known(session, domain, found)
    # "Force" is for what libvirt cannot know to be harmless: that titles and labels have changed since.
    domain.revertToSnapshot(snapshot, libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_FORCE)
    # libvirt has also brought the definition back to what it was, names included.
    session.connection.defineXML(domain_xml(spec, session.address))
    _relabel(session, domain, spec)


def delete_checkpoint(session: HostSession, guest_id: str, checkpoint_id: str) -> None:
    """Remove a checkpoint, or what there is of it. The guest goes on undisturbed."""
    try:
        domain = find_guest(session, guest_id)
    except GuestMissing:
        return
    _remove(session, domain, checkpoint_id)


def _taken(session: HostSession, domain: libvirt.virDomain, checkpoint_id: str) -> GuestCheckpoint:
    taken = _read(session, domain).get(checkpoint_id)
    if taken is None or not taken.whole:
        raise CheckpointMissing(session.address.name, checkpoint_id)
    return taken


def _remove(session: HostSession, domain: libvirt.virDomain, checkpoint_id: str) -> None:
    """Remove a checkpoint from libvirt's list and from every disk.

    Even if neither seems to have it: a call that was interrupted here may still be taking it on the host. libvirt ends
    that first, because removing waits for its turn.
    """
    for _ in range(_REMOVALS):
        found = GuestCheckpoint(checkpoint_id, memory_bytes=0, with_memory=False, whole=False)
        snapshot = _known(domain, checkpoint_id) or _make_known(session, domain, found)
        snapshot.delete(0)
        if checkpoint_id not in _read(session, domain):
            return
    cause = f"its disks still have it after {_REMOVALS} times"
    raise HypervisorRefused(session.address.name, f"remove checkpoint {checkpoint_id}", cause)


# libvirt's list ------------------------------------------------------------------------------------------------------


def _known(domain: libvirt.virDomain, checkpoint_id: str) -> libvirt.virDomainSnapshot | None:
    """Return the checkpoint as libvirt's list has it."""
    try:
        return domain.snapshotLookupByName(checkpoint_id)
    except libvirt.libvirtError as error:
        if not has_code(error, libvirt.VIR_ERR_NO_DOMAIN_SNAPSHOT):
            raise
        return None


def _make_known(session: HostSession, domain: libvirt.virDomain, found: GuestCheckpoint) -> libvirt.virDomainSnapshot:
    """Put a checkpoint that is in the disks into libvirt's list."""
    xml = _snapshot_xml(_disks(session, domain), found.id, domain=domain, with_memory=found.with_memory)
    return domain.snapshotCreateXML(xml, _REDEFINE)


def _snapshot_xml(
    disks: list[_Disk], checkpoint_id: str, *, domain: libvirt.virDomain | None = None, with_memory: bool = False
) -> str:
    """Return the XML of a new snapshot, or, with a domain, of one that is there already."""
    snapshot = ET.Element("domainsnapshot")
    ET.SubElement(snapshot, "name").text = checkpoint_id
    ET.SubElement(snapshot, "description").text = DESCRIPTION
    if domain is not None:
        ET.SubElement(snapshot, "creationTime").text = str(int(time.time()))
        ET.SubElement(snapshot, "state").text = "running" if with_memory else "shutoff"
        ET.SubElement(snapshot, "memory", snapshot="internal" if with_memory else "no")
        secure = libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE
        snapshot.append(ET.fromstring(domain.XMLDesc(secure)))  # noqa: S314 - libvirtd wrote it
    elements = ET.SubElement(snapshot, "disks")
    for disk in disks:
        ET.SubElement(elements, "disk", name=disk.target, snapshot="internal" if disk.kept else "no")
    return ET.tostring(snapshot, encoding="unicode")


def _relabel(session: HostSession, domain: libvirt.virDomain, spec: GuestSpec) -> None:
    """Give a guest that came back running the title and labels that it has now."""
    retitle_guest(session, spec.id, spec.title)
    if domain.isActive():
        where = libvirt.VIR_DOMAIN_AFFECT_LIVE
        kind = libvirt.VIR_DOMAIN_METADATA_ELEMENT
        domain.setMetadata(kind, labels_xml(spec.labels), "zaffre", GUEST_NAMESPACE, where)


# The disks -----------------------------------------------------------------------------------------------------------


def _disks(session: HostSession, domain: libvirt.virDomain) -> list[_Disk]:
    """Return a guest's disks.

    Raises:
        HypervisorRefused: one that the guest writes to cannot keep checkpoints.
    """
    root = ET.fromstring(domain.XMLDesc())  # noqa: S314 - libvirtd wrote it
    disks: list[_Disk] = []
    for element in root.iterfind("devices/disk"):
        disk = _disk(element)
        driver = element.find("driver")
        if disk.kept and (driver is None or driver.get("type") != "qcow2"):
            cause = f"its disk {disk.volume} is not in qcow2 format"
            raise HypervisorRefused(session.address.name, f"keep checkpoints of guest {domain.UUIDString()}", cause)
        disks.append(disk)
    return disks


def _disk(element: ET.Element) -> _Disk:
    source, target = element.find("source"), element.find("target")
    path = PurePosixPath(source.get("file", "")) if source is not None else PurePosixPath()
    writable = element.get("device", "disk") == "disk" and element.find("readonly") is None
    return _Disk(target.get("dev", "") if target is not None else "", path.name, writable)


def _read(session: HostSession, domain: libvirt.virDomain) -> dict[str, GuestCheckpoint]:
    """Return what a guest's disks have, oldest first."""
    tables = [_table(session, disk.volume) for disk in _disks(session, domain) if disk.kept]
    parts: dict[str, list[DiskSnapshot]] = {}
    for table in tables:
        for snapshot in table.values():
            parts.setdefault(snapshot.name, []).append(snapshot)
    return {name: _checkpoint(name, found, len(tables)) for name, found in parts.items()}


def _checkpoint(name: str, parts: list[DiskSnapshot], disks: int) -> GuestCheckpoint:
    memory_bytes = sum(part.memory_bytes for part in parts)
    return GuestCheckpoint(name, memory_bytes, with_memory=memory_bytes > 0, whole=len(parts) == disks)


def _table(session: HostSession, volume: str) -> dict[str, DiskSnapshot]:
    try:
        offset, count = table_place(_piece(session, volume, 0, HEADER_BYTES))
        table = _piece(session, volume, offset, count * ENTRY_BYTES) if count else b""
        return {snapshot.name: snapshot for snapshot in read_table(table, count)}
    except TableUnreadable as error:
        cause = str(error)
    raise HypervisorRefused(session.address.name, f"read the checkpoints in volume {volume}", cause)


def _piece(session: HostSession, volume: str, offset: int, length: int) -> bytes:
    download = VolumeDownload(volume, offset, length)
    parts: list[bytes] = []
    while not download.ended:
        parts.append(download.step(session))
    return b"".join(parts)


def _check_room(session: HostSession, domain: libvirt.virDomain) -> None:
    """Refuse to keep a guest's memory where there is no room for all of it.

    QEMU leaves out pages of zeros, so it may need less; but it stops the guest before it finds out.
    """
    refresh_pool(session)
    free_bytes = session.pool.info()[3]
    needed_bytes = domain.maxMemory() * 1024 + _SPARE_BYTES
    if needed_bytes > free_bytes:
        raise StorageFull(session.address.name, needed_bytes, free_bytes)


def _full(session: HostSession, domain: libvirt.virDomain, error: libvirt.libvirtError) -> StorageFull | None:
    """Return what to say when a checkpoint failed for want of room; QEMU itself only says "Input/output error"."""
    free_bytes = session.free_bytes()
    if not is_disk_full(error) and free_bytes >= _SPARE_BYTES:
        return None
    return StorageFull(session.address.name, domain.maxMemory() * 1024 + _SPARE_BYTES, free_bytes)
