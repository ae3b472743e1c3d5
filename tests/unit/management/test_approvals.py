"""Changes that need an approval: the refusal, asking, deciding, and what nobody decides."""

import asyncio
from typing import Any

from sqlalchemy import select, update

from support.cloud import SimulatedCloud, Tenant
from support.waiting import until
from zaffre.foundation.actor import system_actor
from zaffre.foundation.mail.tables import MailRow
from zaffre.management.approvals.change_requests import WAITING_PER_ACCOUNT, expire_requests
from zaffre.management.approvals.tables import ChangeRequestRow


async def rule(cloud: SimulatedCloud, change: str, **fields: Any) -> dict[str, Any]:
    return await cloud.admin.post("/approval-rules", {"name": f"{change} {fields}", "change": change} | fields)


def wish(tenant: Tenant, change: str, **fields: Any) -> dict[str, Any]:
    about = {} if change == "subscribe" else {"subscription_id": tenant.subscription_id}
    return {"change": change, "reason": "we grow"} | about | fields


async def subscriptions(tenant: Tenant) -> list[dict[str, Any]]:
    return (await tenant.client.get("/subscriptions"))["value"]


async def test_subscribing_waits_for_an_approval_and_then_happens(cloud: SimulatedCloud) -> None:
    tenant, plan = await cloud.tenant(), await cloud.plan()
    await rule(cloud, "subscribe", plan_id=plan)
    body = {"plan_id": plan, "name": "second"}
    refused = await tenant.client.ask("POST", "/subscriptions", body)
    assert (refused.status, refused.body["code"]) == (409, "approval.needed")
    assert "/change-requests" in refused.body["remedy"]
    asked = await tenant.client.post("/change-requests", wish(tenant, "subscribe", **body))
    assert (asked["state"], asked["subscription_name"], asked["operation_id"]) == ("waiting", "second", None)
    assert len(await subscriptions(tenant)) == 1
    again = await tenant.client.ask("POST", "/change-requests", wish(tenant, "subscribe", **body))
    assert again.body["code"] == "change_request.waiting"

    approved = await cloud.admin.post(f"/change-requests/{asked['id']}/approve", {"reason": "as agreed"})
    assert (approved["state"], approved["decision_reason"]) == ("approved", "as agreed")
    assert (await cloud.admin.operation(f"/operations/{approved['operation_id']}"))["state"] == "succeeded"
    made = {each["id"]: each for each in await subscriptions(tenant)}[approved["subscription_id"]]
    assert (made["name"], made["plan_id"]) == ("second", plan)
    twice = await cloud.admin.ask("POST", f"/change-requests/{asked['id']}/approve", {})
    assert twice.body["code"] == "change_request.not_waiting"
    assert len(await subscriptions(tenant)) == 2
    async with cloud.site.units.read(system_actor("test")) as work:
        told = (await work.session.scalars(select(MailRow.recipient))).all()
    assert tenant.email in told


