"""The sweep: every route of every face, asked by nobody and in every role."""

import re
from pathlib import Path

import pytest

from support.cloud import PASSWORD, Client, SimulatedCloud
from zaffre.edge.faces import Face, build_face, declared_routes
from zaffre.identity.permissions import PERMISSIONS_OF, TENANT_PERMISSIONS, Permission, Role
from zaffre.management.providers import ProviderRegistry

TABLE = Path(__file__).with_name("access.txt")
SOME_ID = "0190c1a0-0000-7000-8000-000000000000"
PROGRAMS = "resource provider"
"""The rule of routes that are for none of these, but for registered programs."""
STREAMS = {("GET", "/events")}
"""Answers that never end; whether they begin is asked in the tests of events."""


def table() -> list[str]:
    providers = ProviderRegistry.installed()
    return sorted(
        f"{face:6} {method:6} {route.path}  {route.rule.describe()}"
        for face in Face
        for method, route in declared_routes(build_face(face, providers))
    )


def test_every_route_is_in_the_table_with_its_access_rule() -> None:
    """To accept a new route, read its line in the difference and add it to access.txt."""
    assert table() == TABLE.read_text().splitlines()


def test_only_these_routes_are_open_to_everybody() -> None:
    opened = {line.split()[1] + " " + line.split()[2] for line in table() if line.endswith("  public")}
    assert opened == {
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",
        "GET /.well-known/jwks.json",
        "POST /accounts",
        "POST /sessions",
        "POST /sessions/refresh",
        "GET /sign-in-options",
        "POST /address-verifications",
        "POST /password-resets",
        "POST /password-resets/redeem",
        "POST /federated-sign-ins",
        "POST /federated-sign-ins/redeem",
    }


def test_no_tenant_permission_opens_an_administrators_route() -> None:
    tenant_faces = {line.rpartition("  ")[2] for line in table() if not line.startswith("admin")} - {
        "public",
        "signed in",
    }
    assert {Permission(rule) for rule in tenant_faces} <= TENANT_PERMISSIONS


@pytest.mark.parametrize("face", list(Face))
async def test_every_route_answers_each_role_as_its_rule_says(cloud: SimulatedCloud, face: Face) -> None:
    clients = {None: cloud.client(face)} | {role: await _somebody(cloud, face, role) for role in Role}
    wrong: list[str] = []
    for method, route in declared_routes(build_face(face, cloud.site.providers)):
        if (method, route.path) in STREAMS or route.path == "/sessions/current":
            continue
        rule = route.rule.describe()
        path = re.sub(r"\{[^}]*\}", SOME_ID, route.path)
        body = {} if method in ("POST", "PUT", "PATCH") else None
        for role, client in clients.items():
            status = (await client.ask(method, path, body)).status
            expected = _expected(rule, role)
            if (status in (401, 403)) != (expected is not None) or (expected is not None and status != expected):
                # Signing in with nothing is refused as a bad request, never as unauthenticated.
                wrong.append(f"{method} {route.path} by {role}: {status}, expected {expected or 'to be let in'}")
    assert wrong == []


async def _somebody(cloud: SimulatedCloud, face: Face, role: Role) -> Client:
    email = f"{role}-{face}@zaffre.example"
    await cloud.admin.post("/accounts", {"email": email, "name": role, "password": PASSWORD, "role": role})
    return await cloud.sign_in(email, PASSWORD, face)


def _expected(rule: str, role: Role | None) -> int | None:
    """Return the refusal that a caller must get; None when they must be let in."""
    if rule == "public":
        return None
    if role is None or rule == PROGRAMS:
        return 401
    return None if rule == "signed in" or Permission(rule) in PERMISSIONS_OF[role] else 403


