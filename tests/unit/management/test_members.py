"""Who works in a subscription, and what each may do there."""

import asyncio
import re

import pytest

from support.cloud import SimulatedCloud, Tenant
from zaffre.edge.faces import Face, build_face, declared_routes
from zaffre.identity import HELD_IN_SUBSCRIPTIONS, Permission
from zaffre.management.members import MEMBERS_PER_SUBSCRIPTION
from zaffre.management.roles import BUILT_IN

SOME_ID = "0190c1a0-0000-7000-8000-000000000000"
STREAMS = {"/events"}


async def invited(owner: Tenant, guest: Tenant, role: str = "contributor") -> str:
    """Let somebody work in a subscription; returns the member's id."""
    member = await owner.client.post(f"{owner.base}/members", {"email": guest.email, "role": role})
    waiting = [each for each in (await guest.client.get("/invitations"))["value"] if each["id"] == member["id"]]
    assert [each["role"] for each in waiting] == [role]
    await guest.client.post(f"/invitations/{member['id']}/accept")
    return member["id"]


async def test_an_invitation_is_accepted_and_what_was_hidden_is_seen(cloud: SimulatedCloud) -> None:
    owner, guest = await cloud.tenant(), await cloud.tenant()
    await owner.network()
    invitation = await owner.client.post(f"{owner.base}/members", {"email": guest.email.upper(), "role": "reader"})
    assert (invitation["accepted"], invitation["email"]) == (False, guest.email)
    assert (await guest.client.ask("GET", owner.base)).status == 404
    [waiting] = (await guest.client.get("/invitations"))["value"]
    name = (await owner.client.get(owner.base))["name"]
    assert (waiting["subscription_name"], waiting["role_name"]) == (name, "reader")
    accepted = await guest.client.post(f"/invitations/{waiting['id']}/accept")
    assert accepted["accepted"]
    assert (await guest.client.get("/invitations"))["value"] == []
    assert len((await guest.client.get(f"{owner.base}/vm-networks"))["value"]) == 1
    seen = {each["id"] for each in (await guest.client.get("/subscriptions"))["value"]}
    assert seen == {owner.subscription_id, guest.subscription_id}
    [member] = (await owner.client.get(f"{owner.base}/members"))["value"]
    assert member["accepted"]


async def test_an_invitation_does_not_tell_who_has_an_account(cloud: SimulatedCloud) -> None:
    owner, guest = await cloud.tenant(), await cloud.tenant()
    known = await owner.client.post(f"{owner.base}/members", {"email": guest.email, "role": "reader"})
    unknown = await owner.client.post(f"{owner.base}/members", {"email": "nobody@zaffre.example", "role": "reader"})
    alike = ("subscription_id", "role", "accepted", "generation")
    assert [known[key] for key in alike] == [unknown[key] for key in alike]
    assert set(known) == set(unknown)


async def test_only_the_one_who_is_invited_can_answer(cloud: SimulatedCloud) -> None:
    owner, guest, stranger = await cloud.tenant(), await cloud.tenant(), await cloud.tenant()
    member = await owner.client.post(f"{owner.base}/members", {"email": guest.email, "role": "reader"})
    for action in ("accept", "decline"):
        answer = await stranger.client.ask("POST", f"/invitations/{member['id']}/{action}")
        assert (action, answer.status) == (action, 404)
    assert (await guest.client.ask("POST", f"/invitations/{member['id']}/decline")).status == 204
    assert (await guest.client.ask("POST", f"/invitations/{member['id']}/accept")).status == 404
    assert (await owner.client.get(f"{owner.base}/members"))["value"] == []


async def test_a_role_counts_from_the_next_request_on(cloud: SimulatedCloud) -> None:
    owner, guest = await cloud.tenant(), await cloud.tenant()
    member = await invited(owner, guest, "reader")
    wish = {"name": "n", "subnets": [{"name": "s", "cidr": "10.0.0.0/24"}]}
    refused = await guest.client.ask("POST", f"{owner.base}/vm-networks", wish)
    assert (refused.status, refused.body["code"]) == (403, "subscription.role_lacks_permission")
    assert "network.write" in refused.body["detail"]
    await owner.client.patch(f"{owner.base}/members/{member}", {"role": "contributor"})
    await guest.client.accepted("POST", f"{owner.base}/vm-networks", wish)
    await owner.client.delete(f"{owner.base}/members/{member}")
    assert (await guest.client.ask("GET", f"{owner.base}/vm-networks")).status == 404
    assert [s["id"] for s in (await guest.client.get("/subscriptions"))["value"]] == [guest.subscription_id]


