"""What simulated hosts do later, by themselves: guests that finish booting, or shutting down."""

import asyncio
import heapq
from collections.abc import Callable

from zaffre.foundation.clock import Clock


class Clockwork:
    """Runs callbacks when their time comes, with one task for the whole world, which exists only while any waits."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._task: asyncio.Task[None] | None = None

    def now_s(self) -> float:
        """Return the time in Unix seconds."""
        return self._clock.now().timestamp()

    def at(self, when_s: float, callback: Callable[[], None]) -> None:
        """Call back at `when_s` in Unix seconds, or soon if that has passed.

        Without a running event loop the callback waits until `wake` is called on one.
        """
        self._count += 1  # keeps callbacks of one moment in order, and the heap from comparing them
        entry = (when_s, self._count, callback)
        heapq.heappush(self._waiting, entry)
        if self._waiting[0] is entry:
            self.wake()

    def wake(self) -> None:
        """Wait for the earliest callback, on the running event loop if there is one."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        if self._task is not None:
            self._task.cancel()
        self._task = loop.create_task(self._run(), name="simulated-clockwork") if self._waiting else None

    def stop(self) -> None:
        """Forget everything that waits."""
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            delay_s = self._waiting[0][0] - self.now_s()
            if delay_s > 0:
                await self._clock.sleep(delay_s)
                continue
            _when_s, _count, callback = heapq.heappop(self._waiting)
            loop.call_soon(callback)  # on its own: it may fail, and it may set the clockwork anew
            await asyncio.sleep(0)
