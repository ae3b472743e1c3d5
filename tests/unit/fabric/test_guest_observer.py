"""How events become observations: coalesced, bounded, and not while a guest is busy."""

import asyncio
from collections.abc import Sequence

import pytest

from zaffre.fabric.drivers.hypervisor import (
    GuestChanged,
    GuestObservation,
    GuestRemoved,
    GuestState,
    HostEvent,
    HostUnreachable,
    HypervisorRefused,
)
from zaffre.fabric.drivers.libvirt_observer import GuestObserver


def observation(guest_id: str) -> GuestObservation:
    return GuestObservation(guest_id, guest_id, GuestState.RUNNING, None, ready=False, labels={})


class SlowHost:
    """Answers when it is let."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.answers = asyncio.Event()
        self.answers.set()
        self.error: Exception | None = None
        self.gone: set[str] = set()

    async def read(self, guest_ids: Sequence[str]) -> dict[str, GuestObservation | None]:
        self.asked.append(list(guest_ids))
        await self.answers.wait()
        if self.error is not None:
            raise self.error
        return {each: None if each in self.gone else observation(each) for each in guest_ids}


@pytest.fixture
def slow_host() -> SlowHost:
    return SlowHost()


@pytest.fixture
def announced() -> list[HostEvent]:
    return []


@pytest.fixture
def observer(slow_host: SlowHost, announced: list[HostEvent]) -> GuestObserver:
    return GuestObserver(slow_host.read, announced.append)


async def settle() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


async def test_a_touched_guest_is_read_and_announced(observer, slow_host, announced):
    slow_host.gone = {"b"}
    observer.touch("a")
    observer.touch("b")
    await settle()
    assert announced == [GuestChanged(observation("a")), GuestRemoved("b")]


async def test_many_events_of_one_guest_are_read_together(observer, slow_host):
    slow_host.answers.clear()
    observer.touch("a")
    await settle()
    for _ in range(200):
        observer.touch("a")
    slow_host.answers.set()
    await settle()
    assert slow_host.asked == [["a"], ["a"]]


async def test_a_burst_is_read_in_bounded_batches_one_at_a_time(observer, slow_host, announced):
    for number in range(200):
        observer.touch(str(number))
    await settle()
    assert max(map(len, slow_host.asked)) == 32
    assert len(announced) == 200


async def test_a_held_guest_is_read_once_it_is_let_go(observer, slow_host):
    with observer.holding("a"):
        with observer.holding("a"):
            observer.touch("a")
            observer.touch("b")
        await settle()
        assert slow_host.asked == [["b"]]
    await settle()
    assert slow_host.asked == [["b"], ["a"]]


async def test_holding_a_guest_that_nothing_happened_to_reads_nothing(observer, slow_host):
    with observer.holding("a"):
        pass
    await settle()
    assert slow_host.asked == []


async def test_what_waits_is_dropped_when_the_host_is_lost(observer, slow_host, announced):
    slow_host.error = HostUnreachable("h", "gone")
    for number in range(100):
        observer.touch(str(number))
    await settle()
    assert len(slow_host.asked) == 1
    assert announced == []


async def test_a_batch_that_is_refused_does_not_stop_the_next(observer, slow_host, announced):
    slow_host.error = HypervisorRefused("h", "show guests", "no")
    observer.touch("a")
    await settle()
    slow_host.error = None
    observer.touch("b")
    await settle()
    assert announced == [GuestChanged(observation("b"))]


async def test_closing_ends_the_reading(observer, slow_host, announced):
    slow_host.answers.clear()
    observer.touch("a")
    await settle()
    await observer.close()
    assert announced == []
    assert asyncio.all_tasks() == {asyncio.current_task()}
