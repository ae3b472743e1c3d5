"""The sample resource provider as a process of its own, over HTTPS with a certificate of its own, killed and healed."""

import asyncio
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from conftest import DATABASES, empty_database
from support.cloud import PASSWORD
from support.killable_server import KillableServer
from support.program_process import ProgramProcess
from support.waiting import until
from zaffre.client import (
    NewPlanBody,
    NewResourceProviderBody,
    PlanChangeBody,
    PlannedServiceBody,
    RetryPolicy,
    SubscriptionScope,
    Zaffre,
    ZaffreError,
)


@contextmanager
def both(directory: Path, url: str) -> Iterator[tuple[KillableServer, ProgramProcess]]:
    more = {
        "providers__allow_networks": "127.0.0.1/32",
        "providers__look_interval_s": 0.1,
        "providers__health_interval_s": 0.3,
        "providers__usage_interval_s": 0.3,
    }
    server = KillableServer(directory, url, **more)
    server.start()
    program = ProgramProcess(directory, server.admin_url)
    try:
        program.start()
        yield server, program
    finally:
        program.kill()
        server.kill()


@pytest.mark.parametrize("kind", DATABASES)
async def test_a_program_is_sold_over_https_and_healed_wherever_either_side_dies(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    request.param = kind
    with empty_database(request, tmp_path) as url, both(tmp_path, url) as (server, program):
        await until(program.answers)
        await asyncio.to_thread(no_stranger_is_trusted, server, program)
        plan_id = await asyncio.to_thread(registered, server, program)
        tenant, scope = await asyncio.to_thread(subscribed, server, plan_id)
        request.addfinalizer(tenant.close)
        buckets = scope.services.resources("buckets", "buckets")

        def create(number: int) -> bool:
            try:
                buckets.create({"name": f"bucket-{number}", "gib": 1})
            except ZaffreError:
                return False
            return True

        # The program dies while buckets are made: what counts is what is there, and the quota holds.
        making = [asyncio.to_thread(create, number) for number in range(6)]
        tasks = [asyncio.create_task(each) for each in making]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        program.kill()
        await asyncio.gather(*tasks)
        program.start()
        await until(program.answers)

        async def counts_are_right() -> bool:
            there = len(list(await asyncio.to_thread(lambda: list(buckets.all()))))
            return await asyncio.to_thread(used, scope) == there

        await until(counts_are_right)
        done = await asyncio.gather(*(asyncio.to_thread(create, number) for number in range(10, 20)))
        assert await asyncio.to_thread(used, scope) == 4, "the plan allows four"
        assert sum(done) <= 4

        # The server dies with a change of the plan under way, and the program was away when it was made.
        program.kill()
        await asyncio.to_thread(limits, server, plan_id, 9)
        server.kill()
        await asyncio.to_thread(server.start)
        program.start()
        await until(program.answers)

        async def in_sync() -> bool:
            found = await asyncio.to_thread(tenant.subscriptions.get, scope.id)
            return [sync.state for sync in found.syncs] == ["in_sync"] and await asyncio.to_thread(limit, scope) == 9

        await until(in_sync)
        assert await asyncio.to_thread(create, 30)

        async def metered() -> Any:
            path = f"/subscriptions/{scope.id}/usage-records?$filter=meter eq 'buckets_gib_hours'"
            answer = await asyncio.to_thread(scope._connection.ask, "GET", path)
            return answer.json()["value"]

        await until(metered)
        await asyncio.to_thread(tenant.subscriptions.delete, scope.id, cascade=True)
        server.kill()
        await asyncio.to_thread(server.start)

        async def gone() -> bool:
            return not await asyncio.to_thread(lambda: list(tenant.subscriptions.all()))

        await until(gone, 120)


def no_stranger_is_trusted(server: KillableServer, program: ProgramProcess) -> None:
    with server.admin() as client, pytest.raises(ZaffreError, match="certificate is not trusted"):
        client.admin.resource_providers.register(NewResourceProviderBody(name="buckets", url=program.url))


def registered(server: KillableServer, program: ProgramProcess) -> str:
    with server.admin() as client:
        body = NewResourceProviderBody(name="buckets", url=program.url, ca_certificates=program.certificate.read_text())
        program.key_file.write_text(client.admin.resource_providers.register(body).access_key)
        plan = client.admin.plans.create(NewPlanBody(name="Storage", services=[service(4)]))
        return client.admin.plans.publish(plan.id).id


def service(count: int) -> PlannedServiceBody:
    return PlannedServiceBody(provider="buckets", settings={}, quota={"buckets_count": count, "buckets_gib": 100})


def limits(server: KillableServer, plan_id: str, count: int) -> None:
    with server.admin() as client:
        client.admin.plans.change(plan_id, PlanChangeBody(services=[service(count)]))


def subscribed(server: KillableServer, plan_id: str) -> tuple[Zaffre, SubscriptionScope]:
    client = Zaffre(server.url, retries=RetryPolicy(attempts=4))
    email = f"{uuid.uuid4().hex}@zaffre.example"
    client.account.sign_up(email, "Tenant", PASSWORD)
    client.sessions.sign_in(email, PASSWORD)
    made = client.subscriptions.create(plan_id, "main").wait()
    return client, client.subscription(made.id)


def limit(scope: SubscriptionScope) -> int | None:
    return next(each.limit for each in scope.usage.all() if each.dimension == "buckets_count")


def used(scope: SubscriptionScope) -> int:
    return next(each.used for each in scope.usage.all() if each.dimension == "buckets_count")
