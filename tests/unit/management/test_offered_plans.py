"""What tenants see of plans."""

from support.cloud import SimulatedCloud


async def test_a_plan_tells_its_limits_in_words(cloud: SimulatedCloud) -> None:
    plan_id = await cloud.plan(virtual_machines=3, vcpus=None)
    tenant = await cloud.tenant(plan_id)
    plan = await tenant.client.get(f"/plans/{plan_id}")
    [machines] = [service for service in plan["services"] if service["provider"] == "virtual_machines"]
    limits = {limit["dimension"]: limit for limit in machines["limits"]}
    assert machines["title"] == "Virtual machines"
    assert limits["virtual_machines"]["limit"] == 3
    assert (limits["vcpus"]["title"], limits["vcpus"]["unit"], limits["vcpus"]["limit"]) == (
        "Virtual processors",
        "vCPU",
        None,
    )


async def test_a_plan_that_is_no_longer_offered_is_seen_by_its_subscribers_only(cloud: SimulatedCloud) -> None:
    plan_id = await cloud.plan()
    subscriber, stranger = await cloud.tenant(plan_id), await cloud.tenant()
    await cloud.admin.patch(f"/plans/{plan_id}", {"state": "decommissioned"})
    assert (await subscriber.client.get(f"/plans/{plan_id}"))["state"] == "decommissioned"
    assert (await stranger.client.ask("GET", f"/plans/{plan_id}")).status == 404
    offered = (await subscriber.client.get("/plans"))["value"]
    assert plan_id not in [plan["id"] for plan in offered]
