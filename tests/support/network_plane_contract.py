"""What every network plane must do: one suite for OVN and for its simulated twin.

A test module subclasses `NetworkPlaneContract` and provides the fixture `site`: a fresh, empty plane with everything
that can happen to it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from itertools import count
from typing import Protocol, TypeVar
from uuid import UUID

import pytest

from zaffre.network.drivers.plane import (
    NetworkPlane,
    PlaneContents,
    PlaneNetwork,
    PlanePort,
    PlanePortState,
    PlaneRefused,
    PlaneSubnet,
    PlaneUnreachable,
)

PATIENCE_S = 20.0
"""How long a test waits for what must happen soon; long, because the machine may be busy with other things."""

_numbers = count(1)

Value = TypeVar("Value")


class PlaneSite(Protocol):
    """One plane and those who meddle with it."""

    def open(self, deadline_s: float = PATIENCE_S) -> NetworkPlane:
        """Open a door to the plane; whoever opens it closes it."""
        ...

    def stop(self) -> None:
        """Take the plane away."""
        ...

    def start(self) -> None:
        """Bring the plane back with what it held."""
        ...

    def bind(self, port_id: str) -> str:
        """Have a host bind the port; returns the host's name on the plane."""
        ...

    def unbind(self, port_id: str) -> None:
        """Have the host let go of the port."""
        ...

    def add_host(self) -> str:
        """Have a host take part in the plane; returns its hostname."""
        ...

    def strange_host(self) -> str:
        """Return the hostname of a host that takes no part in it."""
        ...

    def alter_address(self, port_id: str, address: str) -> None: ...
    def alter_vsid(self, subnet_id: str, vsid: int) -> None: ...
    def drop_port(self, port_id: str) -> None: ...
    def remove_dhcp(self, subnet_id: str) -> None: ...
    def remove_gateway(self, subnet_id: str) -> None: ...
    def remove_switch(self, subnet_id: str) -> None: ...
    def remove_router(self, network_id: str) -> None: ...

    def add_foreign(self) -> None:
        """Put objects of somebody else's on the plane."""
        ...

    def foreign(self) -> object:
        """Return something that changes when the foreign objects do."""
        ...


def identifier() -> str:
    """Return a UUID that no other object has; its first six digits tell it from others, for programs that shorten."""
    return str(UUID(int=next(_numbers) << 104 | 0x7000_8000_0000_0000_0000))


def network() -> PlaneNetwork:
    return PlaneNetwork(identifier())


def subnet(parent: PlaneNetwork, number: int = 0) -> PlaneSubnet:
    """Return a subnet; those of one network need different numbers."""
    return PlaneSubnet(
        id=identifier(),
        network_id=parent.id,
        vsid=4096 + next(_numbers),
        cidr=f"10.0.{number}.0/24",
        gateway=f"10.0.{number}.1",
        gateway_mac=f"00:1d:d8:00:{number:02x}:01",
        mtu=1442,
        dns_servers=("9.9.9.9", "1.1.1.1"),
    )


def port(parent: PlaneSubnet, number: int = 2) -> PlanePort:
    """Return a port; those of one subnet need different numbers."""
    prefix = parent.cidr.rsplit(".", 1)[0]
    return PlanePort(
        id=identifier(),
        subnet_id=parent.id,
        mac=f"02:00:00:00:{int(prefix.rsplit('.', 1)[1]):02x}:{number:02x}",
        address=f"{prefix}.{number}",
    )


async def eventually(read: Callable[[], Awaitable[Value]], wanted: Callable[[Value], bool]) -> Value:
    """Read until the value is as wanted, and return it."""
    value = await read()
    deadline = time.monotonic() + PATIENCE_S
    while not wanted(value):
        assert time.monotonic() < deadline, f"still {value}"
        await asyncio.sleep(0.005)
        value = await read()
    return value


