"""Listeners of a host."""

import asyncio
from typing import Any

from zaffre.fabric.drivers.host_listeners import HostListeners
from zaffre.fabric.drivers.hypervisor import HostConnected, HostEvent, HostLost


async def test_listeners_are_called_later_and_in_order():
    listeners, heard = HostListeners(), list[tuple[str, HostEvent]]()
    listeners.subscribe(lambda event: heard.append(("first", event)))
    listeners.subscribe(lambda event: heard.append(("second", event)))
    listeners.announce(HostConnected())
    assert heard == []
    await asyncio.sleep(0)
    assert heard == [("first", HostConnected()), ("second", HostConnected())]


async def test_who_unsubscribes_does_not_hear_what_was_announced_before():
    listeners, heard = HostListeners(), list[HostEvent]()
    unsubscribe = listeners.subscribe(heard.append)
    listeners.announce(HostConnected())
    unsubscribe()
    unsubscribe()
    await asyncio.sleep(0)
    assert heard == []


async def test_a_listener_that_fails_stops_nobody_and_is_reported():
    listeners, heard, reported = HostListeners(), list[HostEvent](), list[dict[str, Any]]()
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: reported.append(context))

    def fail(_event: HostEvent) -> None:
        raise ValueError("on purpose")

    listeners.subscribe(fail)
    listeners.subscribe(heard.append)
    listeners.announce(HostLost("gone"))
    await asyncio.sleep(0)
    assert heard == [HostLost("gone")]
    assert str(reported[0]["exception"]) == "on purpose"
