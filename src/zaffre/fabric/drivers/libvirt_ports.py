"""A guest's network interfaces, changed while it runs or not. Every function blocks and takes the session first.

libvirt keeps two descriptions of a running guest, as it runs and as it will start next; see `libvirt_disks`.
"""

import xml.etree.ElementTree as ET

import libvirt

from zaffre.fabric.drivers.hypervisor import GuestMissing, GuestPort
from zaffre.fabric.drivers.libvirt_errors import words
from zaffre.fabric.drivers.libvirt_guests import find_guest
from zaffre.fabric.drivers.libvirt_session import HostSession
from zaffre.fabric.drivers.port_xml import port_element

_LIVE = libvirt.VIR_DOMAIN_AFFECT_LIVE
_CONFIG = libvirt.VIR_DOMAIN_AFFECT_CONFIG


def attach_port(session: HostSession, guest_id: str, port: GuestPort) -> None:
    """Give the guest the interface, unless it has it.

    Raises:
        GuestMissing: there is no such guest.
    """
    domain = find_guest(session, guest_id)
    xml = _text(port_element(session.address.integration_bridge, port))
    for which in (_LIVE, _CONFIG) if domain.isActive() else (_CONFIG,):
        if port.port_id not in _interfaces(domain, which):
            domain.attachDeviceFlags(xml, which)


def request_detach(session: HostSession, guest_id: str, port_id: str) -> bool:
    """Ask the guest for the interface; True when it has let go, or never had it. libvirt waits for that a while."""
    try:
        domain = find_guest(session, guest_id)
    except GuestMissing:
        return True
    if not domain.isActive() or (interface := _interfaces(domain, _LIVE).get(port_id)) is None:
        return True
    try:
        domain.detachDeviceFlags(_text(interface), _LIVE)
    except libvirt.libvirtError as error:
        if not domain.isActive():
            return True
        if "process of unplug" not in words(error) and port_id in _interfaces(domain, _LIVE):
            raise
    return port_id not in _interfaces(domain, _LIVE)


def forget_port(session: HostSession, guest_id: str, port_id: str) -> None:
    """Leave the interface out of the guest's next start."""
    try:
        domain = find_guest(session, guest_id)
    except GuestMissing:
        return
    interface = _interfaces(domain, _CONFIG).get(port_id)
    if interface is not None:
        domain.detachDeviceFlags(_text(interface), _CONFIG)


def _interfaces(domain: libvirt.virDomain, which: int) -> dict[str, ET.Element]:
    """Return a guest's interfaces by their ports' ids: as it runs, or as it will start next."""
    flags = libvirt.VIR_DOMAIN_XML_INACTIVE if which == _CONFIG else 0
    root = ET.fromstring(domain.XMLDesc(flags))  # noqa: S314 - libvirtd wrote it
    found: dict[str, ET.Element] = {}
    for interface in root.iterfind("devices/interface"):
        parameters = interface.find("virtualport/parameters")
        if parameters is not None:
            found[parameters.get("interfaceid", "")] = interface
    return found


def _text(element: ET.Element) -> str:
    return ET.tostring(element, encoding="unicode")
