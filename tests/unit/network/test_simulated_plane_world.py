"""What only the simulated plane can do: faults on demand, time, a file, and twenty thousand ports."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.network_plane_contract import Small, port, until
from zaffre.foundation.clock import ManualClock
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
from zaffre.network.drivers.simulated_plane import SimulatedPlaneDriver, SimulatedPlaneWorld


@pytest.fixture
def world(clock: ManualClock) -> SimulatedPlaneWorld:
    return SimulatedPlaneWorld(clock)


def open_plane(world: SimulatedPlaneWorld, address: str = "east") -> NetworkPlane:
    return SimulatedPlaneDriver(world).open("plane", address)


async def ensured(world: SimulatedPlaneWorld) -> Small:
    small = Small()
    await small.ensure(open_plane(world))
    return small


# Faults


async def test_the_next_calls_of_one_kind_can_be_refused(world: SimulatedPlaneWorld):
    plane, small = open_plane(world), await ensured(world)
    world.faults("east").refuse_next("ensure_ports", times=2, cause="no room")
    extra = port(small.subnet, 9)
    for _ in range(2):
        with pytest.raises(PlaneRefused, match="no room"):
            await plane.ensure_ports([extra])
        assert await plane.contents() == small.contents
    await plane.ensure_ports([extra])
    assert extra.id in (await plane.contents()).ports


async def test_an_answer_can_be_lost_after_the_change_was_made(world: SimulatedPlaneWorld):
    plane, small = open_plane(world), await ensured(world)
    world.faults("east").lose_next("remove_ports")
    with pytest.raises(PlaneUnreachable):
        await plane.remove_ports([small.port.id])
    assert small.port.id not in (await plane.contents()).ports


async def test_a_request_can_be_lost_before_the_change_was_made(world: SimulatedPlaneWorld):
    plane, small = open_plane(world), await ensured(world)
    world.faults("east").lose_next("remove_ports", applied=False)
    with pytest.raises(PlaneUnreachable):
        await plane.remove_ports([small.port.id])
    assert await plane.contents() == small.contents


async def test_planned_faults_are_met_in_their_order(world: SimulatedPlaneWorld):
    plane, faults = open_plane(world), world.faults("east")
    faults.lose_next("contents")
    faults.refuse_next("contents")
    with pytest.raises(PlaneUnreachable):
        await plane.contents()
    with pytest.raises(PlaneRefused):
        await plane.contents()
    assert await plane.contents() == PlaneContents({}, {}, {})


async def test_planes_at_other_addresses_are_other_planes(world: SimulatedPlaneWorld):
    await ensured(world)
    world.faults("east").reachable = False
    west = open_plane(world, "west")
    assert west.connected
    assert await west.contents() == PlaneContents({}, {}, {})


# Time


async def test_calls_take_the_time_that_the_world_gives_them(clock: ManualClock):
    world = SimulatedPlaneWorld(clock, latency_s=0.5, latency_per_object_s=0.1)
    small = Small()
    plane = open_plane(world)
    await plane.ensure_networks([small.network])
    assert clock.monotonic_s() == pytest.approx(0.6)
    await plane.ensure_subnets([small.subnet, small.other_subnet])
    assert clock.monotonic_s() == pytest.approx(1.3)
    await plane.contents()
    assert clock.monotonic_s() == pytest.approx(1.8)


async def test_a_plane_that_is_away_is_waited_for_until_the_deadline(world: SimulatedPlaneWorld, clock: ManualClock):
    plane = SimulatedPlaneDriver(world, deadline_s=7).open("plane", "east")
    world.faults("east").reachable = False
    with pytest.raises(PlaneUnreachable, match="7 s"):
        await plane.contents()
    assert clock.monotonic_s() == 7


# Hosts


async def test_ports_come_up_by_themselves_where_the_world_binds_automatically(clock: ManualClock):
    world = SimulatedPlaneWorld(clock, auto_bind=True)
    heard: list[PlanePortState] = []
    open_plane(world).subscribe(heard.append)
    small = await ensured(world)
    up = PlanePortState(small.port, up=True, chassis="simulated")
    assert await open_plane(world).port_state(small.port.id) == up
    await until(lambda: up in heard)


async def test_a_port_that_moves_between_hosts_changes_its_chassis(world: SimulatedPlaneWorld):
    small, backplane = await ensured(world), world.backplane("east")
    heard: list[PlanePortState] = []
    open_plane(world).subscribe(heard.append)
    backplane.bind(small.port.id, "host-1")
    backplane.bind(small.port.id, "host-2")
    await until(lambda: len(heard) == 2)
    assert [state.chassis for state in heard] == ["host-1", "host-2"]


async def test_an_interface_without_a_port_waits_for_it(world: SimulatedPlaneWorld):
    small = Small()
    world.backplane("east").bind(small.port.id, "host-1")
    await small.ensure(open_plane(world))
    state = await open_plane(world).port_state(small.port.id)
    assert state == PlanePortState(small.port, up=True, chassis="host-1")


# The file


@pytest.fixture
def file_world(clock: ManualClock, tmp_path: Path) -> Iterator[SimulatedPlaneWorld]:
    world = SimulatedPlaneWorld(clock, path=tmp_path / "planes.db")
    yield world
    world.close()


@pytest.fixture
def other_world(file_world: SimulatedPlaneWorld, tmp_path: Path) -> Iterator[SimulatedPlaneWorld]:
    """The same planes, opened once more, as another process would."""
    world = SimulatedPlaneWorld(ManualClock(), path=tmp_path / "planes.db")
    yield world
    world.close()


async def test_a_plane_in_a_file_outlives_a_process_that_is_killed(clock: ManualClock, tmp_path: Path):
    program = """
