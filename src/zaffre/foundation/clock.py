"""Time as a dependency.

Nothing in Zaffre reads the wall clock directly: a clock is passed in, so that tests decide what time it is and
a run can be repeated exactly.
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time and waits. All instants are time-zone aware and in UTC."""

    def now(self) -> datetime:
        """Return the current instant in UTC."""
        ...

    def monotonic_s(self) -> float:
        """Return seconds from an arbitrary origin that never run backwards."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds`."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the current instant in UTC."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        """Return the machine's monotonic seconds."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` of real time."""
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock that moves only when told, or when somebody sleeps on it.

    Sleeping advances the clock at once and yields to the event loop, so a test of an hour's retries takes no time.
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._now = start
        self._elapsed_s = 0.0

    def now(self) -> datetime:
        """Return the instant the clock stands at."""
        return self._now

    def monotonic_s(self) -> float:
        """Return the seconds this clock has been advanced by."""
        return self._elapsed_s

    def advance(self, seconds: float) -> None:
        """Move the clock forward by `seconds`."""
        self._now += timedelta(seconds=seconds)
        self._elapsed_s += seconds

    async def sleep(self, seconds: float) -> None:
        """Advance by `seconds` and let other work run."""
        self.advance(seconds)
        await asyncio.sleep(0)
