"""A move that is stopped has ended, also when it had not begun yet on the host."""

import asyncio

import pytest

from zaffre.fabric.drivers.hypervisor import HostAddress, MigrationTarget
from zaffre.foundation.clock import SystemClock

pytest.importorskip("libvirt", reason="libvirt-python is not installed")

from zaffre.fabric.drivers.libvirt_driver import LibvirtHypervisor

ADDRESS = HostAddress("here", "test:///default", "/pool")


class SlowConnection:
    """In place of a connection: a move begins when `begin` is set, and until then the host knows of none."""

    def __init__(self) -> None:
        self.begin = asyncio.Event()
        self.asked_how_far = 0

    async def call_alone(self, *_arguments: object, **_options: object) -> None:
        await self.begin.wait()

    async def call(self, action: str, *_arguments: object, **_options: object) -> object:
        if action.startswith("tell how far"):
            self.asked_how_far += 1
            return None
        return False  # there is nothing to stop


async def test_a_move_that_has_not_begun_is_waited_for(monkeypatch):
    door = LibvirtHypervisor(ADDRESS, SystemClock())
    connection = SlowConnection()
    monkeypatch.setattr(door, "_connection", connection)

    async def report(_fraction: float) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await door.migrate("guest", MigrationTarget("test:///default", ADDRESS), report)
    stopping = asyncio.create_task(door.abort_migration("guest"))
    await asyncio.sleep(0.6)
    assert not stopping.done()
    connection.begin.set()
    await asyncio.wait_for(stopping, 5)
    assert connection.asked_how_far
