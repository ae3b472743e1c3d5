"""Network interfaces of a guest as libvirt writes them."""

import xml.etree.ElementTree as ET

from zaffre.fabric.drivers.guest_slots import plug_interface
from zaffre.fabric.drivers.hypervisor import GuestPort


def port_element(bridge: str, port: GuestPort) -> ET.Element:
    """Return a virtio interface on the host's integration bridge, which knows it by the port's id."""
    interface = ET.Element("interface", type="bridge")
    ET.SubElement(interface, "mac", address=port.mac)
    ET.SubElement(interface, "source", bridge=bridge)
    virtual_port = ET.SubElement(interface, "virtualport", type="openvswitch")
    ET.SubElement(virtual_port, "parameters", interfaceid=port.port_id)
    ET.SubElement(interface, "model", type="virtio")
    ET.SubElement(interface, "mtu", size=str(port.mtu))
    plug_interface(interface, port.position)
    return interface
