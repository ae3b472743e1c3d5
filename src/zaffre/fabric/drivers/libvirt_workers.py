"""The threads in which a host's blocking calls run, and the deadlines of those calls.

A host has four threads for calls that change something, which may take seconds, and two that only read, so that
watching a host stays quick while it starts many guests. More would not help: libvirtd serves five calls of one client
at a time (`max_client_requests`), and while it does it reads nothing else from that client, not even keep-alive probes.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from functools import partial
from typing import Generic, TypeVar

_CHANGING_THREADS = 4
_READING_THREADS = 2

_QUEUE_DEADLINE_S = 120.0
"""How long a call may wait for a thread. On an ordinary host a hundred starts pass through in a fraction of this."""

Result = TypeVar("Result")


class Lane(Enum):
    """Which threads a call may use."""

    READ = "read"
    CHANGE = "change"


class HostWorkers:
    """A bounded set of threads for one host."""

    def __init__(self, host: str) -> None:
        self._lanes = {
            Lane.READ: ThreadPoolExecutor(_READING_THREADS, thread_name_prefix=f"{host}-read"),
            Lane.CHANGE: ThreadPoolExecutor(_CHANGING_THREADS, thread_name_prefix=f"{host}-change"),
        }

    async def run(self, lane: Lane, deadline_s: float, call: Callable[[], Result]) -> Result:
        """Run a blocking call in a thread of the lane; its deadline counts from when a thread takes it up.

        Raises:
            TimeoutError: the deadline passed. The call goes on in its thread, and its result is dropped.
        """
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(_QUEUE_DEADLINE_S) as limit:

            def taken_up() -> None:
                with contextlib.suppress(RuntimeError):  # the caller no longer waits
                    limit.reschedule(loop.time() + deadline_s)

            def work() -> Result:
                call_soon(loop, taken_up)
                return call()

            return await loop.run_in_executor(self._lanes[lane], work)

    def close(self) -> None:
        """Let every thread end once no call waits for it."""
        for executor in self._lanes.values():
            executor.shutdown(wait=False)


class DetachedCall(Generic[Result]):
    """A blocking call that has no time limit of its own, in a thread that does not hold up the end of the process.

    `dispose`, which may block, is called in a thread on a result that nobody waits for any more.
    """

    def __init__(self, name: str, call: Callable[[], Result], dispose: Callable[[Result], None]) -> None:
        self._name = name
        self._call = call
        self._dispose = dispose
        self._loop = asyncio.get_running_loop()
        self._outcome: asyncio.Future[Result] = self._loop.create_future()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether the call has not come back yet."""
        return self._thread.is_alive()

    async def result(self, deadline_s: float) -> Result:
        """Wait for the call. When the deadline passes, or the caller is cancelled, nobody waits for it any more.

        Raises:
            TimeoutError: the deadline passed.
        """
        try:
            async with asyncio.timeout(deadline_s):
                return await self._outcome
        except (TimeoutError, asyncio.CancelledError):
            if self._outcome.done() and not self._outcome.cancelled() and self._outcome.exception() is None:
                self._discard(self._outcome.result())
            raise

    def _run(self) -> None:
        try:
            result = self._call()
        except Exception as error:  # noqa: BLE001 - handed over to the one who waits
            call_soon(self._loop, partial(self._fail, error))
        else:
            if not call_soon(self._loop, partial(self._deliver, result)):
                self._dispose(result)

    def _fail(self, error: Exception) -> None:
        if not self._outcome.done():
            self._outcome.set_exception(error)

    def _deliver(self, result: Result) -> None:
        if self._outcome.done():
            self._discard(result)
        else:
            self._outcome.set_result(result)

    def _discard(self, result: Result) -> None:
        threading.Thread(target=self._dispose, args=(result,), name=f"{self._name}-discard", daemon=True).start()


def call_soon(loop: asyncio.AbstractEventLoop, callback: Callable[[], object]) -> bool:
    """Call back on the loop from another thread; False when the loop has ended and there is nobody left to tell."""
    try:
        loop.call_soon_threadsafe(callback)
    except RuntimeError:
        return False
    return True