async def test_members_see_and_cancel_each_others_operations_as_their_role_says(cloud: SimulatedCloud) -> None:
    owner, reader = await cloud.tenant(), await cloud.tenant()
    await owner.network()
    operation = owner.client.ended["id"]
    assert (await reader.client.ask("GET", f"/operations/{operation}")).status == 404
    await invited(owner, reader, "reader")
    assert (await reader.client.get(f"/operations/{operation}"))["kind"] == "vm_network.create"
    assert (await reader.client.ask("POST", f"/operations/{operation}/cancel")).status == 403
    kinds = {event["kind"] for event in (await reader.client.get("/events/history"))["value"]}
    assert {"vm_network.created", "subscription_member.joined"} <= kinds


async def test_search_finds_what_the_role_lets_one_see(cloud: SimulatedCloud) -> None:
    owner, guest = await cloud.tenant(), await cloud.tenant()
    await owner.network(name="findable")
    role = await owner.client.post(
        f"{owner.base}/roles", {"name": "machines", "permissions": ["virtual_machine.read", "virtual_machine.operate"]}
    )
    member = await invited(owner, guest, role["id"])
    assert (await guest.client.get("/search?q=findable"))["value"] == []
    await owner.client.patch(f"{owner.base}/members/{member}", {"role": "reader"})
    assert [hit["name"] for hit in (await guest.client.get("/search?q=findable"))["value"]] == ["findable"]


@pytest.mark.parametrize("role", ["owner", "contributor", "reader", "own"])
async def test_every_route_of_a_subscription_answers_a_member_as_their_role_says(
    cloud: SimulatedCloud, role: str
) -> None:
    owner, guest = await cloud.tenant(), await cloud.tenant()
    own = [Permission.MACHINE_READ, Permission.MACHINE_CONSOLE, Permission.NETWORK_WRITE]
    if role == "own":
        role = (await owner.client.post(f"{owner.base}/roles", {"name": "mix", "permissions": own}))["id"]
    await invited(owner, guest, role)
    shown = {each["id"]: each for each in (await owner.client.get(f"{owner.base}/roles"))["value"]}
    allowed = set(shown[role]["permissions"])
    wrong: list[str] = []
    asked = 0
    for method, route in declared_routes(build_face(Face.PUBLIC, cloud.site.providers)):
        permission = route.rule.describe()
        if "{subscription_id}" not in route.path or permission not in {p.value for p in HELD_IN_SUBSCRIPTIONS}:
            continue
        path = route.path.replace("{subscription_id}", owner.subscription_id)
        if path == owner.base and method == "DELETE" and permission in allowed:
            continue  # it would
        if route.path.endswith("/content"):
            continue  # speaks a protocol of its own, which it asks for first; its rule is the images' own
        asked += 1
        body = {} if method in ("POST", "PUT", "PATCH") else None
        path = re.sub(r"\{(provider|collection)\}", "some", path)
        status = (await guest.client.ask(method, re.sub(r"\{[^}]*\}", SOME_ID, path), body)).status
        # What is wrong with an empty body is told only to those who may send a whole one.
        if (status == 403) == (permission in allowed) or status in (401, 500):
            wrong.append(f"{method} {route.path} ({permission}): {status}")
    assert wrong == []
    assert asked > 60


async def test_nobody_hands_on_what_they_may_not_do(cloud: SimulatedCloud) -> None:
    owner, deputy, friend = await cloud.tenant(), await cloud.tenant(), await cloud.tenant()
    permissions = ["subscription.members", "virtual_machine.read"]
    role = await owner.client.post(f"{owner.base}/roles", {"name": "deputy", "permissions": permissions})
    deputy_id = await invited(owner, deputy, role["id"])
    attempts = [
        ("POST", f"{owner.base}/members", {"email": friend.email, "role": "owner"}),
        ("PATCH", f"{owner.base}/members/{deputy_id}", {"role": "owner"}),
        ("POST", f"{owner.base}/roles", {"name": "more", "permissions": ["virtual_machine.write"]}),
        ("PATCH", f"{owner.base}/roles/{role['id']}", {"permissions": ["virtual_machine.write"]}),
    ]
    for method, path, body in attempts:
        answer = await deputy.client.ask(method, path, body)
        assert (path, answer.status, answer.body["code"]) == (path, 403, "subscription.role_lacks_permission")
    await deputy.client.post(f"{owner.base}/members", {"email": friend.email, "role": role["id"]})
    contributor = await owner.client.post(f"{owner.base}/members", {"email": "c@zaffre.example", "role": "contributor"})
    assert (await deputy.client.ask("DELETE", f"{owner.base}/members/{contributor['id']}")).status == 403


