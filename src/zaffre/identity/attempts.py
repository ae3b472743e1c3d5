"""Slows down guessing: failed sign-ins are counted per account and per source address."""

from collections import OrderedDict

from zaffre.foundation.clock import Clock
from zaffre.foundation.errors import DomainError

WINDOW_S = 60.0
REMEMBERED = 10_000


class TooManyAttempts(DomainError):
    """Too many sign-ins failed lately."""

    code = "identity.too_many_attempts"
    title = "Too many failed sign-ins"
    status = 429

    def __init__(self) -> None:
        super().__init__(
            "Too many sign-ins failed for this account or from this address.",
            remedy="Wait a minute, then try again.",
        )


class SignInAttempts:
    """Counts failures in a sliding minute, in memory: a restart forgives, a second process counts by itself."""

    def __init__(self, clock: Clock, per_minute: int) -> None:
        self._clock = clock
        self._per_minute = per_minute
        self._failures: OrderedDict[str, list[float]] = OrderedDict()

    def check(self, *keys: str) -> None:
        """Refuse while any of the keys has failed too often.

        Raises:
            TooManyAttempts: one has.
        """
        if any(len(self._recent(key)) >= self._per_minute for key in keys):
            raise TooManyAttempts

    def failed(self, *keys: str) -> None:
        """Count a failure against each key."""
        for key in keys:
            self._failures[key] = [*self._recent(key), self._clock.monotonic_s()][-self._per_minute :]
            self._failures.move_to_end(key)
        while len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)

    def succeeded(self, key: str) -> None:
        """Forget a key's failures."""
        self._failures.pop(key, None)

    def _recent(self, key: str) -> list[float]:
        since = self._clock.monotonic_s() - WINDOW_S
        return [instant for instant in self._failures.get(key, []) if instant > since]
