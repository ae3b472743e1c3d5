from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm.exc import StaleDataError

from zaffre.foundation.actor import system_actor
from zaffre.foundation.errors import Conflict, Unavailable
from zaffre.foundation.events import EventCursor, EventLog, EventScope
from zaffre.foundation.operations.engine import Engine
from zaffre.foundation.operations.journal import MemoryJournal
from zaffre.foundation.operations.operation import NewOperation, OperationState
from zaffre.foundation.operations.operations import NotCancellable, NotStuck, Operations
from zaffre.foundation.operations.progress import ProgressBoard
from zaffre.foundation.operations.saga import Run, Step
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.telemetry.metrics import Metrics
from zaffre.foundation.work import ResourceRef, UnitsOfWork

ACTOR = system_actor("test")


class Recipe:
    """A saga whose steps write down that they ran, and break when told."""

    kind = "cake.bake"
    cancellable = True

    def __init__(self, names: str = "mix bake ice") -> None:
        self.names = names.split()
        self.log: list[str] = []
        self.break_on: dict[str, list[BaseException]] = {}

    def steps(self) -> list[Step]:
        return [Step(name, f"{name}ing", self._act(name), self._act(f"un{name}")) for name in self.names]

    def _act(self, name: str):
        async def act(run: Run) -> None:
            self.log.append(name)
            causes = self.break_on.get(name)
            if causes:
                raise causes.pop(0)

        return act


@pytest.fixture
def recipe() -> Recipe:
    return Recipe()


@pytest.fixture
def engine(units: UnitsOfWork, recipe: Recipe) -> Engine:
    return Engine(units, [recipe], ProgressBoard(units), Metrics())


async def started(units: UnitsOfWork) -> str:
    async with units.write(ACTOR) as work:
        return work.start(NewOperation("cake.bake"), ResourceRef("cake", units.ids.new())).id


async def read(units: UnitsOfWork, operation_id: str) -> OperationRow:
    async with units.read(ACTOR) as work:
        return (await work.session.scalars(select(OperationRow).where(OperationRow.id == operation_id))).one()


def gone() -> Conflict:
    return Conflict("the oven is cold", remedy="light it")


async def test_steps_run_in_order_and_the_operation_ends_succeeded(units, engine, recipe) -> None:
    operation_id = await started(units)
    assert await engine.run(operation_id, MemoryJournal()) is OperationState.SUCCEEDED
    row = await read(units, operation_id)
    assert recipe.log == ["mix", "bake", "ice"]
    assert (row.state, row.progress_percent, row.problem) == ("succeeded", 100, None)
    assert [(s["name"], s["result"]) for s in row.steps] == [("mix", "done"), ("bake", "done"), ("ice", "done")]


async def test_a_failed_step_and_all_before_it_are_undone_in_reverse(units, engine, recipe) -> None:
    recipe.break_on["bake"] = [gone()]
    operation_id = await started(units)
    assert await engine.run(operation_id, MemoryJournal()) is OperationState.FAILED
    assert recipe.log == ["mix", "bake", "unbake", "unmix"]
    row = await read(units, operation_id)
    assert row.problem is not None
    assert (row.problem["code"], row.problem["detail"]) == ("resource.conflict", "the oven is cold")
    async with units.read(ACTOR) as work:
        kinds = [e.kind for e in await EventLog(work.session).after(EventCursor(), EventScope(everything=True))]
    assert kinds == ["operation.unwinding", "operation.failed"]


async def test_a_transient_failure_is_tried_again_with_growing_pauses(units, engine, recipe, clock) -> None:
    recipe.break_on["bake"] = [Unavailable("no gas", remedy="wait") for _ in range(3)]
    assert await engine.run(await started(units), MemoryJournal()) is OperationState.SUCCEEDED
    assert recipe.log == ["mix", "bake", "bake", "bake", "bake", "ice"]
    assert 0.7 < clock.monotonic_s() < 2.2


class _Sacrificed(Exception):
    sqlstate = "40P01"


async def test_a_transaction_that_the_database_sacrificed_is_tried_again(units, engine, recipe) -> None:
    deadlock = DBAPIError("UPDATE", {}, _Sacrificed("deadlock detected"))
    recipe.break_on = {"bake": [deadlock, StaleDataError()], "ice": [gone()], "unbake": [deadlock, StaleDataError()]}
    assert await engine.run(await started(units), MemoryJournal()) is OperationState.FAILED
    assert recipe.log == [*("mix", "bake", "bake", "bake", "ice", "unice"), *("unbake", "unbake", "unbake", "unmix")]


async def test_a_transient_failure_that_stays_fails_the_step_after_bounded_attempts(units, engine, recipe) -> None:
    recipe.break_on["bake"] = [Unavailable("no gas", remedy="wait") for _ in range(100)]
    operation_id = await started(units)
    assert await engine.run(operation_id, MemoryJournal()) is OperationState.FAILED
    assert recipe.log.count("bake") == 4


