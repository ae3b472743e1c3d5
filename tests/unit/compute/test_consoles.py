"""Consoles through the API, with a WebSocket client that nobody here wrote."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from support.cloud import PASSWORD, Client, SimulatedCloud, Tenant
from support.rfb import Viewer
from support.served import serving
from zaffre.compute.tables import ConsoleTokenRow, VirtualMachineRow
from zaffre.edge.faces import Face
from zaffre.foundation.actor import system_actor
from zaffre.foundation.http.sockets import MESSAGE_BYTES
from zaffre.management.tables import SubscriptionRow

ENDS_WITHIN_S = 5.0


class Desk:
    """A tenant with a running machine, and the address at which consoles are served."""

    def __init__(self, cloud: SimulatedCloud, tenant: Tenant, machine_id: str, url: str) -> None:
        self.cloud = cloud
        self.tenant = tenant
        self.machine_id = machine_id
        self.machine = f"{tenant.base}/virtual-machines/{machine_id}"
        self.url = url.replace("http://", "ws://")

    async def ask(self, kind: str = "serial", client: Client | None = None) -> Any:
        return await (client or self.tenant.client).post(f"{self.machine}/consoles", {"kind": kind})

    @asynccontextmanager
    async def open(self, path: str, token: str | None = None, **options: Any) -> AsyncIterator[ClientConnection]:
        headers = {"Authorization": f"Bearer {token or bearer(self.tenant.client)}"}
        async with connect(self.url + path, additional_headers=headers, **options) as socket:
            yield socket

    @asynccontextmanager
    async def console(self, kind: str = "serial") -> AsyncIterator[ClientConnection]:
        async with self.open((await self.ask(kind))["path"]) as socket:
            yield socket

    async def refusal(self, path: str, token: str | None = None) -> tuple[int, str]:
        with pytest.raises(InvalidStatus) as caught:
            async with self.open(path, token):
                pass
        response = caught.value.response
        return response.status_code, json.loads(response.body)["code"]


def bearer(client: Client) -> str:
    return client.http.headers["Authorization"].removeprefix("Bearer ")


async def hears(socket: ClientConnection, words: bytes) -> None:
    heard = b""
    async with asyncio.timeout(60):
        while words not in heard:
            heard += bytes(await socket.recv(decode=False))


async def closing(socket: ClientConnection, within_s: float = ENDS_WITHIN_S) -> tuple[int, str]:
    """Read until the server closes; returns how it does."""
    with pytest.raises(ConnectionClosed) as closed:
        async with asyncio.timeout(within_s):
            while True:
                await socket.recv()
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason


@pytest.fixture
async def desk(cloud: SimulatedCloud) -> AsyncIterator[Desk]:
    tenant = await cloud.tenant()
    machine = await tenant.vm("web", await tenant.network())
    async with serving(cloud) as url:
        yield Desk(cloud, tenant, machine["id"], url)


async def test_a_browser_proves_who_it_is_by_a_subprotocol_and_sees_the_screen(desk: Desk) -> None:
    asked = await desk.ask("graphical")
    assert asked["path"] == f"/consoles?token={asked['token']}"
    offered = ["binary", f"zaffre.bearer.{bearer(desk.tenant.client)}"]
    async with connect(desk.url + asked["path"], subprotocols=offered) as socket:
        assert socket.subprotocol == "binary"
        assert socket.response is not None
        assert socket.response.headers["X-Request-Id"]
        viewer = Viewer(lambda: socket.recv(decode=False), socket.send)
        await viewer.say_hello()
        before = await viewer.until(lambda screen: screen.colours > 1)
        await viewer.type("\n")
        await viewer.until(lambda screen: screen != before)


@pytest.mark.parametrize("face", Face)
async def test_every_face_serves_consoles(cloud: SimulatedCloud, face: Face) -> None:
    tenant = await cloud.tenant()
    machine = await tenant.vm("web", await tenant.network())
    async with serving(cloud, face) as url:
        desk = Desk(cloud, tenant, machine["id"], url)
        async with desk.console() as socket:
            await socket.send(b"\recho over here\r")
            await hears(socket, b"\r\nover here\r\n")
    log = await tenant.client.get(f"{desk.machine}/serial-log")
    assert "\r\nover here\r\n" in log["text"]


async def test_an_api_token_opens_a_console(desk: Desk) -> None:
    made = await desk.tenant.client.post("/api-tokens", {"name": "robot"})
    robot = desk.cloud.client(Face.PUBLIC, made["token"])
    asked = await desk.ask(client=robot)
    assert await desk.refusal(asked["path"]) == (404, "console.not_found")  # the session is another holder
    async with desk.open(asked["path"], made["token"]) as socket:
        await desk.tenant.client.delete(f"/api-tokens/{made['id']}")
        assert (await closing(socket))[0] == 4001


async def test_an_administrator_opens_a_tenants_console(desk: Desk) -> None:
    asked = await desk.ask(client=desk.cloud.admin)
    async with desk.open(asked["path"], bearer(desk.cloud.admin)) as socket:
        await socket.send(b"\r")
        await hears(socket, b"# ")


async def test_a_token_is_good_once_and_for_its_holder_alone(desk: Desk) -> None:
    stranger = await desk.cloud.tenant()
    elsewhere = await desk.cloud.sign_in(desk.tenant.email, PASSWORD)
    path = (await desk.ask())["path"]
    no = (404, "console.not_found")
    assert await desk.refusal(path, bearer(stranger.client)) == no
    assert await desk.refusal(path, bearer(elsewhere)) == no
    assert await desk.refusal(path, bearer(desk.cloud.admin)) == no
    assert await desk.refusal(path, "nonsense") == no
    for strange in ("/consoles", "/consoles?token=", "/consoles?token=nonsense", f"/consoles?token={'x' * 5000}"):
        assert await desk.refusal(strange) == no
    async with desk.open(path):
        assert await desk.refusal(path) == no
    assert await desk.refusal(path) == no


async def test_of_racing_handshakes_one_wins(desk: Desk) -> None:
    path = (await desk.ask())["path"]

    async def attempt() -> bool:
        try:
            async with desk.open(path) as socket:
                await socket.send(b"\r")
                await hears(socket, b"# ")
        except InvalidStatus as refused:
            return refused.response.status_code != 404
        return True

    assert sorted(await asyncio.gather(*(attempt() for _ in range(8)))) == [False] * 7 + [True]


async def test_an_expired_token_opens_nothing(desk: Desk) -> None:
    path = (await desk.ask())["path"]
    async with desk.cloud.units.write(system_actor("test")) as work:
        expired = work.clock.now() - timedelta(seconds=1)
        await work.session.execute(update(ConsoleTokenRow).values(expires_at=expired))
    assert await desk.refusal(path) == (404, "console.not_found")


async def test_only_a_machine_that_is_on_has_a_console(desk: Desk) -> None:
    asked = await desk.ask()
    await desk.tenant.client.accepted("POST", f"{desk.machine}/stop")
    answer = await desk.tenant.client.ask("POST", f"{desk.machine}/consoles", {"kind": "serial"})
    assert (answer.status, answer.body["code"]) == (409, "virtual_machine.wrong_state")
    async with desk.open(asked["path"]) as socket:
        assert (await closing(socket))[0] == 4002
    assert (await desk.tenant.client.ask("POST", f"{desk.machine}/consoles", {"kind": "braille"})).status == 400


async def test_unused_tokens_are_bounded(desk: Desk) -> None:
    for _ in range(32):
        await desk.ask()
    answer = await desk.tenant.client.ask("POST", f"{desk.machine}/consoles", {"kind": "serial"})
    assert (answer.status, answer.body["code"]) == (409, "console.too_many_tokens")


async def _sign_out(desk: Desk) -> None:
    await desk.tenant.client.delete("/sessions/current")


async def _suspend_account(desk: Desk) -> None:
    account = await desk.tenant.client.get("/accounts/me")
    await desk.cloud.admin.patch(f"/accounts/{account['id']}", {"state": "suspended"})


async def _suspend_subscription(desk: Desk) -> None:
    async with desk.cloud.units.write(system_actor("test")) as work:
        of_tenant = SubscriptionRow.id == desk.tenant.subscription_id
        await work.session.execute(update(SubscriptionRow).where(of_tenant).values(state="suspended"))


@pytest.mark.parametrize("kind", ["graphical", "serial"])
@pytest.mark.parametrize("withdraw", [_sign_out, _suspend_account, _suspend_subscription])
async def test_a_console_ends_when_the_right_to_it_ends(desk: Desk, kind: str, withdraw: Any) -> None:
    asked = await desk.ask(kind)
    async with desk.console(kind) as socket:
        await withdraw(desk)
        assert (await closing(socket))[0] == 4001
    assert await desk.refusal(asked["path"]) == (404, "console.not_found")


async def test_a_console_outlives_its_access_token(desk: Desk) -> None:
    async with desk.console() as socket:
        desk.cloud.site.identity.access_tokens.verify = _expired  # pyright: ignore[reportAttributeAccessIssue]
        await asyncio.sleep(2.5)
        await socket.send(b"\recho still here\r")
        await hears(socket, b"\r\nstill here\r\n")


def _expired(_token: str) -> None:
    raise AssertionError("the token is not asked again")


@pytest.mark.parametrize("kind", ["graphical", "serial"])
async def test_a_console_ends_with_its_machines_power_or_the_machine(desk: Desk, kind: str) -> None:
    async with desk.console(kind) as socket:
        await desk.tenant.client.accepted("POST", f"{desk.machine}/stop")
        assert await closing(socket) == (4002, "The virtual machine is off.")
    await desk.tenant.client.accepted("POST", f"{desk.machine}/start")
    await desk.ask(kind)  # a token that nobody uses holds nothing up
    async with desk.console(kind) as socket:
        await desk.tenant.client.accepted("DELETE", desk.machine)
        assert (await closing(socket))[0] in (4001, 4002)


async def test_a_console_ends_when_its_machine_has_moved(desk: Desk) -> None:
    async with desk.console("graphical") as socket:
        async with desk.cloud.units.write(system_actor("test")) as work:
            machine = await work.session.get_one(VirtualMachineRow, desk.machine_id)
            machine.host_id = next(host for host in desk.cloud.hosts if host != machine.host_id)
        assert (await closing(socket))[0] == 4003


async def test_a_serial_console_says_who_took_it(desk: Desk) -> None:
    async with desk.console() as first, desk.console() as second:
        assert await closing(first) == (4004, "Somebody else opened this serial console.")
        await second.send(b"\r")
        await hears(second, b"# ")


async def test_a_console_ends_when_its_host_is_lost(desk: Desk) -> None:
    async with desk.console() as socket:
        for number in (1, 2):
            desk.cloud.world.faults.make_unreachable(f"host-{number}")
        assert (await closing(socket))[0] == 4006


async def test_an_idle_console_is_closed(desk: Desk) -> None:
    consoles = desk.cloud.site.compute.consoles
    consoles.settings = consoles.settings.model_copy(update={"idle_s": 1})
    async with desk.console() as socket:
        assert (await closing(socket))[0] == 4005


async def test_messages_are_binary_and_of_bounded_length(desk: Desk) -> None:
    async with desk.console() as socket:
        await socket.send("words")
        assert (await closing(socket))[0] == 1003
    async with desk.console() as socket:
        await socket.send(b"x" * (MESSAGE_BYTES + 1))
        assert (await closing(socket))[0] == 1009


async def test_open_consoles_are_counted_and_bounded(desk: Desk) -> None:
    consoles = desk.cloud.site.compute.consoles
    consoles.settings = consoles.settings.model_copy(update={"per_machine": 1, "open": 2})
    async with desk.console("graphical"):
        metrics = (await desk.cloud.admin.ask("GET", "/metrics")).body
        assert 'zaffre_consoles{kind="graphical"} 1.0' in metrics
        async with desk.console("graphical") as socket:
            assert (await closing(socket))[0] == 4008
        consoles.settings = consoles.settings.model_copy(update={"open": 1})
        assert await desk.refusal((await desk.ask())["path"]) == (503, "console.too_many")
    consoles.settings = consoles.settings.model_copy(update={"open": 2})
    async with desk.console("graphical") as socket:
        await socket.recv()


async def test_opening_a_console_is_an_event_without_the_token(desk: Desk) -> None:
    asked = await desk.ask()
    async with desk.open(asked["path"]):
        pass
    history = await desk.tenant.client.get(f"/events/history?resource_id={desk.machine_id}")
    [opened] = [event for event in history["value"] if event["kind"] == "virtual_machine.console_opened"]
    assert opened["data"] == {"console": "serial"}
    assert asked["token"] not in json.dumps(history)
