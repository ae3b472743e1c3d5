"""The contract suite on OVN, and what only OVN can show."""

import asyncio
import contextlib
import json
import os
import resource
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from support.network_plane_contract import (
    NetworkPlaneContract,
    Small,
    eventually,
    network,
    port,
    subnet,
    until,
)
from support.ovn_central import (
    HOST_PROGRAMS,
    SCHEMAS,
    NorthboundCluster,
    OvnCentral,
    OvnHost,
    PretendedHost,
    missing_programs,
)
from zaffre.foundation.clock import SystemClock
from zaffre.network.drivers.ovn_address import OvnAddressInvalid
from zaffre.network.drivers.plane import PlanePortState, PlaneRefused, PlaneUnreachable

pytest.importorskip("ovs", reason="Open vSwitch's Python library is not installed")

from zaffre.network.drivers import ovn_driver

pytestmark = [
    pytest.mark.fabric,
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {', '.join(missing_programs())}"),
]

HOSTS_ARE_REAL = os.geteuid() == 0 and not missing_programs(HOST_PROGRAMS)


class OvnSite:
    """A private OVN."""

    def __init__(self, central: OvnCentral) -> None:
        self.central = central
        self._host: OvnHost | PretendedHost | None = None

    def open(self, deadline_s: float = 20.0):
        return ovn_driver.OvnPlaneDriver(SystemClock(), deadline_s=deadline_s).open("plane", self.central.address)

    def stop(self) -> None:
        self.central.stop_database("nb")

    def start(self) -> None:
        self.central.start_database("nb")

    @property
    def host(self) -> OvnHost | PretendedHost:
        if self._host is None:
            self._host = OvnHost(self.central) if HOSTS_ARE_REAL else PretendedHost(self.central)
        return self._host

    def bind(self, port_id: str) -> str:
        self.host.plug(port_id)
        return self.host.name

    def unbind(self, port_id: str) -> None:
        self.host.unplug(port_id)

    def add_host(self) -> str:
        self.central.sbctl("--timeout=20", "wait-until", "chassis", self.host.name)
        return self.central.sbctl("get", "chassis", self.host.name, "hostname").strip().strip('"')

    def strange_host(self) -> str:
        return "stranger"

    def alter_address(self, port_id: str, address: str) -> None:
        self.central.nbctl("lsp-set-addresses", port_id, f"02:00:00:00:00:02 {address}")

    def alter_vsid(self, subnet_id: str, vsid: int) -> None:
        self.central.nbctl("set", "logical_switch", subnet_id, f"other_config:requested-tnl-key={vsid}")

    def drop_port(self, port_id: str) -> None:
        self.central.nbctl("lsp-del", port_id)

    def remove_dhcp(self, subnet_id: str) -> None:
        self.central.nbctl(
            "dhcp-options-del", *self.central.find("dhcp_options", f'external_ids:"zaffre:id"="{subnet_id}"')
        )

    def remove_gateway(self, subnet_id: str) -> None:
        self.central.nbctl("lrp-del", f"gateway-{subnet_id}")

    def remove_switch(self, subnet_id: str) -> None:
        self.central.nbctl("ls-del", subnet_id)

    def remove_router(self, network_id: str) -> None:
        self.central.nbctl("lr-del", network_id)

    def add_foreign(self) -> None:
        foreign = "11111111-1111-4111-8111-111111111111"
        self.central.nbctl(
            "lr-add", "foreign", "--", "lrp-add", "foreign", "foreign-gw", "00:00:00:00:00:01", "10.0.0.1/24",
            "--", "ls-add", foreign, "--", "lsp-add", foreign, "22222222-2222-4222-8222-222222222222",
            "--", "create", "dhcp_options", "cidr=10.0.0.0/24",
            "--", "set", "logical_switch", foreign, "external_ids:owner=me",
        )  # fmt: skip

    def foreign(self) -> object:
        columns = "--columns=_uuid,name,ports,external_ids"
        return {
            table: self.central.nbctl("--format=json", columns, "list", table)
            for table in ("logical_router", "logical_switch")
        } | {"dhcp_options": self.central.nbctl("--format=json", "list", "dhcp_options")}

    def close(self) -> None:
        if self._host is not None:
            self._host.stop()
        self.central.stop()


