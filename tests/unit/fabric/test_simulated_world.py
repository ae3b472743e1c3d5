"""What the simulated twin offers beyond the contract: time, faults, mischief, durability, size."""

import asyncio
import os
import resource
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from zaffre.fabric.drivers.hypervisor import (
    Accelerator,
    GuestChanged,
    GuestDisk,
    GuestRemoved,
    GuestSpec,
    GuestState,
    HostAddress,
    HostConnected,
    HostEvent,
    HostLost,
    HostUnreachable,
    HypervisorRefused,
    StopReason,
    StorageFull,
    VolumeMissing,
)
from zaffre.fabric.drivers.simulated import (
    Action,
    LatencyModel,
    SimulatedDriver,
    SimulatedHypervisor,
    SimulatedWorld,
)
from zaffre.fabric.drivers.simulated_capacity import SimulatedUriUnfit
from zaffre.foundation.clock import ManualClock, SystemClock

HOST = "host-1"


def address(host: str = HOST, query: str = "") -> HostAddress:
    return HostAddress(host, f"simulated:///{host}{query}", "/pool")


def guest_spec(number: int = 1, memory_mib: int = 1024) -> GuestSpec:
    return GuestSpec(
        id=f"00000000-0000-7000-8000-{number:012}",
        title=f"guest {number}",
        vcpus=1,
        memory_mib=memory_mib,
        accelerator=Accelerator.KVM,
        disks=(),
        seed_volume=None,
        serial_log_volume=f"{number}.log",
        ports=(),
        labels={"number": str(number)},
    )


async def told(events: list[HostEvent]) -> list[HostEvent]:
    """The events, when everything that is due has been told."""
    for _ in range(20):
        await asyncio.sleep(0)
    return events


def readiness(events: list[HostEvent]) -> list[str]:
    return [event.observation.id for event in events if isinstance(event, GuestChanged) and event.observation.ready]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def world(clock: ManualClock) -> Iterator[SimulatedWorld]:
    world = SimulatedWorld(clock, latency=LatencyModel(boot_s=10.0, shutdown_s=3.0))
    yield world
    world.close()


@pytest.fixture
async def host(world: SimulatedWorld) -> AsyncIterator[SimulatedHypervisor]:
    hypervisor = SimulatedDriver(world).open(address())
    yield hypervisor
    await hypervisor.close()


@pytest.fixture
def events(host: SimulatedHypervisor) -> list[HostEvent]:
    events: list[HostEvent] = []
    host.subscribe(events.append)
    return events


# Time ----------------------------------------------------------------------------------------------------------------


async def test_nothing_takes_time_unless_the_world_says_so(clock: ManualClock):
    world = SimulatedWorld(clock)
    host = SimulatedDriver(world).open(address())
    await host.define(guest_spec())
    await host.start(guest_spec().id)
    assert (await host.observe(guest_spec().id)).ready
    assert clock.monotonic_s() == 0.0
    await host.close()
    world.close()


async def test_an_action_takes_the_time_its_world_gives_it(world: SimulatedWorld, host, clock: ManualClock):
    world.latency = LatencyModel(action_s={Action.DEFINE: 0.5})
    await host.define(guest_spec())
    assert clock.monotonic_s() == 0.5


async def test_the_same_seed_gives_the_same_latencies(clock: ManualClock):
    async def run(seed: int) -> float:
        world = SimulatedWorld(clock, seed=seed, latency=LatencyModel({Action.OBSERVE: 1.0}, jitter=0.5))
        host = SimulatedDriver(world).open(address())
        began_s = clock.monotonic_s()
        await host.observe("nobody")
        await host.close()
        world.close()
        return round(clock.monotonic_s() - began_s, 9)

    first, second, other = await run(1), await run(1), await run(2)
    assert first == second != other
    assert 0.5 <= first <= 1.5


async def test_a_guest_is_ready_when_it_has_booted_and_not_before(world, host, events, clock: ManualClock):
    await host.define(guest_spec())
    await host.start(guest_spec().id)
    assert clock.monotonic_s() == 0.0
    assert not world.host(HOST).observe(guest_spec().id).ready
    assert readiness(await told(events)) == [guest_spec().id]
    assert clock.monotonic_s() == 10.0
    assert (await host.observe(guest_spec().id)).ready


