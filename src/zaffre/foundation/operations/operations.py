"""Looking at operations, cancelling and retrying them."""

from datetime import datetime

from sqlalchemy import delete, select

from zaffre.foundation.errors import Conflict, NotFound
from zaffre.foundation.operations.operation import FINISHED, Operation, OperationState
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.work import ResourceRef, UnitOfWork


class NotCancellable(Conflict):
    """The operation cannot be stopped half-way."""

    code = "operation.not_cancellable"
    title = "The operation cannot be cancelled"


class NotStuck(Conflict):
    """Only a stuck operation can be retried."""

    code = "operation.not_stuck"
    title = "The operation is not stuck"


def to_operation(row: OperationRow) -> Operation:
    """Return a row as its readers see it."""
    return Operation(
        id=row.id,
        kind=row.kind,
        state=OperationState(row.state),
        queue=row.queue,
        account_id=row.account_id,
        subscription_id=row.subscription_id,
        resource_type=row.resource_type,
        resource_id=row.resource_id,
        resource_name=row.resource_name,
        parameters=row.parameters,
        progress_percent=row.progress_percent,
        step=row.step,
        sentence=row.sentence,
        steps=row.steps,
        problem=row.problem,
        cancel_requested=row.cancel_requested,
        attempt=row.attempt,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        generation=row.generation,
    )


def resource_of(operation: Operation | OperationRow) -> ResourceRef:
    """Return the resource that an operation works on."""
    return ResourceRef(
        operation.resource_type,
        operation.resource_id,
        operation.resource_name,
        operation.subscription_id,
        operation.account_id,
    )


def operation_event(work: UnitOfWork, row: OperationRow) -> None:
    """Record that the operation reached its present state."""
    detail = {"code": row.problem["code"], "detail": row.problem["detail"]} if row.problem else {}
    work.emit(f"operation.{row.state}", resource_of(row), operation_id=row.id, operation_kind=row.kind, **detail)


class Operations:
    """Rules for operations inside one unit of work. Who may call them is the caller's business."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def get(self, operation_id: str) -> Operation:
        """Return one operation.

        Raises:
            NotFound: there is none with this id.
        """
        return to_operation(await self._row(operation_id))

    async def cancel(self, operation_id: str, *, cancellable: bool) -> Operation:
        """Ask for cancellation: a queued operation unwinds at once, a running one before its next step.

        Args:
            operation_id: which one.
            cancellable: whether its saga allows it.

        Raises:
            NotCancellable: it has ended, is being undone already, or its kind cannot be cancelled.
        """
        row = await self._row(operation_id)
        if row.state in FINISHED or row.state == OperationState.UNWINDING or not cancellable:
            reason = "its kind cannot be stopped half-way" if not cancellable else f"it is {row.state}"
            raise NotCancellable(
                f"Operation {row.kind} cannot be cancelled: {reason}.",
                remedy="Wait for it to end; then undo its effect with another operation if needed.",
                target=operation_id,
            )
        if not row.cancel_requested:
            row.cancel_requested = True
            row.generation += 1
            self._work.emit("operation.cancel_requested", resource_of(row), operation_id=row.id)
        return to_operation(row)

    async def retry(self, operation_id: str) -> Operation:
        """Let a stuck operation finish undoing, now that its cause is gone.

        Raises:
            NotStuck: it is not stuck.
        """
        row = await self._row(operation_id)
        if row.state != OperationState.STUCK:
            raise NotStuck(
                f"Operation {row.kind} is {row.state}.",
                remedy="Only an operation that stopped while undoing can be retried.",
                target=operation_id,
            )
        row.state, row.attempt, row.finished_at = OperationState.QUEUED, row.attempt + 1, None
        row.sentence = "Waiting to finish undoing"
        row.generation += 1
        self._work.started.append(row.queue)
        self._work.emit("operation.retried", resource_of(row), operation_id=row.id)
        return to_operation(row)

    async def forget_finished(self, older_than: datetime, limit: int) -> int:
        """Delete up to `limit` operations that ended before the instant; stuck ones stay."""
        old = (
            select(OperationRow.id)
            .where(OperationRow.finished_at < older_than, OperationRow.state != OperationState.STUCK)
            .limit(limit)
        )
        result = await self._work.session.execute(delete(OperationRow).where(OperationRow.id.in_(old)))
        return int(getattr(result, "rowcount", 0))

    async def _row(self, operation_id: str) -> OperationRow:
        row = await self._work.session.scalar(select(OperationRow).where(OperationRow.id == operation_id))
        if row is None:
            raise NotFound("operation", operation_id)
        return row
