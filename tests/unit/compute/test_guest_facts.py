"""What guests say about themselves, through the API."""

import asyncio
from typing import Any

import pytest

from support.cloud import SimulatedCloud, Tenant
from zaffre.compute import guest_facts as desk


def path(tenant: Tenant, machine: Any) -> str:
    return f"{tenant.base}/virtual-machines/{machine['id']}/guest-facts"


async def host_of(cloud: SimulatedCloud, machine: Any) -> str:
    """The name of the machine's host in the simulated world."""
    [host_id] = [
        m["host_id"] for m in (await cloud.admin.get("/virtual-machines"))["value"] if m["id"] == machine["id"]
    ]
    return (await cloud.admin.get(f"/hosts/{host_id}"))["name"]


async def test_a_tenant_reads_what_the_guest_says(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    machine = await tenant.vm("web", await tenant.network())
    facts = await tenant.client.get(path(tenant, machine))
    assert (facts["available"], facts["reason"], facts["hostname"]) == (True, None, "web")
    assert facts["operating_system"]["title"] == "Simulated Linux 1"
    assert [each["mac"] for each in facts["interfaces"]] == [port["mac"] for port in machine["ports"]]
    [root] = facts["filesystems"]
    assert root["total_bytes"] == machine["disks"][0]["size_gib"] << 30
    assert facts["observed_at"]
    assert (await cloud.admin.get(path(tenant, machine)))["hostname"] == "web"


async def test_another_tenant_learns_nothing(cloud: SimulatedCloud) -> None:
    tenant, other = await cloud.tenant(), await cloud.tenant()
    machine = await tenant.vm("web")
    await tenant.client.get(path(tenant, machine))
    for where in (path(tenant, machine), path(other, machine)):
        assert (await other.client.ask("GET", where)).status == 404


async def test_a_machine_that_is_not_running_says_nothing(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    machine = await tenant.vm("web")
    for action in ("pause", "stop"):
        await tenant.client.accepted("POST", path(tenant, machine).replace("guest-facts", action))
        facts = await tenant.client.get(path(tenant, machine))
        assert (facts["available"], facts["reason"], facts["interfaces"]) == (False, "not_running", [])


async def test_a_guest_without_an_agent_says_nothing_and_is_left_alone_for_a_while(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    machine = await tenant.vm("web")
    host = await host_of(cloud, machine)
    cloud.world.faults.silence_agent(host, machine["id"])
    facts = await tenant.client.get(path(tenant, machine))
    assert (facts["available"], facts["reason"], facts["hostname"]) == (False, "no_agent", None)
    cloud.world.faults.silence_agent(host, machine["id"], silent=False)
    assert await tenant.client.get(path(tenant, machine)) == facts


async def test_who_asks_often_gets_the_same_answer(cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = await cloud.tenant()
    machine = await tenant.vm("web")
    asked = await asyncio.gather(*(tenant.client.get(path(tenant, machine)) for _ in range(5)))
    assert len({each["observed_at"] for each in asked}) == 1
    monkeypatch.setattr(desk, "FRESH_S", 0.0)
    cloud.site.compute.guest_facts._answers.clear()
    times = [(await tenant.client.get(path(tenant, machine)))["observed_at"] for _ in range(2)]
    assert len(set(times)) == 2


async def test_only_so_many_answers_are_kept(cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "REMEMBERED", 1)
    tenant = await cloud.tenant()
    for name in ("web", "db"):
        await tenant.client.get(path(tenant, await tenant.vm(name)))
    assert len(cloud.site.compute.guest_facts._answers) == 1


async def test_a_host_that_is_down_is_a_problem_and_is_asked_again_next_time(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    machine = await tenant.vm("web")
    host = await host_of(cloud, machine)
    cloud.world.faults.make_unreachable(host)
    answer = await tenant.client.ask("GET", path(tenant, machine))
    assert (answer.status, answer.body["code"]) == (503, "host.unreachable")
    cloud.world.faults.make_reachable(host)
    assert (await tenant.client.get(path(tenant, machine)))["available"]