async def test_guests_become_ready_in_the_order_in_which_they_are_due(world, host, events):
    for number, boot_s in ((1, 30.0), (2, 10.0), (3, 20.0)):
        world.host(HOST).define(guest_spec(number))
        world.host(HOST).start(guest_spec(number).id, boot_s)
    assert readiness(await told(events)) == [guest_spec(number).id for number in (2, 3, 1)]


async def test_a_guest_that_is_stopped_while_it_boots_never_gets_ready(host, events):
    await host.define(guest_spec())
    await host.start(guest_spec().id)
    await host.stop(guest_spec().id)
    assert readiness(await told(events)) == []


async def test_a_guest_that_is_paused_while_it_boots_gets_ready_after_it_is_resumed(host, events):
    await host.define(guest_spec())
    await host.start(guest_spec().id)
    await host.pause(guest_spec().id)
    assert readiness(await told(events)) == []
    await host.start(guest_spec().id)
    assert guest_spec().id in readiness(await told(events))


async def test_a_guest_writes_a_boot_log_and_a_login_prompt_when_it_is_ready(host, events):
    await host.define(guest_spec())
    await host.start(guest_spec().id)
    before = await host.volume_size("1.log")
    await told(events)
    log = b"".join([part async for part in host.read_volume("1.log", 0, 1 << 20)])
    assert b"Linux version" in log[:before]
    assert b"login:" in log[before:]


async def test_no_task_waits_when_no_guest_boots(host, events):
    await host.define(guest_spec())
    await host.start(guest_spec().id)
    await told(events)
    assert asyncio.all_tasks() == {asyncio.current_task()}


# Faults --------------------------------------------------------------------------------------------------------------


async def test_a_fault_hits_as_many_calls_as_it_was_set_for(world: SimulatedWorld, host):
    error = HypervisorRefused(HOST, "define a guest", "the moon is full")
    world.faults.fail_next(HOST, Action.DEFINE, error, times=2)
    for _ in range(2):
        with pytest.raises(HypervisorRefused, match="moon"):
            await host.define(guest_spec())
    assert await host.observe(guest_spec().id) is None
    await host.define(guest_spec())
    assert await host.observe(guest_spec().id) is not None


async def test_an_answer_can_get_lost_after_the_host_has_acted(world: SimulatedWorld, host):
    world.faults.fail_next(HOST, Action.DEFINE, HostUnreachable(HOST, "lost"), takes_effect=True)
    with pytest.raises(HostUnreachable):
        await host.define(guest_spec())
    assert await host.observe(guest_spec().id) is not None


async def test_a_host_that_is_cut_off_during_a_call_has_not_done_it(world: SimulatedWorld, host):
    class CuttingClock(ManualClock):
        async def sleep(self, seconds: float) -> None:
            world.faults.make_unreachable(HOST, "somebody pulled the plug")

    world.clock = CuttingClock()
    with pytest.raises(HostUnreachable, match="plug"):
        await host.define(guest_spec())
    world.clock = ManualClock()
    world.faults.make_reachable(HOST)
    assert await host.observe(guest_spec().id) is None


async def test_guests_go_on_while_their_host_is_unreachable_and_their_news_is_lost(world, host, events):
    await host.define(guest_spec())
    await host.start(guest_spec().id)
    world.faults.make_unreachable(HOST)
    world.faults.crash_guest(HOST, guest_spec().id)
    world.faults.make_reachable(HOST)
    seen = [event for event in await told(events) if not isinstance(event, GuestChanged)]
    assert seen == [HostLost("no route to host"), HostConnected()]
    states = {event.observation.state for event in events if isinstance(event, GuestChanged)}
    assert GuestState.CRASHED not in states
    assert (await host.observe(guest_spec().id)).state is GuestState.CRASHED


async def test_events_can_get_lost(world: SimulatedWorld, host, events):
    world.faults.lose_events(HOST, 1)
    await host.define(guest_spec(1))
    await host.define(guest_spec(2))
    changed = [event.observation.id for event in await told(events) if isinstance(event, GuestChanged)]
    assert changed == [guest_spec(2).id]


async def test_a_delayed_host_takes_longer_and_a_hanging_one_is_given_up(world, host, clock: ManualClock):
    world.faults.delay(HOST, 2.0)
    await host.facts()
    assert clock.monotonic_s() == 2.0
    world.faults.delay(HOST, 10_000.0)
    with pytest.raises(HostUnreachable):
        await host.facts()
    assert clock.monotonic_s() == 62.0


