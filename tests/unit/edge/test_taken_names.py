"""Names and addresses that somebody has already: refused by the database's constraints, told apart, nothing left."""

from typing import Any

from support.cloud import PASSWORD, Client, SimulatedCloud, Tenant
from zaffre.edge.faces import Face

PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me"
NAME_TAKEN = (409, "resource.name_taken", "name")


async def refusal(client: Client, method: str, path: str, body: Any) -> tuple[int, str, str | None]:
    answer = await client.ask(method, path, body)
    return answer.status, answer.body.get("code", ""), answer.body.get("target")


async def events(cloud: SimulatedCloud) -> list[str]:
    page = await cloud.admin.get("/events/history", params={"$top": 500})
    return [event["id"] for event in page["value"]]


async def provider_things(api: SimulatedCloud) -> dict[str, dict[str, Any]]:
    """Make one of everything; returns what has its name and is otherwise different, by path."""
    stamp_id, other_id = [(await api.admin.post("/stamps", {"name": name}))["id"] for name in ("stamp", "other")]
    await api.admin.post("/clouds", {"name": "cloud", "stamp_id": stamp_id})
    network = {"name": "logical", "driver": "simulated", "address": "plane"}
    await api.admin.post("/logical-networks", network | {"stamp_id": stamp_id})
    host = {"name": "host", "stamp_id": stamp_id, "driver": "simulated", "pool_path": "/pool"}
    await api.admin.post("/hosts", host | {"uri": "simulated:///one"})
    await api.admin.post("/images", {"name": "image"})
    await api.admin.post("/sizes", {"name": "size", "vcpus": 1, "memory_mib": 512})
    return {
        "/stamps": {"name": "stamp"},
        "/clouds": {"name": "cloud", "stamp_id": other_id},
        "/logical-networks": network | {"stamp_id": other_id},
        "/hosts": host | {"uri": "simulated:///other"},
        "/images": {"name": "image"},
        "/sizes": {"name": "size", "vcpus": 9, "memory_mib": 1024},
    }


async def test_nothing_of_a_provider_gets_a_name_that_is_taken(api: SimulatedCloud) -> None:
    things = await provider_things(api)
    before = await events(api)
    answers = {path: await refusal(api.admin, "POST", path, body) for path, body in things.items()}
    assert answers == dict.fromkeys(things, NAME_TAKEN)
    assert await events(api) == before
    size = next(one for one in (await api.admin.get("/sizes"))["value"] if one["name"] == "size")
    await api.admin.delete(f"/sizes/{size['id']}")
    await api.admin.post("/sizes", things["/sizes"])


async def test_what_is_taken_beside_names_is_told_apart(cloud: SimulatedCloud) -> None:
    host = {"stamp_id": cloud.stamp_id, "name": "new", "driver": "simulated", "uri": "simulated:///host-1"}
    network = {"stamp_id": cloud.stamp_id, "name": "new", "driver": "simulated", "address": "new"}
    subscriber = await cloud.tenant()
    account_id = (await subscriber.client.get("/accounts/me"))["id"]
    taken_id = {"plan_id": await cloud.plan(), "name": "new", "id": subscriber.subscription_id}
    signed_up = {"email": subscriber.email.upper(), "name": "Twin", "password": PASSWORD}
    assert [
        await refusal(cloud.admin, "POST", "/hosts", {**host, "pool_path": "/pool"}),
        await refusal(cloud.admin, "POST", "/logical-networks", network),
        await refusal(cloud.admin, "POST", "/subscriptions", {**taken_id, "account_id": account_id}),
        await refusal(cloud.client(Face.PUBLIC), "POST", "/accounts", signed_up),
        await refusal(cloud.admin, "DELETE", f"/stamps/{cloud.stamp_id}", None),
    ] == [
        (409, "host.exists", "uri"),
        (409, "logical_network.stamp_has_one", "stamp_id"),
        (409, "subscription.id_taken", "id"),
        (409, "account.email_taken", "email"),
        (409, "resource.in_use", cloud.stamp_id),
    ]


async def test_a_stamp_with_nothing_but_a_logical_network_stays(api: SimulatedCloud) -> None:
    stamp = await api.admin.post("/stamps", {"name": "other"})
    network = {"stamp_id": stamp["id"], "name": "other", "driver": "simulated", "address": "other"}
    await api.admin.post("/logical-networks", network)
    answer = await refusal(api.admin, "DELETE", f"/stamps/{stamp['id']}", None)
    assert answer == (409, "resource.in_use", stamp["id"])
    assert (await api.admin.get(f"/stamps/{stamp['id']}"))["name"] == "other"


async def tenant_things(tenant: Tenant) -> dict[str, dict[str, Any]]:
    network = await tenant.network()
    await tenant.vm("vm", network)
    await tenant.client.post(f"{tenant.base}/ssh-keys", {"name": "key", "public_key": PUBLIC_KEY})
    await tenant.client.post(f"{tenant.base}/availability-sets", {"name": "set"})
    networks = f"{tenant.base}/vm-networks"
    return {
        f"{tenant.base}/virtual-machines": tenant.machine_body("vm", network),
        networks: {"name": "net", "subnets": [{"name": "subnet", "cidr": "10.0.0.0/24"}]},
        f"{networks}/{network['id']}/subnets": {"name": "subnet", "cidr": "10.0.1.0/24"},
        f"{tenant.base}/ssh-keys": {"name": "key", "public_key": PUBLIC_KEY},
        f"{tenant.base}/availability-sets": {"name": "set"},
    }


async def test_nothing_of_a_tenant_gets_a_name_that_is_taken(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    things = await tenant_things(tenant)
    before = await events(cloud), await tenant.usage()
    answers = {path: await refusal(tenant.client, "POST", path, body) for path, body in things.items()}
    assert answers == dict.fromkeys(things, NAME_TAKEN)
    assert (await events(cloud), await tenant.usage()) == before
    assert (await (await cloud.tenant()).network())["name"] == "net", "it is free for others"
    await refuse_renaming(cloud, tenant)


async def refuse_renaming(cloud: SimulatedCloud, tenant: Tenant) -> None:
    network = await tenant.network(cidr="10.1.0.0/24", name="second")
    plan = await cloud.admin.get(f"/plans/{await cloud.plan()}")
    other_plan_id = await cloud.plan()
    body = {"plan_id": plan["id"], "name": "second"}
    subscription = await tenant.client.accepted("POST", "/subscriptions", body)
    offered = [{key: service[key] for key in ("provider", "settings", "quota")} for service in plan["services"]]
    again = {"name": plan["name"], "services": offered}
    assert [
        await refusal(cloud.admin, "POST", "/plans", again),
        await refusal(tenant.client, "PATCH", f"{tenant.base}/vm-networks/{network['id']}", {"name": "net"}),
        await refusal(tenant.client, "PATCH", f"/subscriptions/{subscription['id']}", {"name": "main"}),
        await refusal(cloud.admin, "PATCH", f"/plans/{other_plan_id}", {"name": plan["name"]}),
    ] == [NAME_TAKEN] * 4
    assert (await tenant.client.get(f"/subscriptions/{subscription['id']}"))["name"] == "second"
