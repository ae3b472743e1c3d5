"""The audit trail's cost: the same requests with and without it in turns; how fast it is sealed, verified and read.

The API runs in this process and is asked without a network, so that what is told apart is only the work in and around
the transaction. The requests take turns, so that whatever else the machine does meets both kinds alike.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event, func, select

import zaffre.edge.schema.tables  # noqa: F401 - every table is in the metadata from here on
from bench.figures import Figure, arguments, report, timings
from support.cloud import ADMIN_EMAIL, ADMIN_PASSWORD, SimulatedCloud, cloud_settings, running_cloud
from support.postgresql import postgres_server, server_programs
from zaffre.edge.faces import Face
from zaffre.edge.schema.migrate import migrate
from zaffre.foundation.actor import system_actor
from zaffre.foundation.audit.capture import LISTENERS, About
from zaffre.foundation.audit.tables import AuditRecordRow
from zaffre.foundation.audit.trail import ExportFormat, export_lines
from zaffre.foundation.audit.verification import Verification
from zaffre.foundation.database import Database, RecordedSession
from zaffre.foundation.settings import load_settings
from zaffre.foundation.telemetry.logs import configure_logs

ACTOR = system_actor("bench")
ROUNDS = 200
RECORDS_PER_TRANSACTION = 500


@contextmanager
def without_audit() -> Any:
    """Leave the audit's listeners out."""
    for name, listener in LISTENERS.items():
        event.remove(RecordedSession, name, listener)
    try:
        yield
    finally:
        for name, listener in LISTENERS.items():
            event.listen(RecordedSession, name, listener)


async def compared(name: str, request: Callable[[int], Awaitable[Any]], budget: float | None) -> list[Figure]:
    """Send requests in turns with and without the audit; returns the medians and their ratio."""
    seconds: dict[bool, list[float]] = {True: [], False: []}
    for number in range(2 * ROUNDS):
        recorded = number % 2 == 0
        if recorded:
            seconds[True].append(await timed(request, number))
        else:
            with without_audit():
                seconds[False].append(await timed(request, number))
    with_audit, without = (statistics.median(seconds[recorded]) for recorded in (True, False))
    return [
        Figure(f"{name}_with_audit", round(1000 * with_audit, 2), "ms"),
        Figure(f"{name}_without_audit", round(1000 * without, 2), "ms"),
        Figure(f"{name}_ratio", round(with_audit / without, 3), "", budget),
    ]


async def timed(request: Callable[[int], Awaitable[Any]], number: int) -> float:
    started_s = time.perf_counter()
    await request(number)
    return time.perf_counter() - started_s


async def costs_of_requests(cloud: SimulatedCloud) -> list[Figure]:
    plan = await cloud.plan(virtual_machines=None, vcpus=None, memory_mib=None, disk_gib=None)
    tenant = await cloud.tenant(plan)
    network = await tenant.network("10.0.0.0/16")
    machine = await tenant.vm("tagged")
    path = f"{tenant.base}/virtual-machines/{machine['id']}"
    # Nothing takes operations up from here on: what is measured is the request.
    await cloud.site.operations.stop()
    for loop in cloud.site.loops:
        await loop.stop()
    cloud.site.loops = []

    async def create(number: int) -> None:
        assert (await tenant.ask_vm(f"m{number}", network)).status == 202

    async def tag(number: int) -> None:
        await tenant.client.patch(path, {"tags": {"number": str(number)}})

    return [*await compared("create_vm", create, 1.1), *await compared("change_tags", tag, None)]


async def costs_of_the_trail(cloud: SimulatedCloud, count: int) -> list[Figure]:
    for start in range(0, count, RECORDS_PER_TRANSACTION):
        async with cloud.units.write(ACTOR) as work:
            for number in range(start, start + RECORDS_PER_TRANSACTION):
                work.note("bench.noted", About("bench", str(number), f"name {number}"), {"number": number})
    started_s = time.perf_counter()
    sealed = 0
    while batch := await cloud.site.sealer.seal():
        sealed += batch
    sealing_s = time.perf_counter() - started_s
    started_s, verified = time.perf_counter(), 0
    async for progress in Verification(cloud.units, ACTOR).run():
        verified = progress.checked
        assert progress.fault_count == 0
    verifying_s = time.perf_counter() - started_s
    started_s, lines = time.perf_counter(), 0
    async for text in export_lines(cloud.units, ACTOR, ExportFormat.NDJSON):
        lines += text.count("\n")
    exporting_s = time.perf_counter() - started_s
    async with cloud.units.read(ACTOR) as work:
        assert lines == verified == await work.session.scalar(select(func.count()).select_from(AuditRecordRow))
    query = {"$filter": "action eq 'bench.noted' and occurred_at gt 2020-01-01T00:00:00Z", "$top": 50}
    reading = [await timed(lambda _: cloud.admin.get("/audit-records", params=query), 0) for _ in range(50)]
    return [
        Figure("sealed_per_second", round(sealed / sealing_s), "1/s", 500, at_least=True),
        Figure("verified_per_second", round(verified / verifying_s), "1/s"),
        Figure("exported_per_second", round(lines / exporting_s), "1/s"),
        *timings("list_50", reading, 100),
    ]


@asynccontextmanager
async def site(directory: Path, url: str) -> AsyncIterator[SimulatedCloud]:
    settings = cloud_settings(directory, url)
    database = Database(load_settings(environment={}, flags=[f"database.url={settings.database_url}"]).database_url)
    await migrate(database)
    await database.close()
    async with running_cloud(settings) as cloud:
        cloud.admin = await cloud.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD, Face.ADMIN)
        yield cloud


async def measured(prefix: str, directory: Path, url: str, records: int) -> list[Figure]:
    async with site(directory, url) as cloud:
        figures = [*await costs_of_requests(cloud), *await costs_of_the_trail(cloud, records)]
    return [Figure(f"{prefix}.{f.name}", f.value, f.unit, f.budget, f.at_least) for f in figures]


def main() -> int:
    parser = arguments(__doc__ or "")
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    options = parser.parse_args()
    configure_logs("warning", "console")
    figures: list[Figure] = []
    if options.database in ("sqlite", "both"):
        with tempfile.TemporaryDirectory(prefix="zaffre-bench-") as directory:
            figures += asyncio.run(measured("sqlite", Path(directory), "", options.records))
    if options.database in ("postgresql", "both") and server_programs() is not None:
        with (
            tempfile.TemporaryDirectory(prefix="zaffre-bench-") as directory,
            postgres_server(durable=True) as server,
            server.database() as url,
        ):
            figures += asyncio.run(measured("postgresql", Path(directory), url, options.records))
    return report(figures, options.json)


if __name__ == "__main__":
    sys.exit(main())
