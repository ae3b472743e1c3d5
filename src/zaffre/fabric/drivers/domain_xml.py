"""Guests as libvirt writes them: from a `GuestSpec` to domain XML, and from domain XML back to what is observed.

The format is libvirt's own (https://libvirt.org/formatdomain.html). Nothing here talks to a host, so the whole shape
of a guest can be read, and tested, in one place.
"""

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import PurePosixPath

from zaffre.fabric.drivers import guest_slots as slots
from zaffre.fabric.drivers.disk_xml import disk_element, drive_element, seed_element
from zaffre.fabric.drivers.hypervisor import Accelerator, GuestSpec, HostAddress
from zaffre.fabric.drivers.port_xml import port_element

GUEST_NAMESPACE = "urn:zaffre:guest:1"
"""XML namespace of what Zaffre keeps in a domain's metadata."""

AGENT_CHANNEL = "org.qemu.guest_agent.0"
"""virtio-serial port that a guest opens to say that it is ready; the name is QEMU's guest agent's own."""

DOMAIN_NAME_PREFIX = "zaffre-"
"""Tells the domains that Zaffre made from others."""

VCPUS_READY = 16
"""Every guest is started so that it can have this many processors without being started anew."""

_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]+")

# A guest that is emulated gets the x86-64-v2 instruction set that current distributions are built for. `max` would
# offer more but means something else on every QEMU version, and QEMU's default `qemu64` lacks SSE4 and POPCNT.
_EMULATED_CPU = "Nehalem"

_DOMAIN_TYPES = {Accelerator.KVM: "kvm", Accelerator.TCG: "qemu"}

ET.register_namespace("zaffre", GUEST_NAMESPACE)


@dataclass(frozen=True)
class DescribedGuest:
    """What a domain's XML says about a guest, whoever made it."""

    id: str
    title: str
    """The domain's title, or its name where it has none."""
    labels: dict[str, str]
    agent_connected: bool
    """The guest holds its agent channel open. Only the XML of a live domain can say so."""
    disk_paths: tuple[str, ...]
    """Absolute paths of the files its disks are kept in."""
    log_paths: tuple[str, ...]
    """Absolute paths of the files its serial ports are logged to."""
    port_ids: tuple[str, ...]
    """By which the virtual switch knows its network interfaces."""


def domain_name(guest_id: str) -> str:
    """Return the name a guest's domain has on its host."""
    return f"{DOMAIN_NAME_PREFIX}{guest_id}"


def guest_title(title: str) -> str:
    """Return a title as libvirt takes it: on one line."""
    return _CONTROL_CHARACTERS.sub(" ", title)


def domain_xml(spec: GuestSpec, address: HostAddress) -> str:
    """Return the domain XML for the guest on the host at `address`."""
    domain = ET.Element("domain", type=_DOMAIN_TYPES[spec.accelerator])
    _text(domain, "name", domain_name(spec.id))
    _text(domain, "uuid", spec.id)
    _text(domain, "title", guest_title(spec.title))
    _add_labels(domain, spec.labels)
    _text(domain, "memory", str(spec.memory_mib), unit="MiB")
    _text(domain, "vcpu", str(_vcpus_possible(spec)), placement="static", current=str(spec.vcpus))
    _add_machine(domain)
    _add_cpu(domain, spec)
    _add_clock(domain)
    _add_power_policy(domain)
    _add_devices(domain, spec, address)
    ET.indent(domain)
    return ET.tostring(domain, encoding="unicode") + "\n"


def labels_xml(labels: dict[str, str]) -> str:
    """Return what is kept in a domain's metadata, as libvirt takes it to be replaced.

    libvirt declares the namespace at the outermost element, and only there; so each label declares it for itself.
    """
    guest = ET.Element("guest")
    _fill_labels(guest, labels)
    inner = "".join(ET.tostring(label, encoding="unicode") for label in guest)
    return f"<guest>{inner}</guest>"


def describe_guest(xml: str) -> DescribedGuest:
    """Read a guest back from the XML of its domain, live or not."""
    domain = ET.fromstring(xml)  # noqa: S314 - libvirtd wrote it, and expat does not load external entities
    labels = domain.iterfind(f"metadata/{{{GUEST_NAMESPACE}}}guest/{{{GUEST_NAMESPACE}}}label")
    return DescribedGuest(
        id=domain.findtext("uuid", ""),
        title=domain.findtext("title") or domain.findtext("name", ""),
        labels={label.get("name", ""): label.text or "" for label in labels},
        agent_connected=_agent_connected(domain),
        disk_paths=_files(domain, "devices/disk/source"),
        log_paths=_files(domain, "devices/serial/log"),
        port_ids=tuple(
            port_id
            for parameters in domain.iterfind("devices/interface/virtualport/parameters")
            if (port_id := parameters.get("interfaceid"))
        ),
    )


def _files(domain: ET.Element, elements: str) -> tuple[str, ...]:
    return tuple(file for element in domain.iterfind(elements) if (file := element.get("file")))


def _agent_connected(domain: ET.Element) -> bool:
    targets = domain.iterfind("devices/channel/target")
    return any(target.get("name") == AGENT_CHANNEL and target.get("state") == "connected" for target in targets)


def _add_labels(domain: ET.Element, labels: dict[str, str]) -> None:
    _fill_labels(ET.SubElement(ET.SubElement(domain, "metadata"), f"{{{GUEST_NAMESPACE}}}guest"), labels)


