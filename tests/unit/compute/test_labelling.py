"""Names and tags of virtual machines, through the API."""

import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from support.cloud import SimulatedCloud, Tenant
from zaffre.compute.labelling import tag_text


async def title_on_host(cloud: SimulatedCloud, machine_id: str) -> str | None:
    for _, door in cloud.site.hypervisors.connected():
        seen = await door.observe(machine_id)
        if seen is not None:
            return seen.title
    return None


async def until_title(cloud: SimulatedCloud, machine_id: str, title: str) -> None:
    async with asyncio.timeout(60):
        while await title_on_host(cloud, machine_id) != title:
            await asyncio.sleep(0.02)


def path(tenant: Tenant, machine: Any) -> str:
    return f"{tenant.base}/virtual-machines/{machine['id']}"


async def test_a_rename_changes_the_title_on_the_host_and_not_the_host_name(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    machine = await tenant.vm("web 1")
    renamed = await tenant.client.patch(path(tenant, machine), {"name": "shop"})
    assert (renamed["name"], renamed["hostname"]) == ("shop", "web-1")
    assert renamed["generation"] > machine["generation"]
    await until_title(cloud, machine["id"], "shop")


async def test_a_title_follows_when_a_host_that_was_away_is_back(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    machine = await tenant.vm("before")
    hosts = [door.address.name for _, door in cloud.site.hypervisors.connected()]
    for name in hosts:
        cloud.world.faults.make_unreachable(name)
    await tenant.client.patch(path(tenant, machine), {"name": "after"})
    for name in hosts:
        cloud.world.faults.make_reachable(name)
    await until_title(cloud, machine["id"], "after")


async def test_a_name_that_another_machine_has_is_refused(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    machine, _ = await tenant.vm("one"), await tenant.vm("two")
    answer = await tenant.client.ask("PATCH", path(tenant, machine), {"name": "two"})
    assert (answer.status, answer.body["code"]) == (409, "resource.name_taken")
    assert (await tenant.read_vm(machine["id"]))["name"] == "one"


async def test_a_stale_writer_is_refused(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    machine = await tenant.vm("one")
    await tenant.client.patch(path(tenant, machine), {"tags": {"a": "1"}})
    answer = await tenant.client.ask("PATCH", path(tenant, machine), {"name": "x"}, {"If-Match": '"1"'})
    assert answer.status == 412


async def test_tags_are_merged_removed_and_found(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    machine, _ = await tenant.vm("one"), await tenant.vm("two")
    await tenant.client.patch(path(tenant, machine), {"tags": {"team": "Shop", "env": "production"}})
    changed = await tenant.client.patch(path(tenant, machine), {"tags": {"env": None, "cost/centre": "42"}})
    assert changed["tags"] == {"team": "Shop", "cost/centre": "42"}
    listing = f"{tenant.base}/virtual-machines"
    for word in ("shop", "cost/centre=42", "team"):
        found = (await tenant.client.get(listing, params={"$search": word}))["value"]
        assert [each["name"] for each in found] == ["one"], word
    assert (await tenant.client.get(listing, params={"$search": "production"}))["value"] == []
    chosen = (await tenant.client.get(listing, params={"$filter": "contains(tags,'team=Shop')"}))["value"]
    assert [each["name"] for each in chosen] == ["one"]


async def test_tags_are_bounded(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    machine = await tenant.vm("one")
    await tenant.client.patch(path(tenant, machine), {"tags": {f"t{n}": "" for n in range(20)}})
    answer = await tenant.client.ask("PATCH", path(tenant, machine), {"tags": {"one more": "x"}})
    assert answer.status == 400
    answer = await tenant.client.ask("PATCH", path(tenant, machine), {"tags": {"more": "x"}})
    assert (answer.status, answer.body["code"]) == (400, "virtual_machine.too_many_tags")
    swapped = await tenant.client.patch(path(tenant, machine), {"tags": {"more": "x", "t0": None}})
    assert len(swapped["tags"]) == 20
    answer = await tenant.client.ask("PATCH", path(tenant, machine), {"tags": {"t1": "two\nlines"}})
    assert answer.status == 400


async def test_a_change_of_nothing_changes_nothing(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    machine = await tenant.vm("one")
    await until_title(cloud, machine["id"], "one")
    before = await tenant.read_vm(machine["id"])
    await tenant.client.patch(path(tenant, machine), {"name": "one", "tags": {"gone": None}})
    after = await tenant.read_vm(machine["id"])
    assert {**after, "generation": 0, "observed_at": None} == {**before, "generation": 0, "observed_at": None}


@given(st.dictionaries(st.text("abc", min_size=1), st.text("xyz=", max_size=3)))
def test_every_tag_is_a_line_of_the_text_that_is_searched(tags: dict[str, str]) -> None:
    text = tag_text(tags)
    assert all(f"\n{key}={value}\n" in text for key, value in tags.items())
