"""Webhooks: what happens is sent to whoever asked, signed, in order, again until it is taken, and to nobody else."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpcore
import pytest
from pydantic import SecretStr
from sqlalchemy import select, update
from standardwebhooks import Webhook, WebhookVerificationError

from support.cloud import SimulatedCloud, Tenant, cloud_settings, running_cloud
from support.receiver import Receiver, receiver
from support.waiting import until
from zaffre.edge.faces import Face
from zaffre.foundation.actor import system_actor
from zaffre.foundation.database import Database
from zaffre.foundation.events import EventCursor, LifecycleEventRow
from zaffre.foundation.outbound.guarded import GuardedBackend
from zaffre.foundation.outbound.targets import TargetRefused, Targets
from zaffre.foundation.settings import WebhookSettings, load_settings
from zaffre.management.webhooks.deliveries import CURSOR
from zaffre.management.webhooks.fan_out import place_of
from zaffre.management.webhooks.sending import GuardedSender
from zaffre.management.webhooks.signatures import new_secret, signed_headers
from zaffre.management.webhooks.tables import WebhookCursorRow, WebhookDeliveryRow

GUIDE = Path(__file__).parents[3] / "docs" / "guide" / "api.md"
TO_LOOPBACK = ("webhooks.allow_networks=127.0.0.1/32", "webhooks.allow_plain_http=true")


@pytest.fixture
async def shop(database: Database, tmp_path: Path) -> AsyncIterator[SimulatedCloud]:
    """A cloud that may send to this machine, and is quick to try again."""
    url = database.url if not database.is_sqlite else ""
    flags = (*TO_LOOPBACK, "webhooks.timeout_s=1", "webhooks.retry_base_s=0.05", "webhooks.attempts=3")
    async with running_cloud(cloud_settings(tmp_path, url, *flags)) as cloud:
        yield cloud


@pytest.fixture
async def ear() -> AsyncIterator[Receiver]:
    async with receiver() as it:
        yield it


async def hook(tenant: Tenant, ear: Receiver, path: str = "/in", **fields: Any) -> Any:
    body = {"name": path.strip("/"), "url": ear.url + path} | fields
    return await tenant.client.post(f"{tenant.base}/webhooks", body)


async def deliveries(tenant: Tenant, made: Any, **options: Any) -> list[Any]:
    path = f"{tenant.base}/webhooks/{made['id']}/deliveries"
    return (await tenant.client.get(path, params={"$top": 1000, "$orderby": "created_at"} | options))["value"]


async def quiet(tenant: Tenant, made: Any) -> None:
    """Wait until everything so far has been written down and nothing waits to be sent."""
    units = tenant.cloud.units
    last = select(LifecycleEventRow.transaction_id, LifecycleEventRow.position).order_by(
        LifecycleEventRow.transaction_id.desc(), LifecycleEventRow.position.desc()
    )
    async with units.read(system_actor("test")) as work:
        newest = EventCursor(*(await work.session.execute(last.limit(1))).one())

    async def written_down() -> bool:
        async with units.read(system_actor("test")) as work:
            row = await work.session.get(WebhookCursorRow, CURSOR)
            return row is not None and place_of(row) >= newest

    async def nothing_waits() -> bool:
        return (await tenant.client.get(f"{tenant.base}/webhooks/{made['id']}"))["pending"] == 0

    await until(written_down)
    await until(nothing_waits)


async def test_what_happens_is_sent_once_in_order_and_proves_itself(shop: SimulatedCloud, ear: Receiver) -> None:
    tenant, stranger = await shop.tenant(), await shop.tenant()
    made = await hook(tenant, ear, kinds=["virtual_machine.*", "ssh_key.created"])
    listed = await tenant.client.get(f"{tenant.base}/webhooks")
    assert "secret" not in listed["value"][0]
    network = await tenant.network()
    machine = await tenant.vm("web", network)
    await stranger.vm("other", await stranger.network())
    await tenant.client.accepted("DELETE", f"{tenant.base}/virtual-machines/{machine['id']}")

    async def told_of_the_end() -> bool:
        return "virtual_machine.deleted" in [message.kind for message in ear.received]

    await until(told_of_the_end)
    await quiet(tenant, made)
    messages = [message for message in ear.received if message.kind != "webhook.test"]
    history = await tenant.client.get("/events/history", params={"resource_id": machine["id"], "$top": 500})
    expected = [event for event in reversed(history["value"]) if event["kind"].startswith("virtual_machine.")]
    assert [message.event["data"] for message in messages] == expected
    assert [message.id for message in messages] == [event["id"] for event in expected]
    verifier = Webhook(made["secret"])
    for message in ear.received:
        assert verifier.verify(message.body, message.headers) == message.event
        assert message.headers["content-type"] == "application/json"
    with pytest.raises(WebhookVerificationError):
        verifier.verify(messages[0].body.replace(b"web", b"wob"), messages[0].headers)
    log = await deliveries(tenant, made, **{"$filter": "trigger eq 'event'"})
    assert {(one["state"], one["status"], one["attempts"]) for one in log} == {("delivered", 200, 1)}
    assert log[0]["excerpt"] == "thanks\N{REPLACEMENT CHARACTER}"
    assert log[0]["duration_ms"] >= 0
    detail = await tenant.client.get(f"{tenant.base}/webhooks/{made['id']}/deliveries/{log[0]['id']}")
    assert detail["body"].encode() == messages[0].body
    answer = await stranger.client.ask("GET", f"{stranger.base}/webhooks/{made['id']}")
    assert answer.status == 404
    assert (await stranger.client.ask("GET", f"{tenant.base}/webhooks")).status == 404


async def test_what_is_not_taken_is_sent_again_and_then_given_up(shop: SimulatedCloud, ear: Receiver) -> None:
    tenant = await shop.tenant()
    made = await hook(tenant, ear, kinds=["subscription.renamed"])
    ear.statuses["/in"] = 500
    await tenant.client.patch(tenant.base, {"name": "one"})
    await tenant.client.patch(tenant.base, {"name": "two"})

    async def given_up() -> list[Any]:
        log = await deliveries(tenant, made)
        return log if len(log) == 2 and all(one["state"] == "failed" for one in log) else []

    first, second = await until(given_up)
    assert (first["attempts"], first["status"], second["attempts"]) == (3, 500, 3)
    names = [message.event["data"]["resource_name"] for message in ear.received]
    assert names == ["one", "one", "one", "two", "two", "two"]
    assert len({message.id for message in ear.received}) == 2
    view = await tenant.client.get(f"{tenant.base}/webhooks/{made['id']}")
    assert (view["enabled"], view["failures"], view["failing_since"] is not None) == (True, 6, True)
    ear.statuses.clear()
    ear.received.clear()
    path = f"{tenant.base}/webhooks/{made['id']}"
    again = await tenant.client.post(f"{path}/deliveries/{first['id']}/redeliver")
    assert (again["trigger"], again["event_id"]) == ("redelivery", first["event_id"])
    await quiet(tenant, made)
    assert ear.received[0].id == first["event_id"]
    ear.received.clear()
    replayed = await tenant.client.post(f"{path}/redeliver", {"since": second["occurred_at"]})
    assert (replayed["deliveries"], replayed["more"]) == (1, False)
    await quiet(tenant, made)
    assert [m.event["data"]["resource_name"] for m in ear.received if m.kind != "webhook.test"] == ["two"]


async def test_an_endpoint_that_keeps_failing_is_disabled_and_what_waits_is_sent_when_it_is_back(
    database: Database, tmp_path: Path, ear: Receiver
) -> None:
    url = database.url if not database.is_sqlite else ""
    flags = (*TO_LOOPBACK, "webhooks.retry_base_s=0.02", "webhooks.disable_after_s=0.1")
    async with running_cloud(cloud_settings(tmp_path, url, *flags)) as cloud:
        tenant = await cloud.tenant()
        made = await hook(tenant, ear, kinds=["subscription.renamed"])
        path = f"{tenant.base}/webhooks/{made['id']}"
        ear.statuses["/in"] = 503
        await tenant.client.patch(tenant.base, {"name": "one"})

        async def disabled() -> bool:
            return not (await tenant.client.get(path))["enabled"]

        await until(disabled)
        view = await tenant.client.get(path)
        assert (view["disabled_reason"], view["pending"]) == ("failing", 1)
        history = (await tenant.client.get("/events/history", params={"resource_id": made["id"]}))["value"]
        assert (history[0]["kind"], history[0]["data"]) == ("webhook.disabled", {"reason": "failing"})
        assert (await tenant.client.ask("POST", f"{path}/test")).body["code"] == "webhook.disabled"
        await tenant.client.patch(tenant.base, {"name": "while it was disabled"})
        ear.statuses.clear()
        ear.received.clear()
        await tenant.client.patch(path, {"enabled": True})
        await quiet(tenant, made)
        told = [m.event["data"]["resource_name"] for m in ear.received if m.kind == "subscription.renamed"]
        assert told == ["one"]
        ear.statuses["/in"] = 410
        await tenant.client.post(f"{path}/test")
        await until(disabled)
        assert (await tenant.client.get(path))["disabled_reason"] == "gone"


async def test_a_receiver_that_hangs_holds_up_nobody_else(shop: SimulatedCloud, ear: Receiver) -> None:
    slow, quick = await shop.tenant(), await shop.tenant()
    ear.slow.add("/slow")
    hanging, prompt = await hook(slow, ear, "/slow"), await hook(quick, ear, "/quick")
    for _ in range(12):
        await slow.client.post(f"{slow.base}/webhooks/{hanging['id']}/test")
    for number in range(5):
        await quick.client.patch(quick.base, {"name": f"name {number}"})
    began = asyncio.get_running_loop().time()
    await quiet(quick, prompt)
    assert len([m for m in ear.at("/quick") if m.kind == "subscription.renamed"]) == 5
    assert asyncio.get_running_loop().time() - began < 30
    assert ear.most_open["/slow"] <= 4
    log = await deliveries(slow, hanging, **{"$filter": "attempts gt 0"})
    assert all(one["error"] == "timeout" and one["status"] is None for one in log)


async def test_filters_choose_and_bad_ones_point_at_the_character(shop: SimulatedCloud, ear: Receiver) -> None:
    tenant = await shop.tenant()
    chosen = await hook(
        tenant, ear, filter="resource_type eq 'ssh_key' or (kind eq 'subscription.renamed' and resource_name eq 'b')"
    )
    for name in ("a", "b", "c"):
        await tenant.client.patch(tenant.base, {"name": name})
    await quiet(tenant, chosen)
    told = [m.event["data"]["resource_name"] for m in ear.received if m.kind != "webhook.test"]
    assert told == ["b"]
    body = {"name": "x", "url": ear.url, "filter": "kind eq 'a' and body eq 'b'"}
    answer = await tenant.client.ask("POST", f"{tenant.base}/webhooks", body)
    assert (answer.status, answer.body["code"]) == (400, "query.invalid")
    assert "character 17" in answer.body["detail"]
    answer = await tenant.client.ask("POST", f"{tenant.base}/webhooks", {"name": "x", "url": ear.url, "kinds": ["vm"]})
    assert answer.status == 400
    answer = await tenant.client.ask("POST", f"{tenant.base}/webhooks", {"name": "in", "url": ear.url})
    assert answer.body["code"] == "resource.name_taken"


async def test_a_secret_gives_way_to_another_with_an_overlap(shop: SimulatedCloud, ear: Receiver) -> None:
    tenant = await shop.tenant()
    made = await hook(tenant, ear)
    path = f"{tenant.base}/webhooks/{made['id']}"
    rotated = await tenant.client.post(f"{path}/rotate-secret", {"overlap_hours": 1})
    await tenant.client.post(f"{path}/test")
    await quiet(tenant, made)
    message = ear.received[-1]
    for secret in (made["secret"], rotated["secret"]):
        Webhook(secret).verify(message.body, message.headers)
    last = await tenant.client.post(f"{path}/rotate-secret", {"overlap_hours": 0})
    ear.received.clear()
    await tenant.client.post(f"{path}/test")
    await quiet(tenant, made)
    message = ear.received[-1]
    Webhook(last["secret"]).verify(message.body, message.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(rotated["secret"]).verify(message.body, message.headers)


async def test_nothing_is_sent_any_more_once_its_holder_may_not_see_it(shop: SimulatedCloud, ear: Receiver) -> None:
    owner, guest = await shop.tenant(), await shop.tenant()
    invited = await owner.client.post(f"{owner.base}/members", {"email": guest.email, "role": "contributor"})
    await guest.client.post(f"/invitations/{invited['id']}/accept")
    guest.base = owner.base
    made = await hook(guest, ear, kinds=["subscription.renamed"])
    await owner.client.patch(owner.base, {"name": "seen"})
    await quiet(guest, made)
    await owner.client.patch(f"{owner.base}/members/{invited['id']}", {"role": "reader"})
    assert (await guest.client.ask("POST", f"{owner.base}/webhooks/{made['id']}/test")).status == 403
    await owner.client.patch(owner.base, {"name": "not to be seen"})
    path = f"{owner.base}/webhooks/{made['id']}"

    async def stopped() -> bool:
        return not (await owner.client.get(path))["enabled"]

    await until(stopped)
    assert (await owner.client.get(path))["disabled_reason"] == "right_withdrawn"
    assert "not to be seen" not in {m.event["data"].get("resource_name") for m in ear.received}
    await owner.client.patch(path, {"enabled": True})
    await quiet(owner, made)
    assert "not to be seen" in {m.event["data"].get("resource_name") for m in ear.received}
    answer = await owner.client.ask("DELETE", f"{owner.base}?cascade=true")
    await owner.client.operation(answer.headers["Operation-Location"])
    assert (await shop.admin.ask("GET", path)).status == 404


async def test_the_sites_webhooks_are_told_of_everything(shop: SimulatedCloud, ear: Receiver) -> None:
    made = await shop.admin.post("/webhooks", {"name": "all", "url": f"{ear.url}/site", "kinds": ["subscription.*"]})
    tenant = await shop.tenant()

    async def told() -> bool:
        return tenant.subscription_id in {m.event["data"]["resource_id"] for m in ear.at("/site")}

    await until(told)
    Webhook(made["secret"]).verify(ear.received[0].body, ear.received[0].headers)
    assert (await tenant.client.ask("GET", "/webhooks")).status == 404
    face = shop.client(Face.ADMIN, tenant.client.http.headers["Authorization"].removeprefix("Bearer "))
    assert (await face.ask("GET", "/webhooks")).status == 403
    await shop.admin.delete(f"/webhooks/{made['id']}")
    assert (await shop.admin.get("/webhooks"))["value"] == []


async def test_old_deliveries_are_forgotten(shop: SimulatedCloud, ear: Receiver) -> None:
    tenant = await shop.tenant()
    made = await hook(tenant, ear)
    await quiet(tenant, made)
    async with shop.units.write(system_actor("test")) as work:
        long_ago = datetime.now(UTC) - timedelta(days=15)
        await work.session.execute(update(WebhookDeliveryRow).values(created_at=long_ago))
        await shop.site.webhooks.forget(work)
    assert await deliveries(tenant, made) == []


REFUSED = [
    "http://example.com/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://0x7f000001/",
    "https://2130706433/",
    "https://0.0.0.0/",
    "https://10.1.2.3/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://100.100.100.200/",
    "https://169.254.169.254/latest/meta-data",
    "https://[::1]/",
    "https://[::]/",
    "https://[fe80::1]/",
    "https://[fd00:ec2::254]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[2002:7f00:1::]/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://user:password@example.com/",
    "https://exam ple.com/",
    "https://example.com/#part",
    "https://example.com:99999/",
    "https:///nowhere",
    "ftp://example.com/",
    "gopher://127.0.0.1/",
    "https://b\u00fccher.example/",
]


@pytest.mark.parametrize("url", REFUSED)
def test_nothing_is_sent_to_an_address_of_the_inside(url: str) -> None:
    with pytest.raises(TargetRefused):
        Targets(WebhookSettings()).check_url(url)


def test_what_is_allowed_by_a_setting_may_be_reached() -> None:
    settings = load_settings(environment={}, flags=["webhooks.allow_networks=10.1.0.0/16,fd00::/8"]).webhooks
    for url in ("https://10.1.2.3/", "https://[fd00::1]:8443/in?x=1", "https://93.184.215.14/", "https://example.com"):
        Targets(settings).check_url(url)
    with pytest.raises(TargetRefused):
        Targets(settings).check_url("https://10.2.0.1/")


async def test_a_name_is_refused_when_it_leads_inside_at_the_moment_of_connecting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """DNS rebinding: what a name led to when the webhook was made, or a moment ago, counts for nothing."""
    reached: list[str] = []

    class Spy(httpcore.AsyncNetworkBackend):
        async def connect_tcp(self, host: str, *_: Any, **__: Any) -> Any:
            reached.append(host)
            raise httpcore.ConnectError("far away")

    answers = iter([["93.184.215.14"], ["127.0.0.1"], ["93.184.215.14", "169.254.169.254"]])

    async def resolve(host: str, port: int, **_: Any) -> Any:
        return [(0, 0, 0, "", (address, port)) for address in next(answers)]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    backend = GuardedBackend(Targets(WebhookSettings()), Spy())
    with pytest.raises(httpcore.ConnectError):
        await backend.connect_tcp("example.com", 443)
    for _ in range(2):
        with pytest.raises(TargetRefused):
            await backend.connect_tcp("example.com", 443)
    assert reached == ["93.184.215.14"]


async def test_redirections_are_not_followed_and_inside_names_are_not_reached(ear: Receiver) -> None:
    settings = WebhookSettings(allow_networks=("127.0.0.1/32",), allow_plain_http=True)  # type: ignore[arg-type]
    sender = GuardedSender(settings, Targets(settings))
    ear.statuses["/in"], ear.headers = 307, f"Location: {ear.url}/elsewhere\r\n"
    answer = await sender.send(f"{ear.url}/in", {}, b"{}")
    assert (answer.status, answer.taken, [message.path for message in ear.received]) == (307, False, ["/in"])
    await sender.close()
    strict = WebhookSettings(allow_plain_http=True)
    sender = GuardedSender(strict, Targets(strict))
    port = ear.url.rpartition(":")[2]
    assert (await sender.send(f"http://localhost:{port}/in", {}, b"{}")).error == "target_refused"
    assert (await sender.send("http://no-such-name.invalid/", {}, b"{}")).error == "no_connection"
    assert len(ear.received) == 1
    await sender.close()


def test_the_guides_snippet_verifies_and_refuses() -> None:
    snippet = re.search(r"```python\n(import base64\n.*?def verified.*?)```", GUIDE.read_text(), re.DOTALL)
    assert snippet is not None
    names: dict[str, Any] = {}
    exec(snippet[1], names)
    secret, body = new_secret(), b'{"type":"webhook.test"}'
    headers = signed_headers("id", body, datetime.now(UTC), [SecretStr(new_secret().get_secret_value()), secret])
    assert names["verified"](secret.get_secret_value(), headers, body)
    assert not names["verified"](secret.get_secret_value(), headers, body + b" ")
    old = signed_headers("id", body, datetime.now(UTC) - timedelta(minutes=6), [secret])
    assert not names["verified"](secret.get_secret_value(), old, body)
