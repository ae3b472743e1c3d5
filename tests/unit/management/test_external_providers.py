"""Resource providers in other processes: registered, sold, told, asked, metered; and what they may not do to us."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from support.cloud import ADMIN_EMAIL, ADMIN_PASSWORD, Answer, SimulatedCloud, Tenant, cloud_settings, running_cloud
from support.program import QUICK, SETTINGS, Program, plan_with_buckets, registered, running_program
from support.waiting import until
from zaffre.edge.faces import Face
from zaffre.foundation.actor import system_actor
from zaffre.foundation.database import Database
from zaffre.management.external.tables import ProviderMessageRow, QuotaReservationRow
from zaffre.management.tables import QuotaClaimRow

ACTOR = system_actor("test")


@asynccontextmanager
async def site(database: Database, directory: Path) -> AsyncIterator[tuple[SimulatedCloud, Program]]:
    """Run a site without hosts, and the sample program beside it."""
    url = database.url if not database.is_sqlite else ""
    settings = cloud_settings(directory, url, *SETTINGS, *QUICK)
    async with running_cloud(settings, furnished=False) as cloud:
        cloud.admin = await cloud.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD, Face.ADMIN)
        async with running_program(cloud, directory) as program:
            yield cloud, program


def buckets_of(tenant: Tenant) -> str:
    return f"{tenant.base}/providers/buckets/buckets"


async def ask_bucket(tenant: Tenant, name: str, gib: int = 1, **headers: str) -> Answer:
    return await tenant.client.ask("POST", buckets_of(tenant), {"name": name, "gib": gib}, headers or None)


async def sync_of(tenant: Tenant) -> Any:
    return (await tenant.client.get(tenant.base))["syncs"][0]


async def test_a_program_is_registered_sold_used_metered_and_ended_with_its_subscription(
    database: Database, tmp_path: Path
) -> None:
    async with site(database, tmp_path) as (cloud, program):
        made = await registered(cloud, program)
        assert (made["title"], made["version"], made["described"]["title"]["de"]) == (
            "Object buckets",
            "1.0",
            "Objektspeicher",
        )
        again = await cloud.admin.ask("POST", "/resource-providers", {"name": "buckets", "url": program.url})
        assert (again.status, again.body["code"]) == (409, "resource.name_taken")
        tenant = await cloud.tenant(plan=await plan_with_buckets(cloud, buckets_count=3, buckets_gib=10))
        assert (await sync_of(tenant))["state"] == "in_sync"
        services = (await tenant.client.get(f"{tenant.base}/providers"))["value"]
        assert [each["collections"][0]["form"][1]["name"] for each in services] == ["gib"]

        await racing_creates_never_overshoot(tenant)
        first = await tenant.client.get(f"{buckets_of(tenant)}?$top=2&$count=true")
        assert (len(first["value"]), first["@odata.count"]) == (2, 3)
        following = await tenant.client.get(first["@odata.nextLink"])
        assert (len(following["value"]), following["@odata.nextLink"]) == (1, None)

        bucket = first["value"][0]
        path = f"{buckets_of(tenant)}/{bucket['id']}"
        grown = await tenant.client.ask("PATCH", path, {"gib": 9})
        assert (grown.status, grown.body["provider_code"]) == (409, "quota.exceeded")
        assert (await tenant.client.patch(path, {"gib": 8}))["gib"] == 8
        assert await tenant.usage() == {"buckets_count": (3, 3), "buckets_gib": (10, 10)}
        assert (await tenant.client.ask("DELETE", path)).status == 204
        assert (await tenant.client.ask("GET", path)).body["provider_code"] == "bucket.not_found"
        assert await tenant.usage() == {"buckets_count": (2, 3), "buckets_gib": (2, 10)}

        await what_was_used_is_recorded_once(cloud, tenant, program)
        await members_see_what_was_done(tenant, bucket["id"])
        await suspending_is_told(cloud, tenant)
        await its_end_takes_everything_along(cloud, tenant, program)
        await only_what_nobody_sells_is_unregistered(cloud, made["id"])


async def racing_creates_never_overshoot(tenant: Tenant) -> None:
    answers = await asyncio.gather(*(ask_bucket(tenant, f"race-{number}") for number in range(8)))
    assert sorted(answer.status for answer in answers) == [201] * 3 + [409] * 5
    refused = next(answer.body for answer in answers if answer.status == 409)
    assert (refused["code"], refused["provider_code"]) == ("provider.refused", "quota.exceeded")
    assert await tenant.usage() == {"buckets_count": (3, 3), "buckets_gib": (3, 10)}


async def what_was_used_is_recorded_once(cloud: SimulatedCloud, tenant: Tenant, program: Program) -> None:
    program.buckets.meter()

    async def recorded() -> Any:
        records = (await tenant.client.get(f"{tenant.base}/usage-records?$filter=meter eq 'buckets_gib_hours'"))[
            "value"
        ]
        return records if len(records) >= 4 else None

    records = await until(recorded)
    assert {record["unit"] for record in records} == {"GiB-hour"}
    total = sum(Decimal(record["quantity"]) for record in records)
    assert total > 0
    # Whoever forgets the cursor is told everything again, and records nothing twice.
    asked = program.times("GET", "/usage")
    made = (await cloud.admin.get("/resource-providers"))["value"][0]
    async with cloud.units.write(ACTOR) as work:
        from zaffre.management.external.tables import ResourceProviderConditionRow

        condition = await work.session.get_one(ResourceProviderConditionRow, made["id"])
        condition.usage_cursor = ""

    async def asked_again() -> bool:
        return program.times("GET", "/usage") >= asked + 2

    await until(asked_again)
    assert sum(Decimal(record["quantity"]) for record in await recorded()) == total
    assert (await cloud.admin.get(f"/resource-providers/{made['id']}"))["usage_refused"] == 0


async def members_see_what_was_done(tenant: Tenant, bucket_id: str) -> None:
    events = await tenant.client.get(f"/events/history?$filter=resource_id eq '{bucket_id}'")
    kinds = [event["kind"] for event in events["value"]]
    assert "provider_resource.reserved" in kinds
    assert {"provider_resource.created", "provider_resource.changed", "provider_resource.deleted"} <= set(kinds)


async def suspending_is_told(cloud: SimulatedCloud, tenant: Tenant) -> None:
    await cloud.admin.accepted("POST", f"{tenant.base}/suspend")
    states = {each["state"] for each in (await tenant.client.get(buckets_of(tenant)))["value"]}
    assert states == {"suspended"}
    assert (await ask_bucket(tenant, "late")).body["code"] == "subscription.suspended"
    await cloud.admin.accepted("POST", f"{tenant.base}/resume")
    states = {each["state"] for each in (await tenant.client.get(buckets_of(tenant)))["value"]}
    assert states == {"ready"}


async def its_end_takes_everything_along(cloud: SimulatedCloud, tenant: Tenant, program: Program) -> None:
    preview = await tenant.client.get(f"{tenant.base}/deletion-preview")
    assert [(each["type"], each["count"]) for each in preview["providers"][0]["holdings"]] == [("bucket", 2)]
    await tenant.client.accepted("DELETE", f"{tenant.base}?cascade=true")
    count = program.buckets._db.execute("SELECT count(*) FROM buckets").fetchone()[0]
    assert count == 0
    async with cloud.units.read(ACTOR) as work:
        for table in (QuotaReservationRow, QuotaClaimRow, ProviderMessageRow):
            assert (await work.session.scalars(select(table))).all() == []


async def only_what_nobody_sells_is_unregistered(cloud: SimulatedCloud, provider_id: str) -> None:
    refused = await cloud.admin.ask("DELETE", f"/resource-providers/{provider_id}")
    assert (refused.status, refused.body["code"]) == (409, "resource.in_use")
    for plan in (await cloud.admin.get("/plans"))["value"]:
        await cloud.admin.delete(f"/plans/{plan['id']}")
    await cloud.admin.delete(f"/resource-providers/{provider_id}")

    async def forgotten() -> bool:
        names = {each["name"] for each in (await cloud.admin.get("/providers"))["value"]}
        return names == {"virtual_machines", "networks"}

    await until(forgotten)
    meters = {each["name"] for each in (await cloud.admin.get("/meters"))["value"]}
    assert "buckets_gib_hours" not in meters


async def test_a_program_that_is_away_harms_nobody_else_and_is_healed(database: Database, tmp_path: Path) -> None:
    async with site(database, tmp_path) as (cloud, program):
        made = await registered(cloud, program)
        plan = await plan_with_buckets(cloud, buckets_count=3)
        tenant = await cloud.tenant(plan=plan)
        assert (await ask_bucket(tenant, "kept")).status == 201

        program.away = True
        unreachable = await ask_bucket(tenant, "lost")
        assert (unreachable.status, unreachable.body["code"]) == (502, "provider.unreachable")
        path = f"/plans/{plan}"
        body = {"services": [{"provider": "buckets", "settings": {}, "quota": {"buckets_count": 4}}]}
        # The limits are in force at once; that the program has not heard of them is shown.
        await cloud.admin.accepted("PATCH", path, body)
        assert (await tenant.usage())["buckets_count"] == (1, 4)

        async def out_of_sync() -> Any:
            sync = await sync_of(tenant)
            return sync if sync["state"] == "out_of_sync" else None

        assert "503" in (await until(out_of_sync))["last_error"]

        async def sick() -> bool:
            return not (await cloud.admin.get(f"/resource-providers/{made['id']}"))["healthy"]

        await until(sick)
        started = (await cloud.admin.get("/operations?$filter=kind eq 'subscription.sync'&$count=true"))["@odata.count"]
        program.away = False

        async def healed() -> bool:
            return (await sync_of(tenant))["state"] == "in_sync"

        await until(healed)
        later = (await cloud.admin.get("/operations?$filter=kind eq 'subscription.sync'&$count=true"))["@odata.count"]
        assert later == started, "the courier heals without an operation for each subscription"

        # What it refuses, it is told again later; the move of a plan goes back.
        other = await plan_with_buckets(cloud, buckets_count=9)
        problem = {"detail": "No room for larger limits.", "remedy": "none", "code": "full", "title": "Full"}
        program.refusals["PUT /subscriptions/" + tenant.subscription_id] = (409, problem)
        await tenant.client.accepted("POST", f"{tenant.base}/change-plan", {"plan_id": other}, state="failed")
        assert (await tenant.client.get(tenant.base))["plan_id"] == plan
        assert "No room for larger limits." in tenant.client.ended["problem"]["detail"] if tenant.client.ended else True
        program.refusals.clear()
        await until(healed)


async def test_nothing_of_a_caller_goes_on_to_a_program_and_nothing_it_answers_can_harm(
    database: Database, tmp_path: Path
) -> None:
    async with site(database, tmp_path) as (cloud, program):
        made = await registered(cloud, program)
        tenant = await cloud.tenant(plan=await plan_with_buckets(cloud, buckets_count=3))
        keyed = {"Idempotency-Key": "once", "Cookie": "session=secret", "X-Forwarded-For": "10.0.0.1"}
        answers = [await ask_bucket(tenant, "once", **keyed) for _ in range(2)]
        assert [answer.status for answer in answers] == [201, 201]
        assert answers[0].body == answers[1].body
        method, path, headers = next(each for each in reversed(program.asked) if each[0] == "POST")
        assert (method, path) == ("POST", f"/subscriptions/{tenant.subscription_id}/buckets")
        assert not {"cookie", "x-forwarded-for"} & set(headers)
        assert headers["idempotency-key"] == "once"
        assert tenant.client.http.headers["Authorization"] != headers["authorization"]

        # A signature is for one request: the same token does not do for another, nor does a stranger's.
        import httpx

        async with httpx.AsyncClient(base_url=program.url) as stranger:
            for wrong in (headers["authorization"], "Bearer none", ""):
                refused = await stranger.get(path, headers={"Authorization": wrong})
                assert refused.status_code == 401

        # Keys can be rotated while it is used.
        old = program.access_key_file.read_text()
        rotated = await cloud.admin.post(f"/resource-providers/{made['id']}/rotate-keys")
        assert rotated["public_key"]["kid"] != made["public_key"]["kid"]
        denied = cloud.client(Face.ADMIN, old)
        assert (await denied.ask("GET", "/providers/self/quota-reservations")).status == 401
        program.access_key_file.write_text(rotated["access_key"])
        assert (await ask_bucket(tenant, "rotated")).status == 201

        ending = f"GET /subscriptions/{tenant.subscription_id}/buckets"
        for status, content, expected in (
            (200, ["no page"], (502, "provider.unreachable")),
            (302, {}, (502, "provider.unreachable")),
            (403, {}, (502, "provider.unreachable")),
            (200, {"value": ["x" * 2_000_000]}, (502, "provider.unreachable")),
            (418, {"detail": 7}, (409, "provider.refused")),
            (429, {"detail": "Slowly.", "remedy": "Wait."}, (429, "provider.refused")),
        ):
            program.refusals = {ending: (status, content)}
            answer = await tenant.client.ask("GET", buckets_of(tenant))
            assert (answer.status, answer.body["code"]) == expected, content if status != 200 else status
        program.refusals.clear()
        for query in ("$top=1&$top=2", "unknown=1", f"$search={'x' * 2001}"):
            assert (await tenant.client.ask("GET", f"{buckets_of(tenant)}?{query}")).body["code"] == "query.invalid"

        # Others' subscriptions, other services and other collections are not there.
        stranger = await cloud.tenant(plan=await plan_with_buckets(cloud))
        assert (await stranger.client.ask("GET", buckets_of(tenant))).status == 404
        for wrong in ("providers/nothing/buckets", "providers/buckets/things"):
            assert (await tenant.client.ask("GET", f"{tenant.base}/{wrong}")).status == 404
        found = (await tenant.client.get(buckets_of(tenant)))["value"][0]
        elsewhere = await stranger.client.ask("GET", f"{buckets_of(stranger)}/{found['id']}")
        assert elsewhere.body["provider_code"] == "bucket.not_found"

        await cloud.admin.patch(f"/resource-providers/{made['id']}", {"enabled": False})
        assert (await tenant.client.ask("GET", buckets_of(tenant))).body["code"] == "provider.disabled"


async def test_a_description_is_checked_when_registering_and_when_it_changes(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with site(database, tmp_path) as (cloud, program):
        private = await cloud.admin.ask("POST", "/resource-providers", {"name": "buckets", "url": "https://10.0.0.1"})
        assert (private.status, private.body["code"]) == (502, "provider.unreachable") or private.status == 400
        module: Any = __import__("buckets_example")
        good = module.DESCRIPTION

        async def described(**other: Any) -> Answer:
            monkeypatch.setattr(module, "DESCRIPTION", json.loads(json.dumps(good)) | other)
            return await cloud.admin.ask("POST", "/resource-providers", {"name": "buckets", "url": program.url})

        foreign = [good["dimensions"][0] | {"name": "vcpus"}]
        for wrong in (
            {"contract": 2},
            {"name": "other"},
            {"dimensions": []},
            {"dimensions": foreign},
            {"more": 1},
            {"collections": []},
        ):
            answer = await described(**wrong)
            assert (answer.status, answer.body["code"]) == (422, "provider.description_refused"), wrong
        monkeypatch.setattr(module, "DESCRIPTION", good)
        made = await registered(cloud, program)
        plan = await plan_with_buckets(cloud, buckets_count=800)
        settings = {"provider": "buckets", "settings": {"a": 1}, "quota": {}}
        refused = await cloud.admin.ask("POST", "/plans", {"name": "with settings", "services": [settings]})
        assert refused.body["target"] == "services.settings"

        fewer = json.loads(json.dumps(good))
        fewer["dimensions"][0]["maximum"] = 500
        fewer["dimensions"].pop(1)
        monkeypatch.setattr(module, "DESCRIPTION", fewer)
        path = f"/resource-providers/{made['id']}"
        broken = await cloud.admin.ask("POST", f"{path}/refresh")
        assert (broken.status, broken.body["code"]) == (409, "provider.description_breaks_plans")
        assert "above the new maximum of 500" in broken.body["detail"]
        assert "'buckets_gib', which is gone" in broken.body["detail"]
        await cloud.admin.delete(f"/plans/{plan}")
        fewer["version"] = "2.0"
        assert (await cloud.admin.post(f"{path}/refresh"))["version"] == "2.0"
        dimensions = {each["name"]: each for each in (await cloud.admin.get("/providers"))["value"]}["buckets"]
        assert [each["maximum"] for each in dimensions["dimensions"]] == [500]

        # What-if asks the program itself.
        monkeypatch.setattr(module, "DESCRIPTION", good)
        await cloud.admin.post(f"{path}/refresh")
        plan = await plan_with_buckets(cloud, buckets_gib=10)
        await cloud.tenant(plan=plan)
        change = {"services": [{"provider": "buckets", "settings": {}, "quota": {"buckets_gib": None}}]}
        impact = await cloud.admin.post(f"/plans/{plan}/what-if", change)
        assert [each["cause"] for each in impact["refused"]] == ["Storage without a limit cannot be had here."]


async def test_reservations_are_the_programs_own(database: Database, tmp_path: Path) -> None:
    async with site(database, tmp_path) as (cloud, program):
        made = await registered(cloud, program)
        tenant = await cloud.tenant(plan=await plan_with_buckets(cloud, buckets_count=2))
        key = cloud.client(Face.ADMIN, made["access_key"])
        path = "/providers/self/quota-reservations"
        await asyncio.wait_for(program.swept.wait(), 30)  # or it would release what is reserved here past it
        ids = [cloud.units.ids.new() for _ in range(4)]

        def body(number: int, **other: Any) -> dict[str, Any]:
            return {
                "id": ids[number],
                "subscription_id": tenant.subscription_id,
                "resource_type": "bucket",
                "name": "b",
                "amounts": {"buckets_count": 1},
            } | other

        for _ in range(2):
            assert (await key.ask("POST", path, body(0))).status == 201
        assert (await tenant.usage())["buckets_count"] == (1, 2)
        assert (await key.ask("POST", path, body(0, amounts={"buckets_count": 2}))).status == 201
        assert (await key.ask("POST", path, body(1))).body["code"] == "quota.exceeded"
        assert (await key.ask("POST", path, body(1, amounts={"vcpus": 1}))).body["target"] == "amounts"
        assert (await key.ask("POST", path, body(1, resource_type="vm"))).body["target"] == "resource_type"
        assert (await key.ask("POST", path, body(1, subscription_id=ids[3]))).status == 404
        assert (await key.ask("POST", path, body(0, amounts={"buckets_gib": 1}))).body["target"] == "amounts"
        listed = (await key.get(path))["value"]
        assert [(each["id"], each["amounts"]) for each in listed] == [(ids[0], {"buckets_count": 2})]
        for _ in range(2):
            assert (await key.ask("DELETE", f"{path}/{ids[0]}")).status == 204
        assert (await tenant.usage())["buckets_count"] == (0, 2)
        assert (await tenant.client.ask("GET", path)).status in (401, 404)
        assert (await cloud.admin.ask("GET", path)).status == 401
        for wrong in ("zpk_x", made["access_key"] + "x"):
            assert (await cloud.client(Face.ADMIN, wrong).ask("GET", path)).status == 401
        keys = (await cloud.client().get("/.well-known/jwks.json"))["keys"]
        assert [each["kid"] for each in keys] == [made["public_key"]["kid"]]
        assert "d" not in keys[0]
