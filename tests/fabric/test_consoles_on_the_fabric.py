"""Consoles of real guests through the public API."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator

import pytest

from support.real_cloud import PASSWORD, RealCloud, real_cloud, until
from support.rfb import Viewer
from zaffre.client import Console, ConsoleKind, VirtualMachineView, Zaffre, ZaffreError
from zaffre.client.consoles import open_console
from zaffre.devfabric.cloud.tenancy import Tenant

pytestmark = pytest.mark.timeout(300)

ENDS_WITHIN_S = 5.0
BOTH_KINDS = pytest.mark.parametrize("kind", [ConsoleKind.GRAPHICAL, ConsoleKind.SERIAL])


@pytest.fixture(scope="module")
def cloud(fabric_possible) -> Iterator[RealCloud]:
    with real_cloud(hosts=1) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def tenant(cloud: RealCloud) -> Tenant:
    return cloud.tenant("ann")


@pytest.fixture(scope="module")
def machine(tenant: Tenant) -> VirtualMachineView:
    """A machine that is up; tests leave it up."""
    made = tenant.create("web", "10.10.0.50", "").wait()
    return tenant.scope.virtual_machines.wait_until(made.id, lambda seen: seen.ready, 120)


def hears(console: Console, words: bytes, within_s: float = 20.0) -> bytes:
    ends_s = time.monotonic() + within_s
    heard = b""
    while words not in heard:
        part = console.read(max(0.1, ends_s - time.monotonic()))
        assert part, f"the console ended ({console.end}); it said {heard!r}"
        heard += part
    return heard


def seconds_to_end(console: Console) -> float:
    """Read to the end, which must come; returns after how long."""
    began_s = time.monotonic()
    while console.read(ENDS_WITHIN_S):
        pass
    return time.monotonic() - began_s


def look(console: Console, act: Callable[[Viewer], Awaitable[None]]) -> None:
    async def main() -> None:
        viewer = Viewer(lambda: asyncio.to_thread(console.read), lambda out: asyncio.to_thread(console.write, out))
        await viewer.say_hello()
        await act(viewer)

    asyncio.run(main())


def refused(cloud: RealCloud, path: str, client: Zaffre) -> bool:
    with pytest.raises(ZaffreError) as refusal:
        open_console(cloud.url, path, client.credentials.bearer, None)
    return (refusal.value.status, refusal.value.code) == (404, "console.not_found")


def test_the_screen_shows_pixels_and_a_key_changes_them(tenant, machine):
    async def act(viewer: Viewer) -> None:
        before = await viewer.until(lambda screen: screen.colours > 1)
        assert before.width >= 640
        await viewer.type("\necho hello\n")
        await viewer.until(lambda screen: screen != before)

    with tenant.scope.virtual_machines.open_console(machine.id, ConsoleKind.GRAPHICAL) as console:
        look(console, act)


def test_the_serial_console_goes_both_ways_and_its_log_goes_on(tenant, machine):
    machines = tenant.scope.virtual_machines
    with machines.open_console(machine.id, ConsoleKind.SERIAL) as console:
        console.write(b"\r")
        hears(console, b"# ")
        console.write(b"hostname; echo over-$((40 + 2))\r")
        assert b"\r\nweb\r\n" in hears(console, b"\r\nover-42\r\n")
        assert "over-42" in machines.serial_log(machine.id).text
        console.write(b"exit\r")
        hears(console, b"press Enter")
    assert "press Enter" in machines.serial_log(machine.id).text


def test_a_token_is_good_once_for_its_holder_for_a_minute(cloud, tenant, machine):
    machines = tenant.scope.virtual_machines
    late = machines.console(machine.id, ConsoleKind.SERIAL)
    asked_s = time.monotonic()
    stranger = cloud.tenant("bob")
    right = machines.console(machine.id, ConsoleKind.SERIAL)
    assert refused(cloud, right.path, stranger.client)
    assert refused(cloud, right.path, cloud.admin)
    open_console(cloud.url, right.path, tenant.client.credentials.bearer, None).close()
    assert refused(cloud, right.path, tenant.client)
    with pytest.raises(ZaffreError) as refusal:
        stranger.scope.virtual_machines.console(machine.id, ConsoleKind.SERIAL)
    assert refusal.value.status == 404
    until(lambda: time.monotonic() > asked_s + 61, "a minute's end", 70)
    assert refused(cloud, late.path, tenant.client)
    assert right.token not in cloud.server_log


@BOTH_KINDS
def test_signing_out_ends_a_console_within_five_seconds(cloud, tenant, machine, kind):
    with Zaffre(cloud.url) as second:
        second.sessions.sign_in(tenant.email, PASSWORD)
        console = second.subscription(tenant.scope.id).virtual_machines.open_console(machine.id, kind)
        second.sessions.sign_out()
        assert seconds_to_end(console) <= ENDS_WITHIN_S
        assert console.end_code == 4001


@BOTH_KINDS
def test_switching_off_ends_a_console_and_says_so(tenant, machine, kind):
    machines = tenant.scope.virtual_machines
    with machines.open_console(machine.id, kind) as console:
        machines.stop(machine.id).wait()
        assert seconds_to_end(console) <= ENDS_WITHIN_S
        assert (console.end_code, console.end) == (4002, "The virtual machine is off.")
    machines.start(machine.id).wait()
    machines.wait_until(machine.id, lambda seen: seen.ready, 120)


def test_the_screen_goes_on_over_a_reset(tenant, machine):
    machines = tenant.scope.virtual_machines

    async def act(viewer: Viewer) -> None:
        before = await viewer.until(lambda screen: screen.colours > 1)
        await asyncio.to_thread(lambda: machines.reset(machine.id).wait())
        await viewer.until(lambda screen: screen != before and screen.colours > 1)

    with machines.open_console(machine.id, ConsoleKind.GRAPHICAL) as console:
        look(console, act)
    machines.wait_until(machine.id, lambda seen: seen.ready, 120)
