"""Moving virtual machines between hosts, through the API."""

import asyncio
from typing import Any

import pytest

from support.cloud import SimulatedCloud, Tenant
from zaffre.fabric.drivers.hypervisor import HypervisorRefused
from zaffre.fabric.drivers.simulated_latency import Action, LatencyModel


async def placed(cloud: SimulatedCloud, machine_id: str) -> Any:
    return await cloud.admin.get(f"/virtual-machines/{machine_id}")


async def world_of(cloud: SimulatedCloud, machine_id: str) -> dict[str, tuple[str | None, int]]:
    """What each host has of a machine: its guest's state, and how many of its volumes."""
    seen: dict[str, tuple[str | None, int]] = {}
    for host_id, hypervisor in cloud.site.hypervisors.connected():
        guest = await hypervisor.observe(machine_id)
        volumes = [volume.name for volume in await hypervisor.volumes() if volume.name.startswith(machine_id)]
        seen[host_id] = (None if guest is None else str(guest.state), len(volumes))
    return seen


async def reserved(cloud: SimulatedCloud) -> dict[str, int]:
    return {host["id"]: host["memory_reserved_mib"] for host in (await cloud.admin.get("/hosts"))["value"]}


def other(cloud: SimulatedCloud, host_id: str) -> str:
    return next(each for each in cloud.hosts if each != host_id)


async def running(cloud: SimulatedCloud) -> tuple[Tenant, Any, str]:
    tenant = await cloud.tenant()
    machine = await tenant.vm("web", await tenant.network())
    return tenant, machine, (await placed(cloud, machine["id"]))["host_id"]


async def test_a_running_machine_moves_with_everything_that_is_its(cloud: SimulatedCloud) -> None:
    tenant, machine, source = await running(cloud)
    target = other(cloud, source)
    usage = await tenant.usage()
    accepted = await cloud.admin.accepted("POST", f"/virtual-machines/{machine['id']}/migrate", {})
    assert accepted["state"] == "migrating"
    moved = await placed(cloud, machine["id"])
    assert (moved["host_id"], moved["state"], moved["ready"]) == (target, "running", True)
    assert await world_of(cloud, machine["id"]) == {source: (None, 0), target: ("running", 3)}
    assert await reserved(cloud) == {source: 0, target: 128}
    assert await tenant.usage() == usage
    assert (await tenant.read_vm(machine["id"]))["ports"][0]["up"]
    for verb in ("stop", "start"):
        await tenant.client.accepted("POST", f"{tenant.base}/virtual-machines/{machine['id']}/{verb}")
    await cloud.admin.accepted("POST", f"/virtual-machines/{machine['id']}/migrate", {"host_id": source})
    assert await world_of(cloud, machine["id"]) == {source: ("running", 3), target: (None, 0)}


async def test_a_move_that_fails_leaves_the_machine_where_it_is(cloud: SimulatedCloud) -> None:
    _, machine, source = await running(cloud)
    target = other(cloud, source)
    name = (await cloud.admin.get(f"/hosts/{source}"))["name"]
    for takes_effect in (False,):
        refusal = HypervisorRefused(name, "move it", "the simulation wants it so")
        cloud.world.faults.fail_next(name, Action.MIGRATE, refusal, takes_effect=takes_effect)
        await cloud.admin.accepted("POST", f"/virtual-machines/{machine['id']}/migrate", {}, state="failed")
        seen = await placed(cloud, machine["id"])
        assert (seen["host_id"], seen["state"], seen["operation_id"]) == (source, "running", None)
        assert await world_of(cloud, machine["id"]) == {source: ("running", 3), target: (None, 0)}
        assert await reserved(cloud) == {source: 128, target: 0}


