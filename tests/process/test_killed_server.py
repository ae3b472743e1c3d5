"""The server is killed at random moments while machines are made and deleted: everything ends whole or gone."""

import asyncio
import random
import sqlite3
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from conftest import DATABASES, empty_database
from support.cloud import ADMIN_EMAIL, ADMIN_PASSWORD, ENDED, PASSWORD
from support.killable_server import KillableServer, killable_server
from support.waiting import until
from zaffre.foundation.clock import SystemClock
from zaffre.network.drivers.simulated_plane import SimulatedPlaneWorld

LATEST_KILLS_S = (0.1, 0.4)
"""After the request was sent, one or the other. Machines on simulated hosts are mostly made in less than the first."""
SETTLED_WITHIN_S = 20.0
KILLS = {"sqlite": (6, 2), "postgresql": (3, 1)}
"""While machines are made, and while they are deleted."""


@pytest.fixture(params=DATABASES)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[KillableServer]:
    with empty_database(request, tmp_path) as url, killable_server(tmp_path, url) as server:
        yield server


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> tuple[int, int]:
    return KILLS[request.node.callspec.params["server"]]


@dataclass
class Person:
    """Somebody with a browser that never tries again by itself."""

    http: httpx.AsyncClient

    async def get(self, path: str) -> Any:
        response = await self.http.get(path)
        assert response.is_success, response.text
        return response.json()

    async def all(self, path: str) -> list[Any]:
        return (await self.get(path))["value"]

    async def ended(self, response: httpx.Response) -> Any:
        """Wait for the operation that a request started to end; returns what the request was answered."""
        assert response.status_code == 202, response.text

        async def operation_ended() -> bool:
            return (await self.get(response.headers["Operation-Location"]))["state"] in ENDED

        await until(operation_ended)
        return response.json()


@asynccontextmanager
async def signed_in(url: str, email: str, password: str) -> AsyncIterator[Person]:
    async with httpx.AsyncClient(base_url=url, timeout=30) as http:
        answer = await http.post("/sessions", json={"email": email, "password": password})
        http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        yield Person(http)


@dataclass
class Site:
    """A tenant and the administrator of a server that dies."""

    server: KillableServer
    tenant: Person
    admin: Person
    base: str
    network: Any
    image_id: str
    dice: random.Random

    async def ask_and_die(self, *requests: tuple[str, str, Any, str]) -> list[httpx.Response | BaseException]:
        """Send requests, kill the server a little later, start it again; returns what was answered, if it was."""
        asked = [
            asyncio.create_task(self.tenant.http.request(method, path, json=body, headers={"Idempotency-Key": key}))
            for method, path, body, key in requests
        ]
        await asyncio.sleep(self.dice.uniform(0, self.dice.choice(LATEST_KILLS_S)))
        self.server.kill()
        answers = await asyncio.gather(*asked, return_exceptions=True)
        await asyncio.to_thread(self.server.start)
        return answers

    def making(self, name: str) -> tuple[str, str, Any, str]:
        port = {"vm_network_id": self.network["id"], "subnet_id": self.network["subnets"][0]["id"]}
        body = {"name": name, "size": "tiny", "image_id": self.image_id, "ports": [port]}
        return "POST", f"{self.base}/virtual-machines", body, str(uuid.uuid4())

    async def settled(self) -> None:
        """Wait until every operation has ended."""

        async def nothing_under_way() -> bool:
            return all(one["state"] in ENDED for one in await self.tenant.all("/operations?$top=500"))

        await until(nothing_under_way, SETTLED_WITHIN_S)

    async def machines(self) -> dict[str, Any]:
        return {one["name"]: one for one in await self.tenant.all(f"{self.base}/virtual-machines?$top=500")}


@asynccontextmanager
async def site_of(server: KillableServer, dice: random.Random) -> AsyncIterator[Site]:
    with server.admin() as admin:
        plan = admin.admin.plans.create(server.plan("Big", virtual_machines=None))
        admin.admin.plans.publish(plan.id)
    client, _ = server.tenant()
    with client:
        scope = client.subscription(client.subscriptions.create(plan.id, "big").wait().id)
        email = client.account.get().email
        image_id = scope.images.find_item("tiny").id
    async with (
        signed_in(server.url, email, PASSWORD) as tenant,
        signed_in(server.admin_url, ADMIN_EMAIL, ADMIN_PASSWORD) as administrator,
    ):
        base = f"/subscriptions/{scope.id}"
        body = {"name": "net", "subnets": [{"name": "subnet", "cidr": "10.0.0.0/24"}]}
        made = await tenant.ended(await tenant.http.post(f"{base}/vm-networks", json=body))
        network = await tenant.get(f"{base}/vm-networks/{made['id']}")
        yield Site(server, tenant, administrator, base, network, image_id, dice)


