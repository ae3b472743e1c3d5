"""Gives queued operations to the engine, a bounded number per queue, in the order they were accepted."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

import structlog
from sqlalchemy import select, update

from zaffre.foundation.actor import system_actor
from zaffre.foundation.background import Loop
from zaffre.foundation.errors import UnexpectedError
from zaffre.foundation.operations.durable import DurableJournal, WorkflowStanding
from zaffre.foundation.operations.engine import Engine
from zaffre.foundation.operations.operation import Operation, OperationState
from zaffre.foundation.operations.operations import operation_event, to_operation
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.telemetry.metrics import Metrics
from zaffre.foundation.work import UnitsOfWork

log = structlog.get_logger(__name__)

LOOK_FOR_LOST_INTERVAL_S = 1.0
LOST_AFTER = timedelta(seconds=5)
"""A claimed operation that does not run this long after its claim was lost on the way."""


class Workflows(Protocol):
    """What the dispatcher needs of durable execution."""

    async def start(self, operation_id: str, attempt: int) -> None:
        """Start an attempt, unless it exists."""
        ...

    async def standing(self, operation_id: str, attempt: int) -> WorkflowStanding:
        """Tell what is known of an attempt."""
        ...


class Dispatcher:
    """Claims queued operations for this worker and starts them.

    Instead of a DBOS queue, the operations table itself is the queue: a start is immediate rather than at the next
    poll, and an idle queue costs one indexed query a second for all stamps together (measured in
    docs/decisions/0002-operations-are-their-own-queue.md).
    """

    def __init__(
        self,
        units: UnitsOfWork,
        engine: Engine,
        workflows: Workflows,
        worker: str,
        slots_per_queue: int,
        sweep_interval_s: float,
        metrics: Metrics,
    ) -> None:
        self._units = units
        self._engine = engine
        self._worker = worker
        self._slots = slots_per_queue
        self._running: dict[str, set[str]] = {}
        self._claimed: dict[str, Operation] = {}
        """Between claim and run."""
        self._look_for_lost_at_s = 0.0
        self._metrics = metrics
        self._workflows = workflows
        self.loop = Loop("dispatcher", sweep_interval_s, self.sweep, units.clock, metrics)

    def start(self) -> None:
        """Begin giving out operations."""
        self._units.on_operations_started.append(self._on_started)
        self.loop.start()

    async def stop(self) -> None:
        """Give out no more; what runs goes on."""
        if self._on_started in self._units.on_operations_started:
            self._units.on_operations_started.remove(self._on_started)
        await self.loop.stop()

    async def run(self, operation_id: str, journal: DurableJournal) -> None:
        """Run one operation; called by its workflow, also when that is resumed after a crash."""
        operation = self._claimed.pop(operation_id, None) or await self._engine.load(operation_id)
        queue = operation.queue
        running = self._running.setdefault(queue, set())
        running.add(operation_id)
        self._metrics.operations_running.labels(queue).set(len(running))
        try:
            await self._engine.run_loaded(operation, journal)
        finally:
            running.discard(operation_id)
            self._metrics.operations_running.labels(queue).set(len(running))
            self.loop.wake()

    async def sweep(self) -> None:
        """Start what is waiting, as far as slots allow; find what was lost between claim and start."""
        for row in await self._claim():
            self._running.setdefault(row.queue, set()).add(row.id)
            self._claimed[row.id] = to_operation(row)
            await self._begin(row)
        if self._units.clock.monotonic_s() >= self._look_for_lost_at_s:
            self._look_for_lost_at_s = self._units.clock.monotonic_s() + LOOK_FOR_LOST_INTERVAL_S
            for operation_id, attempt in await self._lost():
                await self._restart(operation_id, attempt)

    def _on_started(self, _queues: set[str]) -> None:
        self.loop.wake()

    async def _begin(self, row: OperationRow) -> None:
        """Start a claimed operation. One that cannot be started gives its slot back and is found again as lost."""
        try:
            await self._workflows.start(row.id, row.attempt)
        except Exception:
            self._running[row.queue].discard(row.id)
            self._claimed.pop(row.id, None)
            log.exception("an operation could not be started and will be found again", operation_id=row.id)

    async def _claim(self) -> Sequence[OperationRow]:
        waiting = await self._waiting()
        if not waiting:
            return []
        async with self._units.write(system_actor("dispatcher")) as work:
            rows = await work.session.scalars(
                update(OperationRow)
                .where(OperationRow.id.in_(waiting), OperationRow.state == OperationState.QUEUED)
                .values(
                    state=OperationState.RUNNING,
                    worker=self._worker,
                    started_at=self._units.clock.now(),
                    sentence="Starting",
                    generation=OperationRow.generation + 1,
                )
                .returning(OperationRow)
                .execution_options(synchronize_session=False)
            )
            claimed = sorted(rows, key=lambda row: row.id)
            for row in claimed:
                operation_event(work, row)
        return claimed

    async def _waiting(self) -> list[str]:
        """Return the ids that fit into the free slots of their queues, oldest first."""
        queued = OperationRow.state == OperationState.QUEUED
        waiting: list[str] = []
        async with self._units.read(system_actor("dispatcher")) as work:
            for queue in await work.session.scalars(select(OperationRow.queue).where(queued).distinct()):
                free = self._slots - len(self._running.get(queue, ()))
                if free > 0:
                    ids = select(OperationRow.id).where(queued, OperationRow.queue == queue)
                    waiting.extend(await work.session.scalars(ids.order_by(OperationRow.id).limit(free)))
        return waiting

    async def _lost(self) -> Sequence[tuple[str, int]]:
        """Return operations that this worker claimed a while ago and that nobody runs."""
        running = {operation_id for ids in self._running.values() for operation_id in ids}
        active = (OperationState.RUNNING, OperationState.UNWINDING)
        async with self._units.read(system_actor("dispatcher")) as work:
            rows = await work.session.execute(
                select(OperationRow.id, OperationRow.attempt).where(
                    OperationRow.state.in_(active),
                    OperationRow.worker == self._worker,
                    OperationRow.started_at < self._units.clock.now() - LOST_AFTER,
                )
            )
            return [(row.id, row.attempt) for row in rows if row.id not in running]

    async def _restart(self, operation_id: str, attempt: int) -> None:
        standing = await self._workflows.standing(operation_id, attempt)
        if standing is WorkflowStanding.ABSENT:
            log.warning("starting an operation whose dispatch was lost", operation_id=operation_id)
            await self._workflows.start(operation_id, attempt)
        elif standing is WorkflowStanding.ENDED:
            await self._give_up(operation_id)

    async def _give_up(self, operation_id: str) -> None:
        """Mark as stuck what ended without closing its operation: a fault of the engine that a person must see."""
        log.error("an operation's workflow ended without closing it", operation_id=operation_id)
        async with self._units.write(system_actor("dispatcher", operation_id)) as work:
            row = await work.session.get_one(OperationRow, operation_id)
            row.state, row.problem = OperationState.STUCK, UnexpectedError().problem()
            row.finished_at = self._units.clock.now()
            row.generation += 1
            operation_event(work, row)
