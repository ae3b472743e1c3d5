"""Names and tags of virtual machines, through the API."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from support.cloud import SimulatedCloud, Tenant
from zaffre.compute.tables import VirtualMachineRow
from zaffre.foundation.actor import system_actor
from zaffre.foundation.errors import InvalidQuery
from zaffre.foundation.http.filters import Field, FieldType, parse_filter
from zaffre.foundation.tags import tag_text
from zaffre.management.metering.tables import UsageChangeRow, UsageSpanRow

TAGS = {"env": "prod", "team": "shop"}
CONDITIONS = {
    "tags/any(t:t eq 'team=shop')": 1,
    "tags/any(t:t eq 'team=sho')": 0,
    "tags/any(t:startswith(t,'owner='))": 1,
    "tags/any(t:startswith(t,'wner='))": 0,
    "tags/any(t:t in ('env=prod','owner=Ann'))": 1,
    "tags/any(t:t eq 'env=prod')": 0,
    "not tags/any(t:t eq 'env=prod')": 1,
    "tags/any()": 1,
}
NAME = Field(VirtualMachineRow.name, FieldType.TEXT)


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
    assert (answer.status, answer.body["code"]) == (400, "tags.too_many")
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


async def test_all_that_stands_for_itself_has_tags_and_is_found_by_them(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    client, base = tenant.client, tenant.base
    machine = (await tenant.vm("web", tags=TAGS))["id"]
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ"
    made = {
        "virtual-machines": machine,
        "disks": (await client.accepted("POST", f"{base}/disks", {"name": "d", "size_gib": 1, "tags": TAGS}))["id"],
        "vm-networks": (await client.accepted("POST", f"{base}/vm-networks", {"name": "n", "tags": TAGS}))["id"],
        "ssh-keys": (await client.post(f"{base}/ssh-keys", {"name": "k", "public_key": key, "tags": TAGS}))["id"],
        "availability-sets": (await client.post(f"{base}/availability-sets", {"name": "s", "tags": TAGS}))["id"],
        "images": (await client.post(f"{base}/images", {"name": "i", "size_bytes": 1, "tags": TAGS}))["id"],
    }
    for collection, each in made.items():
        path = f"{base}/{collection}/{each}"
        assert (await client.get(path))["tags"] == TAGS, collection
        changed = await client.patch(path, {"tags": {"env": None, "owner": "Ann"}, "name": "other"})
        assert (changed["name"], changed["tags"]) == ("other", {"owner": "Ann", "team": "shop"}), collection
        for condition, count in CONDITIONS.items():
            found = await client.get(f"{base}/{collection}", params={"$filter": f"id eq {each} and {condition}"})
            assert len(found["value"]) == count, (collection, condition)
        assert (await client.ask("PATCH", path, {"tags": {"no spaces": "x"}})).status == 400
    root = await client.get(f"{base}/disks", params={"$filter": f"virtual_machine_id eq {machine}"})
    assert [disk["tags"] for disk in root["value"]] == [TAGS]
    tagged = await client.patch(base, {"tags": {"centre": "4711"}})
    assert (tagged["tags"], tagged["name"]) == ({"centre": "4711"}, "main")
    found = await cloud.admin.get("/subscriptions", params={"$filter": "tags/any(t:t eq 'centre=4711')"})
    assert [each["id"] for each in found["value"]] == [tenant.subscription_id]


async def test_the_usage_of_what_is_tagged_is_told_apart_by_its_tags(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    disk = await tenant.client.accepted(
        "POST", f"{tenant.base}/disks", {"name": "d", "size_gib": 1, "tags": {"team": "a"}}
    )
    await tenant.client.patch(f"{tenant.base}/disks/{disk['id']}", {"tags": {"team": "b"}})
    async with cloud.units.read(system_actor("test")) as work:
        changes = await work.session.scalars(
            select(UsageChangeRow).where(UsageChangeRow.resource_id == disk["id"]).order_by(UsageChangeRow.position)
        )
        spans = await work.session.scalars(select(UsageSpanRow).where(UsageSpanRow.resource_id == disk["id"]))
        written = [*(span.tags for span in spans), *(change.usage["tags"] for change in changes)]
    assert written[-1] == {"team": "b"}  # whether or not the change is in the span by now


def test_conditions_on_tags_say_where_they_are_wrong() -> None:
    fields = {"tags": Field(VirtualMachineRow.tag_text, FieldType.TAGS), "name": NAME}
    for wrong in (
        "tags/all(t:t eq 'a=b')",
        "name/any(t:t eq 'a=b')",
        "tags/any(t:endswith(t,'b'))",
        "tags/any(t:t eq 1)",
        "tags/any(t:name eq 'a=b')",
        "nothing/any(t:t eq 'a=b')",
    ):
        with pytest.raises(InvalidQuery, match="character"):
            parse_filter(wrong, fields)


@given(st.dictionaries(st.text("abc", min_size=1), st.text("xyz=", max_size=3)))
def test_every_tag_is_a_line_of_the_text_that_is_searched(tags: dict[str, str]) -> None:
    text = tag_text(tags)
    assert all(f"\n{key}={value}\n" in text for key, value in tags.items())
