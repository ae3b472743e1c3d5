"""Disks and the removable drive of a guest as libvirt writes them."""

import xml.etree.ElementTree as ET
from pathlib import PurePosixPath

from zaffre.fabric.drivers.guest_slots import DRIVE_NAME, SEED_NAME, disk_name, plug_disk, plug_seed
from zaffre.fabric.drivers.hypervisor import Accelerator, GuestDisk

# Under KVM a guest's disk bypasses the host's page cache, because the host's memory is promised to guests. Emulated
# guests live on developers' machines, where the pool may be on a tmpfs that cannot do that and where the shared base
# image is best read from the cache. Either way a guest's flush reaches the disk, and what it discards is given back.
_DISK_OPTIONS = {
    Accelerator.KVM: {"cache": "none", "io": "native", "discard": "unmap", "detect_zeroes": "unmap"},
    Accelerator.TCG: {"cache": "writeback", "discard": "unmap", "detect_zeroes": "unmap"},
}


def disk_element(pool: PurePosixPath, disk: GuestDisk, accelerator: Accelerator) -> ET.Element:
    """Return a virtio disk of the pool. The one at position 0 is booted from."""
    element = ET.Element("disk", type="file", device="disk")
    ET.SubElement(element, "driver", {"name": "qemu", "type": disk.format, **_DISK_OPTIONS[accelerator]})
    ET.SubElement(element, "source", file=str(pool / disk.volume))
    ET.SubElement(element, "target", dev=disk_name(disk.position), bus="virtio")
    if disk.serial is not None:
        ET.SubElement(element, "serial").text = disk.serial
    if disk.position == 0:
        ET.SubElement(element, "boot", order="1")
    plug_disk(element, disk.position)
    return element


def seed_element(pool: PurePosixPath, volume: str) -> ET.Element:
    """Return the read-only virtio disk with a guest's seed."""
    element = ET.Element("disk", type="file", device="disk")
    ET.SubElement(element, "driver", name="qemu", type="raw")
    ET.SubElement(element, "source", file=str(pool / volume))
    ET.SubElement(element, "target", dev=SEED_NAME, bus="virtio")
    ET.SubElement(element, "readonly")
    plug_seed(element)
    return element


def drive_element(pool: PurePosixPath, volume: str | None) -> ET.Element:
    """Return the removable drive with a medium, or empty.

    It is booted from when the root disk has nothing to boot.
    """
    element = ET.Element("disk", type="file", device="cdrom")
    ET.SubElement(element, "driver", name="qemu", type="raw")
    if volume is not None:
        ET.SubElement(element, "source", file=str(pool / volume))
    ET.SubElement(element, "target", dev=DRIVE_NAME, bus="scsi")
    ET.SubElement(element, "readonly")
    ET.SubElement(element, "boot", order="2")
    ET.SubElement(element, "address", type="drive", controller="0", bus="0", target="0", unit="0")
    return element
