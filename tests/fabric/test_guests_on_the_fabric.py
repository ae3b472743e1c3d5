"""Guests of the images on the real fabric, driven with libvirt and OVN directly: it is the fabric that is tested."""

import io
import json
import os
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import libvirt
import libvirt_qemu
import pycdlib
import pytest

from zaffre.devfabric.images import build, check_image
from zaffre.devfabric.layout import FabricLayout, HostLayout

ACPI = libvirt.VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN
AGENT = libvirt.VIR_DOMAIN_SHUTDOWN_GUEST_AGENT

DOMAIN = """
<domain type='qemu'>
  <name>{name}</name><uuid>{uuid}</uuid><memory unit='MiB'>{memory_mib}</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features>
  <cpu mode='custom' match='exact' check='none'><model fallback='forbid'>Nehalem</model></cpu>
  <on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot>
  <devices>
    <disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{disk}'/>
      <target dev='vda' bus='virtio'/><boot order='1'/></disk>
    <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{seed}'/>
      <target dev='vdb' bus='virtio'/><readonly/></disk>
    <interface type='bridge'><mac address='{mac}'/><source bridge='{bridge}'/>
      <virtualport type='openvswitch'><parameters interfaceid='{uuid}'/></virtualport><model type='virtio'/></interface>
    <serial type='file'><source path='{console}'/></serial>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <controller type='usb' model='none'/>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
    <memballoon model='virtio'/>
  </devices>
</domain>
"""


def eventually(condition: Callable[[], bool], what: str, deadline_s: float = 60.0) -> None:
    ends_s = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < ends_s, f"{what} did not happen within {deadline_s} s"
        time.sleep(0.05)


def seed(meta_data: str, user_data: str) -> bytes:
    """A NoCloud seed: an ISO 9660 file system with the label `cidata`."""
    iso = pycdlib.PyCdlib()
    iso.new(interchange_level=3, vol_ident="cidata", rock_ridge="1.09")
    for name, text in (("meta-data", meta_data), ("user-data", user_data)):
        content = text.encode()
        path = f"/{name.upper().replace('-', '_')}.;1"
        iso.add_fp(io.BytesIO(content), len(content), path, rr_name=name)
    output = io.BytesIO()
    iso.write_fp(output)
    iso.close()
    return output.getvalue()


class Guest:
    """A guest on one host of the fabric."""

    def __init__(self, host: HostLayout, connection: libvirt.virConnect, name: str, number: int) -> None:
        self.host = host
        self.connection = connection
        self.name = name
        self.uuid = str(uuid.uuid4())
        self.mac = f"52:54:00:00:00:{number:02x}"
        self.address = f"10.0.0.{9 + number}"
        self.console_path = Path(host.pool_path) / f"{name}.log"
        self._domain: libvirt.virDomain | None = None

    @property
    def domain(self) -> libvirt.virDomain:
        assert self._domain is not None
        return self._domain

    def start(self, image: Path, user_data: str, *, memory_mib: int = 128, disk_gib: int = 1) -> None:
        pool = Path(self.host.pool_path)
        disk, seed_path = pool / f"{self.name}.qcow2", pool / f"{self.name}-seed.iso"
        overlay = ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", image, disk, f"{disk_gib}G"]
        subprocess.run(overlay, check=True)
        meta_data = f"instance-id: i-{self.name}\nlocal-hostname: {self.name}\n"
        seed_path.write_bytes(seed(meta_data, user_data))
        xml = DOMAIN.format(
            name=self.name,
            uuid=self.uuid,
            memory_mib=memory_mib,
            disk=disk,
            seed=seed_path,
            mac=self.mac,
            bridge=self.host.integration_bridge,
            console=self.console_path,
        )
        self._domain = self.connection.createXML(xml)

    def console(self) -> str:
        return self.console_path.read_text(errors="replace") if self.console_path.exists() else ""

    def says(self, text: str, deadline_s: float = 60.0) -> None:
        try:
            eventually(lambda: text in self.console(), f"{text!r} on the console of {self.name}", deadline_s)
        except AssertionError as failure:
            failure.add_note(self.console())
            raise

    def is_ready(self) -> bool:
        return "state='connected'" in self.domain.XMLDesc()

    def agent(self, command: str) -> dict:
        return json.loads(libvirt_qemu.qemuAgentCommand(self.domain, json.dumps({"execute": command}), 5, 0))

    def is_gone(self) -> bool:
        return self.name not in [domain.name() for domain in self.connection.listAllDomains()]

    def remove(self) -> None:
        if self._domain is not None and not self.is_gone():
            self._domain.destroy()


