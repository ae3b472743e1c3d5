"""A change of a plan that 10,000 subscriptions have: how long until all have the new quotas, and what others notice.

A real server process is asked over HTTP. The baseline of the change is the same number of counters and notes of
providers written with plain SQL in one transaction, on the same database.
"""

import asyncio
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from argon2 import PasswordHasher
from sqlalchemy import select, update

from bench.databases import async_url, choose_database, on_each
from bench.figures import Figure, arguments, percentile, report, timings
from bench.load import Connection, connected, read_seconds
from bench.population import AMOUNTS, Population, Populator
from bench.server import Server
from zaffre.foundation.database import Database
from zaffre.foundation.secrets import Keyring
from zaffre.management.tables import PlanRow, QuotaCounterRow, SubscriptionSyncRow

PASSWORD = "a benchmark's password"
ADMIN = ("admin@zaffre.example", "the benchmark's admin")
HOSTS = 10
MACHINES = 1000
SETTLING_S = 15.0
READS = 400
CLIENTS = 4
CHANGED_TIMEOUT_S = 600.0
ENDED = ("succeeded", "failed", "cancelled", "stuck")
LOOKING_S = 0.05
"""How often the tenant looks meanwhile: a person who clicks as fast as they can."""
QUOTA = 9_999
"""What every dimension of the plan is limited to, where nothing was before."""
BUDGET_S = 60.0
LIST_BUDGET_MS = 100.0


