"""Following the event log live."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

from zaffre.foundation.database import Database
from zaffre.foundation.errors import Unavailable
from zaffre.foundation.events.log import EventCursor, EventLog, EventScope, LifecycleEvent

POLL_INTERVAL_S = 1.0
"""How soon an event written by another process is seen; events of this process are signalled at once."""


class Signal:
    """Wakes everybody who waits, any number of times. Waking nobody is fine.

    Waiters say which wake-up they have already seen, so one that comes between their last look and their wait counts.
    """

    def __init__(self) -> None:
        self.count = 0
        """How many times `wake` was called."""
        self._event = asyncio.Event()

    def wake(self) -> None:
        """Wake all present waiters."""
        self.count += 1
        self._event.set()
        self._event = asyncio.Event()

    async def wait(self, seen: int, timeout_s: float) -> bool:
        """Wait until `count` is beyond `seen`; False when `timeout_s` passed first."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self.count == seen:
                    await self._event.wait()
        return self.count != seen


class StreamsBusy(Unavailable):
    """As many live streams are open as the server allows."""

    code = "events.too_many_streams"
    title = "Too many live streams"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"All {limit} live event streams of this server are in use.",
            remedy="Close a stream that is no longer needed, or try again shortly; the operator sets events.streams.",
        )


class EventStream:
    """Serves the log to live readers. Holds no transaction while a reader is idle."""

    def __init__(self, database: Database, signal: Signal, limit: int) -> None:
        self._database = database
        self._signal = signal
        self._limit = limit
        self.open = 0
        """How many streams are in use."""

    def reserve(self) -> Callable[[], None]:
        """Take a stream before the answer's headers are sent; returns the way to give it back.

        Raises:
            StreamsBusy: no stream is free.
        """
        if self.open >= self._limit:
            raise StreamsBusy(self._limit)
        self.open += 1
        taken = [self]

        def release() -> None:
            if taken:
                taken.pop().open -= 1

        return release

    async def follow(
        self,
        after: EventCursor,
        scope: Callable[[], Awaitable[EventScope]],
        heartbeat_s: float = 15.0,
    ) -> AsyncIterator[LifecycleEvent | None]:
        """Yield events after the cursor for as long as the reader listens.

        Yields None when `heartbeat_s` passed without an event, so that the server can keep the connection alive and
        notice when it is gone. `scope` is asked again at each heartbeat and whenever events arrive, so a right that was
        withdrawn or granted meanwhile counts.
        """
        cursor = after
        silent_s = 0.0
        while True:
            seen = self._signal.count
            events = await self._read(cursor, await scope())
            for event in events:
                cursor = event.cursor
                yield event
            if events:
                silent_s = 0.0
                continue
            if silent_s >= heartbeat_s:
                silent_s = 0.0
                yield None
            if not await self._signal.wait(seen, POLL_INTERVAL_S):
                silent_s += POLL_INTERVAL_S

    async def end(self) -> EventCursor:
        """Return the place from which only new events follow."""
        async with self._database.transaction(write=False) as session:
            return await EventLog(session).end()

    async def _read(self, cursor: EventCursor, scope: EventScope) -> list[LifecycleEvent]:
        async with self._database.transaction(write=False) as session:
            return list(await EventLog(session).after(cursor, scope))