async def until(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds."""

    async def read() -> bool:
        return condition()

    await eventually(read, bool)


def shown(contents: PlaneContents) -> tuple[dict[str, PlaneNetwork], dict[str, PlaneSubnet], dict[str, PlanePort]]:
    """Return the objects without what is observed about ports."""
    return contents.networks, contents.subnets, {key: state.port for key, state in contents.ports.items()}


def wanted(*objects: PlaneNetwork | PlaneSubnet | PlanePort) -> PlaneContents:
    """Return contents that consist of these objects, with ports nobody has bound."""
    contents = PlaneContents({}, {}, {})
    for value in objects:
        match value:
            case PlaneNetwork():
                contents.networks[value.id] = value
            case PlaneSubnet():
                contents.subnets[value.id] = value
            case PlanePort():
                contents.ports[value.id] = PlanePortState(value, up=False, chassis=None)
    return contents


class Small:
    """A network with two subnets and a port in each, ensured."""

    def __init__(self) -> None:
        self.network = network()
        self.subnet, self.other_subnet = subnet(self.network, 0), subnet(self.network, 1)
        self.port, self.other_port = port(self.subnet), port(self.other_subnet)

    @property
    def contents(self) -> PlaneContents:
        return wanted(self.network, self.subnet, self.other_subnet, self.port, self.other_port)

    async def ensure(self, plane: NetworkPlane) -> None:
        await plane.ensure_networks([self.network])
        await plane.ensure_subnets([self.subnet, self.other_subnet])
        await plane.ensure_ports([self.port, self.other_port])

    async def damaged(self, plane: NetworkPlane) -> PlaneContents:
        """Return the contents as soon as they are not what was ensured."""
        return await eventually(plane.contents, lambda contents: contents != self.contents)


class NetworkPlaneContract:
    """The suite. Twin-only and OVN-only tests stand elsewhere."""

    @pytest.fixture
    def site(self) -> PlaneSite:
        raise NotImplementedError

    @pytest.fixture
    async def plane(self, site: PlaneSite) -> AsyncIterator[NetworkPlane]:
        plane = site.open()
        yield plane
        await plane.close()

    @pytest.fixture
    async def small(self, plane: NetworkPlane) -> Small:
        small = Small()
        await small.ensure(plane)
        return small

    # What is ensured is there

    async def test_a_fresh_plane_is_empty(self, plane: NetworkPlane):
        assert await plane.contents() == PlaneContents({}, {}, {})

    async def test_what_was_ensured_is_read_back_as_it_was(self, plane: NetworkPlane, small: Small):
        assert await plane.contents() == small.contents

    async def test_a_subnet_without_dns_servers_is_read_back_as_it_was(self, plane: NetworkPlane, small: Small):
        plain = replace(small.subnet, dns_servers=())
        await plane.ensure_subnets([plain])
        assert (await plane.contents()).subnets[plain.id] == plain

    async def test_ensuring_what_is_there_changes_nothing(self, plane: NetworkPlane, small: Small):
        await small.ensure(plane)
        assert await plane.contents() == small.contents

    async def test_nothing_can_be_ensured_too(self, plane: NetworkPlane):
        await plane.ensure_networks([])
        await plane.ensure_subnets([])
        await plane.ensure_ports([])
        await plane.remove_ports([])

    async def test_another_door_shows_the_same_contents(self, site: PlaneSite, plane: NetworkPlane, small: Small):
        other = site.open()
        await eventually(other.contents, lambda contents: contents == small.contents)
        await other.close()

    async def test_one_port_can_be_read(self, plane: NetworkPlane, small: Small):
        assert await plane.port_state(small.port.id) == PlanePortState(small.port, up=False, chassis=None)

    async def test_a_port_that_is_not_there_reads_as_none(self, plane: NetworkPlane):
        assert await plane.port_state(identifier()) is None

    async def test_a_subnet_takes_new_values(self, plane: NetworkPlane, small: Small):
        changed = replace(
            small.subnet,
            vsid=small.subnet.vsid + 1000,
            cidr="10.9.0.0/16",
            gateway="10.9.0.1",
            gateway_mac="00:1d:d8:00:99:01",
            mtu=8942,
            dns_servers=("8.8.8.8",),
        )
        await plane.ensure_subnets([changed])
        assert (await plane.contents()).subnets[changed.id] == changed

    async def test_a_subnet_moves_to_another_network(self, plane: NetworkPlane, small: Small):
        elsewhere = network()
        await plane.ensure_networks([elsewhere])
        moved = replace(small.subnet, network_id=elsewhere.id)
        await plane.ensure_subnets([moved])
        contents = await plane.contents()
        assert (contents.subnets[moved.id], contents.damaged) == (moved, frozenset())

    async def test_a_port_takes_new_addresses_and_moves_to_another_subnet(self, plane: NetworkPlane, small: Small):
        moved = replace(small.port, subnet_id=small.other_subnet.id, mac="02:00:00:00:99:99", address="10.0.1.77")
        await plane.ensure_ports([moved])
        assert (await plane.contents()).ports[moved.id].port == moved

    async def test_of_two_values_for_one_object_in_one_call_the_later_counts(self, plane: NetworkPlane, small: Small):
        later = replace(small.port, address="10.0.0.77")
        await plane.ensure_ports([small.port, later])
        assert (await plane.contents()).ports[later.id].port == later

    async def test_networks_may_use_the_same_addresses(self, plane: NetworkPlane, small: Small):
        twin = Small()
        await twin.ensure(plane)
        contents = await plane.contents()
        assert contents.subnets[twin.subnet.id].cidr == contents.subnets[small.subnet.id].cidr
        assert contents.ports[twin.port.id].port == twin.port
        assert contents.ports[small.port.id].port == small.port

    async def test_a_call_may_name_more_objects_than_fit_into_one_transaction(self, plane: NetworkPlane, small: Small):
        wide = replace(small.subnet, cidr="10.8.0.0/16", gateway="10.8.0.1")
        many = [
            PlanePort(
                identifier(), wide.id, f"02:00:00:01:{n >> 8:02x}:{n & 255:02x}", f"10.8.{1 + n // 200}.{n % 200}"
            )
            for n in range(1_100)
        ]
        await plane.ensure_subnets([wide])
        await plane.ensure_ports(many)
        ports = (await plane.contents()).ports
        assert all(ports[value.id].port == value for value in many)
        await plane.remove_ports([value.id for value in many])
        assert (await plane.contents()).ports.keys() == {small.port.id, small.other_port.id}

    # What is removed is gone

    async def test_removing_what_is_absent_succeeds(self, plane: NetworkPlane, small: Small):
        await plane.remove_ports([identifier()])
        await plane.remove_subnets([identifier()])
        await plane.remove_networks([identifier()])
        assert await plane.contents() == small.contents

    async def test_a_removed_port_is_gone(self, plane: NetworkPlane, small: Small):
        await plane.remove_ports([small.port.id])
        assert await plane.contents() == wanted(small.network, small.subnet, small.other_subnet, small.other_port)

    async def test_a_removed_subnet_takes_its_ports_along(self, plane: NetworkPlane, small: Small):
        await plane.remove_subnets([small.subnet.id])
        assert await plane.contents() == wanted(small.network, small.other_subnet, small.other_port)

    async def test_a_removed_network_takes_its_subnets_and_ports_along(self, plane: NetworkPlane, small: Small):
        twin = Small()
        await twin.ensure(plane)
        await plane.remove_networks([small.network.id])
        assert await plane.contents() == twin.contents

    async def test_what_was_removed_can_be_ensured_again(self, plane: NetworkPlane, small: Small):
        await plane.remove_networks([small.network.id])
        await small.ensure(plane)
        assert await plane.contents() == small.contents

    # What cannot be is refused

    async def test_a_port_on_an_absent_subnet_is_refused_with_its_whole_call(self, plane: NetworkPlane, small: Small):
        good, bad = port(small.subnet, 9), replace(port(small.subnet, 10), subnet_id=identifier())
        with pytest.raises(PlaneRefused, match=bad.subnet_id):
            await plane.ensure_ports([good, bad])
        assert await plane.contents() == small.contents

    async def test_a_subnet_in_an_absent_network_is_refused(self, plane: NetworkPlane, small: Small):
        bad = subnet(network())
        with pytest.raises(PlaneRefused, match=bad.network_id):
            await plane.ensure_subnets([bad])
        assert await plane.contents() == small.contents

    @pytest.mark.parametrize(
        "nonsense",
        [
            {"vsid": 0},
            {"vsid": 1 << 24},
            {"cidr": "10.0.0.7/24"},
            {"cidr": "fd00::/64"},
            {"gateway": "10.7.0.1"},
            {"gateway_mac": "00:1d:d8:00:00"},
            {"mtu": 0},
            {"dns_servers": ("9.9.9.9}",)},
            {"id": "x"},
        ],
        ids=str,
    )
    async def test_a_subnet_that_makes_no_sense_is_refused(self, plane: NetworkPlane, small: Small, nonsense):
        with pytest.raises(PlaneRefused):
            await plane.ensure_subnets([replace(small.subnet, **nonsense)])
        assert await plane.contents() == small.contents

    @pytest.mark.parametrize(
        "nonsense",
        [{"mac": "unknown"}, {"mac": ""}, {"address": "dynamic"}, {"address": "10.0.0.300"}, {"id": "x\n"}],
        ids=str,
    )
    async def test_a_port_that_makes_no_sense_is_refused(self, plane: NetworkPlane, small: Small, nonsense):
        with pytest.raises(PlaneRefused):
            await plane.ensure_ports([replace(small.port, **nonsense)])
        assert await plane.contents() == small.contents

    # Many calls at once

    async def test_two_hundred_calls_at_once_all_take_effect(self, plane: NetworkPlane, small: Small):
        many = [port(small.subnet, 20 + number) for number in range(200)]
        await asyncio.gather(*(plane.ensure_ports([value]) for value in many))
        ports = (await plane.contents()).ports
        assert all(ports[value.id].port == value for value in many)

    async def test_a_refused_call_among_many_fails_alone(self, plane: NetworkPlane, small: Small):
        many = [port(small.subnet, 20 + number) for number in range(50)]
        many[17] = replace(many[17], subnet_id=identifier())
        outcomes = await asyncio.gather(*(plane.ensure_ports([value]) for value in many), return_exceptions=True)
        assert [number for number, outcome in enumerate(outcomes) if outcome is not None] == [17]
        assert isinstance(outcomes[17], PlaneRefused)
        assert len((await plane.contents()).ports) == 2 + 49

    async def test_calls_made_in_a_row_without_waiting_take_effect_in_that_row(self, plane: NetworkPlane):
        small, elsewhere = Small(), network()
        await asyncio.gather(
            plane.ensure_networks([small.network, elsewhere]),
            plane.ensure_subnets([small.subnet, small.other_subnet]),
            plane.ensure_ports([small.port, small.other_port]),
            plane.ensure_ports([replace(small.port, address="10.0.0.99")]),
            plane.remove_ports([small.other_port.id]),
            plane.ensure_ports([small.other_port]),
            plane.ensure_ports([small.port]),
            plane.remove_networks([elsewhere.id]),
        )
        assert await plane.contents() == small.contents

    # What was changed by hand differs, and is repaired

    async def test_an_altered_address_shows_and_is_repaired(self, site: PlaneSite, plane: NetworkPlane, small: Small):
        site.alter_address(small.port.id, "10.0.0.222")
        contents = await small.damaged(plane)
        assert contents.ports.keys() | contents.damaged >= {small.port.id}
        await plane.ensure_ports([small.port])
        assert await plane.contents() == small.contents

    async def test_a_dropped_port_shows_and_is_repaired(self, site: PlaneSite, plane: NetworkPlane, small: Small):
        site.drop_port(small.port.id)
        contents = await small.damaged(plane)
        assert small.port.id not in contents.ports.keys() | contents.damaged
        await plane.ensure_ports([small.port])
        assert await plane.contents() == small.contents

    async def test_an_altered_key_shows_and_is_repaired(self, site: PlaneSite, plane: NetworkPlane, small: Small):
        site.alter_vsid(small.subnet.id, 99_999)
        contents = await small.damaged(plane)
        assert contents.subnets[small.subnet.id] == replace(small.subnet, vsid=99_999)
        await plane.ensure_subnets([small.subnet])
        assert await plane.contents() == small.contents

    async def test_removed_dhcp_options_show_and_are_given_back_to_the_ports(
        self, site: PlaneSite, plane: NetworkPlane, small: Small
    ):
        site.remove_dhcp(small.subnet.id)
        contents = await small.damaged(plane)
        assert contents.damaged == {small.subnet.id, small.port.id}
        assert await plane.port_state(small.port.id) is None
        await plane.ensure_subnets([small.subnet])
        assert await plane.contents() == small.contents

    async def test_a_subnet_without_its_dhcp_options_takes_no_ports(
        self, site: PlaneSite, plane: NetworkPlane, small: Small
    ):
        site.remove_dhcp(small.subnet.id)
        await small.damaged(plane)
        with pytest.raises(PlaneRefused, match="DHCP"):
            await plane.ensure_ports([port(small.subnet, 9)])

    async def test_a_removed_gateway_shows_and_is_repaired(self, site: PlaneSite, plane: NetworkPlane, small: Small):
        site.remove_gateway(small.subnet.id)
        contents = await small.damaged(plane)
        assert contents.damaged == {small.subnet.id}
        await plane.ensure_subnets([small.subnet])
        assert await plane.contents() == small.contents

    async def test_a_removed_switch_shows_and_is_repaired(self, site: PlaneSite, plane: NetworkPlane, small: Small):
        site.remove_switch(small.subnet.id)
        contents = await small.damaged(plane)
        assert contents.damaged == {small.subnet.id}
        assert small.port.id not in contents.ports
        with pytest.raises(PlaneRefused):
            await plane.ensure_ports([small.port])
        await small.ensure(plane)
        assert await plane.contents() == small.contents

    async def test_a_removed_router_shows_and_is_repaired(self, site: PlaneSite, plane: NetworkPlane, small: Small):
        site.remove_router(small.network.id)
        contents = await small.damaged(plane)
        assert small.network.id not in contents.networks
        assert contents.damaged == {small.subnet.id, small.other_subnet.id}
        with pytest.raises(PlaneRefused):
            await plane.ensure_subnets([small.subnet])
        await small.ensure(plane)
        assert await plane.contents() == small.contents

    async def test_everything_damaged_at_once_is_repaired(self, site: PlaneSite, plane: NetworkPlane, small: Small):
        site.alter_vsid(small.subnet.id, 99_999)
        site.remove_gateway(small.subnet.id)
        site.remove_dhcp(small.subnet.id)
        site.remove_switch(small.other_subnet.id)
        site.remove_router(small.network.id)
        await small.damaged(plane)
        await small.ensure(plane)
        assert await plane.contents() == small.contents

    async def test_damaged_objects_can_be_removed(self, site: PlaneSite, plane: NetworkPlane, small: Small):
        site.remove_gateway(small.subnet.id)
        site.remove_dhcp(small.subnet.id)
        site.remove_switch(small.other_subnet.id)
        site.remove_router(small.network.id)
        contents = await eventually(plane.contents, lambda contents: not contents.networks)
        await plane.remove_ports(list(contents.damaged))
        await plane.remove_subnets(list(contents.damaged))
        assert await plane.contents() == PlaneContents({}, {}, {})

    async def test_a_network_that_lost_its_router_still_takes_its_subnets_along(
        self, site: PlaneSite, plane: NetworkPlane, small: Small
    ):
        site.remove_router(small.network.id)
        await small.damaged(plane)
        await plane.remove_networks([small.network.id])
        assert await plane.contents() == PlaneContents({}, {}, {})

    async def test_what_is_not_zaffres_is_neither_seen_nor_touched(self, site: PlaneSite, plane: NetworkPlane):
        site.add_foreign()
        foreign = site.foreign()
        small = Small()
        await small.ensure(plane)
        assert await plane.contents() == small.contents
        await plane.remove_networks([small.network.id])
        assert await plane.contents() == PlaneContents({}, {}, {})
        assert site.foreign() == foreign

    # Hosts bind ports

    async def test_a_bound_port_is_up_on_its_host_until_it_is_let_go(
        self, site: PlaneSite, plane: NetworkPlane, small: Small
    ):
        chassis = site.bind(small.port.id)
        up = PlanePortState(small.port, up=True, chassis=chassis)
        await eventually(lambda: plane.port_state(small.port.id), lambda state: state == up)
        assert (await plane.contents()).ports[small.port.id] == up
        site.unbind(small.port.id)
        down = PlanePortState(small.port, up=False, chassis=None)
        await eventually(lambda: plane.port_state(small.port.id), lambda state: state == down)

    async def test_a_host_of_the_plane_is_known_by_its_hostname(self, site: PlaneSite, plane: NetworkPlane):
        hostname = site.add_host()
        await eventually(lambda: plane.knows_host(hostname), lambda known: known is True)

    async def test_a_host_that_takes_no_part_in_the_plane_is_not_known(self, site: PlaneSite, plane: NetworkPlane):
        site.add_host()
        assert await plane.knows_host(site.strange_host()) is False

    async def test_listeners_hear_on_the_event_loop_that_a_port_came_up_and_went_down(
        self, site: PlaneSite, plane: NetworkPlane, small: Small
    ):
        heard: list[PlanePortState] = []
        loops: set[asyncio.AbstractEventLoop] = set()

        def listen(state: PlanePortState) -> None:
            loops.add(asyncio.get_running_loop())
            heard.append(state)

        unsubscribe = plane.subscribe(listen)
        site.bind(small.port.id)
        await until(lambda: any(state.up for state in heard))
        site.unbind(small.port.id)
        await until(lambda: heard[-1] == PlanePortState(small.port, up=False, chassis=None))
        unsubscribe()
        assert {state.port for state in heard} == {small.port}
        assert loops == {asyncio.get_running_loop()}

    async def test_a_listener_hears_no_more_after_unsubscribing(
        self, site: PlaneSite, plane: NetworkPlane, small: Small
    ):
        heard: list[PlanePortState] = []
        others: list[PlanePortState] = []
        plane.subscribe(others.append)
        plane.subscribe(heard.append)()
        site.bind(small.port.id)
        await until(lambda: any(state.up for state in others))
        assert heard == []

    async def test_ensuring_what_is_there_tells_listeners_nothing(
        self, site: PlaneSite, plane: NetworkPlane, small: Small
    ):
        heard: list[PlanePortState] = []
        plane.subscribe(heard.append)
        await small.ensure(plane)
        fresh = port(small.subnet, 9)
        await plane.ensure_ports([fresh])
        await until(lambda: bool(heard))
        assert heard == [PlanePortState(fresh, up=False, chassis=None)]

    async def test_a_dropped_port_comes_up_again_on_its_host_when_it_is_repaired(
        self, site: PlaneSite, plane: NetworkPlane, small: Small
    ):
        chassis = site.bind(small.port.id)
        up = PlanePortState(small.port, up=True, chassis=chassis)
        await eventually(lambda: plane.port_state(small.port.id), lambda state: state == up)
        site.drop_port(small.port.id)
        await eventually(lambda: plane.port_state(small.port.id), lambda state: state is None)
        await plane.ensure_ports([small.port])
        await eventually(lambda: plane.port_state(small.port.id), lambda state: state == up)

    # The plane goes away and comes back

    async def test_a_plane_that_is_away_is_reported_by_every_call_within_the_deadline(self, site: PlaneSite):
        small = Small()
        plane = site.open(deadline_s=0.3)
        await until_connected(plane)
        site.stop()
        await until(lambda: not plane.connected)
        for call in (
            plane.ensure_networks([small.network]),
            plane.ensure_subnets([small.subnet]),
            plane.ensure_ports([small.port]),
            plane.remove_ports([small.port.id]),
            plane.remove_subnets([small.subnet.id]),
            plane.remove_networks([small.network.id]),
            plane.contents(),
            plane.port_state(small.port.id),
        ):
            started = time.monotonic()
            with pytest.raises(PlaneUnreachable):
                await call
            assert time.monotonic() - started < PATIENCE_S
        await plane.close()

    async def test_a_plane_that_came_back_serves_on_the_same_door(
        self, site: PlaneSite, plane: NetworkPlane, small: Small
    ):
        site.stop()
        await until(lambda: not plane.connected)
        site.start()
        await until(lambda: plane.connected)
        assert await plane.contents() == small.contents
        await plane.remove_ports([small.port.id])
        await small.ensure(plane)
        assert await plane.contents() == small.contents

    async def test_a_door_may_be_opened_before_the_plane_is_there(self, site: PlaneSite):
        site.stop()
        plane = site.open()
        assert not plane.connected
        site.start()
        small = Small()
        await until(lambda: plane.connected)
        await small.ensure(plane)
        assert await plane.contents() == small.contents
        await plane.close()

    async def test_what_happened_during_an_outage_is_told_to_listeners_afterwards(
        self, site: PlaneSite, plane: NetworkPlane, small: Small
    ):
        heard: list[PlanePortState] = []
        plane.subscribe(heard.append)
        site.stop()
        await until(lambda: not plane.connected)
        site.start()
        site.alter_vsid(small.subnet.id, 99_999)
        site.drop_port(small.other_port.id)
        chassis = site.bind(small.port.id)
        await until(lambda: PlanePortState(small.port, up=True, chassis=chassis) in heard)
        contents = await plane.contents()
        assert contents.subnets[small.subnet.id].vsid == 99_999
        assert contents.ports.keys() == {small.port.id}

    async def test_a_closed_door_answers_no_more_and_the_plane_stays_as_it_is(
        self, site: PlaneSite, plane: NetworkPlane, small: Small
    ):
        other = site.open()
        await other.contents()
        await other.close()
        await other.close()
        assert not other.connected
        with pytest.raises(PlaneUnreachable):
            await other.contents()
        with pytest.raises(PlaneUnreachable):
            await other.ensure_networks([network()])
        assert await plane.contents() == small.contents


async def until_connected(plane: NetworkPlane) -> None:
    """Wait until the plane answers."""
    await until(lambda: plane.connected)
