"""Suspended subscriptions: what becomes of what runs in them, and that exactly that comes back."""

import asyncio
from typing import Any

from support.cloud import SimulatedCloud, Tenant
from support.waiting import until
from zaffre.fabric.drivers.simulated import Action
from zaffre.foundation.errors import Conflict


async def inhabited(cloud: SimulatedCloud, policy: str) -> Tenant:
    """A tenant with machines that are running, stopped and paused by their owner."""
    tenant = await cloud.tenant(await cloud.plan(terms={"suspend_policy": policy}))
    for name in ("running", "other", "stopped", "paused"):
        await tenant.vm(name)
    machines = await by_name(tenant)
    await tenant.client.accepted("POST", f"{tenant.base}/virtual-machines/{machines['stopped']['id']}/stop")
    await tenant.client.accepted("POST", f"{tenant.base}/virtual-machines/{machines['paused']['id']}/pause")
    return tenant


async def by_name(tenant: Tenant) -> dict[str, Any]:
    return {row["name"]: row for row in (await tenant.client.get(f"{tenant.base}/virtual-machines"))["value"]}


async def states(tenant: Tenant) -> dict[str, tuple[str, str | None]]:
    return {name: (row["state"], row["stop_reason"]) for name, row in (await by_name(tenant)).items()}


async def test_each_policy_turns_off_what_runs_and_resuming_brings_back_just_that(cloud: SimulatedCloud) -> None:
    for policy, off in (
        ("access_only", ("running", None)),
        ("pause_machines", ("paused", "suspended")),
        ("stop_machines", ("stopped", "suspended")),
    ):
        tenant = await inhabited(cloud, policy)
        before = await states(tenant)
        answer = await cloud.admin.accepted("POST", f"{tenant.base}/suspend")
        assert answer["state"] == "suspended"
        assert await states(tenant) == before | {"running": off, "other": off}, policy
        again = await cloud.admin.accepted("POST", f"{tenant.base}/suspend")
        assert again["generation"] == answer["generation"]
        assert {each["state"] for each in (await tenant.client.get(tenant.base))["syncs"]} == {"in_sync"}
        await cloud.admin.accepted("POST", f"{tenant.base}/resume")
        assert {name: state for name, (state, _) in (await states(tenant)).items()} == {
            "running": "running",
            "other": "running",
            "stopped": "stopped",
            "paused": "paused",
        }, policy


async def test_what_an_administrator_does_meanwhile_is_left_alone(cloud: SimulatedCloud) -> None:
    tenant = await inhabited(cloud, "stop_machines")
    await cloud.admin.accepted("POST", f"{tenant.base}/suspend")
    machines = await by_name(tenant)
    admins = Tenant(cloud, cloud.admin, "", tenant.subscription_id)
    made = await admins.vm("made meanwhile")
    await cloud.admin.accepted("POST", f"{tenant.base}/virtual-machines/{machines['other']['id']}/start")
    await cloud.admin.accepted("POST", f"{tenant.base}/resync")
    now = await states(tenant)
    assert (now["made meanwhile"], now["other"][0], now["running"]) == (
        ("running", None),
        "running",
        ("stopped", "suspended"),
    )
    for machine in (machines["other"], made):
        await cloud.admin.accepted("POST", f"{tenant.base}/virtual-machines/{machine['id']}/stop")
    await cloud.admin.accepted("POST", f"{tenant.base}/resume")
    now = await states(tenant)
    assert {name: state for name, (state, _) in now.items()} == {
        "running": "running",
        "other": "stopped",
        "made meanwhile": "stopped",
        "stopped": "stopped",
        "paused": "paused",
    }


async def test_a_machine_that_cannot_be_started_is_told_of_and_keeps_nobody_waiting(cloud: SimulatedCloud) -> None:
    tenant = await inhabited(cloud, "stop_machines")
    await cloud.admin.accepted("POST", f"{tenant.base}/suspend")
    machine = (await by_name(tenant))["running"]
    admins = await cloud.admin.get(f"/virtual-machines?$filter=id eq {machine['id']}")
    host = next(h for h in (await cloud.admin.get("/hosts"))["value"] if h["id"] == admins["value"][0]["host_id"])
    cloud.world.faults.fail_next(host["name"], Action.START, Conflict("it is broken", remedy="none"))
    await cloud.admin.accepted("POST", f"{tenant.base}/resume")
    now = await states(tenant)
    assert (now["running"], now["other"][0]) == (("stopped", "not_brought_back"), "running")
    events = (await tenant.client.get(f"/events/history?resource_id={machine['id']}"))["value"]
    told = next(event for event in events if event["kind"] == "virtual_machine.not_brought_back")
    assert told["data"]["cause"]


async def test_a_suspension_that_is_taken_back_at_once_leaves_everything_on(cloud: SimulatedCloud) -> None:
    tenant = await inhabited(cloud, "stop_machines")
    suspending = await cloud.admin.ask("POST", f"{tenant.base}/suspend")
    resuming = await cloud.admin.ask("POST", f"{tenant.base}/resume")
    ended = await asyncio.gather(
        *(cloud.admin.operation(answer.headers["Operation-Location"]) for answer in (suspending, resuming))
    )
    assert ended[1]["state"] == "succeeded", ended[1]
    assert ended[0]["state"] == "succeeded" or ended[0]["problem"]["code"] == "subscription.overtaken"

    async def back() -> bool:
        now = await states(tenant)
        return (now["running"][0], now["other"][0]) == ("running", "running")

    await until(back)