async def test_a_deaf_guest_ignores_its_power_button(world: SimulatedWorld, host, clock: ManualClock):
    for number in (1, 2):
        await host.define(guest_spec(number))
        await host.start(guest_spec(number).id)
    world.faults.make_deaf(HOST, guest_spec(1).id)
    for number in (1, 2):
        await host.request_shutdown(guest_spec(number).id)
    await told([])
    assert (await host.observe(guest_spec(1).id)).state is GuestState.RUNNING
    assert (await host.observe(guest_spec(2).id)).stop_reason is StopReason.GUEST_SHUTDOWN


async def test_faults_of_one_host_leave_the_others_alone(world: SimulatedWorld, host):
    other = SimulatedDriver(world).open(address("host-2"))
    world.faults.make_unreachable("host-2")
    world.faults.fail_next("host-2", Action.FACTS, HostUnreachable("host-2", "x"))
    assert (await host.facts()).hostname == HOST
    with pytest.raises(HostUnreachable):
        await other.facts()
    await other.close()


# Capacity ------------------------------------------------------------------------------------------------------------


async def test_a_host_is_as_big_as_its_uri_says(world: SimulatedWorld):
    big = SimulatedDriver(world).open(address("big", "?vcpus=64&memory_mib=262144&storage_gib=4000&accelerator=tcg"))
    facts = await big.facts()
    assert (facts.vcpus, facts.memory_mib, facts.storage_gib, facts.storage_free_gib) == (64, 262_144, 4_000, 4_000)
    assert await big.probe_accelerator() is Accelerator.TCG
    await big.close()


@pytest.mark.parametrize(
    "uri",
    ["qemu:///system", "simulated://", "simulated:///h?memory=5", "simulated:///h?vcpus=0", "simulated:///h?vcpus"],
)
async def test_a_uri_that_describes_no_simulated_host_is_refused(world: SimulatedWorld, uri: str):
    with pytest.raises(SimulatedUriUnfit):
        SimulatedDriver(world).open(HostAddress("h", uri, "/pool"))


async def test_memory_is_given_back_when_a_guest_stops(world: SimulatedWorld):
    small = SimulatedDriver(world).open(address("small", "?memory_mib=2048"))
    for number in (1, 2, 3):
        await small.define(guest_spec(number))
    await small.start(guest_spec(1).id)
    await small.start(guest_spec(2).id)
    await small.pause(guest_spec(2).id)
    with pytest.raises(HypervisorRefused, match="1024 MiB are needed and 0 MiB are free"):
        await small.start(guest_spec(3).id)
    await small.stop(guest_spec(2).id)
    await small.start(guest_spec(3).id)
    await small.close()


async def test_storage_is_counted_and_given_back(world: SimulatedWorld, tmp_path: Path):
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(700 * 1024 * 1024)
    small = SimulatedDriver(world).open(address("small", "?storage_gib=1"))
    await small.upload_volume("first", image)
    with pytest.raises(StorageFull):
        await small.upload_volume("second", image)
    await small.upload_volume("first", image)
    assert await small.volume_size("first") == image.stat().st_size
    await small.delete_volume("first")
    await small.upload_volume("second", image)
    await small.close()


async def test_a_guest_needs_the_whole_chain_of_its_disk(host):
    await host.upload_volume("image.qcow2", b"image", "qcow2")
    await host.create_overlay("disk.qcow2", "image.qcow2", 1)
    spec = replace(guest_spec(), disks=(GuestDisk("disk.qcow2", "qcow2"),))
    await host.define(spec)
    await host.delete_volume("image.qcow2")
    with pytest.raises(VolumeMissing, match=r"image\.qcow2"):
        await host.start(spec.id)


# Durability ----------------------------------------------------------------------------------------------------------

DOOMED = """
    import asyncio, sys
    from pathlib import Path
    from test_simulated_world import address, guest_spec
    from zaffre.fabric.drivers.simulated import LatencyModel, SimulatedDriver, SimulatedWorld

    async def main():
        world = SimulatedWorld(path=Path(sys.argv[1]), latency=LatencyModel(boot_s=float(sys.argv[2])))
        host = SimulatedDriver(world).open(address())
        await host.upload_volume("kept", b"content")
        for number in (1, 2):
            await host.define(guest_spec(number))
        await host.start(guest_spec(1).id)
        print("done", flush=True)
        await asyncio.Event().wait()

    asyncio.run(main())
"""


