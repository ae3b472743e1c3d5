"""Waiting for operations."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from zaffre.client.connection import Connection
from zaffre.client.models import OperationState, OperationView
from zaffre.client.problems import OperationFailed, StillRunning, local_problem
from zaffre.client.wire import Wire

ENDED = frozenset(
    {OperationState.SUCCEEDED, OperationState.FAILED, OperationState.CANCELLED, OperationState.STUCK},
)
USUAL_TIMEOUT_S = 600.0
FIRST_POLL_S = 0.05
LONGEST_POLL_S = 1.0

Progress = Callable[[OperationView], None]
"""Called with an operation each time it was seen to have changed."""
ViewT = TypeVar("ViewT", bound=Wire)


def wait_for_operation(
    connection: Connection, operation_id: str, timeout_s: float = USUAL_TIMEOUT_S, on_progress: Progress | None = None
) -> OperationView:
    """Wait until an operation has succeeded.

    Raises:
        OperationFailed: it failed, was cancelled, or is stuck.
        StillRunning: `timeout_s` seconds were not enough.
        Unreachable: the server has been away for about a minute.
    """
    patient = connection.patient()
    clock = connection.clock
    deadline_s = clock.monotonic_s() + timeout_s
    poll_s, generation = FIRST_POLL_S, None
    while True:
        operation = patient.get(f"/operations/{operation_id}", OperationView)
        if on_progress is not None and operation.generation != generation:
            on_progress(operation)
        if operation.state in ENDED:
            return _succeeded(operation)
        remaining_s = deadline_s - clock.monotonic_s()
        if remaining_s <= 0:
            raise _still_running(operation, timeout_s)
        poll_s = FIRST_POLL_S if operation.generation != generation else min(poll_s * 1.5, LONGEST_POLL_S)
        generation = operation.generation
        clock.sleep(min(poll_s, remaining_s))


@dataclass(frozen=True)
class Accepted(Generic[ViewT]):
    """Work that was accepted: the resource as it is for now, and the operation that does the work."""

    resource: ViewT
    operation_id: str
    connection: Connection
    read: Callable[[], ViewT] | None = None
    """Reads the resource; None when there will be none to read."""

    def wait(self, timeout_s: float = USUAL_TIMEOUT_S, on_progress: Progress | None = None) -> ViewT:
        """Wait until the work is done; returns the resource as it is then (as it was last, when it was deleted).

        Args:
            timeout_s: the longest to wait. The operation goes on however long that is.
            on_progress: called with the operation each time it has changed.

        Raises:
            OperationFailed: it failed, was cancelled, or is stuck.
            StillRunning: it has not ended in time.
        """
        wait_for_operation(self.connection, self.operation_id, timeout_s, on_progress)
        return self.read() if self.read is not None else self.resource


def _succeeded(operation: OperationView) -> OperationView:
    if operation.state is OperationState.SUCCEEDED:
        return operation
    cancelled = operation.state is OperationState.CANCELLED
    problem = operation.problem or local_problem(
        "operation_cancelled" if cancelled else "operation_failed",
        "The operation was cancelled" if cancelled else "The operation failed",
        operation.sentence,
        "What it had done is undone.",
    )
    raise OperationFailed(problem.model_copy(update={"operation_id": operation.id}), operation)


def _still_running(operation: OperationView, timeout_s: float) -> StillRunning:
    problem = local_problem(
        "still_running",
        "The operation has not ended yet",
        f"After {timeout_s:g} s it is {operation.state}: {operation.sentence}.",
        "It goes on; wait for it again, or cancel it.",
    )
    return StillRunning(problem.model_copy(update={"operation_id": operation.id}), operation)