async def test_a_fault_of_ours_is_recorded_without_its_secrets(units, engine, recipe) -> None:
    recipe.break_on["mix"] = [ValueError("password is hunter2")]
    operation_id = await started(units)
    assert await engine.run(operation_id, MemoryJournal()) is OperationState.FAILED
    row = await read(units, operation_id)
    assert row.problem is not None
    assert row.problem["code"] == "internal.error"
    assert "hunter2" not in str(row.problem)


async def test_cancelling_unwinds_before_the_next_step(units, engine, recipe) -> None:
    operation_id = await started(units)

    async def cancel_while_baking(run: Run) -> None:
        recipe.log.append("bake")
        async with run.units.write(ACTOR) as work:
            await Operations(work).cancel(operation_id, cancellable=True)

    steps = recipe.steps()
    steps[1] = Step("bake", "baking", cancel_while_baking, steps[1].undo)
    recipe.steps = lambda: steps  # type: ignore[method-assign]
    assert await engine.run(operation_id, MemoryJournal()) is OperationState.CANCELLED
    assert recipe.log == ["mix", "bake", "unice", "unbake", "unmix"]
    assert (await read(units, operation_id)).problem is None


async def test_a_cancellation_after_the_point_of_no_return_comes_too_late(units, engine, recipe) -> None:
    operation_id = await started(units)

    async def cancel_while_baking(run: Run) -> None:
        async with run.units.write(ACTOR) as work:
            await Operations(work).cancel(operation_id, cancellable=True)

    steps = recipe.steps()
    steps[1] = replace(steps[1], do=cancel_while_baking)
    steps[2] = replace(steps[2], cancellable=False)
    recipe.steps = lambda: steps  # type: ignore[method-assign]
    assert await engine.run(operation_id, MemoryJournal()) is OperationState.SUCCEEDED
    assert recipe.log == ["mix", "ice"]


async def test_what_has_ended_or_cannot_stop_half_way_cannot_be_cancelled(units, engine) -> None:
    operation_id = await started(units)
    async with units.write(ACTOR) as work:
        with pytest.raises(NotCancellable, match="cannot be stopped half-way"):
            await Operations(work).cancel(operation_id, cancellable=False)
    await engine.run(operation_id, MemoryJournal())
    async with units.write(ACTOR) as work:
        with pytest.raises(NotCancellable, match="it is succeeded"):
            await Operations(work).cancel(operation_id, cancellable=True)


async def test_an_operation_whose_undoing_fails_is_stuck_until_retried(units, engine, recipe) -> None:
    recipe.break_on = {"ice": [gone()], "unbake": [gone()]}
    operation_id = await started(units)
    assert await engine.run(operation_id, MemoryJournal()) is OperationState.STUCK
    recipe.log.clear()
    async with units.write(ACTOR) as work:
        retried = await Operations(work).retry(operation_id)
        assert (retried.state, retried.attempt, work.started) == (OperationState.QUEUED, 2, ["site"])
    assert await engine.run(operation_id, MemoryJournal()) is OperationState.FAILED
    assert recipe.log == ["unice", "unbake", "unmix"]
    async with units.write(ACTOR) as work:
        with pytest.raises(NotStuck):
            await Operations(work).retry(operation_id)


async def test_running_a_finished_operation_again_does_nothing(units, engine, recipe) -> None:
    operation_id = await started(units)
    await engine.run(operation_id, MemoryJournal())
    recipe.log.clear()
    assert await engine.run(operation_id, MemoryJournal()) is OperationState.SUCCEEDED
    assert recipe.log == []


async def test_a_step_that_takes_too_long_fails_by_name(live_units, recipe) -> None:
    import asyncio

    async def dawdle(_run: Run) -> None:
        await asyncio.sleep(60)

    recipe.steps = lambda: [Step("nap", "napping", dawdle, deadline_s=0.05)]  # type: ignore[method-assign]
    engine = Engine(live_units, [recipe], ProgressBoard(live_units), Metrics())
    operation_id = await started(live_units)
    assert await engine.run(operation_id, MemoryJournal()) is OperationState.FAILED
    problem = (await read(live_units, operation_id)).problem
    assert problem is not None
    assert problem["code"] == "operation.step_timed_out"
    assert "'nap' did not finish within 0.05 s" in problem["detail"]


async def test_progress_of_many_operations_is_written_in_one_transaction(units, recipe) -> None:
    board = ProgressBoard(units)
    engine = Engine(units, [recipe], board, Metrics())
    first, second = await started(units), await started(units)

    async def report(run: Run) -> None:
        run.report(0.5, "stirring")
        async with run.work() as work:
            row = await work.session.get_one(OperationRow, run.operation.id)
            row.state = OperationState.RUNNING
        await board.flush()
        row = await read(units, run.operation.id)
        assert (row.progress_percent, row.step, row.sentence) == (50, "stir", "stirring")

    recipe.steps = lambda: [Step("stir", "stirring", report)]  # type: ignore[method-assign]
    for operation_id in (first, second):
        assert await engine.run(operation_id, MemoryJournal()) is OperationState.SUCCEEDED
