"""Where a guest's devices are plugged in: one PCIe root port for each device that can come or go while it runs.

A q35 machine takes a new device only on a root port that is free, and gets none while it runs. So every guest is born
with ports for all it may ever have. Disks, network interfaces and the devices that every guest has get fixed ports, so
that one that was added while the guest ran is on the same port after the next start, and none moves when another goes.
"""

import xml.etree.ElementTree as ET

NETWORK_PORTS = 8
"""Most network interfaces of a guest."""

DATA_DISKS = 16
"""Most disks of a guest besides its root disk."""

_ROOT_DISK = NETWORK_PORTS + 1
_SEED = _ROOT_DISK + DATA_DISKS + 1
_DRIVES = _SEED + 1
_CHANNELS = _DRIVES + 1
_RANDOM = _CHANNELS + 1
_BALLOON = _RANDOM + 1
_TABLET = _BALLOON + 1
ROOT_PORTS = _TABLET
"""libvirt puts eight on one slot, so these take four of the 32 slots of the machine's own bus."""

DRIVE_NAME = "sda"
"""The removable drive, the only device on the guest's SCSI controller."""

SEED_NAME = "vdz"
"""Beyond every disk, so that a disk can be added while the guest runs."""


def add_root_ports(devices: ET.Element) -> None:
    """Add the root ports. A port's index is the number of the bus behind it."""
    ET.SubElement(devices, "controller", type="pci", index="0", model="pcie-root")
    for index in range(1, ROOT_PORTS + 1):
        ET.SubElement(devices, "controller", type="pci", index=str(index), model="pcie-root-port")


def disk_name(position: int) -> str:
    """Return the name that libvirt knows a disk by; what its guest calls it is the guest's own affair."""
    return f"vd{chr(ord('a') + position)}"


def plug_interface(interface: ET.Element, position: int) -> None:
    """Put a network interface on its port."""
    _plug(interface, 1 + position)


def plug_disk(disk: ET.Element, position: int) -> None:
    """Put a disk on its port; 0 is the root disk."""
    _plug(disk, _ROOT_DISK + position)


def plug_seed(disk: ET.Element) -> None:
    """Put the seed on its port."""
    _plug(disk, _SEED)


def plug_drive_controller(controller: ET.Element) -> None:
    """Put the SCSI controller of the removable drive on its port."""
    _plug(controller, _DRIVES)


def plug_channel_controller(controller: ET.Element) -> None:
    """Put the controller of the guest's channels on its port."""
    _plug(controller, _CHANNELS)


def plug_random_source(device: ET.Element) -> None:
    """Put the source of random numbers on its port."""
    _plug(device, _RANDOM)


def plug_balloon(device: ET.Element) -> None:
    """Put the memory balloon on its port."""
    _plug(device, _BALLOON)


def plug_tablet(device: ET.Element) -> None:
    """Put the pointer on its port."""
    _plug(device, _TABLET)


def _plug(device: ET.Element, port: int) -> None:
    bus = f"0x{port:02x}"
    ET.SubElement(device, "address", type="pci", domain="0x0000", bus=bus, slot="0x00", function="0x0")
