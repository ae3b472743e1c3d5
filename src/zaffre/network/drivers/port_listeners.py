"""Telling those who subscribed to a plane what has become of its ports."""

import asyncio
from collections.abc import Callable, Iterable

from zaffre.network.drivers.plane import PlanePortState, PortListener


class PortListeners:
    """Listeners, each called on the event loop it subscribed on. `tell` may be called from any thread."""

    def __init__(self) -> None:
        self._entries: dict[object, tuple[asyncio.AbstractEventLoop, PortListener]] = {}

    def add(self, listener: PortListener) -> Callable[[], None]:
        """Call `listener` from now on, on the running event loop; returns the way to stop."""
        token = object()
        # The dictionary is replaced rather than changed, so that `tell` can walk through it in another thread.
        self._entries = {**self._entries, token: (asyncio.get_running_loop(), listener)}

        def remove() -> None:
            self._entries = {other: entry for other, entry in self._entries.items() if other is not token}

        return remove

    def tell(self, states: Iterable[PlanePortState]) -> None:
        """Hand the states to every listener, in order."""
        entries = self._entries
        for state in states:
            for token, (loop, listener) in entries.items():
                if not loop.is_closed():
                    loop.call_soon_threadsafe(self._call, token, listener, state)

    def _call(self, token: object, listener: PortListener, state: PlanePortState) -> None:
        """Call one listener, unless it has unsubscribed meanwhile."""
        if token in self._entries:
            listener(state)