@pytest.fixture
def site() -> Iterator[OvnSite]:
    site = OvnSite(OvnCentral())
    yield site
    site.close()


@pytest.fixture
async def plane(site: OvnSite):
    plane = site.open()
    yield plane
    await plane.close()


@pytest.fixture
async def small(plane) -> Small:
    small = Small()
    await small.ensure(plane)
    return small


class TestOvnPlane(NetworkPlaneContract):
    """The shared suite."""

    @pytest.fixture
    def site(self) -> Iterator[OvnSite]:
        site = OvnSite(OvnCentral())
        yield site
        site.close()


def marked(identifier: str) -> str:
    """Return the condition that finds an object's rows."""
    return f'external_ids:"zaffre:id"="{identifier}"'


# What becomes of the objects in OVN


async def test_the_vsid_is_the_key_that_frames_carry(site: OvnSite, small: Small):
    site.central.settle()
    keys = {
        site.central.sbctl("--bare", "--columns=tunnel_key", "find", "datapath_binding", f"external_ids:name={name}")
        for name in (small.subnet.id, small.other_subnet.id)
    }
    assert {int(key) for key in keys} == {small.subnet.vsid, small.other_subnet.vsid}


class Packets:
    """Flows of one port, as ovn-trace takes them."""

    def __init__(self, port, gateway_mac: str) -> None:
        self._port = port
        self._gateway_mac = gateway_mac

    def ping(self, to_mac: str, to_address: str, *, from_mac: str = "", from_address: str = "") -> str:
        return (
            f'inport == "{self._port.id}" && eth.src == {from_mac or self._port.mac} && eth.dst == {to_mac} && '
            f"ip4.src == {from_address or self._port.address} && ip4.dst == {to_address} && "
            "ip.ttl == 64 && icmp4.type == 8"
        )

    def ping_through_the_gateway(self, to_address: str) -> str:
        return self.ping(self._gateway_mac, to_address)

    def dhcp_discover(self) -> str:
        return (
            f'inport == "{self._port.id}" && eth.src == {self._port.mac} && eth.dst == ff:ff:ff:ff:ff:ff && '
            "ip4.src == 0.0.0.0 && ip4.dst == 255.255.255.255 && ip.ttl == 64 && udp.src == 68 && udp.dst == 67"
        )

    def ipv6(self, to_mac: str) -> str:
        return (
            f'inport == "{self._port.id}" && eth.src == {self._port.mac} && eth.dst == {to_mac} && '
            "ip6.src == fe80::1 && ip6.dst == fe80::2 && ip.ttl == 64 && icmp6.type == 128"
        )


def output(target) -> str:
    """Return how ovn-trace says that a packet comes out at a port; it shortens ids to six characters."""
    return f'output("{target.id[:6]}")'


async def test_packets_go_where_they_may_and_nowhere_else(site: OvnSite, plane, small: Small):
    central, stranger = site.central, Small()
    await stranger.ensure(plane)
    neighbour = port(small.subnet, 3)
    await plane.ensure_ports([neighbour])
    host = PretendedHost(central)
    for bound in (small.port, small.other_port, neighbour, stranger.port, stranger.other_port):
        host.plug(bound.id)
    central.settle()
    packets = Packets(small.port, small.subnet.gateway_mac)

    def trace(flow: str) -> str:
        return central.trace(small.subnet.id, flow)

    offer = trace(packets.dhcp_discover())
    assert f"offerip = {small.port.address}" in offer
    assert "mtu = 1442" in offer
    assert "dns_server = {9.9.9.9, 1.1.1.1}" in offer
    assert f"router = {small.subnet.gateway}" in offer
    assert output(small.port) in offer

    def reaches(flow: str, target) -> bool:
        return output(target) in trace(flow)

    assert reaches(packets.ping(neighbour.mac, neighbour.address), neighbour)
    assert reaches(packets.ping_through_the_gateway(small.other_port.address), small.other_port)

    nowhere = [
        packets.ping(neighbour.mac, neighbour.address, from_address="10.0.0.99"),
        packets.ping(neighbour.mac, neighbour.address, from_mac="02:00:00:00:00:99"),
        packets.ping(neighbour.mac, "10.0.0.99"),
        packets.ping("02:00:00:00:00:99", "10.0.0.99"),
        packets.ipv6(neighbour.mac),
    ]
    assert ["output" in trace(flow) for flow in nowhere] == [False] * len(nowhere)
    # The strangers' addresses are the same as ours; no packet of ours may come out at one of their ports.
    for flow in (
        packets.ping(stranger.port.mac, stranger.port.address),
        packets.ping_through_the_gateway(stranger.other_port.address),
        packets.ping("ff:ff:ff:ff:ff:ff", "255.255.255.255"),
    ):
        result = trace(flow)
        assert output(stranger.port) not in result
        assert output(stranger.other_port) not in result


