"""What is found out once: exports meet the same texts in row after row."""

from collections.abc import Callable
from typing import Generic, TypeVar

MOST_KNOWN = 10_000

K = TypeVar("K")
V = TypeVar("V")


class Known(dict[K, V], Generic[K, V]):
    """What follows from keys, found out when one is asked for first; forgotten when there are too many."""

    def __init__(self, find: Callable[[K], V]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, key: K) -> V:
        """Find it out."""
        if len(self) >= MOST_KNOWN:
            self.clear()
        value = self[key] = self._find(key)
        return value
