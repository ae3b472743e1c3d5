"""The API at size: 1,000 simulated hosts, 20,000 virtual machines, 200 tenants, on SQLite and on PostgreSQL.

A real server process is asked over HTTP by clients in this process, so that on two cores each has one. The baseline of
the reading figures is the same rows read with plain SQL in the same run.
"""

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import select

from bench.databases import async_url, choose_database, on_each
from bench.figures import Figure, arguments, percentile, report, timings
from bench.load import Answer, Connection, ask, connected, read_seconds
from bench.population import Population, Populator
from bench.server import Server
from zaffre.compute.tables import VirtualMachineRow
from zaffre.fabric import Demand, Placement
from zaffre.foundation.actor import system_actor
from zaffre.foundation.clock import SystemClock
from zaffre.foundation.database import Database
from zaffre.foundation.ids import SystemIds
from zaffre.foundation.secrets import Keyring
from zaffre.foundation.work import UnitsOfWork

PASSWORD = "a benchmark's password"
CLIENTS = 4
READS = 800
CREATES = 300
CREATING_CLIENTS = 8
DECISIONS = 1000
PLACERS = 8
SETTLING_S = 15.0
WATCHING_S = 10.0
CREATED_TIMEOUT_S = 300.0
ADMIN_PASSWORD = "the benchmark's admin"


@dataclass
class Size:
    """How large the site is."""

    hosts: int
    machines: int
    tenants: int


class Bench:
    """One database's run."""

    def __init__(self, directory: Path, url: str, size: Size) -> None:
        self._directory = directory
        self._url = url
        self._size = size
        self._random = random.Random(1)
        self._population: Population
        self._tokens: list[str] = []

    def run(self) -> list[Figure]:
        """Populate, serve, measure."""
        asyncio.run(self._populate())
        figures = asyncio.run(self._placement())
        flags = {
            "database.url": self._url,
            "fabric.simulated_world": self._directory / "world",
            "identity.bootstrap_admin_password": ADMIN_PASSWORD,
            "identity.access_token_lifetime_s": 3600,
        }
        with Server(self._directory, flags) as server:
            self._sign_in(server)
            figures += self._idle(server)
            figures += self._tenant_reads(server)
            figures += self._admin_reads(server)
            figures += asyncio.run(self._baseline())
            figures += self._creates(server)
        return figures

    async def _populate(self) -> None:
        database = Database(async_url(self._url))
        quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
        populator = Populator(database, self._directory / "world", quick)
        Keyring.at(self._directory / "secret.key")  # a site that has accounts has its key
        self._population = await populator.populate(self._size.hosts, self._size.tenants, self._size.machines)
        await database.close()

    async def _placement(self) -> list[Figure]:
        """Reserve room for machines of random tenants, several at a time, each decision in its own transaction."""
        database = Database(async_url(self._url))
        units = UnitsOfWork(database, SystemClock(), SystemIds(), Keyring.at(self._directory / "placement.key"))
        work_left = iter(range(DECISIONS))
        taken: list[str] = []

        async def placer() -> None:
            for _ in work_left:
                subscription_id = self._random.choice(self._population.subscriptions)[1]
                resource_id = units.ids.new()
                async with units.write(system_actor("bench")) as work:
                    demand = Demand(vcpus=1, memory_mib=512, storage_gib=1)
                    await Placement(work).reserve(resource_id, subscription_id, self._population.stamp_id, demand)
                taken.append(resource_id)

        started_s = time.perf_counter()
        await asyncio.gather(*(placer() for _ in range(PLACERS)))
        seconds = time.perf_counter() - started_s
        for start in range(0, len(taken), 100):
            async with units.write(system_actor("bench")) as work:
                for resource_id in taken[start : start + 100]:
                    await Placement(work).release(resource_id)
        await database.close()
        return [Figure("placement_decisions_per_second", round(DECISIONS / seconds, 1), "1/s", 500, at_least=True)]

    def _idle(self, server: Server) -> list[Figure]:
        """Look at the server when it has read all hosts and nothing is asked of it."""
        time.sleep(SETTLING_S)
        share = server.cpu_percent(WATCHING_S)
        return [
            Figure("server_resident_with_simulated_world", server.resident_mib, "MiB"),
            Figure("server_cpu_when_idle", share, "%"),
        ]

    def _tenant_reads(self, server: Server) -> list[Figure]:
        subscription_id = self._population.subscriptions[0][1]
        base = f"/subscriptions/{subscription_id}/virtual-machines"
        mine = [machine for owner, machine in self._population.machines if owner == subscription_id]
        filtered = f"{base}?$top=50&$filter=state eq 'running' and contains(name,'vm')&$orderby=name"

        def read(path: Callable[[int], str]) -> list[float]:
            return read_seconds(server.url("public"), self._tokens[0], READS, CLIENTS, path)

        return [
            *timings("tenant_list_50_filtered", read(lambda _: filtered), 100),
            *timings("tenant_get", read(lambda n: f"{base}/{mine[n % len(mine)]}"), 30),
        ]

    def _admin_reads(self, server: Server) -> list[Figure]:
        everything = "/virtual-machines?$top=50&$filter=state eq 'running' and vcpus ge 1&$orderby=name"
        searched = "/virtual-machines?$top=50&$search=vm-0{}&$orderby=created_at desc"

        def read(path: Callable[[int], str]) -> list[float]:
            return read_seconds(server.url("admin"), self._admin_token, READS, CLIENTS, path)

        return [
            *timings("admin_list_50_of_all_filtered", read(lambda _: everything), 100),
            *timings("admin_search_50_of_all", read(lambda n: searched.format(n % 10))),
        ]

    async def _baseline(self) -> list[Figure]:
        database = Database(async_url(self._url))
        subscription_id = self._population.subscriptions[0][1]
        table = VirtualMachineRow.__table__
        running = select(table).where(table.c.subscription_id == subscription_id, table.c.state == "running")
        listed = await _time_sql(database, running.order_by(table.c.name, table.c.id).limit(50))
        await database.close()
        return timings("raw_sql_list_50", listed)

    def _creates(self, server: Server) -> list[Figure]:
        """Create machines from many clients; count what is accepted per second and what ends well."""
        started_s = time.perf_counter()
        answers = ask(server.url("public"), None, CREATES, CREATING_CLIENTS, self._create)
        accepting_s = time.perf_counter() - started_s
        succeeded = self._count_succeeded(server)
        running_s = time.perf_counter() - started_s
        seconds = [answer.seconds for answer in answers]
        return [
            Figure("creates_accepted_per_second", round(CREATES / accepting_s, 1), "1/s", 50, at_least=True),
            Figure("create_answer_p95", round(1000 * percentile(seconds, 0.95), 1), "ms"),
            Figure("creates_refused", sum(answer.status != 202 for answer in answers), "", 0),
            Figure("creates_not_running_in_the_end", CREATES - succeeded, "", 0),
            Figure("creates_running_per_second", round(succeeded / running_s, 1), "1/s"),
        ]

    def _create(self, connection: Connection, number: int) -> Answer:
        tenant = number % len(self._tokens)
        subscription_id = self._population.subscriptions[tenant][1]
        network_id, subnet_id = self._population.networks[subscription_id]
        body = {
            "name": f"new-{number}",
            "size": "tiny",
            "image_id": self._population.image_id,
            "ports": [{"vm_network_id": network_id, "subnet_id": subnet_id}],
        }
        path = f"/subscriptions/{subscription_id}/virtual-machines"
        return connection.post(path, body, bearer=self._tokens[tenant])

    def _count_succeeded(self, server: Server) -> int:
        """Wait until no machine is being created any more; returns how many of the new ones run."""
        query = "/virtual-machines?$top=1&$count=true&$filter=startswith(name,'new-') and state eq '{}'"
        with connected(server.url("admin"), self._admin_token) as admin:

            def count(state: str) -> int:
                return int(admin.get(query.format(state)).json()["@odata.count"])

            deadline_s = time.perf_counter() + CREATED_TIMEOUT_S
            while count("creating") > 0 and time.perf_counter() < deadline_s:
                time.sleep(0.25)
            return count("running")

    def _sign_in(self, server: Server) -> None:
        with connected(server.url("public")) as public:
            for number in range(self._size.tenants):
                self._tokens.append(public.sign_in(f"tenant{number}@zaffre.example", PASSWORD))
        with connected(server.url("admin")) as admin:
            self._admin_token = admin.sign_in("admin@zaffre.example", ADMIN_PASSWORD)


