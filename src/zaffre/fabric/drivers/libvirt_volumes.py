"""Volumes of a host's pool, through libvirt's storage API so that remote hosts work like local ones.

Every function blocks and takes the session first. libvirt keeps a list of the pool's volumes and reads it from the
disk only on refresh, which costs one look at every volume; so single volumes are looked up by name and then checked
on the disk, and only what needs the whole truth refreshes. A volume whose upload has not ended has an empty companion
volume (see `UNFINISHED_SUFFIX`): to everybody but the upload itself it does not exist.
"""

import time
import xml.etree.ElementTree as ET

import libvirt

from zaffre.fabric.drivers.hypervisor import HypervisorRefused, VolumeFacts, VolumeMissing
from zaffre.fabric.drivers.libvirt_errors import has_code, words
from zaffre.fabric.drivers.libvirt_session import HostSession
from zaffre.fabric.drivers.volume_names import UNFINISHED_SUFFIX

_REFRESH_TRIES = 40
_REFRESH_PAUSE_S = 0.05


def list_volumes(session: HostSession) -> list[VolumeFacts]:
    """Read the pool from the disk and return its volumes, except unfinished uploads."""
    refresh_pool(session)
    volumes = {volume.name(): volume for volume in session.pool.listAllVolumes()}
    unfinished = {name.removesuffix(UNFINISHED_SUFFIX) for name in volumes if name.endswith(UNFINISHED_SUFFIX)}
    finished = sorted(name for name in volumes if name not in unfinished and not name.endswith(UNFINISHED_SUFFIX))
    facts = (_facts(name, volumes[name]) for name in finished)
    return [fact for fact in facts if fact is not None]


def refresh_pool(session: HostSession) -> None:
    """Make libvirt read the pool's directory.

    libvirt refuses that while it creates a volume. Creating one takes it some 10 ms, so this tries for two seconds.
    """
    for _ in range(_REFRESH_TRIES):
        try:
            session.pool.refresh()
        except libvirt.libvirtError as error:
            if "asynchronous jobs" not in words(error):
                raise
            time.sleep(_REFRESH_PAUSE_S)
        else:
            return


def find_volume(session: HostSession, name: str) -> libvirt.virStorageVol | None:
    """Return the volume as libvirt remembers it, finished or not; None when it knows of none."""
    try:
        return session.pool.storageVolLookupByName(name)
    except libvirt.libvirtError as error:
        if not has_code(error, libvirt.VIR_ERR_NO_STORAGE_VOL):
            raise
        return None


def finished_volume(session: HostSession, name: str) -> libvirt.virStorageVol:
    """Return the volume that is whole and on the disk.

    Raises:
        VolumeMissing: it is not there, or its upload has not ended.
    """
    volume = find_volume(session, name)
    if volume is None or not _on_disk(volume) or find_volume(session, name + UNFINISHED_SUFFIX) is not None:
        raise VolumeMissing(session.address.name, name)
    return volume


def has_volume(session: HostSession, name: str) -> bool:
    """Tell whether the volume is there and whole."""
    try:
        finished_volume(session, name)
    except VolumeMissing:
        return False
    return True


def volume_size(session: HostSession, name: str) -> int:
    """Return the present length of the volume's file in bytes; no check for unfinished uploads, as with reading.

    Raises:
        VolumeMissing: it is not there.
    """
    volume = find_volume(session, name)
    if volume is None:
        raise VolumeMissing(session.address.name, name)
    try:
        return volume.infoFlags(libvirt.VIR_STORAGE_VOL_GET_PHYSICAL)[2]
    except libvirt.libvirtError:
        if _on_disk(volume):
            raise
    raise VolumeMissing(session.address.name, name)


def create_overlay(session: HostSession, name: str, backing_volume: str, size_gib: int) -> None:
    """Create a qcow2 volume over a backing volume, or find that it is there already.

    Raises:
        VolumeMissing: the backing volume is not there.
        HypervisorRefused: a volume of that name is there and is something else.
    """
    backing = finished_volume(session, backing_volume).path()
    if not create_volume(session, name, _overlay_xml(name, backing, size_gib << 30)):
        refresh_pool(session)  # waits for another call that is creating it: a guest can start from it only then
        _check_backing(session, name, backing)


def create_blank(session: HostSession, name: str, size_gib: int) -> None:
    """Create an empty qcow2 volume, or find that one of that name is there."""
    if not create_volume(session, name, _qcow2_xml(name, size_gib << 30)):
        refresh_pool(session)  # waits for another call that is creating it


def volume_capacity(session: HostSession, name: str) -> int:
    """Return how many bytes a guest sees of the volume.

    Raises:
        VolumeMissing: it is not there.
    """
    return finished_volume(session, name).info()[1]


