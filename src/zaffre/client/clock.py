"""Time and chance as dependencies, so that tests of retries and waits take no time and repeat exactly."""

import random
import time
from datetime import UTC, datetime


class Clock:
    """The machine's clock and chance."""

    def now(self) -> datetime:
        """Return the current instant in UTC."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        """Return seconds from an arbitrary origin that never run backwards."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait for `seconds`."""
        time.sleep(seconds)

    def chance(self) -> float:
        """Return a number from 0 up to 1."""
        return random.random()  # noqa: S311 - spreads retries, guards nothing
