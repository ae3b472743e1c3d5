"""A host's connection: made in the background, watched, and made again when it breaks."""

import asyncio
import logging
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import libvirt

from zaffre.fabric.drivers.hypervisor import HostAddress, HostPoolUnusable, HostUnreachable
from zaffre.fabric.drivers.libvirt_errors import call_translated
from zaffre.fabric.drivers.libvirt_session import HostSession
from zaffre.fabric.drivers.libvirt_workers import DetachedCall, HostWorkers, Lane, call_soon
from zaffre.foundation.clock import Clock

_CONNECT_DEADLINE_S = 30.0
_FIRST_RETRY_S = 0.1
_LONGEST_RETRY_S = 10.0
_SETTLED_S = 10.0
"""A connection that lasted this long was sound: after it breaks, retries begin quickly again."""

_HANGING_ATTEMPTS = 3
"""Attempts that hang in the network keep their threads; with this many no further one is made until one ends."""

_CLOSE_DEADLINE_S = 5.0

_log = logging.getLogger(__name__)

Result = TypeVar("Result")


@dataclass(frozen=True)
class ConnectionListener:
    """Whom the connection tells, on the event loop."""

    connected: Callable[[], None]
    lost: Callable[[str], None]
    """Called with the cause when the connection breaks, and when the very first attempt fails."""
    guest_event: Callable[[str], None]
    """Called with the id of a guest that something happened to."""


class _ConnectFailed(Exception):
    """An attempt to connect failed; the text is the cause."""

    def __init__(self, cause: str, error: type[HostUnreachable] = HostUnreachable) -> None:
        super().__init__(cause)
        self.error = error


def retry_delays_s(chance: random.Random) -> Iterator[float]:
    """Yield how long to wait before each next attempt: doubling up to a bound, each less up to half of it by chance.

    Chance keeps a thousand hosts that were lost together from all being tried again together.
    """
    delay_s = _FIRST_RETRY_S
    while True:
        yield delay_s * chance.uniform(0.5, 1.0)
        delay_s = min(2 * delay_s, _LONGEST_RETRY_S)