import asyncio, os, signal, sys
from pathlib import Path
from support.network_plane_contract import Small
from zaffre.foundation.clock import ManualClock
from zaffre.network.drivers.simulated_plane import SimulatedPlaneDriver, SimulatedPlaneWorld

async def main():
    world = SimulatedPlaneWorld(ManualClock(), path=Path(sys.argv[1]))
    small = Small()
    await small.ensure(SimulatedPlaneDriver(world).open("plane", "east"))
    world.backplane("east").bind(small.port.id, "host-1")
    world.backplane("east").remove_dhcp(small.other_subnet.id)
    world.backplane("east").add_foreign("theirs")
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""
    path = tmp_path / "planes.db"
    command = [sys.executable, "-c", program, str(path)]
    killed = await asyncio.to_thread(subprocess.run, command, env={"PYTHONPATH": ":".join(sys.path)}, check=False)
    assert killed.returncode == -9
    world = SimulatedPlaneWorld(clock, path=path)
    contents = await open_plane(world).contents()
    assert (len(contents.networks), len(contents.subnets), len(contents.ports)) == (1, 1, 1)
    assert [(state.up, state.chassis) for state in contents.ports.values()] == [(True, "host-1")]
    assert len(contents.damaged) == 2
    assert world.backplane("east").foreign == {"theirs"}
    world.close()


async def test_two_processes_see_each_others_changes(file_world: SimulatedPlaneWorld, other_world: SimulatedPlaneWorld):
    here, there = open_plane(file_world), open_plane(other_world)
    small = await ensured(file_world)
    assert await there.contents() == small.contents
    await there.remove_ports([small.port.id])
    assert small.port.id not in (await here.contents()).ports
    await there.remove_subnets([small.subnet.id])
    with pytest.raises(PlaneRefused):
        await here.ensure_ports([small.port])


async def test_listeners_hear_of_what_another_process_did_with_the_next_call(
    file_world: SimulatedPlaneWorld, other_world: SimulatedPlaneWorld
):
    small, plane = await ensured(file_world), open_plane(file_world)
    heard: list[PlanePortState] = []
    plane.subscribe(heard.append)
    other_world.backplane("east").bind(small.port.id, "host-1")
    await plane.contents()
    await until(lambda: bool(heard))
    assert heard == [PlanePortState(small.port, up=True, chassis="host-1")]


async def test_changes_of_two_processes_at_once_are_all_kept(
    file_world: SimulatedPlaneWorld, other_world: SimulatedPlaneWorld
):
    small = await ensured(file_world)
    doors = (open_plane(file_world), open_plane(other_world))
    more = [port(small.subnet, 20 + number) for number in range(40)]
    await asyncio.gather(*(doors[number % 2].ensure_ports([value]) for number, value in enumerate(more)))
    for door in doors:
        assert len((await door.contents()).ports) == 42


async def test_what_was_removed_is_gone_from_the_file(
    file_world: SimulatedPlaneWorld, other_world: SimulatedPlaneWorld
):
    small = await ensured(file_world)
    file_world.backplane("east").remove_gateway(small.subnet.id)
    await open_plane(file_world).remove_networks([small.network.id])
    assert await open_plane(other_world).contents() == PlaneContents({}, {}, {})


# Size


@pytest.mark.parametrize("in_a_file", [False, True])
async def test_twenty_thousand_ports_are_cheap(clock: ManualClock, tmp_path: Path, in_a_file: bool):
    world = SimulatedPlaneWorld(clock, path=tmp_path / "planes.db" if in_a_file else None)
    plane = open_plane(world)
    parent = PlaneNetwork("00000000-0000-7000-8000-000000000001")
    wide = PlaneSubnet(
        "00000000-0000-7000-8000-000000000002", parent.id, 5000, "10.0.0.0/8", "10.0.0.1", "00:1d:d8:00:00:01", 1442
    )
    ports = [
        PlanePort(f"10000000-0000-7000-8000-{n:012x}", wide.id, f"02:00:00:00:{n >> 8:02x}:{n & 255:02x}",
                  f"10.1.{n >> 8}.{n & 255}")
        for n in range(20_000)
    ]  # fmt: skip
    started = time.process_time()
    await plane.ensure_networks([parent])
    await plane.ensure_subnets([wide])
    await plane.ensure_ports(ports)
    for value in ports[:200]:
        await plane.ensure_ports([value])
    assert len((await plane.contents()).ports) == 20_000
    await plane.remove_subnets([wide.id])
    assert time.process_time() - started < 10  # seen: 0.6 s; the bound only catches what grows with the square
    world.close()