def test_roles_hold_what_they_are_for() -> None:
    """What must stay so whatever is added to the table; the guide's table shows the whole of it."""
    changing = {each for each in Permission if each.value.endswith((".write", ".admin", ".decide", ".operate"))}
    assert PERMISSIONS_OF[Role.AUDITOR] & changing == set()
    reading = {each for each in Permission if each.value.endswith((".read", ".read_all", ".audit"))}
    assert reading <= PERMISSIONS_OF[Role.AUDITOR]
    assert PERMISSIONS_OF[Role.HELP_DESK] & changing == set()
    assert PERMISSIONS_OF[Role.FABRIC_OPERATOR] & changing == {
        Permission.FABRIC_WRITE,
        Permission.LIBRARY_WRITE,
        Permission.OPERATION_ADMIN,
    }
    acting = {role for role in Role if Permission.ACCOUNT_ACT_FOR in PERMISSIONS_OF[role]}
    assert acting == {Role.SITE_ADMINISTRATOR, Role.HELP_DESK}
    for role in set(Role) - {Role.SITE_ADMINISTRATOR}:
        assert PERMISSIONS_OF[role].isdisjoint({Permission.ACCOUNT_ADMIN, Permission.ROLE_ADMIN}), role


async def test_another_tenants_resources_look_as_if_they_did_not_exist(cloud: SimulatedCloud) -> None:
    owner, stranger = await cloud.tenant(), await cloud.tenant()
    network = await owner.network()
    machine = await owner.vm("mine", network)
    key = await owner.client.post(
        f"{owner.base}/ssh-keys",
        {"name": "k", "public_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJNqWXYsVhFQyqfGJ5Kx0xZlyCPPpp3fk0lIx6a5v3k8"},
    )
    together = await owner.client.post(f"{owner.base}/availability-sets", {"name": "set"})
    operation = owner.client.ended["id"]
    subnet = network["subnets"][0]["id"]
    paths = [
        owner.base,
        f"{owner.base}/usage",
        f"{owner.base}/virtual-machines",
        f"{owner.base}/virtual-machines/{machine['id']}",
        f"{owner.base}/virtual-machines/{machine['id']}/serial-log",
        f"{owner.base}/vm-networks/{network['id']}",
        f"{owner.base}/vm-networks/{network['id']}/subnets/{subnet}",
        f"{owner.base}/vm-networks/{network['id']}/ports",
        f"{owner.base}/ssh-keys/{key['id']}",
        f"{owner.base}/availability-sets/{together['id']}",
        f"{stranger.base}/availability-sets/{together['id']}",
        f"{owner.base}/images",
        f"/operations/{operation}",
        # Through the stranger's own subscription as well: the parent must match.
        f"{stranger.base}/virtual-machines/{machine['id']}",
        f"{stranger.base}/virtual-machines/{machine['id']}/serial-log",
        f"{stranger.base}/vm-networks/{network['id']}",
        f"{stranger.base}/ssh-keys/{key['id']}",
    ]
    for path in paths:
        answer = await stranger.client.ask("GET", path)
        assert (path, answer.status, answer.body["code"]) == (path, 404, "resource.not_found")
    for method, path in (
        ("DELETE", f"{owner.base}/virtual-machines/{machine['id']}"),
        ("POST", f"{stranger.base}/virtual-machines/{machine['id']}/stop"),
        ("DELETE", f"{stranger.base}/vm-networks/{network['id']}"),
        ("POST", f"/operations/{operation}/cancel"),
        ("DELETE", owner.base),
    ):
        answer = await stranger.client.ask(method, path)
        assert (path, answer.status) == (path, 404)
    for base in (owner.base, stranger.base):
        path = f"{base}/virtual-machines/{machine['id']}/consoles"
        assert (await stranger.client.ask("POST", path, {"kind": "serial"})).status == 404
    borrowed = stranger.machine_body("thief", network)
    answer = await stranger.client.ask("POST", f"{stranger.base}/virtual-machines", borrowed)
    assert answer.status == 404
    answer = await stranger.ask_vm("thief", availability_set_id=together["id"])
    assert answer.status == 404
    assert (await owner.read_vm(machine["id"]))["state"] == "running"
