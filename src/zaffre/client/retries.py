"""When a request is sent again.

Every request that changes something carries an `Idempotency-Key`, so a repetition of one whose answer was lost gets
the first one's answer and changes nothing.
"""

from dataclasses import dataclass, replace
from typing import Self

import httpx

TRY_AGAIN = (429, 503)
"""Statuses that say: not now."""
MOST_DOUBLINGS = 64
"""More make no delay longer, and in the end a number that is too large to wait for."""


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how patiently to try again. Every delay is drawn between half of itself and itself."""

    attempts: int = 4
    """How often a request is sent in all."""
    first_delay_s: float = 0.1
    longest_delay_s: float = 10.0
    """No single delay is longer; a server that asks for more is taken to refuse."""

    def delay_s(self, attempt: int, chance: float, response: httpx.Response | None = None) -> float | None:
        """Return how long to wait after the `attempt`-th try (from 1) before the next; None to give up.

        Args:
            attempt: how many tries there have been.
            chance: from 0 up to 1.
            response: the answer to the last try, if there was any.
        """
        if attempt >= self.attempts:
            return None
        wished_s = _wished_s(response)
        if wished_s > self.longest_delay_s:
            return None
        delay_s = min(self.first_delay_s * 2 ** min(attempt - 1, MOST_DOUBLINGS), self.longest_delay_s)
        return max(wished_s, delay_s * (0.5 + 0.5 * chance))

    def patient(self) -> Self:
        """Return the policy for what should outlast a restart of the server: about a minute."""
        return replace(self, attempts=12)


def _wished_s(response: httpx.Response | None) -> float:
    """Return the seconds that an answer asks to wait. Dates, which our servers never send, count as none."""
    text = response.headers.get("Retry-After", "") if response is not None else ""
    return float(text) if text.isdecimal() else 0.0
