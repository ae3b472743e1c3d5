"""API tokens that are for less than everything their owner may do."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from support.cloud import PASSWORD, Client, SimulatedCloud, Tenant, cloud_settings, running_cloud
from zaffre.edge.faces import Face
from zaffre.foundation.actor import system_actor
from zaffre.foundation.clock import ManualClock
from zaffre.foundation.database import Database
from zaffre.identity.permissions import Permission
from zaffre.identity.scopes import Scope
from zaffre.identity.tables import ApiTokenRow

ANNA = "anna@zaffre.example"
DAY_S = 86_400


@pytest.fixture
async def strict(database: Database, tmp_path: Path, clock: ManualClock) -> AsyncIterator[SimulatedCloud]:
    """A site whose tokens live for a month, and whose clock can be moved."""
    url = database.url if not database.is_sqlite else ""
    settings = cloud_settings(tmp_path, url, "parts=api", "identity.api_token_days=30")
    async with running_cloud(settings, furnished=False, clock=clock) as cloud:
        await cloud.client().post("/accounts", {"email": ANNA, "name": "Anna", "password": PASSWORD})
        yield cloud


async def token(holder: Client, cloud: SimulatedCloud, face: Face = Face.PUBLIC, **body: Any) -> tuple[Client, Any]:
    made = await holder.post("/api-tokens", {"name": "robot", **body})
    return cloud.client(face, made["token"]), made


async def refused(client: Client, method: str, path: str, body: Any = None) -> tuple[int, str]:
    answer = await client.ask(method, path, body)
    return answer.status, answer.body["code"]


async def second_subscription(cloud: SimulatedCloud, tenant: Tenant) -> str:
    body = {"plan_id": await cloud.plan(), "name": "other"}
    return (await tenant.client.accepted("POST", "/subscriptions", body))["id"]


def test_a_scope_only_ever_takes_away() -> None:
    held = frozenset({Permission.MACHINE_READ, Permission.ACCOUNT_SELF})
    assert Scope().leaves(held) == held
    narrow = Scope.of(["virtual_machine.read", "fabric.write", "was.never"], None)
    assert narrow.leaves(held) == {Permission.MACHINE_READ}
    within = Scope.of(None, ["one"])
    assert within.leaves(held) == {Permission.MACHINE_READ}
    assert within.reaches("one")
    assert not within.reaches("two")
    assert Scope().holds(narrow)
    assert not narrow.holds(Scope())
    assert not within.holds(Scope.of(None, ["one", "two"]))
    assert not Scope.of([], None).holds(narrow)


async def test_a_token_is_for_its_scopes_and_no_more(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    network = await tenant.network()
    machine = await tenant.vm("web", network)
    path = f"{tenant.base}/virtual-machines/{machine['id']}"
    watcher, made = await token(tenant.client, cloud, scopes=["virtual_machine.read", "subscription.members"])
    assert made["scopes"] == ["subscription.members", "virtual_machine.read"]
    assert (await watcher.get("/accounts/me"))["permissions"] == made["scopes"]
    assert (await watcher.get(path))["name"] == "web"
    for method, where, body in (
        ("POST", f"{path}/stop", None),
        ("GET", f"{tenant.base}/vm-networks", None),
        ("GET", "/operations", None),
        ("GET", "/api-tokens", None),
        ("POST", "/subscriptions", {"plan_id": made["id"], "name": "x"}),
    ):
        assert await refused(watcher, method, where, body) == (403, "identity.forbidden"), where
    # What it hands on is no more than what it has itself.
    role = {"name": "all", "permissions": ["virtual_machine.write"]}
    assert (await watcher.ask("POST", f"{tenant.base}/roles", role)).status == 403
    assert (await watcher.ask("POST", f"{tenant.base}/roles", role | {"permissions": made["scopes"]})).status == 201


async def test_a_token_for_one_subscription_knows_of_no_other(cloud: SimulatedCloud) -> None:
    tenant, stranger = await cloud.tenant(), await cloud.tenant()
    network = await tenant.network()
    other = await second_subscription(cloud, tenant)
    robot, made = await token(tenant.client, cloud, subscription_ids=[other])
    assert made["subscription_ids"] == [other]
    assert [row["id"] for row in (await robot.get("/subscriptions"))["value"]] == [other]
    assert (await robot.get(f"/subscriptions/{other}"))["name"] == "other"
    for path in (tenant.base, f"{tenant.base}/vm-networks/{network['id']}", f"{tenant.base}/audit-records"):
        assert await refused(robot, "GET", path) == (404, "resource.not_found")
    assert {row["subscription_id"] for row in (await robot.get("/operations"))["value"]} == {other}
    events = (await robot.get("/events/history?$top=500"))["value"]
    assert {event["subscription_id"] for event in events} == {other}
    assert (await robot.get("/search?q=net"))["value"] == []
    for method, path, body in (
        ("POST", "/subscriptions", {"plan_id": await cloud.plan(), "name": "third"}),
        ("POST", "/api-tokens", {"name": "t"}),
        ("GET", "/change-requests", None),
        ("PATCH", "/accounts/me", {"name": "x"}),
    ):
        assert await refused(robot, method, path, body) == (403, "identity.forbidden"), path
    body = {"name": "t", "subscription_ids": [stranger.subscription_id]}
    assert await refused(tenant.client, "POST", "/api-tokens", body) == (404, "resource.not_found")


async def test_a_token_loses_what_its_owner_loses_and_gives_no_more_than_it_has(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    me = await tenant.client.get("/accounts/me")
    await cloud.admin.patch(f"/accounts/{me['id']}", {"role": "site_administrator"})
    admin = await cloud.sign_in(tenant.email, PASSWORD, Face.ADMIN)
    scopes = ["account.self", "fabric.read", "subscription.read"]
    robot, _ = await token(admin, cloud, Face.ADMIN, scopes=scopes, expires_at=_in(cloud, days=2))
    assert (await robot.ask("GET", "/hosts")).status == 200
    for body, code in (
        ({"name": "t"}, "api_token.more_than_held"),
        ({"name": "t", "scopes": ["fabric.write"]}, "api_token.more_than_held"),
        ({"name": "t", "scopes": ["fabric.read"], "expires_at": _in(cloud, days=3)}, "api_token.lives_too_long"),
    ):
        assert (await refused(robot, "POST", "/api-tokens", body))[1] == code
    child = await robot.post("/api-tokens", {"name": "child", "scopes": ["fabric.read"]})
    assert child["expires_at"] <= _in(cloud, days=2)
    await cloud.admin.patch(f"/accounts/{me['id']}", {"role": "tenant"})
    assert await refused(robot, "GET", "/hosts") == (403, "identity.forbidden")
    assert (await robot.get("/subscriptions"))["value"] != []
    assert await refused(tenant.client, "POST", "/api-tokens", {"name": "t", "scopes": ["fabric.read"]}) == (
        403,
        "api_token.more_than_held",
    )


async def test_tokens_live_as_long_as_the_site_lets_them(strict: SimulatedCloud, clock: ManualClock) -> None:
    anna = await strict.sign_in(ANNA, PASSWORD)
    options = await anna.get("/api-token-options")
    assert options["maximum_days"] == 30
    assert "account.self" in options["scopes"]
    assert "account.self" not in options["subscription_scopes"]
    assert "virtual_machine.read" in options["subscription_scopes"]
    too_long = {"name": "t", "expires_at": _in(strict, days=31)}
    assert await refused(anna, "POST", "/api-tokens", too_long) == (400, "api_token.lives_too_long")
    robot, made = await token(anna, strict)
    assert made["expires_at"][:10] == _in(strict, days=30)[:10]
    async with strict.units.write(system_actor("test")) as work:
        row = await work.session.get_one(ApiTokenRow, made["id"])
        row.expires_at = None  # as one made before the site had a limit
    clock.advance(29 * DAY_S)
    assert (await robot.ask("GET", "/subscriptions")).status == 200
    clock.advance(2 * DAY_S)
    assert (await robot.ask("GET", "/subscriptions")).status == 401


async def test_the_last_use_is_noted_once_a_minute(strict: SimulatedCloud, clock: ManualClock) -> None:
    anna = await strict.sign_in(ANNA, PASSWORD)
    robot, made = await token(anna, strict)
    assert made["last_used_at"] is None

    async def noted() -> datetime | None:
        async with strict.units.read(system_actor("test")) as work:
            return await work.session.scalar(select(ApiTokenRow.last_used_at))

    await robot.get("/subscriptions")
    first = await noted()
    assert first == clock.now()
    clock.advance(30)
    await robot.get("/subscriptions")
    assert await noted() == first
    clock.advance(31)
    await robot.get("/subscriptions")
    assert await noted() == clock.now()
    [listed] = (await anna.get("/api-tokens"))["value"]
    assert listed["last_used_from"] == "127.0.0.1"
    deeds = (await anna.get("/accounts/me/audit-records?$filter=resource_type eq 'api_token'"))["value"]
    assert [deed["action"] for deed in deeds] == ["api_token.created"]


def _in(cloud: SimulatedCloud, *, days: int) -> str:
    return f"{cloud.units.clock.now() + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"
