"""Administrators who act for tenants, and subscriptions that are suspended."""

from typing import Any

from support.cloud import ADMIN_EMAIL, ADMIN_PASSWORD, Client, SimulatedCloud, Tenant
from zaffre.edge.faces import Face


async def acting(cloud: SimulatedCloud, tenant: Tenant, admin: Client | None = None) -> tuple[Client, Any]:
    me = await tenant.client.get("/accounts/me")
    tokens = await (admin or cloud.admin).post(f"/accounts/{me['id']}/sessions")
    return cloud.client(Face.PUBLIC, tokens["access_token"]), tokens


async def test_an_administrator_acts_for_a_tenant_and_the_events_say_so(cloud: SimulatedCloud) -> None:
    tenant, stranger = await cloud.tenant(), await cloud.tenant()
    client, _ = await acting(cloud, tenant)
    me = await client.get("/accounts/me")
    assert (me["email"], me["acting_for"]["email"]) == (ADMIN_EMAIL, tenant.email)
    assert "account.self" not in me["permissions"]
    assert "fabric.read" not in me["permissions"]
    network = {"name": "made", "subnets": [{"name": "a", "cidr": "10.0.0.0/24"}]}
    made = await client.accepted("POST", f"{tenant.base}/vm-networks", network)
    events = (await tenant.client.get(f"/events/history?resource_id={made['id']}"))["value"]
    begun = next(event for event in events if event["kind"] == "vm_network.creating")
    assert (begun["actor_id"], begun["acting_for_id"]) == (me["id"], me["acting_for"]["id"])
    assert (await client.ask("GET", stranger.base)).status == 404
    for method, path in (("GET", "/sessions"), ("GET", "/api-tokens"), ("PATCH", "/accounts/me")):
        body = {"name": "x"} if method == "PATCH" else None
        assert (await client.ask(method, path, body)).status == 403, path


async def test_acting_ends_with_the_administrators_session_and_lasts_an_hour_at_most(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    admin = await cloud.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD, Face.ADMIN)
    client, tokens = await acting(cloud, tenant, admin)
    renewed = await cloud.client().post("/sessions/refresh", {"refresh_token": tokens["refresh_token"]})
    assert renewed["refresh_expires_at"] == tokens["refresh_expires_at"]
    assert (await client.ask("GET", tenant.base)).status == 200
    await admin.delete("/sessions/current")
    assert (await client.ask("GET", tenant.base)).status == 401
    refreshed = await cloud.client().ask("POST", "/sessions/refresh", {"refresh_token": renewed["refresh_token"]})
    assert refreshed.status == 401


async def test_nobody_acts_for_administrators_or_without_a_session(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    me = await cloud.admin.get("/accounts/me")
    assert (await cloud.admin.ask("POST", f"/accounts/{me['id']}/sessions")).status == 409
    token = await cloud.admin.post("/api-tokens", {"name": "t"})
    by_token = cloud.client(Face.ADMIN, token["token"])
    other = (await tenant.client.get("/accounts/me"))["id"]
    assert (await by_token.ask("POST", f"/accounts/{other}/sessions")).status == 400
    client, _ = await acting(cloud, tenant)
    await client.delete("/sessions/current")
    assert (await client.ask("GET", tenant.base)).status == 401
    assert (await cloud.admin.ask("GET", "/accounts/me")).status == 200


async def test_a_suspended_subscription_can_be_looked_at_and_not_changed(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    machine = await tenant.vm("web", await tenant.network())
    path = f"{tenant.base}/virtual-machines/{machine['id']}"
    suspended = await cloud.admin.accepted("POST", f"{tenant.base}/suspend")
    assert suspended["state"] == "suspended"
    for method, where, body in (
        ("POST", f"{path}/stop", None),
        ("DELETE", path, None),
        ("PATCH", path, {"name": "other"}),
        ("PATCH", tenant.base, {"name": "other"}),
        ("DELETE", tenant.base, None),
        ("POST", f"{tenant.base}/virtual-machines", tenant.machine_body("more")),
        ("POST", f"{tenant.base}/images", {"name": "i", "size_bytes": 1}),
    ):
        refused = await tenant.client.ask(method, where, body)
        assert (refused.status, refused.body["code"]) == (409, "subscription.suspended"), (method, where)
        assert refused.body["remedy"]
    assert (await tenant.read_vm(machine["id"]))["state"] == "running"
    await cloud.admin.accepted("POST", f"{tenant.base}/resume")
    await tenant.client.accepted("POST", f"{path}/stop")


async def test_a_provider_is_told_again_and_storage_and_settings_are_shown(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    listed = await cloud.admin.get(f"/provider-syncs?$filter=subscription_id eq {tenant.subscription_id}")
    assert {(row["provider"], row["state"]) for row in listed["value"]} == {
        ("networks", "in_sync"),
        ("virtual_machines", "in_sync"),
    }
    path = f"/provider-syncs/{tenant.subscription_id}"
    assert (await cloud.admin.accepted("POST", f"{path}/networks/resync"))["state"] == "syncing"
    assert (await cloud.admin.ask("POST", f"{path}/nobody/resync")).status == 404
    pool = (await cloud.admin.get("/storage"))["value"][0]
    assert (pool["host_name"], pool["path"]) == ("host-1", "/pool")
    assert pool["used_gib"] == pool["total_gib"] - pool["free_gib"]
    settings = {each["key"]: each for each in (await cloud.admin.get("/settings"))["value"]}
    secret = settings["identity.bootstrap_admin_password"]
    assert (secret["value"], secret["secret"], secret["origin"]) == (
        "********",
        True,
        "--set identity.bootstrap_admin_password",
    )
    assert settings["api.admin_port"]["origin"] == "default"
