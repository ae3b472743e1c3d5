"""Runs sagas: does the steps in order; when one fails, undoes what was done, in reverse and in full."""

import asyncio
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm.exc import StaleDataError
from structlog.contextvars import bound_contextvars

from zaffre.foundation.actor import system_actor
from zaffre.foundation.database import sacrificed
from zaffre.foundation.errors import DomainError, ProblemBody, UnexpectedError
from zaffre.foundation.operations.journal import Journal, Outcome
from zaffre.foundation.operations.operation import Operation, OperationState
from zaffre.foundation.operations.operations import operation_event, resource_of, to_operation
from zaffre.foundation.operations.progress import Progress, ProgressBoard
from zaffre.foundation.operations.saga import Cancelled, Run, Saga, Step, StepAction, StepTimedOut, nothing
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.telemetry.metrics import Metrics
from zaffre.foundation.work import UnitsOfWork

log = structlog.get_logger(__name__)

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0
UNDO_ATTEMPTS = 6


@dataclass(frozen=True)
class _Ending:
    state: OperationState
    problem: ProblemBody | None


class Engine:
    """Runs operations of all kinds."""

    def __init__(self, units: UnitsOfWork, sagas: Iterable[Saga], board: ProgressBoard, metrics: Metrics) -> None:
        self._units = units
        self._sagas: Mapping[str, Saga] = {saga.kind: saga for saga in sagas}
        self._board = board
        self._metrics = metrics

    def saga(self, kind: str) -> Saga:
        """Return the saga for operations of `kind`."""
        return self._sagas[kind]

    async def run(self, operation_id: str, journal: Journal) -> OperationState:
        """Run an operation to its end, from wherever `journal` says it was left."""
        return await self.run_loaded(await self.load(operation_id), journal)

    async def run_loaded(self, operation: Operation, journal: Journal) -> OperationState:
        """Run an operation that has just been read."""
        if operation.state is OperationState.SUCCEEDED or operation.finished_at is not None:
            return operation.state
        with bound_contextvars(operation_id=operation.id, operation_kind=operation.kind):
            execution = _Execution(self, operation, self.saga(operation.kind).steps(), journal)
            ending = await execution.run()
            self._board.discard(operation.id)
            await self._close(operation, ending, execution.history)
            return ending.state

    async def load(self, operation_id: str) -> Operation:
        """Read an operation.

        Raises:
            LookupError: it is not there.
        """
        async with self._units.read(system_actor("operations")) as work:
            row = await work.session.scalar(select(OperationRow).where(OperationRow.id == operation_id))
            if row is None:
                raise LookupError(f"operation {operation_id} is not in the database")
            return to_operation(row)

    async def cancel_requested(self, operation_id: str) -> bool:
        """Tell whether the owner asked to cancel."""
        async with self._units.read(system_actor("operations")) as work:
            asked = select(OperationRow.cancel_requested).where(OperationRow.id == operation_id)
            return bool(await work.session.scalar(asked))

    async def mark_unwinding(self, operation: Operation, problem: ProblemBody | None) -> None:
        """Show that the operation is being undone, and why."""
        async with self._units.write(system_actor("operations", operation.id)) as work:
            row = await work.session.get_one(OperationRow, operation.id)
            row.state, row.problem = OperationState.UNWINDING, problem
            row.sentence = "Cancelling: undoing what was done" if problem is None else "Undoing what was done"
            row.generation += 1
            work.emit("operation.unwinding", resource_of(row))

    async def _close(self, operation: Operation, ending: _Ending, history: list[dict[str, str]]) -> None:
        async with self._units.write(system_actor("operations", operation.id)) as work:
            row = await work.session.get_one(OperationRow, operation.id)
            row.state, row.problem = ending.state, ending.problem
            row.finished_at = self._units.clock.now()
            row.steps = [dict(entry) for entry in history]
            row.generation += 1
            if ending.state is OperationState.SUCCEEDED:
                row.progress_percent = 100
            row.sentence = _last_words(ending)
            operation_event(work, row)
        seconds = (self._units.clock.now() - operation.created_at).total_seconds()
        self._metrics.operations.labels(operation.kind, ending.state).inc()
        self._metrics.operation_seconds.labels(operation.kind).observe(seconds)
        log.info("operation ended", state=ending.state, seconds=round(seconds, 3))

    # One action, with its retries and its record ------------------------------------------------------------------

    async def attempt(self, operation: Operation, step: Step, direction: str, fraction_done: float) -> Outcome:
        """Do or undo one step once for the record, trying again while its failures are transient."""
        action, attempts = (step.do, step.attempts) if direction == "do" else (step.undo, UNDO_ATTEMPTS)
        started_at = self._units.clock.now()
        run = self._run_context(operation, step, fraction_done)
        try:
            if direction == "do":
                run.report(0.0)
                if step.cancellable:
                    await run.check_cancelled()
            await self._persist(step, action, run, attempts)
        except Cancelled:
            return self._outcome("cancelled", started_at)
        except DomainError as error:
            log.warning("step failed", step=step.name, direction=direction, cause=error.detail)
            return self._outcome("failed", started_at, error.problem())
        except Exception:
            log.exception("step met a fault", step=step.name, direction=direction)
            return self._outcome("failed", started_at, UnexpectedError().problem())
        finally:
            seconds = (self._units.clock.now() - started_at).total_seconds()
            self._metrics.operation_steps.labels(operation.kind, step.name, direction).observe(seconds)
        return self._outcome("done", started_at)

    async def _persist(self, step: Step, action: StepAction, run: Run, attempts: int) -> None:
        """Run the action until it succeeds, fails for good, or has failed transiently `attempts` times."""
        pause_s = FIRST_PAUSE_S
        for attempt in range(1, attempts + 1):
            try:
                async with asyncio.timeout(step.deadline_s):
                    return await action(run)
            except TimeoutError:
                raise StepTimedOut(step.name, step.deadline_s) from None
            except DomainError as error:
                if not error.transient or attempt == attempts:
                    raise
                log.info("step will be tried again", step=step.name, attempt=attempt, cause=error.detail)
            except StaleDataError:
                # Somebody changed the row between our reading and writing it; nothing of the step was committed.
                if attempt == attempts:
                    raise
            except DBAPIError as error:
                if not sacrificed(error) or attempt == attempts:
                    raise
            await self._units.clock.sleep(pause_s * random.uniform(0.5, 1.5))  # noqa: S311 - jitter, not secrecy
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
        return None

    def _run_context(self, operation: Operation, step: Step, fraction_done: float) -> Run:
        share = 1 / max(len(self.saga(operation.kind).steps()), 1)

        def report(fraction: float, sentence: str | None = None) -> None:
            percent = int(100 * (fraction_done + share * min(max(fraction, 0.0), 1.0)))
            words = sentence or step.sentence
            self._board.put(operation.id, Progress(resource_of(operation), percent, step.name, words))

        return Run(operation, self._units, report, lambda: self.cancel_requested(operation.id))

    def nothing_to_do(self) -> Outcome:
        """Return the outcome of an action that does nothing; it needs no record."""
        return self._outcome("done", self._units.clock.now())

    def _outcome(self, result: str, started_at: datetime, problem: ProblemBody | None = None) -> Outcome:
        outcome = Outcome(
            result=result, started_at=started_at.isoformat(), finished_at=self._units.clock.now().isoformat()
        )
        if problem is not None:
            outcome["problem"] = problem
        return outcome


