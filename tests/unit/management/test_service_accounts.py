"""Accounts of programs: what they may do, and all that they may not."""

from support.cloud import Face, SimulatedCloud
from zaffre.identity.permissions import Permission

MINE = "/service-accounts"


async def test_a_subscriptions_program_works_there_and_nowhere_else(cloud: SimulatedCloud) -> None:
    owner, other = await cloud.tenant(), await cloud.tenant()
    path = f"{owner.base}{MINE}"
    made = await owner.client.post(path, {"name": "Deploy bot", "role": "contributor"})
    assert (made["name"], made["role"], made["state"], made["subscription_id"]) == (
        "Deploy bot",
        "contributor",
        "active",
        owner.subscription_id,
    )
    assert made["email"].startswith("deploy-bot-")
    twice = await owner.client.ask("POST", path, {"name": "Deploy bot", "role": "reader"})
    assert twice.body["code"] == "resource.name_taken"
    assert (await owner.client.ask("POST", path, {"name": "x", "role": "none"})).status == 404
    one = f"{path}/{made['id']}"
    token = await owner.client.post(f"{one}/api-tokens", {"name": "ci"})
    assert token["subscription_ids"] == [owner.subscription_id]
    program = cloud.client(Face.PUBLIC, token["token"])

    # There it does what its role allows, and the audit trail names it.
    await program.accepted("POST", f"{owner.base}/vm-networks", {"name": "net", "subnets": []})
    records = (await owner.client.get(f"{owner.base}/audit-records?$filter=resource_type eq 'vm_network'"))["value"]
    assert made["email"] in {record["asked_by_email"] for record in records}
    assert (await program.ask("GET", path)).status == 403
    # Nowhere else: not at the account itself, not in other subscriptions, not at the site.
    assert (await program.ask("GET", other.base)).status == 404
    plan = await cloud.plan()
    refused = [
        await program.ask("POST", "/subscriptions", {"plan_id": plan, "name": "own"}),
        await program.ask("POST", "/api-tokens", {"name": "more"}),
        await program.ask("POST", "/accounts/me/second-factor", {}),
        await program.ask("GET", "/sessions"),
    ]
    assert [answer.status for answer in refused] == [403] * 4
    # Nobody signs in to it, or acts for it.
    for password in ("", "nobody's password"):
        answer = await cloud.client().ask("POST", "/sessions", {"email": made["email"], "password": password})
        assert answer.status in (400, 401)
    assert (await cloud.admin.ask("POST", f"/accounts/{made['id']}/sessions")).body["code"] == "account.cannot_act_for"
    body = {"email": made["email"], "name": "x", "password": "a long password"}
    assert (await cloud.client().ask("POST", "/accounts", body)).status == 400
    # It is listed apart.
    assert made["email"] not in {each["email"] for each in (await cloud.admin.get("/accounts"))["value"]}
    assert (await owner.client.get(f"{owner.base}/members"))["value"] == []
    assert [each["name"] for each in (await owner.client.get(path))["value"]] == ["Deploy bot"]

    await owner.client.patch(one, {"role": "reader"})
    denied = await program.ask("POST", f"{owner.base}/vm-networks", {"name": "more", "subnets": []})
    assert denied.status == 403
    await owner.client.patch(one, {"state": "suspended"})
    assert (await program.ask("GET", owner.base)).status == 401
    await owner.client.patch(one, {"state": "active"})
    assert (await program.ask("GET", owner.base)).status == 200
    await owner.client.delete(one)
    assert (await program.ask("GET", owner.base)).status == 401
    assert (await owner.client.ask("GET", one)).status == 404


async def test_nobody_gets_more_through_a_program_than_they_have(cloud: SimulatedCloud) -> None:
    owner, member = await cloud.tenant(), await cloud.tenant()
    role = await owner.client.post(
        f"{owner.base}/roles", {"name": "people", "permissions": ["subscription.read", "subscription.members"]}
    )
    invited = await owner.client.post(f"{owner.base}/members", {"email": member.email, "role": role["id"]})
    await member.client.post(f"/invitations/{invited['id']}/accept")
    strong = await owner.client.post(f"{owner.base}{MINE}", {"name": "strong", "role": "owner"})
    one = f"{owner.base}{MINE}/{strong['id']}"
    assert (await member.client.get(f"{owner.base}{MINE}"))["value"] != []
    attempts = [
        await member.client.ask("POST", f"{owner.base}{MINE}", {"name": "mine", "role": "contributor"}),
        await member.client.ask("POST", f"{one}/api-tokens", {"name": "mine"}),
        await member.client.ask("PATCH", one, {"role": role["id"]}),
        await member.client.ask("DELETE", one),
    ]
    assert [answer.status for answer in attempts] == [403] * 4
    weak = await member.client.post(f"{owner.base}{MINE}", {"name": "weak", "role": role["id"]})
    token = await member.client.post(f"{owner.base}{MINE}/{weak['id']}/api-tokens", {"name": "weak"})
    assert (await cloud.client(Face.PUBLIC, token["token"]).ask("GET", owner.base)).status == 200
    assert (await member.client.ask("GET", f"{member.base}{MINE}/{weak['id']}")).status == 404
    # The subscription goes, and its programs with it.
    await owner.client.accepted("DELETE", owner.base)
    assert (await cloud.client(Face.PUBLIC, token["token"]).ask("GET", "/subscriptions")).status == 401
    assert (await cloud.admin.ask("GET", f"/accounts/{weak['id']}")).status == 404


async def test_the_sites_programs_have_roles_there(cloud: SimulatedCloud) -> None:
    made = await cloud.admin.post(MINE, {"name": "Backup", "role": "site_administrator"})
    token = await cloud.admin.post(f"{MINE}/{made['id']}/api-tokens", {"name": "a", "scopes": ["fabric.read"]})
    narrow = cloud.client(Face.ADMIN, token["token"])
    assert (await narrow.ask("GET", "/hosts")).status == 200
    assert (await narrow.ask("GET", "/accounts")).status == 403
    wide = await cloud.admin.post(f"{MINE}/{made['id']}/api-tokens", {"name": "b"})
    assert Permission.ACCOUNT_SELF not in wide["scopes"]
    program = cloud.client(Face.ADMIN, wide["token"])
    assert (await program.ask("GET", "/accounts")).status == 200
    assert (await program.ask("POST", "/accounts/me/second-factor", {})).status == 403
    assert len((await cloud.admin.get(f"{MINE}/{made['id']}/api-tokens"))["value"]) == 2
    await cloud.admin.delete(f"{MINE}/{made['id']}/api-tokens/{wide['id']}")
    assert (await program.ask("GET", "/accounts")).status == 401
    await cloud.admin.delete(f"{MINE}/{made['id']}")
    assert (await narrow.ask("GET", "/hosts")).status == 401
    tenant = await cloud.tenant()
    assert (await tenant.client.ask("GET", MINE)).status == 404
