"""Plans and add-ons as their designers change them, and as tenants get them."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from support.cloud import SimulatedCloud, Tenant
from support.records import ACTOR
from zaffre.foundation.telemetry.metrics import Metrics
from zaffre.foundation.work import UnitOfWork
from zaffre.management.providers import QuotaFailure, QuotaUpdate
from zaffre.management.reconcile import prove_quotas
from zaffre.management.tables import QuotaCounterRow


def services(cloud: SimulatedCloud, **quota: int | None) -> list[dict[str, Any]]:
    networks = {k: v for k, v in quota.items() if k == "vm_networks"}
    machines = {k: v for k, v in quota.items() if k != "vm_networks"}
    return [
        {"provider": "virtual_machines", "settings": {"cloud_id": cloud.cloud_id}, "quota": machines},
        {"provider": "networks", "settings": {"logical_network_id": cloud.logical_network_id}, "quota": networks},
    ]


async def add_on(cloud: SimulatedCloud, provider: str = "networks", **fields: Any) -> str:
    quota = {"vm_networks": 1} if provider == "networks" else {"virtual_machines": 1}
    body = {"name": f"add-on {next(cloud.numbers)}", "services": [{"provider": provider, "quota": quota}]} | fields
    made = await cloud.admin.post("/add-ons", body)
    await cloud.admin.patch(f"/add-ons/{made['id']}", {"state": "public"})
    return str(made["id"])


async def link(cloud: SimulatedCloud, plan_id: str, *links: tuple[str, int | None]) -> None:
    bodies = [{"add_on_id": add_on_id, "maximum": maximum} for add_on_id, maximum in links]
    await cloud.admin.patch(f"/plans/{plan_id}", {"add_ons": bodies})


async def ask(tenant: Tenant, add_on_id: str, verb: str = "acquire") -> tuple[int, str]:
    answer = await tenant.client.ask("POST", f"{tenant.base}/add-ons/{add_on_id}/{verb}")
    return answer.status, answer.body.get("code", "")


async def syncs(cloud: SimulatedCloud, tenant: Tenant) -> dict[str, tuple[str, str | None]]:
    rows = (await cloud.admin.get(tenant.base))["syncs"]
    return {row["provider"]: (row["state"], row["last_error"]) for row in rows}


# Texts, codes and prices ------------------------------------------------------------------------------------------


async def test_a_plan_speaks_the_readers_language_and_takes_its_code(cloud: SimulatedCloud) -> None:
    texts = [
        {"language": "en", "display_name": "Small", "description": "For a start", "price": "9 € a month"},
        {"language": "de", "display_name": "Klein", "description": "Für den Anfang", "price": "9 € im Monat"},
    ]
    fee = {"amount": "9.00", "currency": "EUR", "period": "month"}
    body = {"name": "s-1", "services": services(cloud), "texts": texts, "fee": fee, "invitation_code": "open sesame"}
    plan = await cloud.admin.post("/plans", body)
    assert "open sesame" not in str(plan)
    path = f"/plans/{plan['id']}"
    await cloud.admin.patch(path, {"state": "public"})
    tenant = await cloud.tenant()
    for wish, name in (("de-CH, en;q=0.5", "Klein"), ("fr, en;q=0.3", "Small"), ("fr", "Small"), ("*;q=x", "Small")):
        shown = await tenant.client.get(path, headers={"Accept-Language": wish})
        assert shown["display"]["name"] == name, wish
    assert (shown["texts"], shown["fee"], shown["needs_invitation_code"]) == (texts, fee, True)
    twice = {"texts": [texts[0], texts[0] | {"language": "EN".lower()}]}
    assert (await cloud.admin.ask("PATCH", path, twice)).status == 400

    wish = {"plan_id": plan["id"], "name": "invited"}
    refusals = [
        (await tenant.client.ask("POST", "/subscriptions", wish | more)).body["code"]
        for more in ({}, {"invitation_code": "open"})
    ]
    assert refusals == ["plan.code_needed", "plan.code_wrong"]
    await tenant.client.accepted("POST", "/subscriptions", wish | {"invitation_code": "open sesame"})
    owner = (await cloud.admin.get(tenant.base))["account_id"]
    await cloud.admin.accepted("POST", "/subscriptions", wish | {"name": "by an admin", "account_id": owner})

    await cloud.admin.patch(path, {"invitation_code": None, "fee": None, "texts": []})
    shown = await tenant.client.get(path)
    assert (shown["needs_invitation_code"], shown["fee"]) == (False, None)
    assert shown["display"] == {"language": None, "name": "s-1", "description": "", "price": ""}


# Add-ons ----------------------------------------------------------------------------------------------------------


async def test_an_add_on_is_acquired_as_often_as_the_plan_allows_and_released_when_unused(
    cloud: SimulatedCloud,
) -> None:
    plan_id = await cloud.plan(vm_networks=1)
    more = await add_on(cloud)
    await link(cloud, plan_id, (more, 2))
    tenant = await cloud.tenant(plan_id)
    [offer] = (await tenant.client.get(f"{tenant.base}/add-ons"))["value"]
    assert (offer["held"], offer["maximum"], offer["left"]) == (0, 2, 2)
    await tenant.client.accepted("POST", f"{tenant.base}/add-ons/{more}/acquire")
    answers = await asyncio.gather(*(ask(tenant, more) for _ in range(6)))
    assert Counter(answers) == {(202, ""): 1, (409, "add_on.limit_reached"): 5}
    refused = await tenant.client.ask("POST", f"{tenant.base}/add-ons/{more}/acquire")
    assert "allows 2 of add-on" in refused.body["detail"]
    assert "this one holds 2" in refused.body["detail"]

    usage = {row["dimension"]: row for row in (await tenant.client.get(f"{tenant.base}/usage"))["value"]}
    networks = usage["vm_networks"]
    assert [networks[key] for key in ("plan_limit", "add_on_limit", "limit", "used")] == [1, 2, 3, 0]
    fit = await tenant.client.post(f"{tenant.base}/usage/what-if", {"amounts": {"vm_networks": 4, "vcpus": 1}})
    assert fit["fits"] is False
    assert {row["dimension"]: (row["left"], row["fits"]) for row in fit["dimensions"]} == {
        "vm_networks": (3, False),
        "vcpus": (usage["vcpus"]["limit"], True),
    }

    for number in range(3):
        await tenant.network(cidr=f"10.{number}.0.0/24", name=f"net {number}")
    refused = await tenant.client.ask("POST", f"{tenant.base}/add-ons/{more}/release")
    assert (refused.status, refused.body["code"]) == (409, "add_on.in_use")
    assert "vm_networks is 3 of the 2 left" in refused.body["detail"]
    [network, *_] = (await tenant.client.get(f"{tenant.base}/vm-networks"))["value"]
    await tenant.client.accepted("DELETE", f"{tenant.base}/vm-networks/{network['id']}")
    answers = await asyncio.gather(*(ask(tenant, more, "release") for _ in range(4)))
    assert Counter(answers) == {(202, ""): 1, (409, "add_on.in_use"): 3}
    assert (await tenant.usage())["vm_networks"] == (2, 2)

    # What is no longer linked or on offer is kept by those who hold it, and cannot be acquired.
    await link(cloud, plan_id)
    assert await ask(tenant, more) == (409, "add_on.not_offered")
    stranger = await cloud.tenant(plan_id)
    assert await ask(stranger, more) == (404, "resource.not_found")
    assert (await cloud.admin.ask("DELETE", f"/add-ons/{more}")).body["code"] == "resource.in_use"


async def test_an_add_on_can_bring_a_service_that_goes_with_the_last_occurrence(cloud: SimulatedCloud) -> None:
    machines, networks = services(cloud, virtual_machines=2)
    plan = await cloud.admin.post("/plans", {"name": "machines only", "services": [machines]})
    bare = await add_on(cloud)
    refused = await cloud.admin.ask("PATCH", f"/plans/{plan['id']}", {"add_ons": [{"add_on_id": bare}]})
    assert (refused.status, refused.body["target"]) == (400, "add_ons")
    whole = await add_on(cloud, services=[networks | {"quota": {"vm_networks": 2}}])
    await link(cloud, plan["id"], (whole, None))
    await cloud.admin.patch(f"/plans/{plan['id']}", {"state": "public"})
    tenant = await cloud.tenant(plan["id"])
    network = {"name": "net", "subnets": [{"name": "subnet", "cidr": "10.0.0.0/24"}]}
    assert (await tenant.client.ask("POST", f"{tenant.base}/vm-networks", network)).status == 409
    await tenant.client.accepted("POST", f"{tenant.base}/add-ons/{whole}/acquire")
    assert (await syncs(cloud, tenant))["networks"] == ("in_sync", None)
    made = await tenant.network()
    assert await ask(tenant, whole, "release") == (409, "add_on.in_use")
    await tenant.client.accepted("DELETE", f"{tenant.base}/vm-networks/{made['id']}")
    await tenant.client.accepted("POST", f"{tenant.base}/add-ons/{whole}/release")
    assert set(await syncs(cloud, tenant)) == {"virtual_machines"}
    assert "vm_networks" not in await tenant.usage()
    await tenant.client.accepted("POST", f"{tenant.base}/add-ons/{whole}/acquire")
    await tenant.client.accepted("DELETE", tenant.base)


# Changing what is in use ------------------------------------------------------------------------------------------


async def test_a_change_of_a_plan_reaches_its_subscriptions(cloud: SimulatedCloud) -> None:
    plan_id = await cloud.plan(vm_networks=3)
    more = await add_on(cloud)
    await link(cloud, plan_id, (more, None))
    busy, quiet = await cloud.tenant(plan_id), await cloud.tenant(plan_id)
    await busy.client.accepted("POST", f"{busy.base}/add-ons/{more}/acquire")
    for number in range(3):
        await busy.network(cidr=f"10.{number}.0.0/24", name=f"net {number}")
    path = f"/plans/{plan_id}"

    elsewhere = services(cloud, vm_networks=9)
    elsewhere[0]["settings"] = {
        "cloud_id": (await cloud.admin.post("/clouds", {"stamp_id": cloud.stamp_id, "name": "b"}))["id"]
    }
    refused = await cloud.admin.ask("PATCH", path, {"services": elsewhere})
    assert (refused.status, refused.body["code"]) == (409, "plan.fixed")

    await cloud.admin.accepted("PATCH", path, {"services": services(cloud, vm_networks=2)})
    assert (await busy.usage())["vm_networks"] == (3, 3)
    assert (await quiet.usage())["vm_networks"] == (0, 2)

    lower = {"services": services(cloud, vm_networks=1)}
    impact = await cloud.admin.post(f"{path}/what-if", lower)
    assert (impact["subscriptions"], impact["over_quota_subscriptions"]) == (2, 1)
    [over] = impact["over_quota"]
    assert over == {"subscription_id": busy.subscription_id, "dimension": "vm_networks", "limit": 2, "used": 3}
    refused = await cloud.admin.ask("PATCH", path, lower)
    assert (refused.status, refused.body["code"]) == (409, "quota.below_use")
    assert "1 of 2 subscriptions" in refused.body["detail"]
    gone = await cloud.admin.ask("PATCH", path, {"services": services(cloud)[:1], "allow_over_quota": True})
    assert (gone.body["code"], gone.body["target"]) == ("request.invalid", "add_ons")
    assert (await busy.usage())["vm_networks"] == (3, 3)
    await cloud.admin.accepted("PATCH", path, lower | {"allow_over_quota": True})
    assert (await busy.usage())["vm_networks"] == (3, 2)
    network = {"name": "one more", "subnets": [{"name": "subnet", "cidr": "10.9.0.0/24"}]}
    assert (await busy.client.ask("POST", f"{busy.base}/vm-networks", network)).body["code"] == "quota.exceeded"

    # The same for the add-on.
    change = {"services": [{"provider": "networks", "quota": {"vm_networks": 5}}]}
    await cloud.admin.accepted("PATCH", f"/add-ons/{more}", change)
    assert (await busy.usage())["vm_networks"] == (3, 6)
    change["services"][0]["quota"] = {"vm_networks": 0}
    impact = await cloud.admin.post(f"/add-ons/{more}/what-if", change)
    assert (impact["subscriptions"], impact["over_quota_subscriptions"]) == (1, 1)
    assert (await cloud.admin.ask("PATCH", f"/add-ons/{more}", change)).body["code"] == "quota.below_use"


async def test_a_service_leaves_a_plan_only_when_nobody_uses_it(cloud: SimulatedCloud) -> None:
    plan_id = await cloud.plan()
    tenant = await cloud.tenant(plan_id)
    network = await tenant.network()
    change = {"services": services(cloud)[:1], "allow_over_quota": True}
    assert (await cloud.admin.post(f"/plans/{plan_id}/what-if", change))["lost"] == ["vm_networks"]
    assert (await cloud.admin.ask("PATCH", f"/plans/{plan_id}", change)).body["code"] == "quota.below_use"
    await tenant.client.accepted("DELETE", f"{tenant.base}/vm-networks/{network['id']}")
    await cloud.admin.accepted("PATCH", f"/plans/{plan_id}", change)
    assert set(await syncs(cloud, tenant)) == {"virtual_machines"}
    assert "vm_networks" not in await tenant.usage()
    await cloud.admin.accepted("PATCH", f"/plans/{plan_id}", {"services": services(cloud, vm_networks=2)})
    assert (await syncs(cloud, tenant))["networks"] == ("in_sync", None)
    await tenant.network()


async def test_a_provider_that_refuses_leaves_its_subscriptions_out_of_sync_until_they_are_healed(
    cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_id = await cloud.plan(vm_networks=3)
    tenants = [await cloud.tenant(plan_id) for _ in range(3)]
    provider = cloud.site.providers.get("networks")
    seen: list[tuple[int, bool]] = []

    async def refuse(
        _work: UnitOfWork, updates: Sequence[QuotaUpdate], *, validate_only: bool
    ) -> Sequence[QuotaFailure]:
        seen.append((len(updates), validate_only))
        if len(updates) == 1 and not validate_only:
            raise ValueError("no")
        return [QuotaFailure(updates[0].subscription_id, "networks", "The shelf is full.")]

    monkeypatch.setattr(provider, "apply_quota", refuse)
    monkeypatch.setattr(provider, "quota_batch", 2)
    change = {"services": services(cloud, vm_networks=7)}
    impact = await cloud.admin.post(f"/plans/{plan_id}/what-if", change)
    assert impact["refused_total"] == 2
    assert {entry["cause"] for entry in impact["refused"]} == {"The shelf is full."}
    await cloud.admin.accepted("PATCH", f"/plans/{plan_id}", change)
    assert seen == [(2, True), (1, True), (2, False), (1, False)]
    found = Counter([(await syncs(cloud, tenant))["networks"] for tenant in tenants])
    assert found == {
        ("in_sync", None): 1,
        ("out_of_sync", "The shelf is full."): 1,
        ("out_of_sync", "It failed with ValueError; the server's log says why."): 1,
    }
    for tenant in tenants:
        assert (await tenant.usage())["vm_networks"] == (0, 7)
        assert (await syncs(cloud, tenant))["virtual_machines"] == ("in_sync", None)
        await cloud.admin.accepted("POST", f"/provider-syncs/{tenant.subscription_id}/networks/resync")
        assert (await syncs(cloud, tenant))["networks"] == ("in_sync", None)


async def test_subscriptions_that_race_with_a_change_get_its_limits(cloud: SimulatedCloud) -> None:
    plan_id = await cloud.plan(vm_networks=1)
    more = await add_on(cloud)
    await link(cloud, plan_id, (more, None))
    tenants = [await cloud.tenant(plan_id) for _ in range(3)]

    async def subscribe(tenant: Tenant) -> None:
        await tenant.client.accepted("POST", "/subscriptions", {"plan_id": plan_id, "name": "another"})

    async def change(limit: int) -> None:
        await cloud.admin.accepted("PATCH", f"/plans/{plan_id}", {"services": services(cloud, vm_networks=limit)})

    await asyncio.gather(
        *(subscribe(tenant) for tenant in tenants),
        *(change(limit) for limit in (4, 5, 6)),
        *(tenant.client.accepted("POST", f"{tenant.base}/add-ons/{more}/acquire") for tenant in tenants),
    )
    plan = await cloud.admin.get(f"/plans/{plan_id}")
    [due] = [s["quota"]["vm_networks"] for s in plan["services"] if s["provider"] == "networks"]
    every = (await cloud.admin.get(f"/subscriptions?$filter=plan_id eq {plan_id}"))["value"]
    limits = Counter(
        [
            next(
                row["limit"]
                for row in (await cloud.admin.get(f"/subscriptions/{each['id']}/usage"))["value"]
                if row["dimension"] == "vm_networks"
            )
            for each in every
        ]
    )
    assert limits == {due: 3, due + 1: 3}


async def test_a_limit_that_was_spoilt_is_repaired_with_an_event(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant(await cloud.plan(vm_networks=3))
    async with cloud.units.write(ACTOR) as work:
        counter = await work.session.get_one(QuotaCounterRow, (tenant.subscription_id, "vm_networks"))
        counter.limit = 99
    await prove_quotas(cloud.units, Metrics())
    assert (await tenant.usage())["vm_networks"] == (0, 3)
    history = (await cloud.admin.get("/events/history"))["value"]
    repairs = [event["data"] for event in history if event["kind"] == "quota.limits_repaired"]
    assert repairs == [{"dimensions": ["vm_networks"]}]
