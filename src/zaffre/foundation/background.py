"""Loops that run beside requests: sweepers, reconcilers, housekeeping."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime

import structlog

from zaffre.foundation.clock import Clock
from zaffre.foundation.errors import DomainError
from zaffre.foundation.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)


LARGEST_SHARE = 0.1
SELDOM_S = 10.0
FIRST_PAUSE = 0.05


class Loop:
    """Runs an input-free action again and again: every `interval_s`, and at once when woken.

    It begins at once, unless it runs seldom (`SELDOM_S`): what can wait for minutes leaves a starting process to those
    who ask it something, and runs first after `FIRST_PAUSE` of its interval.

    On a large site a run takes long; the pause then grows with it, so that no loop is at work for more than
    `LARGEST_SHARE` of the time unless it is woken. A failing run is logged and counted, and the loop goes on: the next
    run starts from the state of the world anyway, which is why the action takes no input.
    """

    def __init__(
        self, name: str, interval_s: float, action: Callable[[], Awaitable[None]], clock: Clock, metrics: Metrics
    ) -> None:
        self.name = name
        self.last_success: datetime | None = None
        self.last_failure: str | None = None
        """The cause when the newest run failed."""
        self._interval_s = interval_s
        self._action = action
        self._clock = clock
        self._metrics = metrics
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run(), name=self.name)

    def wake(self) -> None:
        """Run as soon as possible; several wake-ups before the next run count as one."""
        self._woken.set()

    async def stop(self) -> None:
        """End the loop, interrupting a run."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def run_once(self) -> None:
        """Run the action now and record how it went."""
        started_s = self._clock.monotonic_s()
        try:
            await self._action()
        except Exception as error:
            # Shown to whoever asks for the process's health; the rest, which may quote statements, is for the log.
            self.last_failure = error.detail if isinstance(error, DomainError) else type(error).__name__
            self._metrics.loop_runs.labels(self.name, "failed").inc()
            log.exception("background loop failed", loop=self.name)
        else:
            self.last_success, self.last_failure = self._clock.now(), None
            self._metrics.loop_runs.labels(self.name, "ok").inc()
        self._metrics.loop_seconds.labels(self.name).observe(self._clock.monotonic_s() - started_s)

    async def _run(self) -> None:
        if self._interval_s >= SELDOM_S:
            await self._pause(FIRST_PAUSE * self._interval_s)
        while True:
            self._woken.clear()
            started_s = self._clock.monotonic_s()
            await self.run_once()
            took_s = self._clock.monotonic_s() - started_s
            await self._pause(max(self._interval_s, took_s * (1 / LARGEST_SHARE - 1)))

    async def _pause(self, pause_s: float) -> None:
        """Wait for so long, or until woken."""
        with suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._woken.wait()
