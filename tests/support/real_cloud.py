"""A development cloud on real hosts for tests, and what its hosts themselves say is there."""

import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from xml.etree import ElementTree as ET

import libvirt

from zaffre.client import Zaffre, ZaffreError
from zaffre.devfabric.cloud import DevelopmentCloud, FabricChoice
from zaffre.devfabric.cloud.development_cloud import Ports
from zaffre.devfabric.cloud.tenancy import Tenant, new_key_pair, settle_in

Seen = TypeVar("Seen")
PASSWORD = "a tenant's password"


def until(look: Callable[[], Seen], what: str, deadline_s: float = 60.0) -> Seen:
    """Look until what is seen is true; returns it."""
    ends_s = time.monotonic() + deadline_s
    while not (seen := look()):
        assert time.monotonic() < ends_s, f"{what}: not within {deadline_s:g} s; last seen {seen!r}"
        time.sleep(0.1)
    return seen


@dataclass
class RealHost:
    """One host, asked past Zaffre."""

    name: str
    pool_path: Path
    connection: libvirt.virConnect

    def domains(self) -> dict[str, bool]:
        """Every domain's UUID, and whether it runs."""
        return {domain.UUIDString(): bool(domain.isActive()) for domain in self.connection.listAllDomains()}

    def domain(self, guest_id: str) -> libvirt.virDomain:
        return self.connection.lookupByUUIDString(guest_id)

    def volumes(self) -> set[str]:
        """Files in the pool, images excepted."""
        return {file.name for file in self.pool_path.iterdir() if not file.name.startswith("image-")}


class RealCloud:
    """The cloud, with the means to look behind it and to kill it."""

    def __init__(self, cloud: DevelopmentCloud) -> None:
        self._cloud = cloud
        description = cloud.up(FabricChoice.KVM, tenant=False)
        self.url = description.public_url
        self.description = description
        self.admin: Zaffre = cloud.administrator()
        self._clients = [self.admin]
        self.hosts = {
            host.id: RealHost(host.name, Path(host.pool_path), libvirt.open(host.uri))
            for host in self.admin.admin.hosts.all()
        }
        [network] = self.admin.admin.logical_networks.all()
        self.northbound = network.address.split(";")[0].removeprefix("nb=")

    def tenant(self, name: str) -> Tenant:
        tenant = settle_in(self.url, f"{name}@zaffre.example", PASSWORD, new_key_pair()[1])
        self._clients.append(tenant.client)
        return tenant

    def host_of(self, machine_id: str) -> RealHost:
        [host_id] = [m.host_id for m in self.admin.admin.virtual_machines.all() if m.id == machine_id]
        return self.hosts[str(host_id)]

    def nbctl(self, *command: str) -> str:
        program = ["ovn-nbctl", f"--db={self.northbound}", "--timeout=30"]
        return subprocess.run([*program, *command], check=True, capture_output=True, text=True).stdout

    def ports(self) -> set[str]:
        """Names of the plane's ports for guests, which are the ids of Zaffre's ports."""
        return set(self.nbctl("--bare", "--columns=name", "find", "Logical_Switch_Port", 'type=""').split())

    def kill_server(self) -> None:
        """End the server as a power cut would."""
        process = self._cloud._server.running()
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
        until(lambda: self._cloud._server.running() is None, "the server is gone", 10)

    def start_server(self) -> None:
        self._cloud.up(FabricChoice.KVM, tenant=False)

    @property
    def server_log(self) -> str:
        return self._cloud.places.server_log.read_text(errors="replace")

    def close(self) -> None:
        for host in self.hosts.values():
            host.connection.close()
        for client in self._clients:
            client.close()


def ask_and_die(cloud: RealCloud, ask: Callable[[], object], moment_s: float) -> None:
    """Ask for something, and kill the server `moment_s` seconds later, answered or not."""

    def asking() -> None:
        with suppress(ZaffreError):  # the server died first
            ask()

    thread = threading.Thread(target=asking)
    thread.start()
    time.sleep(moment_s)
    cloud.kill_server()
    thread.join(30)
    cloud.start_server()


def settled(tenant: Tenant) -> bool:
    """Whether nothing is under way any more."""
    busy = [m for m in tenant.scope.virtual_machines.all() if m.operation_id is not None]
    running = [o for o in tenant.client.operations.all() if o.state in ("queued", "running", "unwinding")]
    return not busy and not running


def assert_nothing_orphaned(cloud: RealCloud, tenants: list[Tenant]) -> None:
    """Compare what the records say with what hosts, plane, quota and reservations say, exactly."""
    machines = {m.id: (t, m) for t in tenants for m in t.scope.virtual_machines.all()}
    assert {m.state for _, m in machines.values()} <= {"running", "stopped"}
    on_hosts: dict[str, bool] = {}
    volumes: set[str] = set()
    for host in cloud.hosts.values():
        on_hosts |= host.domains()
        volumes |= host.volumes()
    assert on_hosts == {machine_id: m.state == "running" for machine_id, (_, m) in machines.items()}
    expected = {f"{i}-{part}" for i in machines for part in ("root.qcow2", "seed.iso", "serial.log")}
    assert {name for name in volumes if not name.endswith("serial.log.0")} == expected
    assert cloud.ports() == {port.id for _, m in machines.values() for port in m.ports}
    for tenant in tenants:
        mine = [m for owner, m in machines.values() if owner is tenant]
        used = {usage.dimension: usage.used for usage in tenant.scope.usage.all()}
        assert used["virtual_machines"] == len(mine)
        assert used["vcpus"] == sum(m.vcpus for m in mine)
        assert used["memory_mib"] == sum(m.memory_mib for m in mine)
        assert used["disk_gib"] == sum(disk.size_gib for m in mine for disk in m.disks)
    reserved = {host.id: host.memory_reserved_mib for host in cloud.admin.admin.hosts.all()}
    assert sum(reserved.values()) == sum(m.memory_mib for _, m in machines.values())
    assert list(cloud.admin.admin.unmanaged_guests.all()) == []


def stranger_xml(guest_id: str) -> str:
    """A domain that Zaffre did not make: a little memory, no disk, no network."""
    root = ET.Element("domain", type="qemu")
    for tag, text in (("name", "stranger"), ("uuid", guest_id), ("memory", "65536"), ("vcpu", "1")):
        ET.SubElement(root, tag).text = text
    ET.SubElement(ET.SubElement(root, "os"), "type", arch="x86_64", machine="q35").text = "hvm"
    return ET.tostring(root, encoding="unicode")


@contextmanager
def real_cloud(hosts: int = 2) -> Iterator[RealCloud]:
    """Bring a development cloud up on free ports in a directory of its own; takes everything down at the end."""
    directory = Path(tempfile.mkdtemp(prefix="zc", dir="/tmp"))
    development = DevelopmentCloud(directory, host_count=hosts, ports=_free_ports())
    try:
        cloud = RealCloud(development)
        try:
            yield cloud
        finally:
            cloud.close()
    finally:
        development.down(purge=True)
        shutil.rmtree(directory, ignore_errors=True)


def _free_ports() -> Ports:
    """Ports on which nobody listens, and which nobody else who tests at the same time would take."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 8
    first = 20_000 + 1_000 * worker
    while True:
        ports = Ports.from_public(random.randrange(first + 10, first + 900))
        try:
            for number in vars(ports).values():
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", number))
        except OSError:
            continue
        return ports
