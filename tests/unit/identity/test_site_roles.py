"""Site roles: what accounts may do at the site, given and taken, and felt at once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from support.cloud import ADMIN_EMAIL, ADMIN_PASSWORD, PASSWORD, Client, SimulatedCloud, cloud_settings, running_cloud
from zaffre.edge.faces import Face
from zaffre.foundation.actor import system_actor
from zaffre.foundation.clock import ManualClock
from zaffre.foundation.database import Database
from zaffre.identity.accounts import Accounts


@pytest.fixture
async def site(database: Database, tmp_path: Path, clock: ManualClock) -> AsyncIterator[SimulatedCloud]:
    url = database.url if not database.is_sqlite else ""
    settings = cloud_settings(tmp_path, url, "parts=api", f"mail.directory={tmp_path / 'mail'}")
    async with running_cloud(settings, furnished=False, clock=clock) as cloud:
        cloud.admin = await cloud.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD, Face.ADMIN)
        yield cloud


async def somebody(cloud: SimulatedCloud, role: str, by: Client | None = None) -> tuple[Client, str]:
    email = f"{cloud.units.ids.new()}@zaffre.example"
    body = {"email": email, "name": role, "password": PASSWORD, "role": role}
    made = await (by or cloud.admin).post("/accounts", body)
    return await cloud.sign_in(email, PASSWORD, Face.ADMIN), made["id"]


async def own_role(cloud: SimulatedCloud, name: str, *permissions: str) -> Any:
    return await cloud.admin.post("/site-roles", {"name": name, "permissions": permissions})


async def refused(client: Client, method: str, path: str, body: Any = None) -> tuple[int, str]:
    answer = await client.ask(method, path, body)
    return answer.status, answer.body["code"]


async def test_a_role_of_the_sites_own_is_felt_at_the_next_request(site: SimulatedCloud) -> None:
    role = await own_role(site, "capacity", "fabric.read")
    assert role["permissions"] == ["account.self", "fabric.read"]
    watcher, account_id = await somebody(site, role["id"])
    robot = site.client(Face.ADMIN, (await watcher.post("/api-tokens", {"name": "robot"}))["token"])
    me = await watcher.get("/accounts/me")
    assert (me["role"], me["role_name"], me["permissions"]) == (role["id"], "capacity", role["permissions"])
    assert (await watcher.ask("GET", "/hosts")).status == 200
    assert await refused(watcher, "GET", "/accounts") == (403, "identity.forbidden")
    path = f"/site-roles/{role['id']}"
    assert (await site.admin.get(path))["holders"] == 1
    await site.admin.patch(path, {"permissions": ["account.read"]})
    for client in (watcher, robot):
        assert (await client.ask("GET", "/accounts")).status == 200
        assert await refused(client, "GET", "/hosts") == (403, "identity.forbidden")
    assert await refused(site.admin, "DELETE", path) == (409, "resource.in_use")
    await site.admin.patch(f"/accounts/{account_id}", {"role": "auditor"})
    assert (await watcher.ask("GET", "/audit-records")).status == 200
    await site.admin.delete(path)
    assert await refused(site.admin, "GET", path) == (404, "resource.not_found")
    await site.admin.patch(f"/accounts/{account_id}", {"state": "suspended"})
    assert (await watcher.ask("GET", "/accounts/me")).status == 401
    events = {event["kind"] for event in (await site.admin.get("/events/history?$top=500"))["value"]}
    assert {"site_role.created", "site_role.changed", "site_role.deleted", "account.role_changed"} <= events
    deeds = await site.admin.get("/audit-records?$filter=resource_type eq 'site_role'&$orderby=id")
    assert deeds["value"][0]["action"] == "site_role.created"
    assert deeds["value"][1]["before"] == {"permissions": ["fabric.read"]}


async def test_roles_that_every_site_has_stay_as_they_are(site: SimulatedCloud) -> None:
    listed = {role["id"]: role for role in (await site.admin.get("/site-roles"))["value"]}
    assert list(listed) == [
        "site_administrator",
        "fabric_operator",
        "plans_and_billing",
        "help_desk",
        "auditor",
        "tenant",
    ]
    assert (listed["site_administrator"]["holders"], listed["auditor"]["built_in"]) == (1, True)
    assert await refused(site.admin, "PATCH", "/site-roles/auditor", {"name": "x"}) == (409, "site_role.built_in")
    assert await refused(site.admin, "DELETE", "/site-roles/auditor") == (409, "site_role.built_in")
    body = {"name": "Help desk", "permissions": ["fabric.read"]}
    assert await refused(site.admin, "POST", "/site-roles", body) == (409, "resource.name_taken")
    made = await own_role(site, "mine", "fabric.read")
    assert await refused(site.admin, "POST", "/site-roles", {**body, "name": "mine"}) == (409, "resource.name_taken")
    assert await refused(site.admin, "POST", "/site-roles", {"name": "n", "permissions": ["no.such"]}) == (
        400,
        "request.invalid",
    )
    assert (await site.admin.ask("PATCH", "/accounts/" + made["id"], {"role": made["id"]})).status == 404
    _, account_id = await somebody(site, "tenant")
    body = {"role": site.units.ids.new()}
    assert await refused(site.admin, "PATCH", f"/accounts/{account_id}", body) == (404, "resource.not_found")


async def test_nobody_gives_or_takes_more_than_they_have(site: SimulatedCloud) -> None:
    deputy_role = await own_role(
        site, "deputy", "role.read", "role.admin", "account.read", "account.admin", "fabric.read"
    )
    mighty = await own_role(site, "mighty", "fabric.write")
    deputy, deputy_id = await somebody(site, deputy_role["id"])
    _, operator_id = await somebody(site, "fabric_operator")
    admin_id = (await site.admin.get("/accounts/me"))["id"]
    more = {"name": "more", "permissions": ["fabric.read", "fabric.write"]}
    assert await refused(deputy, "POST", "/site-roles", more) == (403, "site_role.more_than_own")
    for method, path, body, code in (
        ("PATCH", f"/site-roles/{mighty['id']}", {"permissions": ["fabric.read"]}, "site_role.more_than_own"),
        ("DELETE", f"/site-roles/{mighty['id']}", None, "site_role.more_than_own"),
        ("PATCH", f"/site-roles/{deputy_role['id']}", {"permissions": ["rate.admin"]}, "site_role.more_than_own"),
        ("PATCH", f"/accounts/{deputy_id}", {"role": "site_administrator"}, "site_role.more_than_own"),
        ("PATCH", f"/accounts/{operator_id}", {"role": "tenant"}, "account.beyond_reach"),
        ("PATCH", f"/accounts/{admin_id}", {"state": "suspended"}, "account.beyond_reach"),
        ("DELETE", f"/accounts/{admin_id}/second-factor", None, "account.beyond_reach"),
    ):
        assert await refused(deputy, method, path, body) == (403, code), (method, path)
    email = f"{site.units.ids.new()}@zaffre.example"
    body = {"email": email, "name": "n", "password": PASSWORD, "role": "fabric_operator"}
    assert await refused(deputy, "POST", "/accounts", body) == (403, "site_role.more_than_own")
    less = await deputy.post("/site-roles", {"name": "less", "permissions": ["fabric.read"]})
    looker, looker_id = await somebody(site, less["id"], by=deputy)
    assert (await looker.ask("GET", "/hosts")).status == 200
    await deputy.patch(f"/accounts/{looker_id}", {"role": "tenant"})
    # Whoever makes accounts and gives no roles makes plain tenants, and touches nobody who has a role.
    clerk, _ = await somebody(site, (await own_role(site, "clerk", "account.read", "account.admin"))["id"])
    _, tenant_id = await somebody(site, "tenant", by=clerk)
    assert await refused(clerk, "PATCH", f"/accounts/{tenant_id}", {"role": less["id"]}) == (403, "identity.forbidden")
    await clerk.patch(f"/accounts/{tenant_id}", {"state": "suspended"})


async def test_the_last_site_administrator_stays_also_in_a_race(site: SimulatedCloud) -> None:
    first = (await site.admin.get("/accounts/me"))["id"]
    for body in ({"role": "auditor"}, {"role": "tenant"}, {"state": "suspended"}):
        assert await refused(site.admin, "PATCH", f"/accounts/{first}", body) == (409, "account.last_administrator")
    other, second = await somebody(site, "site_administrator")
    answers = await asyncio.gather(
        site.admin.ask("PATCH", f"/accounts/{second}", {"role": "tenant"}),
        other.ask("PATCH", f"/accounts/{first}", {"role": "auditor"}),
    )
    assert sorted(answer.status for answer in answers) in ([200, 403], [200, 409])
    async with site.units.read(system_actor("test")) as work:
        assert len(await Accounts(work).administrators()) == 1


async def test_the_help_desk_acts_for_tenants_and_the_audit_says_who(cloud: SimulatedCloud) -> None:
    helper, helper_id = await somebody(cloud, "help_desk")
    _, tenant_id = await somebody(cloud, "tenant")
    helper_email = (await helper.get("/accounts/me"))["email"]
    tokens = await helper.post(f"/accounts/{tenant_id}/sessions")
    acting = cloud.client(Face.TENANT, tokens["access_token"])
    body = {"plan_id": await cloud.plan(), "name": "dev"}
    made = await acting.ask("POST", "/subscriptions", body)
    assert made.status == 202
    filter_ = f"resource_id eq '{made.body['id']}' and action eq 'subscription.created'"
    [deed] = (await cloud.admin.get(f"/audit-records?$filter={filter_}"))["value"]
    assert (deed["asked_by_email"], deed["acting_for_id"]) == (helper_email, tenant_id)
    for method, path, content in (
        ("PATCH", f"/accounts/{tenant_id}", {"name": "x"}),
        ("POST", "/hosts", {}),
        ("GET", "/rate-cards", None),
        ("POST", f"/subscriptions/{made.body['id']}/suspend", None),
        ("DELETE", f"/subscriptions/{made.body['id']}", None),
    ):
        assert await refused(helper, method, path, content) == (403, "identity.forbidden"), path
    assert (await helper.get(f"/subscriptions/{made.body['id']}"))["name"] == "dev"
    # With the right to act, the acting ends; so it does when the tenant becomes somebody with a role.
    await cloud.admin.patch(f"/accounts/{helper_id}", {"role": "auditor"})
    assert (await acting.ask("GET", "/subscriptions")).status == 401
    await cloud.admin.patch(f"/accounts/{helper_id}", {"role": "help_desk"})
    assert (await acting.ask("GET", "/subscriptions")).status == 200
    await cloud.admin.patch(f"/accounts/{tenant_id}", {"role": "auditor"})
    assert (await acting.ask("GET", "/subscriptions")).status == 401


async def test_the_help_desk_sends_password_resets(site: SimulatedCloud) -> None:
    helper, helper_id = await somebody(site, "help_desk")
    _, tenant_id = await somebody(site, "tenant")
    assert (await helper.ask("POST", f"/accounts/{tenant_id}/password-reset")).status == 202
    [deed] = (await site.admin.get("/audit-records?$filter=action eq 'account.password_reset_sent'"))["value"]
    assert (deed["asked_by_id"], deed["resource_id"]) == (helper_id, tenant_id)
    clerk, _ = await somebody(site, "auditor")
    path = f"/accounts/{tenant_id}/password-reset"
    assert await refused(clerk, "POST", path) == (403, "identity.forbidden")


async def test_what_is_the_sites_is_not_cancelled_by_who_only_sees_it(cloud: SimulatedCloud) -> None:
    role = await own_role(cloud, "looker", "operation.read", "operation.read_all", "operation.cancel")
    looker, _ = await somebody(cloud, role["id"])
    operations = (await looker.get("/operations?$filter=kind eq 'host.add'"))["value"]
    assert operations
    assert await refused(looker, "POST", f"/operations/{operations[0]['id']}/cancel") == (403, "identity.forbidden")
    tenant = await cloud.tenant()
    assert await refused(looker, "GET", tenant.base) == (403, "identity.forbidden")
    seer, _ = await somebody(
        cloud, (await own_role(cloud, "seer", "subscription.read", "subscription.read_all", "network.read"))["id"]
    )
    await tenant.network()
    assert len((await seer.get(f"{tenant.base}/vm-networks"))["value"]) == 1
    assert (await seer.get(f"/search?q={tenant.email[:8]}"))["value"] == []
