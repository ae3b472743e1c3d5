"""Availability sets through the API: machines that shall not share a host."""

from asyncio import gather
from collections import Counter
from typing import Any

import pytest

from support.cloud import SimulatedCloud, Tenant


async def availability_set(tenant: Tenant, policy: str, name: str = "pair") -> Any:
    return await tenant.client.post(f"{tenant.base}/availability-sets", {"name": name, "policy": policy})


async def hosts_of(cloud: SimulatedCloud) -> list[str]:
    return [machine["host_id"] for machine in (await cloud.admin.get("/virtual-machines"))["value"]]


async def made(tenant: Tenant, set_id: str, count: int) -> list[Any]:
    """Make machines of a set all at once; returns their operations as they ended."""
    answers = await gather(*(tenant.ask_vm(f"vm {number}", availability_set_id=set_id) for number in range(count)))
    assert [answer.status for answer in answers] == [202] * count
    return [await tenant.client.operation(answer.headers["Operation-Location"]) for answer in answers]


async def test_a_strict_set_gets_as_many_machines_as_there_are_hosts(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    pair = await availability_set(tenant, "strict")
    operations = await made(tenant, pair["id"], 5)
    assert Counter(operation["state"] for operation in operations) == {"succeeded": 2, "failed": 3}
    problem = next(operation["problem"] for operation in operations if operation["state"] == "failed")
    assert problem["code"] == "placement.no_host"
    assert "2 of 2 hosts hold a machine of the availability set already" in problem["detail"]
    assert "'pair' is strict" in problem["remedy"]
    assert sorted(await hosts_of(cloud)) == sorted(cloud.hosts)
    assert (await tenant.usage())["virtual_machines"][0] == 2


async def test_a_host_is_free_again_for_a_strict_set_when_its_machine_is_gone(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    pair = await availability_set(tenant, "strict")
    first = await tenant.vm("first", availability_set_id=pair["id"])
    await tenant.vm("second", availability_set_id=pair["id"])
    await tenant.client.accepted("DELETE", f"{tenant.base}/virtual-machines/{first['id']}")
    third = await tenant.vm("third", availability_set_id=pair["id"])
    assert third["availability_set_id"] == pair["id"]
    assert sorted(await hosts_of(cloud)) == sorted(cloud.hosts)


async def test_a_preferred_set_is_spread_evenly_however_many_machines_it_has(cloud: SimulatedCloud) -> None:
    await cloud.add_host()
    tenant = await cloud.tenant()
    # Others' machines and own ones outside the set make one host look better than the others.
    for number in range(2):
        await tenant.vm(f"bystander {number}")
    pair = await availability_set(tenant, "preferred")
    operations = await made(tenant, pair["id"], 7)
    assert {operation["state"] for operation in operations} == {"succeeded"}
    query = "/virtual-machines?$filter=contains(name,'vm ')"
    spread = Counter(machine["host_id"] for machine in (await cloud.admin.get(query))["value"])
    assert sorted(spread.values()) == [2, 2, 3]


async def test_sets_are_renamed_listed_with_their_machines_and_deleted_when_empty(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    pair = await availability_set(tenant, "strict")
    assert (pair["policy"], pair["virtual_machine_count"]) == ("strict", 0)
    machine = await tenant.vm("only", availability_set_id=pair["id"])
    path = f"{tenant.base}/availability-sets/{pair['id']}"
    assert (await tenant.client.patch(path, {"name": "renamed"}))["name"] == "renamed"
    listed = (await tenant.client.get(f"{tenant.base}/availability-sets"))["value"]
    assert [(each["name"], each["virtual_machine_count"]) for each in listed] == [("renamed", 1)]
    refused = await tenant.client.ask("DELETE", path)
    assert (refused.status, refused.body["code"]) == (409, "resource.in_use")
    assert "has 1 virtual machines" in refused.body["detail"]
    await tenant.client.accepted("DELETE", f"{tenant.base}/virtual-machines/{machine['id']}")
    await tenant.client.delete(path)
    assert (await tenant.client.ask("GET", path)).status == 404
    assert (await tenant.usage())["availability_sets"][0] == 0


@pytest.mark.parametrize("headers", [{"If-Match": '"7"'}])
async def test_a_stale_change_of_a_set_is_refused(cloud: SimulatedCloud, headers: dict[str, str]) -> None:
    tenant = await cloud.tenant()
    pair = await availability_set(tenant, "strict")
    path = f"{tenant.base}/availability-sets/{pair['id']}"
    for method, body in (("PATCH", {"name": "x"}), ("DELETE", None)):
        assert (await tenant.client.ask(method, path, body, headers)).status == 412


async def test_sets_count_against_the_quota(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant(await cloud.plan(availability_sets=1))
    await availability_set(tenant, "strict")
    body = {"name": "second", "policy": "preferred"}
    refused = await tenant.client.ask("POST", f"{tenant.base}/availability-sets", body)
    assert (refused.status, refused.body["code"]) == (409, "quota.exceeded")