async def _time_sql(database: Database, statement: Any) -> list[float]:
    seconds: list[float] = []
    for _ in range(READS):
        started_s = time.perf_counter()
        async with database.transaction(write=False) as session:
            (await session.execute(statement)).all()
        seconds.append(time.perf_counter() - started_s)
    return seconds


def empty_server(directory: Path) -> list[Figure]:
    """Measure an idle server of an empty site: what the control plane itself costs."""
    with Server(directory, {}) as server:
        time.sleep(SETTLING_S)
        share = server.cpu_percent(WATCHING_S)
        return [
            Figure("idle_server_resident", server.resident_mib, "MiB", 300),
            Figure("idle_server_processes", server.processes, "", 1),
            Figure("idle_server_cpu", share, "%"),
        ]


def main() -> int:
    parser = arguments(__doc__ or "")
    parser.add_argument("--hosts", type=int, default=1000)
    parser.add_argument("--machines", type=int, default=20_000)
    parser.add_argument("--tenants", type=int, default=200)
    choose_database(parser)
    options = parser.parse_args()
    size = Size(options.hosts, options.machines, options.tenants)
    with tempfile.TemporaryDirectory(prefix="zaffre-bench-") as directory:
        figures = empty_server(Path(directory))
    figures += on_each(options.database, lambda directory, url: Bench(directory, url, size).run())
    return report(figures, options.json)


if __name__ == "__main__":
    sys.exit(main())
