"""The server is killed at random moments while it sends webhooks: nothing is lost, and nothing sent in vain."""

import asyncio
import random
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from conftest import DATABASES, empty_database
from support.killable_server import KillableServer
from support.receiver import receiver
from support.waiting import until
from zaffre.client import NewWebhookBody

KILLS = {"sqlite": 5, "postgresql": 3}
NAMES_EACH = 12
LATEST_KILL_S = 1.5


@pytest.mark.parametrize("kind", DATABASES)
async def test_every_event_arrives_in_order_wherever_the_server_dies(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    dice = random.Random(seed)
    request.param = kind
    with empty_database(request, tmp_path) as url:
        more = {
            "webhooks__allow_networks": "127.0.0.1/32",
            "webhooks__allow_plain_http": "true",
            "webhooks__retry_base_s": 0.1,
        }
        server = KillableServer(tmp_path, url, **more)
        await asyncio.to_thread(server.start)
        try:
            await asyncio.to_thread(server.furnish)
            await send_and_die(server, dice, KILLS[kind])
        finally:
            server.kill()


async def send_and_die(server: KillableServer, dice: random.Random, kills: int) -> None:
    async with receiver() as ear:
        client, scope = await asyncio.to_thread(server.tenant)
        body = NewWebhookBody(name="ear", url=f"{ear.url}/in", kinds=["subscription.renamed"])
        made = await asyncio.to_thread(scope.webhooks.create, body)
        names: list[str] = []
        for life in range(kills):
            for number in range(NAMES_EACH):
                name = f"{life}-{number}"
                await asyncio.to_thread(partial(client.subscriptions.change, scope.id, name=name))
                names.append(name)
            await asyncio.sleep(dice.uniform(0, LATEST_KILL_S))
            server.kill()
            await asyncio.to_thread(server.start)

        async def all_arrived() -> bool:
            return {m.event["data"]["resource_name"] for m in ear.received} == set(names)

        await until(all_arrived)
        client.close()
    order = list(dict.fromkeys(message.event["data"]["resource_name"] for message in ear.received))
    assert order == names
    times = Counter(message.id for message in ear.received)
    assert len(times) == len(names)
    assert sum(times.values()) - len(names) <= kills, "a kill makes at most the one message double that was under way"
    for message in ear.received:
        Webhook(made.secret).verify(message.body, message.headers)
