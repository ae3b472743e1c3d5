"""Progress of running operations, written in few transactions.

Steps report as often as they like; the board keeps the newest report of each operation and writes all of them in one
transaction a few times a second. An operation that ends sooner than that costs no progress write at all.
"""

from dataclasses import dataclass

from sqlalchemy import CursorResult, update

from zaffre.foundation.actor import system_actor
from zaffre.foundation.operations.operation import OperationState
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.work import ResourceRef, UnitsOfWork

FLUSH_INTERVAL_S = 0.25


@dataclass(frozen=True)
class Progress:
    """How far an operation is."""

    resource: ResourceRef
    percent: int
    step: str
    sentence: str


class ProgressBoard:
    """Collects progress and writes it out."""

    def __init__(self, units: UnitsOfWork) -> None:
        self._units = units
        self._pending: dict[str, Progress] = {}

    def put(self, operation_id: str, progress: Progress) -> None:
        """Note the newest progress of an operation."""
        self._pending[operation_id] = progress

    def discard(self, operation_id: str) -> None:
        """Forget an operation that has ended."""
        self._pending.pop(operation_id, None)

    async def flush(self) -> None:
        """Write everything pending in one transaction, each with its lifecycle event."""
        pending, self._pending = self._pending, {}
        if not pending:
            return
        active = (OperationState.RUNNING, OperationState.UNWINDING)
        async with self._units.write(system_actor("operations")) as work:
            for operation_id, progress in pending.items():
                result = await work.session.execute(
                    update(OperationRow)
                    .where(OperationRow.id == operation_id, OperationRow.state.in_(active))
                    .values(
                        progress_percent=progress.percent,
                        step=progress.step,
                        sentence=progress.sentence,
                        generation=OperationRow.generation + 1,
                    )
                )
                if isinstance(result, CursorResult) and result.rowcount:
                    work.emit(
                        "operation.progressed",
                        progress.resource,
                        operation_id=operation_id,
                        percent=progress.percent,
                        step=progress.step,
                        sentence=progress.sentence,
                    )
