"""A guest's disks and drive, changed while it runs or not. Every function blocks and takes the session first.

libvirt keeps two descriptions of a running guest: as it runs, and as it will start next. Both are changed, and each of
them only when it needs it, so that a step which was interrupted between the two can be run again.
"""

import xml.etree.ElementTree as ET
from pathlib import PurePosixPath

import libvirt

from zaffre.fabric.drivers.disk_xml import disk_element, drive_element
from zaffre.fabric.drivers.hypervisor import Accelerator, GuestDisk, GuestKeepsDisk, GuestMissing
from zaffre.fabric.drivers.libvirt_errors import has_code, words
from zaffre.fabric.drivers.libvirt_guests import find_guest
from zaffre.fabric.drivers.libvirt_session import HostSession
from zaffre.fabric.drivers.libvirt_volumes import finished_volume, refresh_pool

_LIVE = libvirt.VIR_DOMAIN_AFFECT_LIVE
_CONFIG = libvirt.VIR_DOMAIN_AFFECT_CONFIG


def grow_disk(session: HostSession, name: str, size_gib: int, guest_id: str | None) -> None:
    """Make the volume at least this large, through the guest that has it open if there is one.

    Raises:
        VolumeMissing: it is not there.
    """
    size_bytes = size_gib << 30
    # libvirt may take a volume that came from another host for a raw one until it has looked into it.
    refresh_pool(session)
    volume = finished_volume(session, name)
    if volume.info()[1] >= size_bytes:
        return
    domain = _running(session, guest_id)
    if domain is not None and volume.path() in _paths(domain, _LIVE):
        domain.blockResize(volume.path(), size_bytes, libvirt.VIR_DOMAIN_BLOCK_RESIZE_BYTES)
    else:
        volume.resize(size_bytes)


def attach_disk(session: HostSession, guest_id: str, disk: GuestDisk) -> None:
    """Give the guest the disk, unless it has it.

    Raises:
        GuestMissing: there is no such guest.
        VolumeMissing: there is no such volume.
    """
    domain = find_guest(session, guest_id)
    path = finished_volume(session, disk.volume).path()
    xml = _text(disk_element(_pool(session), disk, _accelerator(domain)))
    if domain.isActive() and path not in _paths(domain, _LIVE):
        domain.attachDeviceFlags(xml, _LIVE)
    if path not in _paths(domain, _CONFIG):
        _clear_place(domain, xml)
        domain.attachDeviceFlags(xml, _CONFIG)


def request_detach(session: HostSession, guest_id: str, name: str) -> bool:
    """Ask the guest for the disk; True when it has let go, or never had it. libvirt waits some seconds for that."""
    domain = _running(session, guest_id)
    if domain is None:
        return True
    path = str(_pool(session) / name)
    disk = _paths(domain, _LIVE).get(path)
    if disk is None:
        return True
    try:
        domain.detachDeviceFlags(_text(disk), _LIVE)
    except libvirt.libvirtError as error:
        if not domain.isActive():
            return True
        if not _already_asked(error) and path in _paths(domain, _LIVE):
            raise
    return path not in _paths(domain, _LIVE)


def forget_disk(session: HostSession, guest_id: str, name: str) -> None:
    """Leave the disk out of the guest's next start."""
    try:
        domain = find_guest(session, guest_id)
    except GuestMissing:
        return
    disk = _paths(domain, _CONFIG).get(str(_pool(session) / name))
    if disk is not None:
        domain.detachDeviceFlags(_text(disk), _CONFIG)


def change_medium(session: HostSession, guest_id: str, name: str | None) -> None:
    """Put the volume into the guest's drive, or leave it empty.

    Raises:
        GuestMissing: there is no such guest.
        VolumeMissing: there is no such volume.
        GuestKeepsDisk: the guest has locked the drive.
    """
    domain = find_guest(session, guest_id)
    if name is not None:
        finished_volume(session, name)
    xml = _text(drive_element(_pool(session), name))
    try:
        if domain.isActive():
            domain.updateDeviceFlags(xml, _LIVE)
    except libvirt.libvirtError as error:
        if not has_code(error, libvirt.VIR_ERR_OPERATION_FAILED) and "lock" not in words(error):
            raise
        raise GuestKeepsDisk(session.address.name, guest_id, "the medium in its drive") from None
    domain.updateDeviceFlags(xml, _CONFIG)


def _running(session: HostSession, guest_id: str | None) -> libvirt.virDomain | None:
    if guest_id is None:
        return None
    try:
        domain = find_guest(session, guest_id)
    except GuestMissing:
        return None
    return domain if domain.isActive() else None


def _paths(domain: libvirt.virDomain, which: int) -> dict[str, ET.Element]:
    """Return a guest's disks by the paths of their files: as it runs, or as it will start next."""
    flags = libvirt.VIR_DOMAIN_XML_INACTIVE if which == _CONFIG else 0
    root = ET.fromstring(domain.XMLDesc(flags))  # noqa: S314 - libvirtd wrote it
    disks = ((disk.find("source"), disk) for disk in root.iterfind("devices/disk"))
    return {source.get("file", ""): disk for source, disk in disks if source is not None}


def _clear_place(domain: libvirt.virDomain, xml: str) -> None:
    """Remove from the next start what stands where the disk shall be: something that was taken away while it ran."""
    name = ET.fromstring(xml).find("target")  # noqa: S314 - we wrote it
    for disk in _paths(domain, _CONFIG).values():
        target = disk.find("target")
        if name is not None and target is not None and target.get("dev") == name.get("dev"):
            domain.detachDeviceFlags(_text(disk), _CONFIG)


def _already_asked(error: libvirt.libvirtError) -> bool:
    return "process of unplug" in words(error)


def _accelerator(domain: libvirt.virDomain) -> Accelerator:
    root = ET.fromstring(domain.XMLDesc())  # noqa: S314 - libvirtd wrote it
    return Accelerator.KVM if root.get("type") == "kvm" else Accelerator.TCG


def _pool(session: HostSession) -> PurePosixPath:
    return PurePosixPath(session.address.pool_path)


def _text(element: ET.Element) -> str:
    return ET.tostring(element, encoding="unicode")
