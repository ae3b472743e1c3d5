"""Those who want to hear of a host's events."""

import asyncio
from collections.abc import Callable

from zaffre.fabric.drivers.hypervisor import HostEvent, HostListener


class HostListeners:
    """The listeners of one host, called on the event loop in the order they subscribed."""

    def __init__(self) -> None:
        self._listeners: dict[int, HostListener] = {}
        self._subscriptions = 0

    def subscribe(self, listener: HostListener) -> Callable[[], None]:
        """Call `listener` for every event until the returned function is called."""
        self._subscriptions += 1
        key = self._subscriptions
        self._listeners[key] = listener

        def unsubscribe() -> None:
            self._listeners.pop(key, None)

        return unsubscribe

    def announce(self, event: HostEvent) -> None:
        """Tell everybody, soon: one listener that fails stops neither the others nor the one who announces."""
        loop = asyncio.get_running_loop()
        for key in self._listeners:
            loop.call_soon(self._tell, key, event)

    def clear(self) -> None:
        """End every subscription."""
        self._listeners.clear()

    def _tell(self, key: int, event: HostEvent) -> None:
        listener = self._listeners.get(key)
        if listener is not None:
            listener(event)