def _fill_labels(guest: ET.Element, labels: dict[str, str]) -> None:
    for name in sorted(labels):
        _text(guest, f"{{{GUEST_NAMESPACE}}}label", labels[name], name=name)


def _add_machine(domain: ET.Element) -> None:
    _text(ET.SubElement(domain, "os"), "type", "hvm", arch="x86_64", machine="q35")
    features = ET.SubElement(domain, "features")
    ET.SubElement(features, "acpi")
    ET.SubElement(features, "apic")
    # Without VMware's I/O port no guest takes itself for a VMware one.
    ET.SubElement(features, "vmport", state="off")


def _add_cpu(domain: ET.Element, spec: GuestSpec) -> None:
    if spec.accelerator is Accelerator.KVM:
        cpu = ET.SubElement(domain, "cpu", mode="host-passthrough", check="none", migratable="on")
    else:
        cpu = ET.SubElement(domain, "cpu", mode="custom", match="exact", check="none")
        _text(cpu, "model", _EMULATED_CPU, fallback="forbid")
    # One socket: some guest systems are licensed, or limited, by sockets.
    ET.SubElement(cpu, "topology", sockets="1", dies="1", cores=str(_vcpus_possible(spec)), threads="1")


def _vcpus_possible(spec: GuestSpec) -> int:
    """Return how many processors the guest may have while it runs. Empty places cost a little memory, and no time."""
    return max(spec.vcpus, VCPUS_READY)


def _add_clock(domain: ET.Element) -> None:
    # The timers that keep guests on time when their ticks are delayed, as libvirt's own tools choose them.
    clock = ET.SubElement(domain, "clock", offset="utc")
    ET.SubElement(clock, "timer", name="rtc", tickpolicy="catchup")
    ET.SubElement(clock, "timer", name="pit", tickpolicy="delay")
    ET.SubElement(clock, "timer", name="hpet", present="no")


def _add_power_policy(domain: ET.Element) -> None:
    _text(domain, "on_poweroff", "destroy")
    _text(domain, "on_reboot", "restart")
    _text(domain, "on_crash", "destroy")
    # A guest that put itself to sleep could not be told from one that hangs.
    power = ET.SubElement(domain, "pm")
    ET.SubElement(power, "suspend-to-mem", enabled="no")
    ET.SubElement(power, "suspend-to-disk", enabled="no")


def _add_devices(domain: ET.Element, spec: GuestSpec, address: HostAddress) -> None:
    devices = ET.SubElement(domain, "devices")
    pool = PurePosixPath(address.pool_path)
    slots.add_root_ports(devices)
    for disk in spec.disks:
        devices.append(disk_element(pool, disk, spec.accelerator))
    if spec.seed_volume is not None:
        devices.append(seed_element(pool, spec.seed_volume))
    _add_drive(devices, pool, spec.iso_volume)
    for port in spec.ports:
        devices.append(port_element(address.integration_bridge, port))
    _add_serial(devices, pool / spec.serial_log_volume)
    _add_agent_channel(devices)
    _add_display(devices)
    _add_health_devices(devices)


def _add_drive(devices: ET.Element, pool: PurePosixPath, volume: str | None) -> None:
    slots.plug_drive_controller(ET.SubElement(devices, "controller", type="scsi", index="0", model="virtio-scsi"))
    devices.append(drive_element(pool, volume))


def _add_serial(devices: ET.Element, log_path: PurePosixPath) -> None:
    serial = ET.SubElement(devices, "serial", type="pty")
    ET.SubElement(serial, "log", file=str(log_path), append="on")
    ET.SubElement(serial, "target", type="isa-serial", port="0")


def _add_agent_channel(devices: ET.Element) -> None:
    slots.plug_channel_controller(ET.SubElement(devices, "controller", type="virtio-serial", index="0"))
    channel = ET.SubElement(devices, "channel", type="unix")
    ET.SubElement(channel, "target", type="virtio", name=AGENT_CHANNEL)


def _add_display(devices: ET.Element) -> None:
    # A unix socket keeps the screen from everybody but the host's root: a TCP port would have to be protected.
    graphics = ET.SubElement(devices, "graphics", type="vnc")
    ET.SubElement(graphics, "listen", type="socket")
    ET.SubElement(ET.SubElement(devices, "video"), "model", type="vga", vram="16384")
    # Points where the viewer's pointer is; the PS/2 mouse, which only knows how far it went, serves guests without a
    # driver for this. Not a USB tablet, whose controller would be polled.
    slots.plug_tablet(ET.SubElement(devices, "input", type="tablet", bus="virtio"))


def _add_health_devices(devices: ET.Element) -> None:
    # libvirt would add a USB controller, whose polling costs an emulated guest processor time, for no device at all.
    ET.SubElement(devices, "controller", type="usb", model="none")
    random = ET.SubElement(devices, "rng", model="virtio")
    _text(random, "backend", "/dev/urandom", model="random")
    slots.plug_random_source(random)
    balloon = ET.SubElement(devices, "memballoon", model="virtio")
    ET.SubElement(balloon, "stats", period="10")
    slots.plug_balloon(balloon)
    # Through this device a guest's kernel reports its own panic, which is how a crash is told from a hang.
    ET.SubElement(devices, "panic", model="isa")


def _text(parent: ET.Element, tag: str, text: str, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, tag, attrib=attributes)
    element.text = text
    return element
