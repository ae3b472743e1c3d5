"""Identifiers as a dependency.

Every resource is named by a UUIDv7 (RFC 9562): unique without coordination, and sorted by creation time, which keeps
database indexes dense. At run time an id is its canonical 36-character text, so it can be compared, logged and put into
JSON without conversion; features give it a name with `NewType`.
"""

import random
import re
from typing import Protocol
from uuid import UUID

import uuid_utils

from zaffre.foundation.clock import Clock

UUID_PATTERN = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"


class IdSource(Protocol):
    """Makes new identifiers."""

    def new(self) -> str:
        """Return a UUIDv7 that this source has never returned before."""
        ...


class SystemIds:
    """UUIDv7 from the machine's clock and its random generator."""

    def new(self) -> str:
        """Return a fresh UUIDv7."""
        return str(uuid_utils.uuid7())


class SeededIds:
    """UUIDv7 from a given clock and seed: the same sequence in every run, for tests and simulations."""

    def __init__(self, clock: Clock, seed: int = 0) -> None:
        self._clock = clock
        self._random = random.Random(seed)  # noqa: S311 - repeatability is the point; these ids guard nothing
        self._counter = 0

    def new(self) -> str:
        """Return the next UUIDv7 of the sequence.

        The 12 bits after the timestamp count up, as RFC 9562 section 6.2 method 1 allows, so ids made within one
        millisecond keep their order.
        """
        self._counter = (self._counter + 1) % 4096
        milliseconds = int(self._clock.now().timestamp() * 1000)
        value = milliseconds << 80 | 0x7 << 76 | self._counter << 64 | 0b10 << 62 | self._random.getrandbits(62)
        return str(UUID(int=value))


def is_uuid(value: object) -> bool:
    """Tell whether a value is an id as this module makes them."""
    return isinstance(value, str) and re.fullmatch(UUID_PATTERN, value) is not None
