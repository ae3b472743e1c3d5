"""Turns a host's many small events into observations of its guests, a bounded number at a time."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager

from zaffre.fabric.drivers.hypervisor import GuestChanged, GuestObservation, GuestRemoved, HostEvent, HostUnreachable
from zaffre.foundation.errors import DomainError

_BATCH = 32
"""Guests read in one blocking call: a few milliseconds, after which other reads get their turn."""

ReadGuests = Callable[[Sequence[str]], Awaitable[Mapping[str, GuestObservation | None]]]

_log = logging.getLogger(__name__)


class GuestObserver:
    """Reads guests that something happened to, and announces what it finds.

    However many events arrive, a guest waits at most once to be read and one batch is read at a time; so a burst
    costs memory for the guests it touches, and no more than one thread.
    """

    def __init__(self, read: ReadGuests, announce: Callable[[HostEvent], None]) -> None:
        self._read = read
        self._announce = announce
        self._touched: dict[str, None] = {}
        self._held: Counter[str] = Counter()
        self._reading: asyncio.Task[None] | None = None

    def touch(self, guest_id: str) -> None:
        """Read this guest soon, or when it is no longer held."""
        self._touched[guest_id] = None
        self._begin_reading()

    @contextmanager
    def holding(self, guest_id: str) -> Generator[None]:
        """Read this guest only afterwards.

        libvirt keeps a guest locked while it starts or stops it: whoever asks about the guest meanwhile waits, and here
        that would be everybody who waits for the observer's thread.
        """
        self._held[guest_id] += 1
        try:
            yield
        finally:
            self._held[guest_id] -= 1
            if not self._held[guest_id]:
                del self._held[guest_id]
            self._begin_reading()

    def forget(self) -> None:
        """Drop what waits to be read: the connection is gone, and everything is read after the next one is made."""
        self._touched.clear()

    async def close(self) -> None:
        """End reading."""
        self.forget()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    def _begin_reading(self) -> None:
        if self._next_batch() and (self._reading is None or self._reading.done()):
            self._reading = asyncio.get_running_loop().create_task(self._read_touched())

    def _next_batch(self) -> list[str]:
        return [guest_id for guest_id in self._touched if guest_id not in self._held][:_BATCH]

    async def _read_touched(self) -> None:
        while batch := self._next_batch():
            for guest_id in batch:
                del self._touched[guest_id]
            await self._read_batch(batch)

    async def _read_batch(self, batch: Sequence[str]) -> None:
        try:
            found = await self._read(batch)
        except HostUnreachable:
            self.forget()
            return
        except DomainError as error:  # events are hints: the periodic full read will find what is missed here
            _log.warning("could not read guests after an event: %s", error.detail)
            return
        for guest_id, observation in found.items():
            self._announce(GuestRemoved(guest_id) if observation is None else GuestChanged(observation))
