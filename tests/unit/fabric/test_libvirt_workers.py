"""Threads and deadlines of a host's blocking calls. Needs no libvirt."""

import asyncio
import threading

import pytest

from zaffre.fabric.drivers.libvirt_workers import DetachedCall, HostWorkers, Lane


async def until(happened: threading.Event) -> None:
    assert await asyncio.to_thread(happened.wait, 5.0)


async def test_a_call_runs_in_a_thread_named_after_its_host():
    workers = HostWorkers("host-1")
    name = await workers.run(Lane.READ, 5.0, lambda: threading.current_thread().name)
    assert name.startswith("host-1-read")
    workers.close()


async def test_a_call_that_takes_too_long_is_given_up():
    workers, release = HostWorkers("host-1"), threading.Event()
    with pytest.raises(TimeoutError):
        await workers.run(Lane.READ, 0.01, release.wait)
    release.set()
    workers.close()


async def test_the_deadline_does_not_count_the_time_in_the_queue():
    workers, release = HostWorkers("host-1"), threading.Event()
    busy = [asyncio.create_task(workers.run(Lane.CHANGE, 5.0, release.wait)) for _ in range(10)]
    waiting = asyncio.create_task(workers.run(Lane.CHANGE, 0.2, lambda: "done"))
    done, _pending = await asyncio.wait([waiting], timeout=0.4)
    assert not done
    release.set()
    assert await waiting == "done"
    await asyncio.gather(*busy)
    workers.close()


async def test_reading_does_not_wait_for_changes():
    workers, release = HostWorkers("host-1"), threading.Event()
    busy = [asyncio.create_task(workers.run(Lane.CHANGE, 5.0, release.wait)) for _ in range(10)]
    assert await workers.run(Lane.READ, 5.0, lambda: "read") == "read"
    release.set()
    await asyncio.gather(*busy)
    workers.close()


async def test_a_call_that_was_cancelled_in_the_queue_never_runs():
    workers, release, ran = HostWorkers("host-1"), threading.Event(), threading.Event()
    busy = [asyncio.create_task(workers.run(Lane.READ, 5.0, release.wait)) for _ in range(2)]
    waiting = asyncio.create_task(workers.run(Lane.READ, 5.0, ran.set))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    release.set()
    await asyncio.gather(*busy)
    await workers.run(Lane.READ, 5.0, lambda: None)
    assert not ran.is_set()
    workers.close()


async def test_a_detached_call_returns_its_result():
    call = DetachedCall("attempt", lambda: 42, lambda _result: None)
    assert await call.result(5.0) == 42


async def test_a_detached_call_raises_its_error():
    def fail() -> int:
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        await DetachedCall("attempt", fail, lambda _result: None).result(5.0)


async def test_a_result_that_comes_too_late_is_disposed_of():
    release, disposed = threading.Event(), threading.Event()
    call = DetachedCall("attempt", lambda: release.wait(5.0), lambda _result: disposed.set())
    with pytest.raises(TimeoutError):
        await call.result(0.01)
    assert call.running
    release.set()
    await until(disposed)


async def test_a_result_that_comes_after_the_waiter_was_cancelled_is_disposed_of():
    release, disposed = threading.Event(), threading.Event()
    call = DetachedCall("attempt", lambda: release.wait(5.0), lambda _result: disposed.set())
    waiter = asyncio.create_task(call.result(5.0))
    await asyncio.sleep(0)
    waiter.cancel()
    await asyncio.gather(waiter, return_exceptions=True)
    release.set()
    await until(disposed)


def test_a_result_for_an_event_loop_that_has_ended_is_disposed_of():
    release, disposed = threading.Event(), threading.Event()

    async def start() -> None:
        DetachedCall("attempt", lambda: release.wait(5.0), lambda _result: disposed.set())

    asyncio.run(start())
    release.set()
    assert disposed.wait(5.0)