async def test_a_move_whose_answer_is_lost_is_found_to_have_happened(cloud: SimulatedCloud) -> None:
    _, machine, source = await running(cloud)
    target = other(cloud, source)
    name = (await cloud.admin.get(f"/hosts/{source}"))["name"]
    refusal = HypervisorRefused(name, "move it", "the answer was lost")
    cloud.world.faults.fail_next(name, Action.MIGRATE, refusal, takes_effect=True)
    await cloud.admin.accepted("POST", f"/virtual-machines/{machine['id']}/migrate", {}, state="failed")
    async with asyncio.timeout(10):
        while await world_of(cloud, machine["id"]) != {source: (None, 0), target: ("running", 3)}:
            await asyncio.sleep(0.05)
    assert (await placed(cloud, machine["id"]))["host_id"] == target
    assert await reserved(cloud) == {source: 0, target: 128}


async def test_a_move_that_is_cancelled_stops(cloud: SimulatedCloud) -> None:
    _, machine, source = await running(cloud)
    target = other(cloud, source)
    cloud.world.latency = LatencyModel(action_s={Action.MIGRATE: 60.0})
    answer = await cloud.admin.ask("POST", f"/virtual-machines/{machine['id']}/migrate", {})
    location = answer.headers["Operation-Location"]
    async with asyncio.timeout(20):
        while (await cloud.admin.get(location))["step"] != "move":
            await asyncio.sleep(0.05)
    assert await reserved(cloud) == {source: 128, target: 128}
    await cloud.admin.post(f"{location}/cancel")
    assert (await cloud.admin.operation(location))["state"] == "cancelled"
    assert await world_of(cloud, machine["id"]) == {source: ("running", 3), target: (None, 0)}
    assert await reserved(cloud) == {source: 128, target: 0}


async def test_hosts_are_listed_with_what_speaks_against_them(cloud: SimulatedCloud) -> None:
    tenant, machine, source = await running(cloud)
    target = other(cloud, source)
    small = await cloud.add_host("?memory_mib=1100")
    unlike = await cloud.add_host("?accelerator=tcg")
    hosts = (await cloud.admin.get(f"/virtual-machines/{machine['id']}/hosts"))["value"]
    assert {host["id"]: host["unfit_because"] for host in hosts} == {
        source: "have it already",
        target: None,
        small: "lack memory",
        unlike: "run guests in another way",
    }
    for host_id, words in ((source, "have it already"), (small, "lack memory"), (unlike, "in another way")):
        answer = await cloud.admin.ask("POST", f"/virtual-machines/{machine['id']}/migrate", {"host_id": host_id})
        assert (answer.status, answer.body["code"]) == (409, "migration.host_unfit")
        assert words in answer.body["detail"]
    await tenant.client.accepted("POST", f"{tenant.base}/virtual-machines/{machine['id']}/stop")
    answer = await cloud.admin.ask("POST", f"/virtual-machines/{machine['id']}/migrate", {})
    assert (answer.status, answer.body["code"]) == (409, "virtual_machine.wrong_state")


@pytest.mark.parametrize("policy", ["strict", "preferred"])
async def test_a_move_honours_the_availability_set(cloud: SimulatedCloud, policy: str) -> None:
    tenant = await cloud.tenant()
    body = {"name": "pair", "policy": policy}
    pair = await tenant.client.post(f"{tenant.base}/availability-sets", body)
    machines = [await tenant.vm(name, availability_set_id=pair["id"]) for name in ("a", "b")]
    path = f"/virtual-machines/{machines[0]['id']}/migrate"
    if policy == "strict":
        answer = await cloud.admin.ask("POST", path, {"host_id": (await placed(cloud, machines[1]["id"]))["host_id"]})
        assert answer.status == 409
        assert "hold a machine of the availability set already" in answer.body["detail"]
        third = await cloud.add_host()
        await cloud.admin.accepted("POST", path, {})
        assert (await placed(cloud, machines[0]["id"]))["host_id"] == third
    else:
        third = await cloud.add_host()
        await cloud.admin.accepted("POST", path, {})
        assert (await placed(cloud, machines[0]["id"]))["host_id"] == third