class _Execution:
    """One run through a saga's steps, replaying what the journal remembers."""

    def __init__(self, engine: Engine, operation: Operation, steps: Sequence[Step], journal: Journal) -> None:
        self._engine = engine
        self._operation = operation
        self._steps = steps
        self._journal = journal
        self.history: list[dict[str, str]] = []

    async def run(self) -> _Ending:
        if self._operation.attempt > 1:
            # A retry of a stuck operation finishes the undoing; doing the work anew is for a new operation.
            return await self._unwind(len(self._steps), self._operation.problem)
        for index, step in enumerate(self._steps):
            outcome = await self._act("do", index, step)
            if outcome["result"] != "done":
                problem = outcome.get("problem")
                await self._engine.mark_unwinding(self._operation, problem)
                return await self._unwind(index + 1, problem)
        return _Ending(OperationState.SUCCEEDED, None)

    async def _unwind(self, touched: int, problem: ProblemBody | None) -> _Ending:
        """Undo the first `touched` steps in reverse. The failed step is among them: it may be half done."""
        for index in reversed(range(touched)):
            outcome = await self._act("undo", index, self._steps[index])
            if outcome["result"] != "done":
                return _Ending(OperationState.STUCK, outcome.get("problem"))
        return _Ending(OperationState.CANCELLED if problem is None else OperationState.FAILED, problem)

    async def _act(self, direction: str, index: int, step: Step) -> Outcome:
        fraction_done = index / len(self._steps)

        async def action() -> Outcome:
            return await self._engine.attempt(self._operation, step, direction, fraction_done)

        if (step.do if direction == "do" else step.undo) is nothing:
            outcome = self._engine.nothing_to_do()
        else:
            outcome = await self._journal.record(f"{direction}:{step.name}", action)
        self.history.append(
            {
                "name": step.name,
                "direction": direction,
                "result": outcome["result"],
                "started_at": outcome["started_at"],
                "finished_at": outcome["finished_at"],
            }
        )
        return outcome


def _last_words(ending: _Ending) -> str:
    match ending.state:
        case OperationState.SUCCEEDED:
            return "Done"
        case OperationState.CANCELLED:
            return "Cancelled; everything was undone"
        case OperationState.STUCK:
            return "Stopped while undoing; the operator must retry it"
        case _:
            return "Failed; everything was undone"
