"""The audit trail through the API: whatever anybody does is in it, and nobody sees what is not theirs."""

import csv
import io
import json
from typing import Any

import pytest
from sqlalchemy import select

from support.cloud import ADMIN_EMAIL, ADMIN_PASSWORD, PASSWORD, Client, SimulatedCloud
from zaffre.edge.faces import Face, build_face, declared_routes
from zaffre.foundation.actor import system_actor
from zaffre.foundation.audit.chain import ChainWalk
from zaffre.foundation.audit.content import exported
from zaffre.foundation.audit.tables import AuditRecordRow
from zaffre.foundation.database import Table
from zaffre.foundation.http.routing import READING, TransactionalRoute
from zaffre.management.providers import ProviderRegistry

NOT_AUDITED = {
    "account_links",
    "approval_asks",
    "attempts",
    "audit_chain",
    "audit_records",
    "budget_alerts",
    "cleanups",
    "compute_suspensions",
    "console_tokens",
    "cost_passes",
    "cost_totals",
    "costed_months",
    "federated_sign_ins",
    "idempotency_keys",
    "image_copies",
    "image_uses",
    "lifecycle_events",
    "mail",
    "measurements",
    "offer_fees",
    "operations",
    "provider_messages",
    "quota_claims",
    "quota_counters",
    "recovery_codes",
    "reservations",
    "resource_provider_conditions",
    "second_factors",
    "sessions",
    "statement_runs",
    "statements",
    "subscription_syncs",
    "traffic_readings",
    "unmanaged_guests",
    "usage_changes",
    "usage_cursors",
    "usage_days",
    "usage_hours",
    "usage_records",
    "usage_spans",
    "webhook_cursors",
    "webhook_deliveries",
    "webhook_queues",
}
"""Tables that hold no deeds of people but what follows from them; what people do with these is told by events."""

OWN_TRANSACTIONS = {
    "POST /federated-sign-ins",
    "POST /federated-sign-ins/redeem",
    "POST /accounts/me/identities",
    "POST /identity-providers/{provider_id}/test",
    "POST /approval-programs/{program_id}/test",
    "POST /accounts",
    "POST /accounts/me/email",
    "POST /accounts/me/password",
    "POST /accounts/me/second-factor",
    "POST /accounts/me/second-factor/confirm",
    "POST /accounts/me/second-factor/recovery-codes",
    "POST /accounts/me/second-factor/remove",
    "POST /add-ons/{add_on_id}/what-if",
    "POST /audit/verify",
    "POST /hosts/preflight",
    "POST /password-resets",
    "POST /password-resets/redeem",
    "POST /plans/{plan_id}/what-if",
    "POST /resource-providers",
    "POST /resource-providers/{provider_id}/refresh",
    "POST /sessions",
    "POST /sessions/refresh",
    "PATCH /images/{image_id}/content",
    "PUT /images/{image_id}/content",
    "DELETE /subscriptions/{subscription_id}/providers/{provider}/{collection}/{resource_id}",
    "PATCH /subscriptions/{subscription_id}/images/{image_id}/content",
    "PATCH /subscriptions/{subscription_id}/providers/{provider}/{collection}/{resource_id}",
    "POST /subscriptions/{subscription_id}/providers/{provider}/{collection}",
    "PUT /subscriptions/{subscription_id}/images/{image_id}/content",
}
"""Routes that do not get their record from the routing: what they change they record themselves, as tested below.
Looking a host over, asking what would be and prolonging a session change nothing."""


async def records(client: Client, path: str = "/audit-records", **options: Any) -> list[dict[str, Any]]:
    options = {f"${name}": value for name, value in options.items()}
    return list((await client.get(path, params={"$top": 1000} | options))["value"])


async def actions(client: Client, path: str = "/audit-records", **options: Any) -> list[str]:
    return [record["action"] for record in reversed(await records(client, path, **options))]


async def sealed(cloud: SimulatedCloud) -> None:
    await cloud.site.sealer.run()


def test_every_table_says_whether_changes_of_its_rows_are_audited() -> None:
    """A new table declares `__audited__`, or is added above with a reason that fits there."""
    audited = {mapper.local_table.name for mapper in Table.registry.mappers if mapper.class_.__audited__ is not None}
    tables = {mapper.local_table.name: mapper for mapper in Table.registry.mappers}
    undecided = tables.keys() - audited - NOT_AUDITED
    assert not undecided, "say with __audited__ what is recorded of changes to these, or that it is nothing, above"
    assert tables.keys() >= NOT_AUDITED
    assert not audited & NOT_AUDITED
    for name in audited:
        declared = set(tables[name].class_.__audited__.needed)
        assert declared <= {attribute.key for attribute in tables[name].column_attrs}, name


