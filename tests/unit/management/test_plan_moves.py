"""Moving a subscription to another plan."""

from typing import Any

from support.cloud import SimulatedCloud
from support.waiting import until
from zaffre.foundation.errors import Conflict


def machines_only(cloud: SimulatedCloud, cloud_id: str, name: str) -> dict[str, Any]:
    service = {"provider": "virtual_machines", "settings": {"cloud_id": cloud_id}, "quota": {}}
    return {"name": name, "services": [service]}


async def test_what_does_not_fit_is_listed_and_what_fits_is_moved(cloud: SimulatedCloud) -> None:
    small = await cloud.plan(virtual_machines=1)
    large = await cloud.plan(virtual_machines=7)
    tenant = await cloud.tenant(large)
    await tenant.vm("one", await tenant.network())
    second = await tenant.vm("two")
    look = f"{tenant.base}/change-plan-preview?plan_id="
    found = await tenant.client.get(look + small)
    assert found == {
        "fits": False,
        "obstacles": [
            {
                "kind": "over_limit",
                "provider": "virtual_machines",
                "sentence": "Virtual machines: 2 used, 1 allowed.",
                "dimension": "virtual_machines",
                "limit": 1,
                "used": 2,
            }
        ],
    }
    refused = await tenant.client.ask("POST", f"{tenant.base}/change-plan", {"plan_id": small})
    assert (refused.status, refused.body["code"]) == (409, "subscription.does_not_fit")
    assert "2 used, 1 allowed" in refused.body["detail"]
    await tenant.client.accepted("DELETE", f"{tenant.base}/virtual-machines/{second['id']}")
    assert (await tenant.client.get(look + small)) == {"fits": True, "obstacles": []}
    moved = await tenant.client.accepted("POST", f"{tenant.base}/change-plan", {"plan_id": small})
    assert moved["plan_id"] == small
    assert (await tenant.usage())["virtual_machines"] == (1, 1)
    assert (await tenant.ask_vm("three")).body["code"] == "quota.exceeded"
    assert {each["state"] for each in (await tenant.client.get(tenant.base))["syncs"]} == {"in_sync"}
    same = await tenant.client.ask("POST", f"{tenant.base}/change-plan", {"plan_id": small})
    assert (same.status, same.body["code"]) == (409, "subscription.same_plan")


async def test_services_and_clouds_that_things_are_bound_to_stand_in_the_way(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    machine = await tenant.vm("one", await tenant.network())
    other = (await cloud.admin.post("/clouds", {"stamp_id": cloud.stamp_id, "name": "other"}))["id"]
    plan = (await cloud.admin.post("/plans", machines_only(cloud, other, "elsewhere")))["id"]
    private = await tenant.client.ask("POST", f"{tenant.base}/change-plan", {"plan_id": plan})
    assert private.status == 404
    found = await cloud.admin.get(f"{tenant.base}/change-plan-preview?plan_id={plan}")
    assert {(each["kind"], each["provider"]) for each in found["obstacles"]} == {
        ("bound", "virtual_machines"),
        ("service_missing", "networks"),
    }
    await tenant.client.accepted("DELETE", f"{tenant.base}/virtual-machines/{machine['id']}")
    network = (await tenant.client.get(f"{tenant.base}/vm-networks"))["value"][0]
    await tenant.client.accepted("DELETE", f"{tenant.base}/vm-networks/{network['id']}")
    await cloud.admin.accepted("POST", f"{tenant.base}/change-plan", {"plan_id": plan})
    assert [each["provider"] for each in (await tenant.client.get(tenant.base))["syncs"]] == ["virtual_machines"]
    assert "vm_networks" not in await tenant.usage()
    await cloud.admin.accepted("POST", f"{tenant.base}/suspend")
    held = await cloud.admin.ask("POST", f"{tenant.base}/change-plan", {"plan_id": await cloud.plan()})
    assert (held.status, held.body["code"]) == (409, "subscription.suspended")


async def test_a_provider_that_refuses_takes_the_move_back(cloud: SimulatedCloud, monkeypatch: Any) -> None:
    before, after = await cloud.plan(virtual_machines=4), await cloud.plan(virtual_machines=9)
    tenant = await cloud.tenant(before)
    provider = cloud.site.providers.get("networks")
    told: list[str] = []
    tell = provider.subscription_changed

    async def refuse_once(work: Any, change: Any) -> Any:
        told.append(change.kind)
        if len(told) == 1:
            raise Conflict("not with me", remedy="none")
        return await tell(work, change)

    monkeypatch.setattr(provider, "subscription_changed", refuse_once)
    await tenant.client.accepted("POST", f"{tenant.base}/change-plan", {"plan_id": after}, state="failed")
    shown = await tenant.client.get(tenant.base)
    assert (shown["plan_id"], (await tenant.usage())["virtual_machines"]) == (before, (0, 4))

    async def in_sync() -> bool:
        return {each["state"] for each in (await tenant.client.get(tenant.base))["syncs"]} == {"in_sync"}

    await until(in_sync)
    assert told == ["plan_changed", "plan_changed"]
