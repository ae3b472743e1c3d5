"""Domain XML, written and read.

The golden files are what libvirt is given; after a deliberate change run this module as a script to write them anew.
"""

import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from zaffre.fabric.drivers.domain_xml import describe_guest, domain_name, domain_xml
from zaffre.fabric.drivers.guest_slots import DATA_DISKS, NETWORK_PORTS
from zaffre.fabric.drivers.hypervisor import Accelerator, GuestDisk, GuestPort, GuestSpec, HostAddress

GOLDEN = Path(__file__).parent / "golden"
HOST = HostAddress("host-1", "qemu:///system", "/var/lib/zaffre/pool", "br-int")

WEB = GuestSpec(
    id="0190a1b2-0000-7000-8000-000000000001",
    title="web <1> & co",
    vcpus=2,
    memory_mib=2048,
    accelerator=Accelerator.KVM,
    disks=(GuestDisk("web.qcow2", "qcow2"), GuestDisk("data.raw", "raw", 3, "0123456789abcdef0123")),
    seed_volume="web.iso",
    serial_log_volume="web.log",
    iso_volume="tools.iso",
    ports=(
        GuestPort("0190a1b2-0000-7000-8000-00000000000a", "52:54:00:00:00:01", 1442),
        GuestPort("0190a1b2-0000-7000-8000-00000000000b", "52:54:00:00:00:02", 8942, 4),
    ),
    labels={"subscription": "0190a1b2-0000-7000-8000-0000000000ff", "owner": 'a "b" <c> & d'},
)
EMULATED = replace(WEB, accelerator=Accelerator.TCG, vcpus=1, memory_mib=128, ports=WEB.ports[:1], iso_volume=None)
BARE = replace(EMULATED, disks=(), seed_volume=None, ports=(), labels={}, title="bare")

CASES = {"kvm": WEB, "tcg": EMULATED, "bare": BARE}

FOREIGN = """
<domain type='kvm' id='7'>
  <name>by-hand</name>
  <uuid>11111111-2222-3333-4444-555555555555</uuid>
  <metadata>
    <other:app xmlns:other="http://example.com/other"><other:label name="x">y</other:label></other:app>
  </metadata>
  <devices>
    <disk type='file' device='disk'><source file='/a.qcow2' index='1'/></disk>
    <disk type='network' device='disk'><source protocol='rbd' name='pool/b'/></disk>
    <disk type='file' device='cdrom'/>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0' state='{state}'/></channel>
    <channel type='spicevmc'><target type='virtio' name='com.redhat.spice.0' state='connected'/></channel>
  </devices>
</domain>
"""


@pytest.mark.parametrize("name", CASES)
def test_a_guest_is_written_as_in_its_golden_file(name: str):
    assert domain_xml(CASES[name], HOST) == (GOLDEN / f"{name}.xml").read_text()


@pytest.mark.parametrize("name", CASES)
def test_what_is_written_is_read_back(name: str):
    spec = CASES[name]
    described = describe_guest(domain_xml(spec, HOST))
    assert (described.id, described.title, described.labels) == (spec.id, spec.title, spec.labels)
    assert not described.agent_connected
    seed = [] if spec.seed_volume is None else [spec.seed_volume]
    medium = [] if spec.iso_volume is None else [spec.iso_volume]
    volumes = [disk.volume for disk in spec.disks] + seed + medium
    assert described.disk_paths == tuple(f"{HOST.pool_path}/{volume}" for volume in volumes)
    assert described.port_ids == tuple(port.port_id for port in spec.ports)
    assert described.log_paths == (f"{HOST.pool_path}/{spec.serial_log_volume}",)


def test_a_foreign_guest_has_its_name_for_a_title_and_no_labels():
    described = describe_guest(FOREIGN.format(state="disconnected"))
    assert described.id == "11111111-2222-3333-4444-555555555555"
    assert described.title == "by-hand"
    assert described.labels == {}
    assert described.disk_paths == ("/a.qcow2",)


@pytest.mark.parametrize(("state", "connected"), [("connected", True), ("disconnected", False)])
def test_only_the_agents_own_channel_tells_whether_a_guest_is_ready(state: str, connected: bool):
    assert describe_guest(FOREIGN.format(state=state)).agent_connected is connected


def test_a_title_with_line_breaks_is_put_on_one_line():
    described = describe_guest(domain_xml(replace(WEB, title="two\r\nlines\x00"), HOST))
    assert described.title == "two lines "


def test_the_name_on_the_host_says_whose_guest_it_is():
    assert domain_name(WEB.id) == f"zaffre-{WEB.id}"


def test_every_device_that_can_be_plugged_in_has_a_port_of_its_own():
    disks = tuple(GuestDisk(f"{n}.raw", "raw", n) for n in range(1 + DATA_DISKS))
    interfaces = tuple(replace(WEB.ports[0], position=n) for n in range(NETWORK_PORTS))
    full = replace(WEB, disks=disks, ports=interfaces)
    domain = ET.fromstring(domain_xml(full, HOST))
    ports = {each.get("index") for each in domain.iterfind("devices/controller[@model='pcie-root-port']")}
    used = [int(each.get("bus", ""), 16) for each in domain.iterfind("devices/*/address[@type='pci']")]
    assert len(used) == len(set(used))
    assert {int(index or 0) for index in ports} == set(used)
    names = [each.get("dev") for each in domain.iterfind("devices/disk/target")]
    assert len(names) == len(set(names))


if __name__ == "__main__":
    for name, spec in CASES.items():
        (GOLDEN / f"{name}.xml").write_text(domain_xml(spec, HOST))