def test_every_route_that_changes_something_records_that() -> None:
    routes = {
        (f"{method} {route.path}", isinstance(route, TransactionalRoute))
        for face in Face
        for method, route in declared_routes(build_face(face, ProviderRegistry.installed()))
        if method not in READING
    }
    assert {path for path, transactional in routes if not transactional} <= OWN_TRANSACTIONS


async def test_what_people_do_is_recorded_and_secrets_are_not(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant(name="anna")
    network = await tenant.network()
    user_data = "#cloud-config\npassword: very secret user data"
    machine = await tenant.vm("web", network, user_data=user_data)
    path = f"{tenant.base}/virtual-machines/{machine['id']}"
    await tenant.client.patch(path, {"tags": {"tier": "gold"}})
    await tenant.client.accepted("POST", f"{path}/reset")
    await tenant.client.post(f"{path}/consoles", {"kind": "serial"})
    token = await tenant.client.post("/api-tokens", {"name": "robot"})
    robot = cloud.client(Face.PUBLIC, token["token"])
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJNqWXYsVhFQyqfGJ5Kx0xZlyCPPpp3fk0lIx6a5v3k8"
    await robot.post(f"{tenant.base}/ssh-keys", {"name": "k", "public_key": key})
    body = {"current_password": PASSWORD, "new_password": "quite another password"}
    await tenant.client.post("/accounts/me/password", body)
    assert (await tenant.client.ask("PATCH", tenant.base, {"name": "main"})).status == 200
    await tenant.client.accepted("DELETE", path)

    found = await records(cloud.admin, filter=f"subscription_id eq {tenant.subscription_id}")
    by_action = {record["action"]: record for record in found}
    created, tagged = by_action["virtual_machine.creating"], by_action["virtual_machine.tagged"]
    assert (created["asked_by_email"], created["face"], created["credential"]) == (tenant.email, "public", "session")
    assert created["after"]["sealed_user_data"] == "(secret)"
    assert created["operation_id"] is not None
    assert (tagged["before"], tagged["after"]) == ({"tags": {}}, {"tags": {"tier": "gold"}})
    assert {record["change"] for record in found if record["operation_id"] == created["operation_id"]} >= {"created"}
    (gone,) = [r for r in found if r["resource_id"] == machine["id"] and r["change"] == "deleted"]
    assert (gone["actor_kind"], gone["before"]["name"], gone["asked_by_email"]) == ("system", "web", tenant.email)
    assert {"virtual_machine.console_requested", "request.made"} <= by_action.keys()
    assert any(action.startswith("virtual_machine.reset") for action in by_action)
    with_token = by_action["ssh_key.created"]
    assert (with_token["credential"], with_token["credential_name"]) == ("api_token", "robot")
    about_account = await actions(cloud.admin, filter=f"resource_name eq '{tenant.email}'")
    assert about_account == ["account.created", "account.password_changed"]

    async with cloud.units.read(system_actor("test")) as work:
        rows = (await work.session.scalars(select(AuditRecordRow))).all()
        everything = json.dumps([exported(row) for row in rows])
    assert not any(row.actor_kind == "system" and row.operation_id is None and row.change == "changed" for row in rows)
    for secret in (PASSWORD, ADMIN_PASSWORD, "quite another", "very secret user data", token["token"], "argon2"):
        assert secret not in everything


async def test_signing_in_and_out_and_what_was_refused_are_recorded(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    for _ in range(15):
        await cloud.client().ask("POST", "/sessions", {"email": tenant.email, "password": "a guess"})
    await cloud.client().ask("POST", "/sessions", {"email": "nobody@zaffre.example", "password": "a guess"})
    someone = await cloud.sign_in(tenant.email, PASSWORD)
    for _ in range(15):
        token = someone.http.headers["Authorization"].removeprefix("Bearer ")
        assert (await cloud.client(Face.ADMIN, token).ask("GET", "/hosts")).status == 403
    await someone.delete("/sessions/current")
    own = await actions(tenant.client, "/accounts/me/audit-records")
    assert own.count("session.refused") == 10
    assert own[-2:] == ["session.opened", "session.revoked"]
    refused = await records(cloud.admin, filter="action eq 'request.refused'")
    assert len(refused) == 10
    assert refused[0]["resource_id"] == "GET /hosts"
    assert refused[0]["asked_by_email"] == tenant.email
    assert refused[-1]["detail"]["left_out"] == 6


async def test_tenants_see_what_concerns_them_and_nothing_of_operators(cloud: SimulatedCloud) -> None:
    tenant, stranger = await cloud.tenant(), await cloud.tenant()
    own = f"{tenant.base}/audit-records"
    desk = await cloud.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD, Face.ADMIN)
    account = (await tenant.client.get("/accounts/me"))["id"]
    tokens = await desk.post(f"/accounts/{account}/sessions")
    acting = cloud.client(Face.PUBLIC, tokens["access_token"])
    await acting.patch(tenant.base, {"name": "renamed for you"})
    (renamed,) = await records(tenant.client, own, filter="action eq 'subscription.renamed'")
    assert (renamed["actor_kind"], renamed["acting_for_id"]) == ("operator", account)
    assert renamed["after"] == {"name": "renamed for you"}
    for hidden in ("actor_id", "asked_by_id", "asked_by_email", "address", "user_agent", "credential_id", "hash"):
        assert renamed[hidden] is None, hidden
    (whole,) = await records(cloud.admin, filter="action eq 'subscription.renamed'")
    assert (whole["asked_by_email"], whole["acting_for_email"]) == (ADMIN_EMAIL, tenant.email)
    assert whole["address"] is not None

    await tenant.vm("web")
    creating = await records(tenant.client, own, filter="action eq 'virtual_machine.creating'")
    assert "stamp_id" not in creating[0]["after"]
    assert creating[0]["address"] is not None
    assert (await stranger.client.ask("GET", own)).status == 404
    for query in ("asked_by_email eq 'x'", "address eq 'x'", "operator eq true"):
        assert (await tenant.client.ask("GET", own, params={"$filter": query})).status == 400
    assert not {record["id"] for record in await records(stranger.client, "/accounts/me/audit-records")} & {
        record["id"] for record in await records(cloud.admin, filter=f"subscription_id eq {tenant.subscription_id}")
    }
    assert (await tenant.client.ask("GET", "/audit-records")).status == 404


async def test_the_trail_is_verified_and_exported_through_the_api(api: SimulatedCloud) -> None:
    for name in ("tiny", "=SUM(A1)", "large"):
        await api.admin.post("/stamps", {"name": name})
    await sealed(api)
    head = await api.admin.get("/audit/head")
    assert (head["anchor_sequence"], head["unsealed"]) == (0, 0)
    known = {"sequence": head["sequence"], "hash": head["hash"]}
    verdict = json.loads((await api.admin.http.post("/audit/verify", params=known)).text.splitlines()[-1])
    assert (verdict["done"], verdict["checked"], verdict["fault_count"]) == (True, head["sequence"], 0)
    wrong = await api.admin.http.post("/audit/verify", params=known | {"hash": "0" * 64})
    assert json.loads(wrong.text.splitlines()[-1])["fault_count"] == 1

    response = await api.admin.http.get("/audit-records/export")
    lines = [json.loads(line) for line in response.text.splitlines()]
    walk = ChainWalk(None)
    walk.follow(lines)
    assert (walk.checked, walk.fault_count) == (head["sequence"], 0)
    lines[1]["resource_name"] = "forged"
    forged = ChainWalk(None)
    forged.follow(lines)
    assert [fault.sequence for fault in forged.faults] == [2]

    query = {"format": "csv", "$filter": "resource_type eq 'stamp'"}
    table = list(csv.DictReader(io.StringIO((await api.admin.http.get("/audit-records/export", params=query)).text)))
    assert [row["resource_name"] for row in table] == ["tiny", "'=SUM(A1)", "large"]
    assert (await actions(api.admin))[-2:] == ["audit.exported", "audit.exported"]
    (stamp,) = await records(api.admin, search="large")
    assert await api.admin.get(f"/audit-records/{stamp['id']}") == stamp


async def test_only_so_many_read_the_whole_trail_at_once(api: SimulatedCloud) -> None:
    places = [api.site.reading_desk.take() for _ in range(4)]
    for method, path in (("GET", "/audit-records/export"), ("POST", "/audit/verify")):
        assert (await api.admin.ask(method, path)).status == 503
    places[0]()
    places[0]()
    for _ in range(3):
        assert (await api.admin.ask("GET", "/audit-records/export")).status == 200
    assert (await api.admin.ask("GET", "/audit-records/export", params={"$filter": "no"})).status == 400


@pytest.mark.parametrize("count", [2500])
async def test_a_long_trail_is_verified_and_exported_in_stretches(api: SimulatedCloud, count: int) -> None:
    async with api.units.write(system_actor("test")) as work:
        from zaffre.foundation.audit.capture import About

        for number in range(count):
            work.note("test.noted", About("test", str(number)), {})
    await sealed(api)
    response = await api.admin.http.get("/audit-records/export", params={"$filter": "resource_type eq 'test'"})
    assert [json.loads(line)["resource_id"] for line in response.text.splitlines()] == [str(n) for n in range(count)]
    lines = (await api.admin.http.post("/audit/verify")).text.splitlines()
    assert len(lines) == 4
    assert json.loads(lines[-1])["fault_count"] == 0