class Network:
    """One logical switch with native DHCP across the hosts of the fabric."""

    def __init__(self, northbound: str) -> None:
        self._northbound = northbound
        self._nbctl("ls-add", "tenant", "--", "set", "logical_switch", "tenant", "other_config:subnet=10.0.0.0/24")
        options = (
            'options="server_id"="10.0.0.1" "server_mac"="0a:00:00:00:00:01" "lease_time"="3600" "router"="10.0.0.1" '
            '"mtu"="1442" "dns_server"="{10.0.0.1}"'
        )
        self._dhcp = self._nbctl("create", "dhcp_options", "cidr=10.0.0.0/24", options)

    def attach(self, guest: Guest) -> None:
        self._nbctl(
            *["lsp-add", "tenant", guest.uuid],
            *["--", "lsp-set-addresses", guest.uuid, f"{guest.mac} {guest.address}"],
            *["--", "lsp-set-dhcpv4-options", guest.uuid, self._dhcp],
        )

    def remove(self) -> None:
        self._nbctl("ls-del", "tenant", "--", "destroy", "dhcp_options", self._dhcp)

    def _nbctl(self, *arguments: str) -> str:
        command = ["ovn-nbctl", f"--db={self._northbound}", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def guests(development_fabric: FabricLayout) -> Iterator[list[Guest]]:
    """One guest for each host, attached to a common network, not started."""
    libvirt.registerErrorHandler(lambda context, error: None, None)
    network = Network(development_fabric.northbound)
    connections = [libvirt.open(host.uri) for host in development_fabric.hosts]
    guests = [
        Guest(host, connection, f"guest-{number}", number)
        for number, (host, connection) in enumerate(zip(development_fabric.hosts, connections, strict=True), 1)
    ]
    for guest in guests:
        network.attach(guest)
    yield guests
    for guest in guests:
        guest.remove()
    network.remove()
    for connection in connections:
        connection.close()
    for guest in guests:
        for path in Path(guest.host.pool_path).iterdir():
            path.unlink()


def test_guests_on_two_hosts_reach_each_other_over_the_overlay(guests, tiny_image):
    first, second = guests
    script = """#!/bin/sh
    until page=$(timeout 2 wget -q -O - http://{peer}/); do usleep 100000; done
    echo "PAGE: $page"
    ping -c 1 -W 2 {peer} > /dev/null && echo "PING: {peer}"
    ping -c 1 -W 2 -s 1414 {peer} > /dev/null && echo "LARGE PING: {peer}"
    """
    first.start(tiny_image, script.format(peer=second.address))
    second.start(tiny_image, script.format(peer=first.address))
    for guest, peer in ((first, second), (second, first)):
        guest.says(f'PAGE: {{"hostname": "{peer.name}", "instance_id": "i-{peer.name}"')
        guest.says(f"PING: {peer.address}")
        guest.says(f"LARGE PING: {peer.address}")
        guest.says("user-data ended with status 0")
        assert f"eth0 has {guest.address}/24, gateway 10.0.0.1, mtu 1442" in guest.console()


def test_a_guest_is_seen_to_be_ready_only_when_its_services_answer(guests, tiny_image):
    guest = guests[0]
    guest.start(tiny_image, "")
    assert not guest.is_ready()
    eventually(guest.is_ready, "readiness")
    eventually(lambda: "zaffre-tiny: ready after" in guest.console(), "the console says so")


def test_a_running_guest_moves_between_hosts_by_their_names(guests, tiny_image):
    guest, other = guests
    guest.start(tiny_image, "")
    eventually(guest.is_ready, "readiness")
    # The hosts of this fabric share the machine's file systems, which libvirt cannot know.
    how = libvirt.VIR_MIGRATE_LIVE | libvirt.VIR_MIGRATE_PEER2PEER | libvirt.VIR_MIGRATE_UNSAFE
    guest.domain.migrateToURI3(f"qemu+tcp://{other.host.name}/system", {}, how)
    assert guest.is_gone()
    moved = other.connection.lookupByName(guest.name)
    assert moved.isActive()
    moved.destroy()


def test_a_tiny_guest_answers_its_agent_channel(guests, tiny_image):
    guest = guests[0]
    guest.start(tiny_image, "")
    eventually(guest.is_ready, "readiness")
    assert guest.agent("guest-ping") == {"return": {}}
    assert guest.agent("guest-get-host-name") == {"return": {"host-name": "guest-1"}}
    with pytest.raises(libvirt.libvirtError, match="has no command guest-file-open"):
        guest.agent("guest-file-open")


@pytest.mark.parametrize("way", [pytest.param(ACPI, id="power button"), pytest.param(AGENT, id="agent")])
def test_a_tiny_guest_shuts_down_when_asked(guests, tiny_image, way):
    guest = guests[0]
    guest.start(tiny_image, "")
    eventually(guest.is_ready, "readiness")
    guest.domain.shutdownFlags(way)
    eventually(guest.is_gone, "the end of the guest", deadline_s=10.0)
    guest.says("zaffre-tiny: shutting down (poweroff)")


CLOUD_CONFIG = r"""#cloud-config
hostname: renamed
packages:
  - nginx
runcmd:
  - echo "I AM $(hostname)"
  - "echo 'it is \"quoted\"'"
  - [ls, /]
"""


def test_a_tiny_guest_understands_a_simple_cloud_config_and_says_what_it_ignores(guests, tiny_image):
    guest = guests[0]
    guest.start(tiny_image, CLOUD_CONFIG)
    guest.says("user-data ended with status 0")
    console = guest.console()
    assert "I AM renamed" in console
    assert 'it is "quoted"' in console
    assert "cloud-config: packages is ignored" in console
    assert "cloud-config: a runcmd that is not a string is ignored: [ls, /]" in console


def test_a_tiny_guest_keeps_what_it_writes_to_its_disk(guests, tiny_image):
    guest = guests[0]
    write = "echo KEEP-ME | dd of=/dev/vda bs=1M seek=64 conv=notrunc 2> /dev/null; sync"
    read = 'echo "FOUND: $(dd if=/dev/vda bs=1M skip=64 count=1 2> /dev/null | head -c 7)"'
    guest.start(tiny_image, f'#!/bin/sh\nif [ -n "$({read} | grep KEEP-ME)" ]; then {read}; else {write}; reboot; fi\n')
    guest.says("FOUND: KEEP-ME")


def test_a_serial_log_is_rotated_before_it_fills_the_host(guests, tiny_image):
    guest = guests[0]
    guest.start(tiny_image, "#!/bin/sh\nseq -s ' ' 700000; echo WRITTEN\n")
    guest.says("user-data ended with status 0", deadline_s=90.0)
    logs = list(Path(guest.host.pool_path).glob("guest-1.log*"))
    assert 1 < len(logs) <= 2
    assert sum(log.stat().st_size for log in logs) <= 2 * 2**21


@pytest.mark.timeout(900)
@pytest.mark.skipif("ZAFFRE_TEST_DEBIAN" not in os.environ, reason="takes minutes; set ZAFFRE_TEST_DEBIAN=1 to run it")
def test_a_debian_guest_finishes_cloud_init_before_it_is_ready(guests, image_cache):
    preflight = check_image("debian-12")
    if not preflight.possible:
        pytest.skip(preflight.sentence)
    guest = guests[0]
    user_data = (
        "#cloud-config\nruncmd:\n  - 'df -BM --output=size / | tail -1 > /dev/ttyS0'\n  - 'echo RAN > /dev/ttyS0'\n"
    )
    guest.start(build("debian-12", image_cache), user_data, memory_mib=512, disk_gib=6)
    eventually(guest.is_ready, "readiness", deadline_s=240.0)
    assert "RAN" in guest.console()
    name = guest.agent("guest-get-host-name")
    assert name == {"return": {"host-name": "guest-1"}}
    guest.domain.shutdownFlags(ACPI)
    eventually(guest.is_gone, "the end of the guest", deadline_s=90.0)