def create_empty(session: HostSession, name: str, capacity_bytes: int = 0) -> bool:
    """Create a raw volume of zeros that takes up no room; False when one of that name is there."""
    return create_volume(session, name, _volume_xml(name, "raw", capacity_bytes))


def create_volume(session: HostSession, name: str, xml: str) -> bool:
    """Create the volume that the XML describes; False when one of that name is there.

    libvirt's refusal does not say which of three things it met: a file that something else put there, a volume whose
    file was removed without its knowledge, or one that another call is creating and that has no file yet. Reading the
    pool again, for which libvirt first ends what it is creating, tells them apart.
    """
    try:
        session.pool.createXML(xml)
    except libvirt.libvirtError as error:
        known = has_code(error, libvirt.VIR_ERR_STORAGE_VOL_EXIST)
        if not known and not has_code(error, libvirt.VIR_ERR_OPERATION_INVALID):
            raise
        volume = find_volume(session, name)
        if known and volume is not None and _on_disk(volume):
            return False
        refresh_pool(session)
        if find_volume(session, name) is not None:
            return False
        if not known:
            raise
        session.pool.createXML(xml)
    return True


def delete_volume(session: HostSession, name: str) -> None:
    """Remove the volume, finished or not, if it is there."""
    for each in (name, name + UNFINISHED_SUFFIX):
        volume = find_volume(session, each)
        if volume is not None:
            _delete(volume)


def delete_rotated(session: HostSession, log: str) -> None:
    """Remove the old parts that virtlogd has cut from a log: `LOG.0`, `LOG.1` and so on.

    They come into being without libvirt's storage driver, so the pool is refreshed to find them.
    """
    refresh_pool(session)
    number = 0
    while (part := find_volume(session, f"{log}.{number}")) is not None:
        _delete(part)
        number += 1


def _delete(volume: libvirt.virStorageVol) -> None:
    try:
        volume.delete()
    except libvirt.libvirtError as error:
        if not has_code(error, libvirt.VIR_ERR_NO_STORAGE_VOL):
            raise


def _on_disk(volume: libvirt.virStorageVol) -> bool:
    """Make libvirt look at the file, which may have been removed without its knowledge."""
    return _facts("", volume) is not None


def _facts(name: str, volume: libvirt.virStorageVol) -> VolumeFacts | None:
    try:
        _type, capacity_bytes, allocation_bytes = volume.info()
    except libvirt.libvirtError as error:
        if not has_code(error, libvirt.VIR_ERR_NO_STORAGE_VOL):
            raise
        return None
    return VolumeFacts(name, capacity_bytes, allocation_bytes)


def _check_backing(session: HostSession, name: str, backing: str) -> None:
    volume = find_volume(session, name)
    if volume is None:  # removed this very moment; the caller's next try will create it
        raise VolumeMissing(session.address.name, name)
    actual = ET.fromstring(volume.XMLDesc()).findtext("backingStore/path")  # noqa: S314 - libvirtd wrote it
    if actual != backing:
        cause = f"a volume of that name is there, backed by {actual or 'nothing'}"
        raise HypervisorRefused(session.address.name, f"create {name} on top of {backing}", cause)


def _overlay_xml(name: str, backing_path: str, capacity_bytes: int) -> str:
    volume = _qcow2_element(name, capacity_bytes)
    backing = ET.SubElement(volume, "backingStore")
    ET.SubElement(backing, "path").text = backing_path
    ET.SubElement(backing, "format", type="qcow2")
    return ET.tostring(volume, encoding="unicode")


def _qcow2_xml(name: str, capacity_bytes: int) -> str:
    return ET.tostring(_qcow2_element(name, capacity_bytes), encoding="unicode")


def _qcow2_element(name: str, capacity_bytes: int) -> ET.Element:
    volume = _volume_element(name, "qcow2", capacity_bytes)
    target = volume.find("target")
    if target is not None:
        # libvirt's default is the format of 2008, which can neither discard over a backing file nor keep checkpoints.
        ET.SubElement(target, "compat").text = "1.1"
    return volume


def _volume_xml(name: str, volume_format: str, capacity_bytes: int) -> str:
    return ET.tostring(_volume_element(name, volume_format, capacity_bytes), encoding="unicode")


def _volume_element(name: str, volume_format: str, capacity_bytes: int) -> ET.Element:
    volume = ET.Element("volume")
    ET.SubElement(volume, "name").text = name
    ET.SubElement(volume, "capacity").text = str(capacity_bytes)
    ET.SubElement(volume, "allocation").text = "0"
    ET.SubElement(ET.SubElement(volume, "target"), "format", type=volume_format)
    return volume