class Bench:
    """One database's run."""

    def __init__(self, directory: Path, url: str, subscriptions: int) -> None:
        self._directory = directory
        self._url = url
        self._subscriptions = subscriptions
        self._population: Population
        self._tenant = ""

    def run(self) -> list[Figure]:
        """Populate, serve, measure."""
        asyncio.run(self._populate())
        flags = {
            "database.url": self._url,
            "fabric.simulated_world": self._directory / "world",
            "identity.bootstrap_admin_password": ADMIN[1],
            "identity.access_token_lifetime_s": 3600,
            "rate_limits.caller_per_minute": 1_000_000,
            "rate_limits.caller_burst": 1_000_000,
        }
        with Server(self._directory, flags) as server, connected(server.url("admin")) as door:
            token = door.sign_in(*ADMIN)
            with connected(server.url("public")) as public:
                self._tenant = public.sign_in("tenant0@zaffre.example", PASSWORD)
            time.sleep(SETTLING_S)
            figures = self._lists(server, token)
            before = [seconds for _ in range(READS // 2) for seconds in self._look(server)]
            with connected(server.url("admin"), token) as admin, self._looking(server) as meanwhile:
                seconds = self._change(admin)
        ratio = percentile(meanwhile, 0.95) / percentile(before, 0.95)
        return [
            *figures,
            Figure("change_in_sync", round(seconds, 1), "s", BUDGET_S),
            Figure("change_per_second", round(self._subscriptions / seconds), "1/s"),
            Figure("raw_sql_change", round(asyncio.run(self._baseline()), 2), "s"),
            *timings("tenant_page_before", before),
            *timings("tenant_page_meanwhile", meanwhile, LIST_BUDGET_MS),
            Figure("tenant_page_ratio_p95", round(ratio, 2), "times"),
            Figure("not_in_sync_in_the_end", asyncio.run(self._behind()), "", 0),
        ]

    async def _populate(self) -> None:
        database = Database(async_url(self._url))
        quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
        populator = Populator(database, self._directory / "world", quick)
        Keyring.at(self._directory / "secret.key")  # a site that has accounts has its key
        self._population = await populator.populate(HOSTS, self._subscriptions, MACHINES)
        await database.close()

    def _lists(self, server: Server, token: str) -> list[Figure]:
        """List, filter, search and count all subscriptions."""
        account_id = self._population.subscriptions[-1][0]
        asked = {
            "list": "/subscriptions?$top=50&$orderby=created_at desc",
            "list_counted": "/subscriptions?$top=50&$count=true",
            "list_filtered": f"/subscriptions?$top=50&$filter=state eq 'active' and account_id eq {account_id}",
            "list_by_name": "/subscriptions?$top=50&$filter=startswith(name,'main')&$orderby=name",
            "list_searched": "/subscriptions?$top=50&$search=main",
        }
        figures: list[Figure] = []
        for name, path in asked.items():
            seconds = read_seconds(server.url("admin"), token, READS, CLIENTS, lambda _, path=path: path)
            figures += timings(name, seconds, LIST_BUDGET_MS)
        return figures

    def _change(self, admin: Connection) -> float:
        """Give the plan other quotas; returns how long it took until all have them and all providers know."""
        plan = admin.get("/plans?$top=1").json()["value"][0]
        services = [{key: each[key] for key in ("provider", "settings", "quota")} for each in plan["services"]]
        for service in services:
            service["quota"] = dict.fromkeys(service["quota"], QUOTA)
        began_s = time.perf_counter()
        answer = admin.patch(f"/plans/{plan['id']}", {"services": services})
        if answer.status != 202:
            raise RuntimeError(f"answered {answer.status}: {answer.body.decode()}")
        path = urlsplit(answer.headers["operation-location"]).path
        while (state := str(admin.get(path).json()["state"])) not in ENDED:
            if time.perf_counter() - began_s > CHANGED_TIMEOUT_S:
                raise RuntimeError("the change did not end")
            time.sleep(0.1)
        if state != "succeeded":
            raise RuntimeError(f"the change ended as {state}")
        return time.perf_counter() - began_s

    def _look(self, server: Server) -> list[float]:
        """Open the page of a tenant's machines; returns how long each of its answers took."""
        base = f"/subscriptions/{self._population.subscriptions[0][1]}"
        seconds: list[float] = []
        with connected(server.url("public"), self._tenant) as tenant:
            for path in (base, f"{base}/virtual-machines?$top=50", f"{base}/usage"):
                answer = tenant.get(path)
                if answer.status != 200:
                    raise RuntimeError(f"answered {answer.status}: {answer.body.decode()}")
                seconds.append(answer.seconds)
        return seconds

    @contextmanager
    def _looking(self, server: Server) -> Iterator[list[float]]:
        """Look again and again; yields how long each answer took."""
        found: list[float] = []
        ended = threading.Event()

        def look() -> None:
            while not ended.wait(LOOKING_S):
                found.extend(self._look(server))

        thread = threading.Thread(target=look)
        thread.start()
        try:
            yield found
        finally:
            ended.set()
            thread.join()

    async def _baseline(self) -> float:
        """Set the same counters and notes with plain SQL, a statement per row as each has its own limit."""
        database = Database(async_url(self._url))
        counters = QuotaCounterRow.__table__
        syncs = SubscriptionSyncRow.__table__
        began_s = time.perf_counter()
        async with database.transaction(write=True) as session:
            for _, subscription_id in self._population.subscriptions:
                for dimension in (*AMOUNTS, "vm_networks"):
                    mine = (counters.c.subscription_id == subscription_id, counters.c.dimension == dimension)
                    await session.execute(update(counters).where(*mine).values(limit=QUOTA))
                for state in ("syncing", "in_sync"):
                    one = syncs.c.subscription_id == subscription_id
                    await session.execute(update(syncs).where(one).values(state=state))
        seconds = time.perf_counter() - began_s
        await database.close()
        return seconds

    async def _behind(self) -> int:
        """Count the counters and notes that are not as the plan says."""
        database = Database(async_url(self._url))
        async with database.transaction(write=False) as session:
            plan: Any = await session.scalar(select(PlanRow))
            limits = {name: limit for service in plan.services for name, limit in service["quota"].items()}
            wrong = 0
            for dimension, limit in await session.execute(select(QuotaCounterRow.dimension, QuotaCounterRow.limit)):
                wrong += limits.get(dimension) != limit
            states = await session.scalars(select(SubscriptionSyncRow.state))
            wrong += sum(state != "in_sync" for state in states)
        await database.close()
        return wrong


def main() -> int:
    """Run; returns the exit code."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--subscriptions", type=int, default=10_000)
    choose_database(parser)
    options = parser.parse_args()
    figures = on_each(options.database, lambda directory, url: Bench(directory, url, options.subscriptions).run())
    return report(figures, options.json)


if __name__ == "__main__":
    sys.exit(main())
