"""A whole cloud in the test's process: the real API, services, operations and loops over simulated hosts."""

import asyncio
import itertools
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher
from fastapi import FastAPI
from starlette.datastructures import State

from support.media import iso
from zaffre.edge.drivers import Drivers
from zaffre.edge.faces import Face, build_face, serve_face
from zaffre.edge.peer_certificates import CarriesCertificate
from zaffre.edge.site import Site
from zaffre.fabric.drivers.simulated import SimulatedDriver
from zaffre.fabric.drivers.simulated_world import SimulatedWorld
from zaffre.foundation.clock import Clock, SystemClock
from zaffre.foundation.database import Database
from zaffre.foundation.http.collections import Collections
from zaffre.foundation.ids import SystemIds
from zaffre.foundation.secrets import Keyring
from zaffre.foundation.settings import Settings, load_settings
from zaffre.foundation.work import UnitsOfWork
from zaffre.identity.passwords import Passwords
from zaffre.management.providers import ProviderRegistry
from zaffre.network.drivers.simulated_plane import SimulatedPlaneDriver, SimulatedPlaneWorld

ADMIN_EMAIL = "admin@zaffre.example"
ADMIN_PASSWORD = "an admin's password"
PASSWORD = "a tenant's password"
UNLIMITED = tuple(
    f"rate_limits.{who}_{limit}=1000000" for who in ("caller", "address") for limit in ("per_minute", "burst")
)
"""Tests look again and again, all from one address."""
ENDED = ("succeeded", "failed", "cancelled", "stuck")


def qcow2(virtual_size_bytes: int = 2**30, **header: int) -> bytes:
    """Return a minimal qcow2 file; keywords override header fields to spoil it."""
    fields = {"backing_offset": 0, "backing_size": 0, "cluster_bits": 16, "encryption": 0, "incompatible": 0} | header
    fixed = struct.pack(
        ">4sIQIIQIIQ",
        b"QFI\xfb",
        header.get("version", 3),
        fields["backing_offset"],
        fields["backing_size"],
        fields["cluster_bits"],
        virtual_size_bytes,
        fields["encryption"],
        1,
        0x30000,
    )
    rest = struct.pack(">QIIQ", 0x10000, 1, 0, 0) + struct.pack(">QQQII", fields["incompatible"], 0, 0, 4, 104)
    return (fixed + rest).ljust(0x40000, b"\0")


_built_faces = cache(lambda face: build_face(face, ProviderRegistry.installed()))


def face_application(face: Face) -> FastAPI:
    """Return a face's application with a state of its own, and the routes of all others: they take long to build."""
    built = _built_faces(face)
    app = copy(built)
    app.state = State({"collections": Collections.of(built)})
    return app