def doomed_process(path: Path, boot_s: float = 0.0) -> subprocess.Popen[bytes]:
    """A process that fills the world in the file and waits to be killed."""
    command = [sys.executable, "-c", textwrap.dedent(DOOMED), str(path), str(boot_s)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    assert process.stdout.readline() == b"done\n"
    return process


def kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


async def test_hosts_are_found_as_they_were_after_the_process_was_killed(tmp_path: Path):
    path = tmp_path / "world.sqlite"
    kill(doomed_process(path))
    world = SimulatedWorld(path=path)
    host = SimulatedDriver(world).open(address())
    assert [guest.state for guest in await host.observe_all()] == [GuestState.RUNNING, GuestState.STOPPED]
    assert (await host.observe(guest_spec(1).id)).labels == {"number": "1"}
    assert b"".join([part async for part in host.read_volume("kept", 0, 100)]) == b"content"
    await host.close()
    world.close()


async def test_a_guest_that_was_booting_when_the_process_was_killed_still_gets_ready(tmp_path: Path):
    path = tmp_path / "world.sqlite"
    kill(doomed_process(path, boot_s=0.5))
    world = SimulatedWorld(path=path)
    host = SimulatedDriver(world).open(address())
    ready = asyncio.Event()
    host.subscribe(lambda event: isinstance(event, GuestChanged) and event.observation.ready and ready.set())
    async with asyncio.timeout(60):
        await ready.wait()
    await host.close()
    world.close()


async def test_what_one_process_does_another_sees_and_hears(tmp_path: Path):
    path = tmp_path / "world.sqlite"
    process = doomed_process(path)
    mine, theirs = SimulatedWorld(path=path), SimulatedWorld(path=path)
    host = SimulatedDriver(mine).open(address())
    events: asyncio.Queue[HostEvent] = asyncio.Queue()
    host.subscribe(events.put_nowait)
    try:
        async with asyncio.timeout(60):
            # The guest may become ready just now, before or after that.
            while await events.get() != HostConnected():
                pass
            theirs.faults.stop_guest(HOST, guest_spec(1).id)
            assert (await host.observe(guest_spec(1).id)).state is GuestState.STOPPED
            while (stopped := await events.get()).observation.state is GuestState.RUNNING:
                pass
            assert stopped.observation.stop_reason is StopReason.DESTROYED
            theirs.faults.undefine_guest(HOST, guest_spec(1).id)
            assert await events.get() == GuestRemoved(guest_spec(1).id)
    finally:
        kill(process)
        await host.close()
        mine.close()
        theirs.close()


def test_another_process_may_look_without_an_event_loop(tmp_path: Path):
    path = tmp_path / "world.sqlite"
    kill(doomed_process(path))
    world = SimulatedWorld(path=path, latency=LatencyModel(boot_s=1.0))
    world.faults.start_guest(HOST, guest_spec(2).id)
    assert [guest.state for guest in world.host(HOST).observe_all()] == [GuestState.RUNNING, GuestState.RUNNING]
    assert world.host(HOST).has_volume("kept")
    world.close()


# Size ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("where", "guests"), [("memory", 10), ("file", 4)])
async def test_a_thousand_hosts_with_many_guests_each_are_cheap(tmp_path: Path, where: str, guests: int):
    path = tmp_path / "world.sqlite" if where == "file" else None
    clock = SystemClock()
    world = SimulatedWorld(clock, path=path, latency=LatencyModel(boot_s=0.001))
    driver = SimulatedDriver(world)
    seed = bytes(380_000)
    before_kib, began_s = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, clock.monotonic_s()
    hosts = [driver.open(address(f"host-{number}")) for number in range(1000)]
    for host in hosts:
        await host.upload_volume("seed.iso", seed)
        for number in range(guests):
            await host.define(guest_spec(number))
            await host.start(guest_spec(number).id)
    assert sum(not task.cancelling() for task in asyncio.all_tasks()) <= 3  # a cancelled one goes with the next turn
    assert sum([len(await host.observe_all()) for host in hosts]) == 1000 * guests
    assert clock.monotonic_s() - began_s < 30.0 * guests  # a tenth of that on a machine of two cores
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib < 200 * 1024
    for host in hosts:
        await host.close()
    world.close()
