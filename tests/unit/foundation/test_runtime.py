"""Operations on the real durable runtime, with processes that are really killed."""

import asyncio
import os
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from cryptography.fernet import Fernet
from sqlalchemy import func, select

from support.forks import FORKS
from zaffre.foundation.actor import system_actor
from zaffre.foundation.clock import SystemClock
from zaffre.foundation.database import Database
from zaffre.foundation.ids import SystemIds
from zaffre.foundation.operations.operation import FINISHED, NewOperation
from zaffre.foundation.operations.runtime import OperationsRuntime
from zaffre.foundation.operations.saga import Run, Step
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.secrets import Keyring
from zaffre.foundation.settings import OperationSettings
from zaffre.foundation.telemetry.metrics import Metrics
from zaffre.foundation.work import ResourceRef, UnitsOfWork

ACTOR = system_actor("test")
STEPS = ("one", "two", "three", "four")


class Diary:
    """A saga that writes each step into a file of its own database-free world, and may kill its process."""

    kind = "diary.write"
    cancellable = True

    def __init__(self, file: Path, kill_after: str | None = None) -> None:
        self._file = file
        self._kill_after = kill_after
        with sqlite3.connect(file) as connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS entries (operation TEXT, step TEXT, UNIQUE (operation, step))"
            )

    def steps(self) -> list[Step]:
        return [Step(name, f"writing {name}", self._write(name)) for name in STEPS]

    def entries(self, operation_id: str) -> list[str]:
        with sqlite3.connect(self._file) as connection:
            rows = connection.execute("SELECT step FROM entries WHERE operation = ? ORDER BY rowid", (operation_id,))
            return [step for (step,) in rows]

    def _write(self, name: str):
        async def write(run: Run) -> None:
            with sqlite3.connect(self._file) as connection:
                connection.execute("INSERT OR IGNORE INTO entries VALUES (?, ?)", (run.operation.id, name))
            if name == self._kill_after:
                os.kill(os.getpid(), signal.SIGKILL)

        return write


@asynccontextmanager
async def running(url: str, saga: Diary, slots: int = 16) -> AsyncIterator[UnitsOfWork]:
    database = Database(url)
    units = UnitsOfWork(database, SystemClock(), SystemIds(), Keyring([Fernet.generate_key()]))
    settings = OperationSettings(concurrency_per_stamp=slots, sweep_interval_s=0.1)
    runtime = OperationsRuntime(units, [saga], settings, Metrics())
    runtime.start()
    try:
        yield units
    finally:
        await runtime.stop()
        await database.close()


async def start(units: UnitsOfWork) -> str:
    async with units.write(ACTOR) as work:
        return work.start(NewOperation("diary.write"), ResourceRef("diary", units.ids.new())).id


async def finished(units: UnitsOfWork, count: int) -> list[OperationRow]:
    async with asyncio.timeout(60):
        while True:
            seen = units.events_written.count
            async with units.read(ACTOR) as work:
                done = select(func.count()).select_from(OperationRow).where(OperationRow.state.in_(FINISHED))
                if await work.session.scalar(done) == count:
                    return list(await work.session.scalars(select(OperationRow)))
            await units.events_written.wait(seen, 1.0)


async def test_an_operation_starts_at_once_after_its_commit_and_runs_to_its_end(database, tmp_path) -> None:
    saga = Diary(tmp_path / "diary")
    async with running(database.url, saga) as units:
        operation_id = await start(units)
        (row,) = await finished(units, 1)
    assert row.state == "succeeded"
    assert saga.entries(operation_id) == list(STEPS)
    assert row.worker == "worker-1"


async def test_many_operations_share_few_slots_and_all_end(database, tmp_path) -> None:
    saga = Diary(tmp_path / "diary")
    async with running(database.url, saga, slots=2) as units:
        for _ in range(12):
            await start(units)
        rows = await finished(units, 12)
    assert {row.state for row in rows} == {"succeeded"}
    spans = sorted((row.started_at, row.finished_at) for row in rows)
    for started_at, _ in spans:
        assert sum(1 for begin, end in spans if begin <= started_at < end) <= 2


async def test_a_dispatch_that_was_lost_is_found_by_the_sweeper(database, tmp_path) -> None:
    saga = Diary(tmp_path / "diary")
    async with running(database.url, saga) as units:
        silent = UnitsOfWork(units.database, units.clock, units.ids, units.keyring)  # wakes nobody
        operation_id = await start(silent)
        await finished(units, 1)
    assert saga.entries(operation_id) == list(STEPS)


def _serve_until_killed(url: str, file: Path, kill_after: str) -> None:
    async def serve() -> None:
        async with running(url, Diary(file, kill_after)):
            await asyncio.sleep(60)

    asyncio.run(serve())


async def test_an_operation_survives_kill_9_after_every_step(database, tmp_path) -> None:
    file = tmp_path / "diary"
    saga = Diary(file)
    units = UnitsOfWork(database, SystemClock(), SystemIds(), Keyring([Fernet.generate_key()]))
    operation_id = await start(units)
    deadly = STEPS if database.is_sqlite else (STEPS[0], STEPS[-1])  # DBOS takes a second to resume after each
    for step in deadly:
        process = FORKS.Process(target=_serve_until_killed, args=(database.url, file, step))
        process.start()
        await asyncio.to_thread(process.join, 30)
        assert process.exitcode == -signal.SIGKILL, step
    assert saga.entries(operation_id) == list(STEPS)
    async with running(database.url, saga) as units:
        (row,) = await finished(units, 1)
    assert row.state == "succeeded"
    assert [entry["name"] for entry in row.steps] == list(STEPS)