class SimulatedCloud:
    """A running site with its simulated world, and clients of its faces."""

    def __init__(self, site: Site, world: SimulatedWorld, plane_world: SimulatedPlaneWorld) -> None:
        self.site = site
        self.units = site.units
        self.world = world
        self.plane_world = plane_world
        self.numbers = itertools.count(1)
        self.apps = {face: serve_face(face, site, face_application(face)) for face in Face}
        self.admin: Client
        self.stamp_id = ""
        self.logical_network_id = ""
        self.cloud_id = ""
        self.image_id = ""
        self.hosts: list[str] = []

    def client(self, face: Face = Face.PUBLIC, token: str | None = None, certificate: bytes | None = None) -> "Client":
        app = self.apps[face] if certificate is None else CarriesCertificate(self.apps[face], certificate)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return Client(httpx.AsyncClient(transport=transport, base_url="http://zaffre", headers=headers))

    async def sign_in(self, email: str, password: str, face: Face = Face.PUBLIC) -> "Client":
        tokens = await self.client(face).post("/sessions", {"email": email, "password": password})
        return self.client(face, tokens["access_token"])

    async def furnish(self, hosts: int = 2, host_options: str = "") -> None:
        """Give the site a stamp with hosts, a network, a cloud, an image and sizes."""
        self.admin = await self.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD, Face.ADMIN)
        self.stamp_id = (await self.admin.post("/stamps", {"name": "stamp"}))["id"]
        network = {"stamp_id": self.stamp_id, "name": "logical", "driver": "simulated", "address": "plane"}
        self.logical_network_id = (await self.admin.post("/logical-networks", network))["id"]
        self.cloud_id = (await self.admin.post("/clouds", {"stamp_id": self.stamp_id, "name": "cloud"}))["id"]
        for _ in range(hosts):
            await self.add_host(host_options)
        for name, vcpus, memory_mib in (("tiny", 1, 128), ("small", 1, 1024), ("large", 8, 16_384)):
            await self.admin.post("/sizes", {"name": name, "vcpus": vcpus, "memory_mib": memory_mib})
        self.image_id = await self.image("tiny")

    async def add_host(self, options: str = "") -> str:
        name = f"host-{next(self.numbers)}"
        host = {"stamp_id": self.stamp_id, "name": name, "driver": "simulated", "uri": f"simulated:///{name}{options}"}
        host["pool_path"] = "/pool"
        made = await self.admin.accepted("POST", "/hosts", host)
        self.hosts.append(made["id"])
        return str(made["id"])

    async def image(self, name: str) -> str:
        image = await self.admin.post("/images", {"name": name})
        await self.admin.put_bytes(f"/images/{image['id']}/content", qcow2())
        return str(image["id"])

    async def iso(self, name: str) -> str:
        image = await self.admin.post("/images", {"name": name, "kind": "iso"})
        await self.admin.put_bytes(f"/images/{image['id']}/content", iso())
        return str(image["id"])

    async def plan(self, *, terms: dict[str, Any] | None = None, **quota: int | None) -> str:
        """Publish a plan; `terms` are fields of it beside its services."""
        networks = {k: v for k, v in quota.items() if k == "vm_networks"}
        machines = {k: v for k, v in quota.items() if k != "vm_networks"}
        services = [
            {"provider": "virtual_machines", "settings": {"cloud_id": self.cloud_id}, "quota": machines},
            {
                "provider": "networks",
                "settings": {"logical_network_id": self.logical_network_id},
                "quota": networks,
            },
        ]
        body = {"name": f"plan {next(self.numbers)}", "services": services} | (terms or {})
        plan = await self.admin.post("/plans", body)
        await self.admin.patch(f"/plans/{plan['id']}", {"state": "public"})
        return str(plan["id"])

    async def tenant(self, plan: str | None = None, name: str | None = None) -> "Tenant":
        """Sign somebody up and subscribe them to a plan."""
        number = next(self.numbers)
        email = f"{name or 'tenant'}{number}@zaffre.example"
        await self.client().post("/accounts", {"email": email, "name": name or "Tenant", "password": PASSWORD})
        client = await self.sign_in(email, PASSWORD)
        subscription = await client.accepted(
            "POST", "/subscriptions", {"plan_id": plan or await self.plan(), "name": "main"}
        )
        return Tenant(self, client, email, subscription["id"])


@dataclass
class Answer:
    """A response, read."""

    status: int
    body: Any
    headers: httpx.Headers


