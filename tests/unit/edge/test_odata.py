"""`$select`, `$expand` and `$metadata`, as OData clients use them."""

import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from support.cloud import SimulatedCloud
from zaffre.edge.faces import Face, build_face
from zaffre.edge.metadata import EDM, EDMX, Schema, as_json, as_xml
from zaffre.foundation.http.collections import Collections
from zaffre.management.providers import ProviderRegistry


async def test_answers_have_what_is_selected_and_what_is_related(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    machine = await tenant.vm("web", await tenant.network())
    path = f"{tenant.base}/virtual-machines"
    listed = await tenant.client.get(path, params={"$select": "name, state", "$count": "true"})
    assert listed["value"] == [{"name": "web", "state": "running"}]
    assert listed["@odata.count"] == 1
    one = await tenant.client.get(f"{path}/{machine['id']}", params={"$select": "id", "$expand": "image($select=name)"})
    assert one == {"id": machine["id"], "image": {"name": "tiny"}}
    subscriptions = await cloud.admin.get("/subscriptions", params={"$expand": "plan,account($select=email)"})
    mine = next(each for each in subscriptions["value"] if each["id"] == tenant.subscription_id)
    plan = await cloud.admin.get(f"/plans/{mine['plan_id']}")
    assert (mine["plan"]["name"], mine["account"]) == (plan["name"], {"email": tenant.email})
    pages = await cloud.admin.get("/sizes", params={"$top": 2, "$select": "name"})
    assert await cloud.admin.get(pages["@odata.nextLink"]) == {
        "value": [{"name": "large"}],
        "@odata.nextLink": None,
        "@odata.count": None,
    }


async def test_expanding_shows_what_the_caller_may_see_and_nothing_else(cloud: SimulatedCloud) -> None:
    plan = await cloud.plan()
    tenant = await cloud.tenant(plan)
    expanded = await tenant.client.get(tenant.base, params={"$expand": "plan"})
    assert expanded["plan"]["id"] == plan
    await cloud.admin.patch(f"/plans/{plan}", {"state": "decommissioned"})
    assert plan not in {each["id"] for each in (await tenant.client.get("/plans"))["value"]}
    expanded = await tenant.client.get("/subscriptions", params={"$expand": "plan"})
    assert [each["plan"] for each in expanded["value"]] == [await tenant.client.get(f"/plans/{plan}")]
    answer = await tenant.client.ask("GET", "/subscriptions", params={"$expand": "account"})
    assert (answer.status, answer.body["code"]) == (400, "query.invalid")
    # What came of the whole site's machines is expanded as the caller, so a host that is hidden stays so.
    machine = await tenant.vm("web", await tenant.network())
    answer = await tenant.client.ask("GET", f"{tenant.base}/virtual-machines/{machine['id']}?$expand=host")
    assert answer.status == 400


@pytest.mark.parametrize(
    ("option", "text", "character"),
    [
        ("$select", "name,nonsense", 6),
        ("$select", "name state", 6),
        ("$select", "name,", 6),
        ("$select", "", 1),
        ("$expand", "plan,host", 6),
        ("$expand", "plan($top=1)", 5),
        ("$expand", "plan/account", 5),
    ],
)
async def test_errors_point_at_the_character(api: SimulatedCloud, option: str, text: str, character: int) -> None:
    answer = await api.admin.ask("GET", "/subscriptions", params={option: text})
    assert (answer.status, answer.body["code"], answer.body["target"]) == (400, "query.invalid", option)
    assert f"{option}, character {character}:" in answer.body["detail"]


@pytest.mark.parametrize("face", list(Face))
def test_the_metadata_is_whole_in_both_forms(face: Face) -> None:
    collections = Collections.of(build_face(face, ProviderRegistry.installed()))
    schema = Schema(collections)
    root = ET.fromstring(as_xml(schema))
    edm = f"{{{EDM}}}"
    assert (root.tag, root.attrib) == (f"{{{EDMX}}}Edmx", {"Version": "4.01"})
    types = {
        f"Zaffre.{each.attrib['Name']}": each
        for kind in ("EntityType", "ComplexType")
        for each in root.iter(edm + kind)
    }
    assert len(types) == len(schema.entities) + len(schema.values)
    for name, each in types.items():
        names = [one.attrib["Name"] for one in each if "Name" in one.attrib]
        assert len(names) == len(set(names)), name
        for one in each:
            named = one.attrib.get("Type", "").removeprefix("Collection(").removesuffix(")")
            assert not named or named.startswith("Edm.") or named in types, (name, one.attrib)
        keys = [ref.attrib["Name"] for ref in each.iter(edm + "PropertyRef")]
        assert set(keys) <= set(names)
        for constraint in each.iter(edm + "ReferentialConstraint"):
            assert constraint.attrib["Property"] in names
    sets = {one.attrib["Name"]: one for one in root.iter(edm + "EntitySet")}
    assert {name.replace("_", "-") for name in sets} == {r.slug for r in collections.routes if "{" not in r.path}
    for one in sets.values():
        assert one.attrib["EntityType"] in types
        for binding in one.iter(edm + "NavigationPropertyBinding"):
            assert binding.attrib["Target"] in sets
    reached = {
        each for found in types.values() for each in (n.attrib["Name"] for n in found.iter(edm + "NavigationProperty"))
    }
    assert {r.slug.replace("-", "_") for r in collections.routes} <= reached | set(sets)
    told: dict[str, Any] = json.loads(json.dumps(as_json(schema)))
    assert told["$Version"] == "4.01"
    body = told["Zaffre"]
    assert {f"Zaffre.{name}" for name in body if name != "Site"} == set(types)
    assert {name for name in body["Site"] if name[0] not in "$@"} == set(sets)
    for name, each in types.items():
        fields = {one.attrib["Name"] for one in each if "Name" in one.attrib}
        assert {key for key in body[name.removeprefix("Zaffre.")] if key[0] != "$"} == fields


async def test_the_metadata_is_served_as_asked(api: SimulatedCloud) -> None:
    xml = await api.admin.ask("GET", "/$metadata")
    assert xml.headers["Content-Type"].startswith("application/xml")
    assert ET.fromstring(xml.body).tag.endswith("Edmx")
    told = await api.admin.ask("GET", "/$metadata", headers={"Accept": "application/json"})
    again = await api.admin.ask("GET", "/$metadata?$format=json")
    assert told.body == again.body
    assert told.headers["OData-Version"] == "4.01"


async def test_paths_may_be_spelt_as_odata_does(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    machine = await tenant.vm("web", await tenant.network())
    usual = await tenant.client.get(f"{tenant.base}/virtual-machines/{machine['id']}")
    path = f"/subscriptions({tenant.subscription_id})/virtual_machines({machine['id']})"
    assert await tenant.client.get(path) == usual
    assert (await cloud.admin.get("/logical_networks"))["value"]
    assert (await cloud.admin.ask("GET", "/providers/virtual_machines")).status in (200, 404)
