"""Programs as approvers: what they are asked, in line and later, and what becomes of a change when they are silent."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update
from standardwebhooks import Webhook

from support.cloud import Answer, SimulatedCloud, Tenant, cloud_settings, running_cloud
from support.receiver import Received, Receiver, receiver
from support.waiting import until
from zaffre.foundation.actor import system_actor
from zaffre.foundation.database import Database
from zaffre.management.approvals import desk
from zaffre.management.approvals.asking import REASON_CHARACTERS
from zaffre.management.approvals.tables import ApprovalAskRow, ChangeRequestRow

ACTOR = system_actor("test")
TO_LOOPBACK = ("providers.allow_networks=127.0.0.1/32", "providers.allow_plain_http=true")


@pytest.fixture
async def shop(database: Database, tmp_path: Path) -> AsyncIterator[SimulatedCloud]:
    """A site without hosts whose programs may be on this machine, and that is quick to look."""
    url = database.url if not database.is_sqlite else ""
    flags = (*TO_LOOPBACK, "providers.look_interval_s=0.1")
    async with running_cloud(cloud_settings(tmp_path, url, *flags), furnished=False) as cloud:
        await cloud.furnish(hosts=0)
        yield cloud


@pytest.fixture
async def billing() -> AsyncIterator[Receiver]:
    async with receiver() as it:
        it.answer = b""
        yield it


async def program(cloud: SimulatedCloud, url: str, **fields: Any) -> dict[str, Any]:
    body = {"name": f"billing {next(cloud.numbers)}", "url": url, "when_silent": "refuse", "timeout_s": 1} | fields
    return await cloud.admin.post("/approval-programs", body)


async def rule(cloud: SimulatedCloud, change: str, **fields: Any) -> dict[str, Any]:
    name = f"rule {next(cloud.numbers)}"
    return await cloud.admin.post("/approval-rules", {"name": name, "change": change} | fields)


async def setting(
    cloud: SimulatedCloud, billing: Receiver, path: str, **fields: Any
) -> tuple[Tenant, str, dict[str, Any]]:
    """Return a tenant, a plan that a program has to approve subscribing to, and the program."""
    tenant, plan = await cloud.tenant(), await cloud.plan()
    made = await program(cloud, billing.url + path, **fields)
    await rule(cloud, "subscribe", plan_id=plan, program_id=made["id"])
    return tenant, plan, made


async def subscribe(tenant: Tenant, plan: str, name: str, **fields: Any) -> Answer:
    return await tenant.client.ask("POST", "/subscriptions", {"plan_id": plan, "name": name} | fields)


async def requests(tenant: Tenant) -> list[dict[str, Any]]:
    return (await tenant.client.get("/change-requests?$orderby=created_at"))["value"]


async def names(tenant: Tenant) -> set[str]:
    return {each["name"] for each in (await tenant.client.get("/subscriptions"))["value"]}


async def log(cloud: SimulatedCloud, made: dict[str, Any]) -> list[dict[str, Any]]:
    return (await cloud.admin.get(f"/approval-programs/{made['id']}/asks"))["value"]


async def decided(tenant: Tenant, request_id: str) -> dict[str, Any]:
    async def over() -> bool:
        return (await tenant.client.get(f"/change-requests/{request_id}"))["state"] != "waiting"

    await until(over)
    return await tenant.client.get(f"/change-requests/{request_id}")


async def test_what_a_program_approves_is_made_in_the_same_call_and_is_told_signed(
    shop: SimulatedCloud, billing: Receiver
) -> None:
    tenant, plan, made = await setting(shop, billing, "/yes")
    billing.answer = b'{"reason": "paid\\u0000 up"}'
    wanted = {"id": "01940000-0000-7000-8000-000000000001", "tags": {"env": "prod"}}
    subscribed = await subscribe(tenant, plan, "second", **wanted)
    assert (subscribed.status, subscribed.body["id"], subscribed.body["tags"]) == (202, wanted["id"], wanted["tags"])
    operation = await tenant.client.operation(subscribed.headers["Operation-Location"])
    assert operation["state"] == "succeeded"
    (asked,) = await requests(tenant)
    assert (asked["state"], asked["decided_by"], asked["subscription_id"]) == ("approved", "programs", wanted["id"])
    assert asked["decision_reason"] == f"{made['name']} approves it. It said: paid  up"
    assert asked["operation_id"] == operation["id"]

    (message,) = billing.received
    Webhook(made["secret"]).verify(message.body, message.headers)
    assert message.id == asked["id"]
    told = message.event["data"]
    assert message.event["type"] == "approval.asked"
    assert (told["change"], told["trial"], told["subscription"]) == (
        "subscribe",
        False,
        {"id": wanted["id"], "name": "second"},
    )
    assert (told["asked_by"]["email"], told["plan"]["id"]) == (tenant.email, plan)
    (entry,) = await log(shop, made)
    assert (entry["outcome"], entry["status"], entry["trigger"], entry["request_id"]) == (
        "approved",
        200,
        "in_line",
        asked["id"],
    )


async def test_limits_and_prices_before_and_after_are_told_and_moves_and_deletions_are_asked_about(
    shop: SimulatedCloud, billing: Receiver
) -> None:
    made = await program(shop, f"{billing.url}/all")
    tenant = await shop.tenant(await shop.plan(vcpus=2))
    fee = {"amount": "12.50", "currency": "EUR", "period": "month"}
    larger = await shop.plan(vcpus=8, terms={"fee": fee})
    for change in ("change_plan", "delete_subscription"):
        await rule(shop, change, program_id=made["id"])
    await tenant.client.accepted("POST", f"{tenant.base}/change-plan", {"plan_id": larger})
    await tenant.client.accepted("DELETE", f"{tenant.base}?cascade=true")
    moved, ended = [message.event["data"] for message in billing.received]
    assert moved["previous_plan"]["id"] != moved["plan"]["id"] == larger
    assert moved["price"]["plan_fee"] == fee
    assert [moved["limits"][when]["vcpus"] for when in ("before", "after")] == [2, 8]
    assert (ended["limits"]["before"]["vcpus"], ended["limits"]["after"]) == (8, {})
    assert (ended["change"], ended["cascade"], ended["subscription"]["name"]) == ("delete_subscription", True, "main")


@pytest.mark.parametrize(
    ("status", "answer", "reason"),
    [
        (402, b'{"detail": "The bill of May is not paid."}', "The bill of May is not paid."),
        (400, b"No.\n\nNot \x1b[31mnow.", "No.\n\nNot  [31mnow."),
        (500, b"<html><script>alert(1)</script></html>", ""),
        (403, b"x" * 10_000_000, "x" * REASON_CHARACTERS),
    ],
)
async def test_a_refusal_and_its_reason_reach_whoever_asked(
    shop: SimulatedCloud, billing: Receiver, status: int, answer: bytes, reason: str
) -> None:
    tenant, plan, made = await setting(shop, billing, "/no")
    billing.statuses["/no"], billing.answer = status, answer
    refused = await subscribe(tenant, plan, "second")
    assert (refused.status, refused.body["code"]) == (403, "approval.refused")
    said = f" It said: {reason}" if reason else ""
    assert refused.body["detail"] == f"{made['name']} does not approve it.{said}"
    (asked,) = await requests(tenant)
    assert (asked["id"], asked["state"], asked["decision_reason"]) == (
        refused.body["target"],
        "declined",
        refused.body["detail"],
    )
    assert await names(tenant) == {"main"}


@pytest.mark.parametrize("silence", ["slow", "dead", "redirect", "proxy"])
async def test_what_silence_means_is_what_the_program_s_entry_says(
    shop: SimulatedCloud, billing: Receiver, silence: str
) -> None:
    billing.statuses |= {"/redirect": 302, "/proxy": 503}
    billing.headers = f"Location: {billing.url}/elsewhere\r\n"
    billing.slow.add("/slow")
    path = "" if silence == "dead" else f"/{silence}"
    url = "http://127.0.0.1:9" if silence == "dead" else billing.url
    error = {"slow": "timeout", "dead": "no_connection"}.get(silence, "no_verdict")
    tenant, plan, made = await setting(shop, Receiver(url=url), path)
    refused = await subscribe(tenant, plan, "one")
    assert (refused.status, refused.body["code"]) == (403, "approval.refused")
    assert f"did not answer ({error})" in refused.body["detail"]
    shown = await shop.admin.get(f"/approval-programs/{made['id']}")
    assert shown["silent_since"] is not None

    await shop.admin.patch(f"/approval-programs/{made['id']}", {"when_silent": "approve"})
    assert (await subscribe(tenant, plan, "two")).status == 202
    assert "counts as a yes" in (await requests(tenant))[1]["decision_reason"]

    await shop.admin.patch(f"/approval-programs/{made['id']}", {"when_silent": "ask_a_person"})
    waits = await subscribe(tenant, plan, "three")
    assert (waits.status, waits.body["code"]) == (409, "approval.waiting")
    waiting = (await requests(tenant))[2]
    assert (waiting["id"], waiting["state"], waiting["asks"]) == (waits.body["target"], "waiting", 1)
    again = await subscribe(tenant, plan, "three")
    assert again.body["code"] == "change_request.waiting"
    approved = await shop.admin.post(f"/change-requests/{waiting['id']}/approve", {"reason": "by hand"})
    assert (approved["state"], approved["decided_by"], approved["next_ask_at"]) == ("approved", "person", None)
    assert await names(tenant) == {"main", "two", "three"}
    assert not billing.at("/elsewhere"), "redirections are not followed"
    if silence == "redirect":
        await shop.admin.patch(f"/approval-programs/{made['id']}", {"url": f"{billing.url}/back"})
        assert (await subscribe(tenant, plan, "four")).status == 202
        kinds = [each["kind"] for each in (await shop.admin.get("/events/history?$top=500"))["value"]]
        assert {"approval_program.silent", "approval_program.recovered"} <= set(kinds)


async def test_a_program_that_answers_again_decides_about_what_waits(
    shop: SimulatedCloud, billing: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "FIRST_PAUSE_S", 0.05)
    tenant, plan, made = await setting(shop, billing, "/away", when_silent="ask_a_person")
    billing.statuses["/away"] = 503
    waits = await subscribe(tenant, plan, "later")
    wish = {"change": "subscribe", "plan_id": plan, "name": "asked for", "reason": "we grow"}
    asked = await tenant.client.post("/change-requests", wish)

    async def both_asked_again() -> bool:
        return {message.id for message in billing.received[2:]} == {waits.body["target"], asked["id"]}

    await until(both_asked_again)
    del billing.statuses["/away"]
    for request_id in (waits.body["target"], asked["id"]):
        over = await decided(tenant, request_id)
        assert (over["state"], over["decided_by"]) == ("approved", "programs")
    assert await names(tenant) == {"main", "later", "asked for"}
    about = {message.id: message.event["data"]["reason"] for message in billing.received}
    assert about == {waits.body["target"]: "", asked["id"]: "we grow"}
    assert {entry["trigger"] for entry in await log(shop, made)} == {"in_line", "courier"}


async def test_every_program_has_to_approve_and_a_person_where_a_rule_wants_one(
    shop: SimulatedCloud, billing: Receiver
) -> None:
    tenant, plan, _ = await setting(shop, billing, "/first")
    second = await program(shop, f"{billing.url}/second")
    of_second = await rule(shop, "subscribe", plan_id=plan, program_id=second["id"])
    billing.statuses["/second"] = 409
    assert (await subscribe(tenant, plan, "a")).body["code"] == "approval.refused"
    assert [message.path for message in billing.received] == ["/first", "/second"]
    del billing.statuses["/second"]
    assert (await subscribe(tenant, plan, "b")).status == 202

    in_use = await shop.admin.ask("DELETE", f"/approval-programs/{second['id']}")
    assert (in_use.status, in_use.body["code"]) == (409, "resource.in_use")
    await shop.admin.patch(f"/approval-rules/{of_second['id']}", {"program_id": None})
    await shop.admin.delete(f"/approval-programs/{second['id']}")
    heard = len(billing.received)
    needed = await subscribe(tenant, plan, "c")
    assert (needed.body["code"], len(billing.received)) == ("approval.needed", heard)
    asked = await tenant.client.post("/change-requests", {"change": "subscribe", "plan_id": plan, "name": "c"})
    assert asked["needs_person"]

    async def only_a_person_is_missing() -> bool:
        found = await tenant.client.get(f"/change-requests/{asked['id']}")
        return len(billing.received) > heard and found["next_ask_at"] is None

    await until(only_a_person_is_missing)
    assert (await requests(tenant))[-1]["state"] == "waiting"
    await shop.admin.post(f"/change-requests/{asked['id']}/approve", {})
    assert await names(tenant) == {"main", "b", "c"}


async def test_a_change_that_cannot_be_any_more_closes_its_request_and_one_is_made_once(
    shop: SimulatedCloud, billing: Receiver
) -> None:
    tenant, plan, _ = await setting(shop, billing, "/yes")
    racing = await asyncio.gather(*(subscribe(tenant, plan, "same") for _ in range(6)))
    assert sorted(answer.status for answer in racing).count(202) == 1
    assert await names(tenant) == {"main", "same"}
    states = [each["state"] for each in await requests(tenant)]
    assert states.count("approved") == 1
    assert "waiting" not in states


async def test_what_a_killed_process_left_is_taken_up_asked_again_and_made_once(
    shop: SimulatedCloud, billing: Receiver
) -> None:
    tenant, plan, made = await setting(shop, billing, "/yes")
    billing.slow.add("/yes")
    asking = asyncio.create_task(subscribe(tenant, plan, "left"))

    async def asked() -> bool:
        return bool(await requests(tenant)) and billing.open_now.get("/yes") == 1

    await until(asked)
    asking.cancel()  # as a kill does, nothing is tidied up
    await asyncio.gather(asking, return_exceptions=True)
    billing.slow.clear()
    (left,) = await requests(tenant)
    assert left["state"] == "waiting"
    async with shop.units.write(ACTOR) as work:  # its time is over
        past = work.clock.now() - timedelta(seconds=1)
        await work.session.execute(update(ChangeRequestRow).values(asked_until=past))
    over = await decided(tenant, left["id"])
    assert (over["state"], over["decided_by"]) == ("approved", "programs")
    assert await names(tenant) == {"main", "left"}
    assert {message.id for message in billing.received} == {left["id"]}
    assert [entry["trigger"] for entry in await log(shop, made)] == ["courier"]


async def test_trials_secrets_addresses_and_a_log_that_is_bounded(
    shop: SimulatedCloud, billing: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "ASKS_KEPT", 3)
    made = await program(shop, f"{billing.url}/in")
    path = f"/approval-programs/{made['id']}"
    for _ in range(5):
        tried = await shop.admin.post(f"{path}/test")
        assert (tried["outcome"], tried["trigger"], tried["request_id"]) == ("approved", "trial", None)
    assert len(await log(shop, made)) == 3
    assert all(message.event["data"]["trial"] for message in billing.received)
    async with shop.units.read(ACTOR) as work:
        assert await work.session.scalar(select(func.count()).select_from(ApprovalAskRow)) == 3
    rotated = await shop.admin.post(f"{path}/rotate-secret", {"overlap_hours": 1})
    await shop.admin.post(f"{path}/test")
    last: Received = billing.received[-1]
    for secret in (made["secret"], rotated["secret"]):
        Webhook(secret).verify(last.body, last.headers)
    assert "secret" not in await shop.admin.get(path)
    assert re.fullmatch(r"whsec_\S{44}", rotated["secret"])

    for url, code in (
        ("http://10.0.0.1/x", "webhook.target_refused"),
        ("http://169.254.169.254/", "webhook.target_refused"),
        ("ftp://127.0.0.1/", "webhook.target_refused"),
        ("https://user:pw@example.org/", "webhook.target_refused"),
    ):
        refused = await shop.admin.ask("PATCH", path, {"url": url})
        assert (refused.status, refused.body["code"]) == (400, code), url
    body = {"name": "x", "url": billing.url, "when_silent": "refuse"}
    assert (await shop.admin.ask("POST", "/approval-programs", {"name": "x", "url": billing.url})).status == 400
    assert (await shop.admin.ask("POST", "/approval-programs", body | {"timeout_s": 11})).status == 400
    assert (await shop.admin.ask("POST", "/approval-programs", body | {"ca_certificates": "no"})).status == 400
    taken = await shop.admin.ask("POST", "/approval-programs", body | {"name": made["name"]})
    assert taken.body["code"] == "resource.name_taken"