async def test_machines_are_whole_or_gone_wherever_the_server_dies(
    server: KillableServer, kills: tuple[int, int]
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    async with site_of(server, random.Random(seed)) as site:
        for number in range(kills[0]):
            await make_two_and_die(site, number)
        await site.settled()
        machines = await site.machines()
        assert {one["state"] for one in machines.values()} <= {"running"}
        assert set(machines) >= {f"asked-again-{number}" for number in range(kills[0])}
        await assert_nothing_orphaned(site)
        for name in sorted(machines)[: kills[1]]:
            await delete_and_die(site, machines[name]["id"])
        await site.settled()
        assert {one["state"] for one in (await site.machines()).values()} <= {"running"}
        await assert_nothing_orphaned(site)


async def make_two_and_die(site: Site, number: int) -> None:
    """Ask for two machines; for one of them ask again, with the same key, when the server is back."""
    once, again = site.making(f"asked-once-{number}"), site.making(f"asked-again-{number}")
    first_answers = await site.ask_and_die(once, again)
    method, path, body, key = again
    second_answer = await site.tenant.http.request(method, path, json=body, headers={"Idempotency-Key": key})
    machine = await site.tenant.ended(second_answer)
    assert (await site.tenant.get(f"{path}/{machine['id']}"))["state"] == "running"
    before = first_answers[1]
    if isinstance(before, httpx.Response):
        assert (before.json()["id"], second_answer.headers.get("Idempotency-Replayed")) == (machine["id"], "true")
    if isinstance(first_answers[0], httpx.Response):
        await assert_whole_or_gone(site, first_answers[0])


async def assert_whole_or_gone(site: Site, answer: httpx.Response) -> None:
    machine = await site.tenant.ended(answer)
    operation = await site.tenant.get(answer.headers["Operation-Location"])
    found = await site.tenant.http.get(f"{site.base}/virtual-machines/{machine['id']}")
    if operation["state"] == "succeeded":
        assert found.json()["state"] == "running"
    else:
        assert (operation["state"], found.status_code) == ("failed", 404)


async def delete_and_die(site: Site, machine_id: str) -> None:
    path = f"{site.base}/virtual-machines/{machine_id}"
    await site.ask_and_die(("DELETE", path, None, str(uuid.uuid4())))
    await site.settled()
    found = await site.tenant.http.get(path)
    assert found.status_code == 404 or found.json()["state"] == "running"


async def assert_nothing_orphaned(site: Site) -> None:
    """Compare what the records say with quota, reservations, addresses, hosts and the plane, exactly."""
    machines = list((await site.machines()).values())
    used = {usage["dimension"]: usage["used"] for usage in await site.tenant.all(f"{site.base}/usage")}
    assert used == {
        "virtual_machines": len(machines),
        "vcpus": sum(one["vcpus"] for one in machines),
        "memory_mib": sum(one["memory_mib"] for one in machines),
        "disk_gib": sum(disk["size_gib"] for one in machines for disk in one["disks"]),
        "vm_networks": 1,
        **dict.fromkeys(("availability_sets", "checkpoints", "disks", "library_gib"), 0),
    }
    hosts = await site.admin.all("/hosts")
    assert sum(host["memory_reserved_mib"] for host in hosts) == used["memory_mib"]
    assert sum(host["vcpus_reserved"] for host in hosts) == used["vcpus"]
    assert sum(host["storage_reserved_gib"] for host in hosts) == used["disk_gib"]
    ports = await site.tenant.all(f"{site.base}/vm-networks/{site.network['id']}/ports?$top=500")
    ports_of_machines = {port["id"] for one in machines for port in one["ports"]}
    assert {port["id"] for port in ports} == ports_of_machines
    assert on_the_plane(site.server) == ports_of_machines
    guests, volumes = on_hosts(site.server)
    assert guests == {one["id"] for one in machines}
    assert {name for name in volumes if not name.startswith("image-")} == {
        f"{one['id']}-{part}" for one in machines for part in ("root.qcow2", "seed.iso", "serial.log")
    }
    assert await site.admin.all("/unmanaged-guests") == []


def on_hosts(server: KillableServer) -> tuple[set[str], set[str]]:
    """Return the guests and the volumes on all simulated hosts."""
    with closing(sqlite3.connect(server.world_file)) as world:
        guests = {guest_id for (guest_id,) in world.execute("SELECT id FROM guests")}
        return guests, {name for (name,) in world.execute("SELECT name FROM volumes")}


def on_the_plane(server: KillableServer) -> set[str]:
    with closing(SimulatedPlaneWorld(SystemClock(), path=server.plane_file)) as world:
        return set(world.backplane("plane").contents().ports)
