"""The server is killed at random moments while it asks a program: each change is made once, or not at all."""

import asyncio
import random
from collections import Counter
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from standardwebhooks import Webhook

from conftest import DATABASES, empty_database
from support.killable_server import KillableServer
from support.receiver import Receiver, receiver
from support.waiting import until
from zaffre.client import (
    ApprovableChange,
    NewApprovalProgramBody,
    NewApprovalRuleBody,
    WhenSilent,
    Zaffre,
    ZaffreError,
)

KILLS = {"sqlite": 4, "postgresql": 3}
WISHES_EACH = 4
LATEST_KILL_S = 0.8


@pytest.mark.parametrize("kind", DATABASES)
async def test_a_change_that_a_program_approves_is_made_once_wherever_the_server_dies(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    request.param = kind
    with empty_database(request, tmp_path) as url:
        more = {"providers__allow_networks": "127.0.0.1/32", "providers__allow_plain_http": "true"}
        server = KillableServer(tmp_path, url, **more)
        await asyncio.to_thread(server.start)
        try:
            await asyncio.to_thread(server.furnish)
            async with receiver() as billing:
                billing.pause_s = 0.2
                await subscribe_and_die(server, billing, random.Random(seed), KILLS[kind])
        finally:
            server.kill()


async def subscribe_and_die(server: KillableServer, billing: Receiver, dice: random.Random, kills: int) -> None:
    client, scope = await asyncio.to_thread(server.tenant)
    plan_id = (await asyncio.to_thread(client.subscriptions.get, scope.id)).plan_id
    with server.admin() as admin:
        body = NewApprovalProgramBody(
            name="billing", url=f"{billing.url}/in", when_silent=WhenSilent.ASK_A_PERSON, timeout_s=5
        )
        program = await asyncio.to_thread(admin.admin.approval_programs.create, body)
        rule = NewApprovalRuleBody(name="all", change=ApprovableChange.SUBSCRIBE, program_id=program.id)
        await asyncio.to_thread(admin.admin.approval_rules.create, rule)

    async def want(name: str) -> None:
        with suppress(ZaffreError, httpx.HTTPError):
            await asyncio.to_thread(client.subscriptions.create, plan_id, name)

    for life in range(kills):
        wishes = [asyncio.create_task(want(f"{life}-{number}")) for number in range(WISHES_EACH)]
        await asyncio.sleep(dice.uniform(0, LATEST_KILL_S))
        server.kill()
        await asyncio.to_thread(server.start)
        await asyncio.gather(*wishes)
    await want("last")
    await until(lambda: asyncio.to_thread(nothing_waits, client))
    requests = await asyncio.to_thread(lambda: list(client.change_requests.all()))
    made = Counter(each.name for each in await asyncio.to_thread(lambda: list(client.subscriptions.all())))
    client.close()

    assert max(made.values()) == 1
    asked = {each.id: each for each in requests}
    assert {each.state.value for each in requests} == {"approved"}
    assert {each.subscription_name for each in requests} == made.keys() - {"main"} >= {"last"}
    assert {message.id for message in billing.received} == asked.keys()
    for message in billing.received:
        Webhook(program.secret).verify(message.body, message.headers)
        assert message.event["data"]["subscription"]["name"] == asked[message.id].subscription_name


def nothing_waits(client: Zaffre) -> bool:
    return all(each.state.value != "waiting" for each in client.change_requests.all())