async def test_roles_of_ones_own(cloud: SimulatedCloud) -> None:
    owner, guest, stranger = await cloud.tenant(), await cloud.tenant(), await cloud.tenant()
    role = await owner.client.post(
        f"{owner.base}/roles", {"name": "operators", "permissions": ["virtual_machine.read"]}
    )
    assert set(role["permissions"]) == {"virtual_machine.read", "subscription.read", "operation.read"}
    listed = (await owner.client.get(f"{owner.base}/roles"))["value"]
    assert [each["name"] for each in listed] == [*BUILT_IN, "operators"]
    path = f"{owner.base}/roles/{role['id']}"
    for name in ("operators", "owner"):
        answer = await owner.client.ask("POST", f"{owner.base}/roles", {"name": name, "permissions": ["network.read"]})
        assert (name, answer.status) == (name, 409)
    for bad in ([], ["account.admin"], ["account.self"], ["nonsense"]):
        answer = await owner.client.ask("POST", f"{owner.base}/roles", {"name": "bad", "permissions": bad})
        assert (bad, answer.status) == (bad, 400)
    assert (await owner.client.ask("DELETE", f"{owner.base}/roles/{SOME_ID}")).status == 404
    assert (await stranger.client.ask("GET", f"{stranger.base}/roles/{role['id']}")).status == 404
    foreign = await stranger.client.ask("POST", f"{stranger.base}/members", {"email": "a@b.c", "role": role["id"]})
    assert foreign.status == 404
    member = await invited(owner, guest, role["id"])
    in_use = await owner.client.ask("DELETE", path)
    assert (in_use.status, in_use.body["code"]) == (409, "resource.in_use")
    changed = await owner.client.patch(path, {"permissions": ["network.read"]})
    assert "network.read" in changed["permissions"]
    assert (await guest.client.ask("GET", f"{owner.base}/vm-networks")).status == 200
    assert (await guest.client.ask("GET", f"{owner.base}/virtual-machines")).status == 403
    await owner.client.delete(f"{owner.base}/members/{member}")
    await owner.client.delete(path)


async def test_a_member_leaves_and_the_owner_cannot(cloud: SimulatedCloud) -> None:
    owner, guest = await cloud.tenant(), await cloud.tenant()
    await invited(owner, guest)
    assert (await owner.client.ask("DELETE", f"{owner.base}/membership")).status == 404
    assert (await guest.client.ask("DELETE", f"{owner.base}/membership")).status == 204
    assert (await guest.client.ask("GET", owner.base)).status == 404
    again = await owner.client.ask("POST", f"{owner.base}/members", {"email": guest.email, "role": "reader"})
    assert again.status == 201


async def test_an_address_is_invited_once_and_the_owners_never(cloud: SimulatedCloud) -> None:
    owner = await cloud.tenant()
    wish = {"email": "somebody@zaffre.example", "role": "reader"}
    answers = await asyncio.gather(*(owner.client.ask("POST", f"{owner.base}/members", wish) for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409, 409]
    own = await owner.client.ask("POST", f"{owner.base}/members", {"email": owner.email, "role": "reader"})
    assert (own.status, own.body["code"]) == (409, "subscription.member_exists")


async def test_there_is_room_for_so_many_members(cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MEMBERS_PER_SUBSCRIPTION == 200
    monkeypatch.setattr("zaffre.management.members.MEMBERS_PER_SUBSCRIPTION", 3)
    owner = await cloud.tenant()
    wishes = [{"email": f"m{number}@zaffre.example", "role": "reader"} for number in range(6)]
    answers = await asyncio.gather(*(owner.client.ask("POST", f"{owner.base}/members", wish) for wish in wishes))
    assert sorted(answer.status for answer in answers) == [201, 201, 201, 409, 409, 409]


async def test_a_subscription_goes_with_its_members(cloud: SimulatedCloud) -> None:
    owner, guest = await cloud.tenant(), await cloud.tenant()
    await owner.client.post(f"{owner.base}/roles", {"name": "own", "permissions": ["network.read"]})
    await invited(owner, guest, "owner")
    await owner.client.post(f"{owner.base}/members", {"email": "late@zaffre.example", "role": "reader"})
    await guest.client.accepted("DELETE", owner.base)
    assert (await owner.client.ask("GET", owner.base)).status == 404
    assert [s["id"] for s in (await guest.client.get("/subscriptions"))["value"]] == [guest.subscription_id]