async def test_a_limit_above_a_number_needs_an_approval_and_one_below_does_not(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    small, large, endless = [await cloud.plan(vcpus=each) for each in (8, 64, None)]
    await rule(cloud, "change_plan", dimension="vcpus", above=16)
    for plan in (large, endless):
        refused = await tenant.client.ask("POST", f"{tenant.base}/change-plan", {"plan_id": plan})
        assert refused.body["code"] == "approval.needed", plan
    await tenant.client.accepted("POST", f"{tenant.base}/change-plan", {"plan_id": small})
    not_needed = await tenant.client.ask("POST", "/change-requests", wish(tenant, "delete_subscription", cascade=True))
    assert not_needed.body["code"] == "approval.not_needed"
    assert (await tenant.client.get(tenant.base))["state"] == "active"

    asked = await tenant.client.post("/change-requests", wish(tenant, "change_plan", plan_id=large))
    assert (await tenant.client.get(tenant.base))["plan_id"] == small
    approved = await cloud.admin.post(f"/change-requests/{asked['id']}/approve", {})
    await cloud.admin.operation(f"/operations/{approved['operation_id']}")
    assert (await tenant.usage())["vcpus"][1] == 64
    # What is above already may come down without asking.
    await tenant.client.accepted("POST", f"{tenant.base}/change-plan", {"plan_id": small})


async def test_an_add_on_and_a_deletion_can_need_an_approval(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    plan = (await tenant.client.get(tenant.base))["plan_id"]
    services = [{"provider": "virtual_machines", "quota": {"vcpus": 4}}]
    add_on = (await cloud.admin.post("/add-ons", {"name": "more", "services": services}))["id"]
    await cloud.admin.patch(f"/add-ons/{add_on}", {"state": "public"})
    await cloud.admin.patch(f"/plans/{plan}", {"add_ons": [{"add_on_id": add_on, "maximum": 3}]})
    for change in ("acquire_add_on", "delete_subscription"):
        await rule(cloud, change)
    before = (await tenant.usage())["vcpus"][1]
    refused = await tenant.client.ask("POST", f"{tenant.base}/add-ons/{add_on}/acquire")
    assert refused.body["code"] == "approval.needed"
    asked = await tenant.client.post("/change-requests", wish(tenant, "acquire_add_on", add_on_id=add_on))
    assert (await tenant.usage())["vcpus"][1] == before
    await cloud.admin.post(f"/change-requests/{asked['id']}/approve", {})
    assert (await tenant.usage())["vcpus"][1] == (None if before is None else before + 4)

    assert (await tenant.client.ask("DELETE", tenant.base)).body["code"] == "approval.needed"
    asked = await tenant.client.post("/change-requests", wish(tenant, "delete_subscription", cascade=True))
    declined = await cloud.admin.post(f"/change-requests/{asked['id']}/decline", {"reason": "not before May"})
    assert (declined["state"], (await tenant.client.get(tenant.base))["state"]) == ("declined", "active")
    seen = await tenant.client.get(f"/change-requests/{asked['id']}")
    assert seen["decision_reason"] == "not before May"
    asked = await tenant.client.post("/change-requests", wish(tenant, "delete_subscription", cascade=True))
    approved = await cloud.admin.post(f"/change-requests/{asked['id']}/approve", {})
    await cloud.admin.operation(f"/operations/{approved['operation_id']}")
    assert (await tenant.client.ask("GET", tenant.base)).status == 404


async def test_what_cannot_be_any_more_is_not_approved_and_waits_on(cloud: SimulatedCloud) -> None:
    tenant, plan = await cloud.tenant(), await cloud.plan(terms={"subscriptions_per_account": 1})
    own = await rule(cloud, "subscribe", plan_id=plan)
    asked = await tenant.client.post("/change-requests", wish(tenant, "subscribe", plan_id=plan, name="a"))
    await cloud.admin.delete(f"/approval-rules/{own['id']}")
    await tenant.client.accepted("POST", "/subscriptions", {"plan_id": plan, "name": "b"})
    refused = await cloud.admin.ask("POST", f"/change-requests/{asked['id']}/approve", {})
    assert refused.body["code"] == "subscription.limit_reached"
    assert (await tenant.client.get(f"/change-requests/{asked['id']}"))["state"] == "waiting"
    assert {each["name"] for each in await subscriptions(tenant)} >= {"b"}
    assert len(await subscriptions(tenant)) == 2
    account = (await tenant.client.get("/accounts/me"))["id"]
    await cloud.admin.patch(f"/accounts/{account}", {"state": "suspended"})
    assert (await cloud.admin.ask("POST", f"/change-requests/{asked['id']}/approve", {})).status == 409


async def test_racing_decisions_make_the_change_once(cloud: SimulatedCloud) -> None:
    tenant, plan = await cloud.tenant(), await cloud.plan()
    await rule(cloud, "subscribe", plan_id=plan)
    asked = await tenant.client.post("/change-requests", wish(tenant, "subscribe", plan_id=plan, name="one"))
    decisions = [
        cloud.admin.ask("POST", f"/change-requests/{asked['id']}/{what}", {"reason": "r"})
        for what in ("approve", "decline", "approve", "approve")
    ]
    answers = await asyncio.gather(*decisions)
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409]
    state = (await tenant.client.get(f"/change-requests/{asked['id']}"))["state"]
    assert len(await subscriptions(tenant)) == (2 if state == "approved" else 1)


async def test_requests_are_ones_own_and_bounded(cloud: SimulatedCloud) -> None:
    tenant, stranger, plan = await cloud.tenant(), await cloud.tenant(), await cloud.plan()
    await rule(cloud, "subscribe")
    for number in range(WAITING_PER_ACCOUNT):
        await tenant.client.post("/change-requests", wish(tenant, "subscribe", plan_id=plan, name=f"n{number}"))
    one_more = wish(tenant, "subscribe", plan_id=plan, name="more")
    assert (await tenant.client.ask("POST", "/change-requests", one_more)).body["code"] == "change_request.too_many"
    found = (await tenant.client.get("/change-requests?$filter=state eq 'waiting'&$orderby=created_at"))["value"]
    assert [each["subscription_name"] for each in found] == [f"n{n}" for n in range(WAITING_PER_ACCOUNT)]
    assert (await stranger.client.get("/change-requests"))["value"] == []
    for action in ("", "/withdraw"):
        method = "POST" if action else "GET"
        assert (await stranger.client.ask(method, f"/change-requests/{found[0]['id']}{action}")).status == 404
    withdrawn = await tenant.client.post(f"/change-requests/{found[0]['id']}/withdraw")
    assert withdrawn["state"] == "withdrawn"
    assert (await tenant.client.post("/change-requests", one_more))["state"] == "waiting"


async def test_what_nobody_decides_expires(cloud: SimulatedCloud) -> None:
    tenant, plan = await cloud.tenant(), await cloud.plan()
    await rule(cloud, "subscribe", valid_hours=1)
    asked = await tenant.client.post("/change-requests", wish(tenant, "subscribe", plan_id=plan, name="late"))
    async with cloud.site.units.write(system_actor("test")) as work:
        await work.session.execute(update(ChangeRequestRow).values(expires_at=work.clock.now()))
    refused = await cloud.admin.ask("POST", f"/change-requests/{asked['id']}/approve", {})
    assert refused.body["code"] == "change_request.not_waiting"
    await expire_requests(cloud.site.units)

    async def expired() -> bool:
        return (await tenant.client.get(f"/change-requests/{asked['id']}"))["state"] == "expired"

    assert await until(expired)


async def test_the_invitation_code_is_checked_when_asking_and_forgotten_with_the_decision(
    cloud: SimulatedCloud,
) -> None:
    tenant, plan = await cloud.tenant(), await cloud.plan(terms={"invitation_code": "blue-door"})
    await rule(cloud, "subscribe", plan_id=plan)
    body = wish(tenant, "subscribe", plan_id=plan, name="s")
    wrong = await tenant.client.ask("POST", "/change-requests", body | {"invitation_code": "red-door"})
    assert wrong.status in {403, 409, 422}
    asked = await tenant.client.post("/change-requests", body | {"invitation_code": "blue-door"})
    assert "blue" not in str(asked)
    await cloud.admin.post(f"/change-requests/{asked['id']}/approve", {})
    async with cloud.site.units.read(system_actor("test")) as work:
        row = await work.session.get_one(ChangeRequestRow, asked["id"])
        assert row.sealed_code is None


async def test_bad_rules_are_refused(cloud: SimulatedCloud) -> None:
    nonsense = [
        ({"dimension": "vcpus"}, "above"),
        ({"dimension": "moons", "above": 1}, "dimension"),
        ({"change": "delete_subscription", "dimension": "vcpus", "above": 1}, "dimension"),
    ]
    for fields, target in nonsense:
        body = {"name": "n", "change": "subscribe"} | fields
        answer = await cloud.admin.ask("POST", "/approval-rules", body)
        assert (answer.status, answer.body["target"]) == (400, target), answer.body
    made = await rule(cloud, "subscribe")
    taken = await cloud.admin.ask("POST", "/approval-rules", {"name": made["name"], "change": "subscribe"})
    assert taken.status == 409
    changed = await cloud.admin.patch(f"/approval-rules/{made['id']}", {"name": "other", "valid_hours": 2})
    assert (changed["name"], changed["valid_hours"]) == ("other", 2)
