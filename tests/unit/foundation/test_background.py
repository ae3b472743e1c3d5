import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from zaffre.foundation.background import FIRST_PAUSE, SELDOM_S, Loop
from zaffre.foundation.clock import SystemClock
from zaffre.foundation.errors import Unavailable
from zaffre.foundation.telemetry.metrics import Metrics


class Chore:
    """Something a loop does, which may fail."""

    def __init__(self) -> None:
        self.runs = 0
        self.failures: list[Exception] = []
        self.ran = asyncio.Event()
        self.metrics = Metrics()

    async def __call__(self) -> None:
        self.runs += 1
        self.ran.set()
        if self.failures:
            raise self.failures.pop(0)

    async def until(self, runs: int) -> None:
        async with asyncio.timeout(60):
            while self.runs < runs:
                self.ran.clear()
                await self.ran.wait()
        await asyncio.sleep(0)


@asynccontextmanager
async def looping(chore: Chore, interval_s: float) -> AsyncIterator[Loop]:
    """Run a chore in a loop, once at the beginning also when it is one that runs seldom."""
    loop = Loop("chore", interval_s, chore, SystemClock(), chore.metrics)
    loop.start()
    loop.wake()
    yield loop
    await loop.stop()


async def test_a_loop_runs_at_once_then_at_intervals_and_when_it_is_woken() -> None:
    chore = Chore()
    loop = Loop("often", SELDOM_S / 2, chore, SystemClock(), chore.metrics)
    loop.start()
    await chore.until(1)
    loop.wake()
    await chore.until(2)
    await loop.stop()
    chore = Chore()
    async with looping(chore, 0.001):
        await chore.until(4)


async def test_a_loop_that_runs_seldom_lets_its_process_start_first() -> None:
    chore = Chore()
    loop = Loop("seldom", SELDOM_S, chore, SystemClock(), chore.metrics)
    started_s = asyncio.get_running_loop().time()
    loop.start()
    await chore.until(1)
    assert asyncio.get_running_loop().time() - started_s >= FIRST_PAUSE * SELDOM_S
    await loop.stop()


async def test_wake_ups_that_come_together_count_as_one() -> None:
    chore = Chore()
    async with looping(chore, 3600) as loop:
        await chore.until(1)
        for _ in range(100):
            loop.wake()
        await chore.until(2)
        for _ in range(5):
            await asyncio.sleep(0)
        assert chore.runs == 2


async def test_a_failing_run_is_counted_and_the_loop_goes_on() -> None:
    chore = Chore()
    chore.failures = [ValueError("SELECT secret FROM accounts"), Unavailable("the host is away", remedy="wait")]
    async with looping(chore, 3600) as loop:
        await chore.until(1)
        assert loop.last_failure == "ValueError"
        assert loop.last_success is None
        loop.wake()
        await chore.until(2)
        assert loop.last_failure == "the host is away"
        loop.wake()
        await chore.until(3)
        assert loop.last_failure is None
        assert loop.last_success is not None
    exposed = chore.metrics.render().decode()
    assert 'zaffre_loop_runs_total{loop="chore",outcome="failed"} 2.0' in exposed
    assert 'zaffre_loop_runs_total{loop="chore",outcome="ok"} 1.0' in exposed


async def test_stopping_interrupts_a_run_and_can_be_repeated() -> None:
    interrupted = asyncio.Event()
    begun = asyncio.Event()

    async def for_ever() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            interrupted.set()

    loop = Loop("for ever", 1, for_ever, SystemClock(), Metrics())
    loop.start()
    await begun.wait()
    await loop.stop()
    assert interrupted.is_set()
    await loop.stop()