async def test_what_others_note_on_our_rows_stays(site: OvnSite, plane, small: Small):
    site.central.nbctl(
        "set", "logical_switch", small.subnet.id, "external_ids:theirs=1", "other_config:mcast_snoop=true"
    )
    await small.damaged(plane)
    await small.ensure(plane)
    assert await plane.contents() == small.contents
    assert "theirs=" in site.central.nbctl("get", "logical_switch", small.subnet.id, "external_ids")
    assert "mcast" not in site.central.nbctl("get", "logical_switch", small.subnet.id, "other_config")


# Damage of every kind


DAMAGES = {
    "a port without security": "clear logical_switch_port {port} port_security",
    "a port for unknown addresses": "lsp-set-addresses {port} unknown",
    "a port with one address too many": "add logical_switch_port {port} addresses unknown",
    "a port without DHCP": "clear logical_switch_port {port} dhcpv4_options",
    "a disabled port": "lsp-set-enabled {port} disabled",
    "a port of another type": "lsp-set-type {port} localport",
    "a port with options": "lsp-set-options {port} requested-chassis=elsewhere",
    "a port without marks": "clear logical_switch_port {port} external_ids",
    "a port with half of its marks": 'remove logical_switch_port {port} external_ids "zaffre:kind"',
    "a renamed port": "set logical_switch_port {port} name=somebody",
    "a switch without marks": "clear logical_switch {subnet} external_ids",
    "a renamed switch": "set logical_switch {subnet} name=somebody",
    "a switch without key": "clear logical_switch {subnet} other_config",
    "a gateway with another address": "set logical_router_port gateway-{subnet} networks=10.0.0.9/24",
    "a gateway in a smaller subnet": "set logical_router_port gateway-{subnet} networks=10.0.0.1/25",
    "a gateway with another MAC": 'set logical_router_port gateway-{subnet} mac="02:00:00:00:77:77"',
    "a disabled gateway": "lrp-set-enabled gateway-{subnet} disabled",
    "a renamed gateway": "set logical_router_port gateway-{subnet} name=somebody",
    "a gateway without marks": "clear logical_router_port gateway-{subnet} external_ids",
    "an uplink to nowhere": "lsp-set-options uplink-{subnet} router-port=nowhere",
    "an uplink of another type": "lsp-set-type uplink-{subnet} localport",
    "no uplink": "lsp-del uplink-{subnet}",
    "DHCP with another router": "set dhcp_options {dhcp} options:router=10.0.0.9",
    "DHCP with another MTU": "set dhcp_options {dhcp} options:mtu=9000",
    "DHCP without MTU": "remove dhcp_options {dhcp} options mtu",
    "DHCP with other DNS servers": "set dhcp_options {dhcp} options:dns_server=6.6.6.6",
    "DHCP for another network": "set dhcp_options {dhcp} cidr=10.7.0.0/24",
    "a disabled router": "set logical_router {network} enabled=false",
    "a renamed router": "set logical_router {network} name=somebody",
    "a router without marks": "clear logical_router {network} external_ids",
    "a second router": 'create logical_router name=double external_ids:"zaffre:kind"=network '
    'external_ids:"zaffre:id"={network}',
    "a second switch": 'create logical_switch name=double external_ids:"zaffre:kind"=subnet '
    'external_ids:"zaffre:id"={subnet}',
    "second DHCP options": 'create dhcp_options cidr=10.0.0.0/24 external_ids:"zaffre:kind"=subnet '
    'external_ids:"zaffre:id"={subnet}',
    "a second port": 'lsp-add {subnet} double -- set logical_switch_port double external_ids:"zaffre:kind"=port '
    'external_ids:"zaffre:id"={port}',
    "a second gateway": "lrp-add {network} double 02:00:00:00:77:77 10.7.0.1/24 -- set logical_router_port double "
    'external_ids:"zaffre:kind"=subnet external_ids:"zaffre:id"={subnet}',
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
async def test_damage_shows_and_is_repaired(site: OvnSite, plane, small: Small, damage: str):
    central = site.central
    dhcp = central.find("dhcp_options", marked(small.subnet.id))[0]
    names = {"network": small.network.id, "subnet": small.subnet.id, "port": small.port.id, "dhcp": dhcp}
    rows_before = row_counts(central)
    central.nbctl(*damage.format(**names).split())
    await small.damaged(plane)
    await small.ensure(plane)
    assert await plane.contents() == small.contents
    assert row_counts(central) == rows_before


async def test_ports_in_a_second_switch_of_their_subnet_are_brought_together(site: OvnSite, plane, small: Small):
    central, rows_before = site.central, row_counts(site.central)
    stray = central.find("logical_switch_port", f"name={small.port.id}")[0]
    central.nbctl(
        "create", "logical_switch", "name=double", f"ports={stray}",
        'external_ids:"zaffre:kind"=subnet', f'external_ids:"zaffre:id"="{small.subnet.id}"',
    )  # fmt: skip
    central.nbctl("remove", "logical_switch", small.subnet.id, "ports", stray)
    await eventually(plane.contents, lambda contents: contents.damaged == {small.subnet.id})
    await plane.ensure_subnets([small.subnet])
    assert await plane.contents() == small.contents
    assert row_counts(central) == rows_before


async def test_a_host_that_leaves_the_plane_is_no_ports_host_any_more(site: OvnSite, plane, small: Small):
    host = PretendedHost(site.central)
    host.plug(small.port.id)
    await eventually(lambda: plane.port_state(small.port.id), lambda state: state.chassis == host.name)
    site.central.sbctl("chassis-del", host.name)
    down = PlanePortState(small.port, up=False, chassis=None)
    await eventually(lambda: plane.port_state(small.port.id), lambda state: state == down)


async def test_a_subnet_whose_dhcp_options_lost_their_marks_gets_new_ones(site: OvnSite, plane, small: Small):
    dhcp = site.central.find("dhcp_options", marked(small.subnet.id))[0]
    site.central.nbctl("clear", "dhcp_options", dhcp, "external_ids")
    await small.damaged(plane)
    await plane.ensure_subnets([small.subnet])
    assert await plane.contents() == small.contents
    site.central.nbctl("dhcp-options-del", dhcp)
    assert await plane.contents() == small.contents


def row_counts(central: OvnCentral) -> dict[str, int]:
    """Return how many rows every table of ours has."""
    tables = ("logical_router", "logical_router_port", "logical_switch", "logical_switch_port", "dhcp_options")
    return {table: len(central.find(table)) for table in tables}


# Transactions


async def test_two_hundred_calls_at_once_share_few_transactions(plane, small: Small):
    before = plane.committed_count
    many = [port(small.subnet, 20 + number) for number in range(200)]
    await asyncio.gather(*(plane.ensure_ports([value]) for value in many))
    assert plane.committed_count - before <= 20


async def test_ensuring_what_is_there_costs_no_transaction(plane, small: Small):
    before = plane.committed_count
    await small.ensure(plane)
    await plane.remove_ports(["01900000-0000-7000-8000-ffffffffffff"])
    assert plane.committed_count == before


@pytest.fixture
def strict_site(tmp_path: Path) -> Iterator[OvnSite]:
    """An OVN whose database refuses DHCP options for networks that are written with more than 13 characters."""
    schema = json.loads((SCHEMAS / "ovn-nb.ovsschema").read_text())
    schema["tables"]["DHCP_Options"]["columns"]["cidr"]["type"] = {"key": {"type": "string", "maxLength": 13}}
    del schema["cksum"]
    path = tmp_path / "strict.ovsschema"
    path.write_text(json.dumps(schema))
    site = OvnSite(OvnCentral(path))
    yield site
    site.close()


async def test_what_the_database_refuses_fails_alone_with_its_reason(strict_site: OvnSite):
    plane = strict_site.open()
    parent = network()
    await plane.ensure_networks([parent])
    subnets = [subnet(parent, number) for number in range(40)]
    subnets[13] = replace(subnets[13], cidr="100.100.100.0/24", gateway="100.100.100.1")
    outcomes = await asyncio.gather(*(plane.ensure_subnets([value]) for value in subnets), return_exceptions=True)
    assert [number for number, outcome in enumerate(outcomes) if outcome is not None] == [13]
    assert isinstance(outcomes[13], PlaneRefused)
    assert "100.100.100.0/24" in str(outcomes[13])
    assert "length" in str(outcomes[13])
    contents = await plane.contents()
    assert contents.subnets == {value.id: value for value in subnets if value is not subnets[13]}
    assert contents.damaged == frozenset()
    await plane.close()


async def test_two_control_planes_at_once_end_with_one_of_everything(site: OvnSite, plane, small: Small):
    other = site.open()
    await other.contents()
    more = [port(small.subnet, 20 + number) for number in range(100)]

    async def ensure_everything(door) -> None:
        twin = Small()
        for value in more:
            await door.ensure_ports([value])
        await twin.ensure(door)
        await door.remove_networks([twin.network.id])

    await asyncio.gather(ensure_everything(plane), ensure_everything(other))
    for door in (plane, other):
        contents = await eventually(door.contents, lambda contents: len(contents.networks) == 1)
        assert contents.damaged == frozenset()
        assert len(contents.ports) == 102
    await other.close()


async def test_a_network_that_two_control_planes_made_at_once_is_made_one(site: OvnSite, plane):
    other = site.open()
    await other.contents()
    small = Small()
    await asyncio.gather(plane.ensure_networks([small.network]), other.ensure_networks([small.network]))
    await small.ensure(plane)
    assert await plane.contents() == small.contents
    assert len(site.central.find("logical_router")) == 1
    await other.close()


# Outages


async def test_a_frozen_database_is_reported_and_forgiven(site: OvnSite, small: Small):
    plane = site.open(deadline_s=0.5)
    await until(lambda: plane.connected)
    site.central.processes.send("nb", signal.SIGSTOP)
    late = port(small.subnet, 9)
    with pytest.raises(PlaneUnreachable):
        await plane.ensure_ports([late])
    with pytest.raises(PlaneUnreachable):
        await plane.remove_ports([late.id])
    site.central.processes.send("nb", signal.SIGCONT)
    patient = site.open()
    await patient.remove_ports([late.id])
    await eventually(patient.contents, lambda contents: contents == small.contents)
    await plane.close()
    await patient.close()


async def test_calls_survive_a_database_that_is_killed_under_them(site: OvnSite, plane, small: Small):
    many = [port(small.subnet, 20 + number) for number in range(150)]

    async def ensure_all() -> None:
        for first in range(0, len(many), 5):
            await asyncio.gather(*(plane.ensure_ports([value]) for value in many[first : first + 5]))

    work = asyncio.create_task(ensure_all())
    for _ in range(2):
        count = len((await plane.contents()).ports)
        await eventually(plane.contents, lambda contents, count=count: len(contents.ports) > count)
        site.stop()
        await until(lambda: not plane.connected)
        site.start()
    await work
    contents = await plane.contents()
    assert len(contents.ports) == 152
    assert contents.damaged == frozenset()


async def test_changes_need_no_southbound_database_but_reading_does(site: OvnSite, small: Small):
    plane = site.open(deadline_s=0.5)
    await until(lambda: plane.connected)
    site.central.stop_database("sb")
    await until(lambda: not plane.connected)
    await plane.ensure_ports([port(small.subnet, 9)])
    with pytest.raises(PlaneUnreachable):
        await plane.contents()
    site.central.start_database("sb")
    await until(lambda: plane.connected)
    assert len((await plane.contents()).ports) == 3
    await plane.close()


async def test_hosts_may_bind_ports_while_the_northbound_database_is_away(
    site: OvnSite, small: Small, caplog: pytest.LogCaptureFixture
):
    host = PretendedHost(site.central)
    host.plug(small.port.id)
    site.stop()
    plane = site.open()
    for _ in range(5):
        host.unplug(small.port.id)
        site.central.sbctl("lsp-bind", small.port.id, host.name)
    site.start()
    up = PlanePortState(small.port, up=True, chassis=host.name)
    await eventually(lambda: plane.port_state(small.port.id), lambda state: state == up)
    assert "made anew" not in caplog.text
    await plane.close()


async def test_without_a_southbound_address_ports_come_up_without_a_host(site: OvnSite, small: Small):
    driver = ovn_driver.OvnPlaneDriver(SystemClock())
    plane = driver.open("plane", site.central.remote("nb"))
    site.bind(small.port.id)
    up = PlanePortState(small.port, up=True, chassis=None)
    await eventually(lambda: plane.port_state(small.port.id), lambda state: state == up)
    await plane.close()


@pytest.fixture
def cluster() -> Iterator[NorthboundCluster]:
    cluster = NorthboundCluster()
    yield cluster
    cluster.stop()


async def test_a_cluster_that_loses_its_leader_serves_on(cluster: NorthboundCluster):
    plane = ovn_driver.OvnPlaneDriver(SystemClock(), deadline_s=60).open("plane", cluster.address)
    small = Small()
    await small.ensure(plane)
    cluster.kill(cluster.leader())
    late = port(small.subnet, 9)
    await plane.ensure_ports([late])
    contents = await plane.contents()
    assert contents.ports.keys() == {small.port.id, small.other_port.id, late.id}
    assert contents.damaged == frozenset()
    await plane.close()


async def test_a_fault_of_ours_in_the_connection_is_logged_and_the_connection_made_anew(
    plane, small: Small, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    replica = plane._connection.replica
    publish = replica.publish

    def fail_once() -> None:
        monkeypatch.setattr(replica, "publish", publish)
        raise ZeroDivisionError

    monkeypatch.setattr(replica, "publish", fail_once)
    late = port(small.subnet, 9)
    with pytest.raises(PlaneUnreachable):
        await plane.ensure_ports([late])
    await plane.ensure_ports([late])
    assert (await plane.contents()).ports[late.id].port == late
    assert "made anew" in caplog.text


async def test_a_fault_of_ours_in_one_change_does_not_take_others_along(plane, small: Small):
    faulty = replace(port(small.subnet, 9), mac=None)  # type: ignore[arg-type]
    good = [port(small.subnet, 20 + number) for number in range(10)]
    outcomes = await asyncio.gather(*(plane.ensure_ports([value]) for value in (*good, faulty)), return_exceptions=True)
    assert [outcome for outcome in outcomes[:-1] if outcome is not None] == []
    assert isinstance(outcomes[-1], TypeError)
    assert len((await plane.contents()).ports) == 12


@pytest.fixture
def many_open_files() -> Iterator[None]:
    """A process whose next file descriptor is above 1023."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    with contextlib.ExitStack() as files:
        while files.enter_context(Path(os.devnull).open("rb")).fileno() < 1100:
            pass
        yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_file_descriptors_beyond_what_select_can_take_do_no_harm(many_open_files, site: OvnSite):
    plane = site.open()
    small = Small()
    await small.ensure(plane)
    assert await plane.contents() == small.contents
    await plane.close()


# Addresses and TLS


async def test_an_address_that_makes_no_sense_is_an_error_at_once():
    with pytest.raises(OvnAddressInvalid):
        ovn_driver.OvnPlaneDriver(SystemClock()).open("plane", "relative.sock")


async def test_a_database_behind_tls_is_reached_with_the_right_certificates(site: OvnSite, tmp_path: Path):
    tls = self_signed(tmp_path)
    tls_port = site.central.serve_tls(tls.private_key, tls.certificate, tls.ca_certificate)
    driver = ovn_driver.OvnPlaneDriver(SystemClock(), tls=tls)
    plane = driver.open("plane", f"nb=ssl:127.0.0.1:{tls_port}")
    small = Small()
    await small.ensure(plane)
    assert await plane.contents() == small.contents
    await plane.close()


def self_signed(directory: Path):
    """Return a key and a certificate that vouches for itself, as files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ovn")])
    now = SystemClock().now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    key_file, certificate_file = directory / "key.pem", directory / "certificate.pem"
    encoding = serialization.Encoding.PEM
    key_file.write_bytes(key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    certificate_file.write_bytes(certificate.public_bytes(encoding))
    return ovn_driver.OvnTls(key_file, certificate_file, certificate_file)
