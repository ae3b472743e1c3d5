"""Giving operations to workflows: in order, fairly, a bounded number at a time, none lost and none twice."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select

from zaffre.foundation.actor import system_actor
from zaffre.foundation.clock import ManualClock
from zaffre.foundation.operations.dispatcher import LOST_AFTER, Dispatcher
from zaffre.foundation.operations.durable import WorkflowStanding
from zaffre.foundation.operations.engine import Engine
from zaffre.foundation.operations.journal import MemoryJournal
from zaffre.foundation.operations.operation import NewOperation, OperationState
from zaffre.foundation.operations.progress import ProgressBoard
from zaffre.foundation.operations.saga import Step, nothing
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.telemetry.metrics import Metrics
from zaffre.foundation.work import ResourceRef, UnitsOfWork

ACTOR = system_actor("test")


class Errand:
    """A saga with nothing to do."""

    kind = "errand.run"
    cancellable = True

    def steps(self) -> list[Step]:
        return [Step("run", "running", nothing)]


class Workflows:
    """Durable execution that only remembers what it was told to start."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.standings: dict[str, WorkflowStanding] = {}
        self.failures = 0
        """How many of the next starts fail."""

    async def start(self, operation_id: str, attempt: int) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("the journal's database does not answer")
        self.started.append(operation_id)
        self.standings[operation_id] = WorkflowStanding.UNFINISHED

    async def standing(self, operation_id: str, attempt: int) -> WorkflowStanding:
        return self.standings.get(operation_id, WorkflowStanding.ABSENT)


class Worker:
    """A dispatcher with its workflows."""

    def __init__(self, units: UnitsOfWork, slots: int = 2, name: str = "worker-1") -> None:
        self.units = units
        self.workflows = Workflows()
        self.metrics = Metrics()
        engine = Engine(units, [Errand()], ProgressBoard(units), self.metrics)
        self.dispatcher = Dispatcher(
            units,
            engine,
            self.workflows,
            worker=name,
            slots_per_queue=slots,
            sweep_interval_s=3600,
            metrics=self.metrics,
        )

    async def sweep(self) -> list[str]:
        """Sweep; returns what was started by it."""
        before = len(self.workflows.started)
        await self.dispatcher.sweep()
        return self.workflows.started[before:]

    async def finish(self, operation_id: str) -> None:
        await self.dispatcher.run(operation_id, MemoryJournal())  # type: ignore[arg-type]


@pytest.fixture
def worker(units: UnitsOfWork) -> Worker:
    return Worker(units)


async def queue(units: UnitsOfWork, count: int, name: str = "site") -> list[str]:
    ids: list[str] = []
    for _ in range(count):
        async with units.write(ACTOR) as work:
            ids.append(work.start(NewOperation("errand.run", name), ResourceRef("errand", units.ids.new())).id)
    return ids


async def states(units: UnitsOfWork) -> dict[str, str]:
    async with units.read(ACTOR) as work:
        rows = await work.session.execute(select(OperationRow.id, OperationRow.state))
        return {row.id: row.state for row in rows}


async def test_operations_start_in_the_order_they_were_accepted_as_slots_come_free(worker: Worker) -> None:
    ids = await queue(worker.units, 5)
    assert await worker.sweep() == ids[:2]
    assert await worker.sweep() == []
    await worker.finish(ids[1])
    assert await worker.sweep() == ids[2:3]
    await worker.finish(ids[0])
    await worker.finish(ids[2])
    assert await worker.sweep() == ids[3:]
    assert 'zaffre_operations_running{queue="site"} 0.0' in worker.metrics.render().decode()


async def test_a_full_queue_does_not_hold_up_another(worker: Worker) -> None:
    slow = await queue(worker.units, 10, "slow stamp")
    assert await worker.sweep() == slow[:2]
    quick = await queue(worker.units, 3, "quick stamp")
    assert await worker.sweep() == quick[:2]
    await worker.finish(quick[0])
    assert await worker.sweep() == quick[2:]
    assert await worker.sweep() == []


async def test_an_operation_that_could_not_be_started_is_found_again_and_holds_up_nobody(
    worker: Worker, clock: ManualClock
) -> None:
    first, second, third = await queue(worker.units, 3)
    worker.workflows.failures = 1
    assert await worker.sweep() == [second]
    # Its slot is free again.
    assert await worker.sweep() == [third]
    assert (await states(worker.units))[first] == OperationState.RUNNING
    clock.advance((LOST_AFTER + timedelta(seconds=1)).total_seconds())
    assert await worker.sweep() == [first]
    for operation_id in (first, second, third):
        await worker.finish(operation_id)
    assert set((await states(worker.units)).values()) == {"succeeded"}


async def test_claims_that_do_not_commit_take_no_slots(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = await queue(worker.units, 2)
    from zaffre.foundation.operations import dispatcher

    with monkeypatch.context() as patch:

        def break_down(*_: object) -> None:
            raise ConnectionError("the database does not answer")

        patch.setattr(dispatcher, "operation_event", break_down)
        for _ in range(3):
            with pytest.raises(ConnectionError):
                await worker.sweep()
    assert set((await states(worker.units)).values()) == {"queued"}
    assert await worker.sweep() == ids


async def test_a_dispatch_lost_by_an_earlier_process_of_the_same_name_is_started(
    worker: Worker, clock: ManualClock
) -> None:
    (lost,) = await queue(worker.units, 1)
    died = Worker(worker.units)
    died.workflows.failures = 1
    await died.sweep()
    assert await worker.sweep() == []
    clock.advance((LOST_AFTER + timedelta(seconds=1)).total_seconds())
    assert await Worker(worker.units, name="worker-2").sweep() == []
    assert await worker.sweep() == [lost]
    assert await worker.sweep() == []


async def test_an_operation_whose_workflow_ended_without_closing_it_is_shown_as_stuck(
    worker: Worker, clock: ManualClock
) -> None:
    (operation_id,) = await queue(worker.units, 1)
    died = Worker(worker.units)
    await died.sweep()
    worker.workflows.standings[operation_id] = WorkflowStanding.ENDED
    clock.advance((LOST_AFTER + timedelta(seconds=1)).total_seconds())
    assert await worker.sweep() == []
    async with worker.units.read(ACTOR) as work:
        row = await work.session.get_one(OperationRow, operation_id)
    assert row.problem is not None
    assert (row.state, row.problem["code"]) == ("stuck", "internal.error")


async def test_workers_that_race_never_take_the_same_operation(units: UnitsOfWork) -> None:
    workers = [Worker(units, slots=50, name=f"worker-{n}") for n in range(4)]
    ids = await queue(units, 40)
    await asyncio.gather(*(worker.sweep() for worker in workers), *(worker.sweep() for worker in workers))
    started = Counter(operation_id for worker in workers for operation_id in worker.workflows.started)
    assert started == dict.fromkeys(ids, 1)


async def test_starting_an_operation_wakes_the_dispatcher_only_after_the_commit(units: UnitsOfWork) -> None:
    woken: list[set[str]] = []
    units.on_operations_started.append(woken.append)
    with pytest.raises(ValueError, match="changed my mind"):
        async with units.write(ACTOR) as work:
            work.start(NewOperation("errand.run", "stamp"), ResourceRef("errand", units.ids.new()))
            assert woken == []
            raise ValueError("changed my mind")
    assert woken == []
    await queue(units, 1, "stamp")
    assert woken == [{"stamp"}]