@dataclass
class Client:
    """An HTTP client that insists on success unless asked for the plain answer."""

    http: httpx.AsyncClient
    ended: dict[str, Any] = field(default_factory=dict)

    async def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **options: Any
    ) -> Answer:
        """Send a request; returns whatever is answered."""
        response = await self.http.request(method, path, json=body, headers=headers, **options)
        media = response.headers.get("content-type", "").partition(";")[0]
        is_json = media.endswith(("/json", "+json")) and response.content
        return Answer(response.status_code, response.json() if is_json else response.text, response.headers)

    async def get(self, path: str, **options: Any) -> Any:
        return self._good(await self.ask("GET", path, **options))

    async def post(self, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        return self._good(await self.ask("POST", path, body, headers))

    async def patch(self, path: str, body: Any) -> Any:
        return self._good(await self.ask("PATCH", path, body))

    async def delete(self, path: str) -> Any:
        return self._good(await self.ask("DELETE", path))

    async def put_bytes(self, path: str, content: bytes) -> Any:
        response = await self.http.put(path, content=content)
        assert response.is_success, response.text
        return response.json()

    async def accepted(self, method: str, path: str, body: Any = None, state: str = "succeeded") -> Any:
        """Send a request that starts an operation, and wait until that has ended in `state`."""
        answer = await self.ask(method, path, body)
        assert answer.status == 202, answer.body
        operation = await self.operation(answer.headers["Operation-Location"])
        assert operation["state"] == state, operation
        self.ended = operation
        return answer.body

    async def operation(self, location: str, deadline_s: float = 60.0) -> Any:
        """Wait until an operation has ended."""
        async with asyncio.timeout(deadline_s):
            while True:
                operation = await self.get(location)
                if operation["state"] in ENDED:
                    return operation
                await asyncio.sleep(0.05)

    @staticmethod
    def _good(answer: Answer) -> Any:
        assert 200 <= answer.status < 300, answer.body
        return answer.body


class Tenant:
    """A signed-up tenant with a subscription."""

    def __init__(self, cloud: SimulatedCloud, client: Client, email: str, subscription_id: str) -> None:
        self.cloud = cloud
        self.client = client
        self.email = email
        self.subscription_id = subscription_id
        self.base = f"/subscriptions/{subscription_id}"

    async def network(self, cidr: str = "10.0.0.0/24", name: str = "net") -> Any:
        """Make a VM network with one subnet; returns it as it is when ready."""
        body = {"name": name, "subnets": [{"name": "subnet", "cidr": cidr}]}
        made = await self.client.accepted("POST", f"{self.base}/vm-networks", body)
        return await self.client.get(f"{self.base}/vm-networks/{made['id']}")

    def machine_body(self, name: str, network: Any = None, **fields: Any) -> dict[str, Any]:
        ports = []
        if network is not None:
            ports = [{"vm_network_id": network["id"], "subnet_id": network["subnets"][0]["id"]}]
        return {"name": name, "size": "tiny", "image_id": self.cloud.image_id, "ports": ports} | fields

    async def ask_vm(self, name: str, network: Any = None, **fields: Any) -> Answer:
        return await self.client.ask(
            "POST", f"{self.base}/virtual-machines", self.machine_body(name, network, **fields)
        )

    async def vm(self, name: str, network: Any = None, **fields: Any) -> Any:
        """Make a virtual machine; returns it as it is when its operation has ended."""
        body = self.machine_body(name, network, **fields)
        made = await self.client.accepted("POST", f"{self.base}/virtual-machines", body)
        return await self.read_vm(made["id"])

    async def read_vm(self, machine_id: str) -> Any:
        return await self.client.get(f"{self.base}/virtual-machines/{machine_id}")

    async def usage(self) -> dict[str, tuple[int, int | None]]:
        rows = (await self.client.get(f"{self.base}/usage"))["value"]
        return {row["dimension"]: (row["used"], row["limit"]) for row in rows}


def quick_passwords() -> Passwords:
    """Hash with the least work argon2 allows: the tests are not about its strength."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def cloud_settings(directory: Path, url: str = "", *flags: str) -> Settings:
    """Return settings for a site that is quick to notice things."""
    return load_settings(
        environment={},
        flags=[
            f"state_directory={directory}",
            f"database.url={url}",
            "operations.sweep_interval_s=0.2",
            "fabric.reconcile_interval_s=0.3",
            f"identity.bootstrap_admin_password={ADMIN_PASSWORD}",
            "identity.sign_in_attempts_per_minute=1000",
            "identity.access_token_lifetime_s=3600",  # of a cloud that all tests of a file share
            *UNLIMITED,
            *flags,
        ],
    )


_databases = cache(Database)


def shared_database(url: str) -> Database:
    """Return the one database of a server's URL: its statements are compiled once, and not again in every test.

    Closing one ends its connections only, so that the next test, which runs in another loop, may open its own.
    """
    return Database(url) if url.startswith("sqlite") else _databases(url)


@asynccontextmanager
async def running_cloud(
    settings: Settings, world_file: Path | None = None, *, furnished: bool = True, clock: Clock | None = None
) -> AsyncIterator[SimulatedCloud]:
    """Run a site in this process until the block ends. Its database has its tables already."""
    clock = clock or SystemClock()
    world = SimulatedWorld(clock, path=world_file)
    plane_file = world_file.with_name(f"{world_file.name}-plane") if world_file else None
    plane_world = SimulatedPlaneWorld(clock, path=plane_file, auto_bind=True)
    drivers = Drivers({"simulated": SimulatedDriver(world)}, {"simulated": SimulatedPlaneDriver(plane_world)})
    database = shared_database(settings.database_url)
    units = UnitsOfWork(database, clock, SystemIds(), Keyring.at(settings.secret_key_path))
    site = Site(settings, units, drivers, ProviderRegistry.installed(), quick_passwords())
    await site.start()
    cloud = SimulatedCloud(site, world, plane_world)
    try:
        if furnished:
            await cloud.furnish()
        yield cloud
    finally:
        await site.stop()