class HostConnection:
    """Keeps one host connected from construction until `close`, and runs blocking calls on the connection."""

    def __init__(self, address: HostAddress, listener: ConnectionListener, clock: Clock) -> None:
        self._address = address
        self._listener = listener
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._workers = HostWorkers(address.name)
        self._session: HostSession | None = None
        self._cause = "it has not been reached yet"
        self._error: type[HostUnreachable] = HostUnreachable
        self._tried = asyncio.Event()
        self._hanging: list[DetachedCall[HostSession]] = []
        self._keeper: asyncio.Task[None] | None = asyncio.create_task(
            self._keep_connected(), name=f"{address.name}-connection"
        )

    @property
    def connected(self) -> bool:
        """Whether there is a connection."""
        return self._session is not None

    async def call(
        self, action: str, call: Callable[[HostSession], Result], *, deadline_s: float, lane: Lane = Lane.CHANGE
    ) -> Result:
        """Run a blocking call on the connection; `action` completes the sentence "The host refused to …".

        Right after construction this waits for the first attempt to connect.

        Raises:
            HostUnreachable: there is no connection, it broke, or the deadline passed.
            StorageFull, HypervisorRefused: see `call_translated`.
        """
        session = await self._current_session(deadline_s)
        try:
            return await self._workers.run(lane, deadline_s, partial(call_translated, action, call, session))
        except TimeoutError:
            cause = f"it took longer than {deadline_s:g} s to {action}"
        raise HostUnreachable(self._address.name, cause)

    async def call_alone(self, action: str, call: Callable[[HostSession], Result], *, deadline_s: float) -> Result:
        """Run a blocking call that takes long, in a thread that does not hold up the end of the process; see `call`."""
        session = await self._current_session(_CONNECT_DEADLINE_S)
        work = partial(call_translated, action, call, session)
        alone = DetachedCall(f"{self._address.name}-alone", work, lambda _: None)
        try:
            return await alone.result(deadline_s)
        except TimeoutError:
            cause = f"it took longer than {deadline_s:g} s to {action}"
        raise HostUnreachable(self._address.name, cause)

    async def close(self) -> None:
        """End the connection and its threads."""
        # Let go of the ended task too: its frames hold the session, and a session that is held stays open.
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
        session, self._session = self._session, None
        self._cause, self._error = "the connection was closed", HostUnreachable
        self._tried.set()
        if session is not None:
            await self._dispose(session)
        self._workers.close()

    async def _current_session(self, deadline_s: float) -> HostSession:
        if not self._tried.is_set():
            try:
                async with asyncio.timeout(deadline_s):
                    await self._tried.wait()
            except TimeoutError:
                self._cause = f"it could not be reached within {deadline_s:g} s"
        if self._session is None:
            raise self._error(self._address.name, self._cause)
        return self._session

    async def _keep_connected(self) -> None:
        chance = random.Random()  # noqa: S311 - spreads load, guards nothing
        delays_s = retry_delays_s(chance)
        while True:
            began_s = self._clock.monotonic_s()
            await self._stay_connected()
            if self._clock.monotonic_s() - began_s > _SETTLED_S:
                delays_s = retry_delays_s(chance)
            await self._clock.sleep(next(delays_s))

    async def _stay_connected(self) -> None:
        """Connect, and return when that failed or the connection is lost."""
        broken: asyncio.Future[str] = self._loop.create_future()
        try:
            session = await self._open(broken)
        except _ConnectFailed as failure:
            self._mark_lost(str(failure), failure.error)
            return
        self._session = session
        self._tried.set()
        self._listener.connected()
        self._mark_lost(await broken)
        await self._dispose(session)

    async def _open(self, broken: asyncio.Future[str]) -> HostSession:
        self._hanging = [attempt for attempt in self._hanging if attempt.running]
        if len(self._hanging) >= _HANGING_ATTEMPTS:
            raise _ConnectFailed(f"{_HANGING_ATTEMPTS} attempts to connect still hang")
        attempt = DetachedCall(f"{self._address.name}-connect", partial(self._connect, broken), HostSession.close)
        try:
            return await attempt.result(_CONNECT_DEADLINE_S)
        except TimeoutError:
            self._hanging.append(attempt)
            cause = f"connecting took longer than {_CONNECT_DEADLINE_S:g} s"
        except libvirt.libvirtError as error:
            cause = str(error)
        except HostPoolUnusable as error:
            raise _ConnectFailed(error.cause, HostPoolUnusable) from error
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not end the retries: the next may succeed
            _log.warning("connecting to host %s failed", self._address.name, exc_info=error)
            cause = f"{type(error).__name__}: {error}"
        raise _ConnectFailed(cause)

    def _connect(self, broken: asyncio.Future[str]) -> HostSession:
        """Open a session; runs in a thread, and so do both callbacks."""

        def on_closed(cause: str) -> None:
            call_soon(self._loop, lambda: broken.done() or broken.set_result(cause))

        def on_guest_event(guest_id: str) -> None:
            call_soon(self._loop, partial(self._listener.guest_event, guest_id))

        return HostSession(self._address, on_closed, on_guest_event)

    def _mark_lost(self, cause: str, error: type[HostUnreachable] = HostUnreachable) -> None:
        first_news = self._session is not None or not self._tried.is_set()
        self._session = None
        self._cause, self._error = cause, error
        self._tried.set()
        if first_news:
            self._listener.lost(cause)

    async def _dispose(self, session: HostSession) -> None:
        # A host that hangs cannot say goodbye; its thread ends when libvirt gives the connection up.
        try:
            await self._workers.run(Lane.READ, _CLOSE_DEADLINE_S, session.close)
        except TimeoutError:
            return
