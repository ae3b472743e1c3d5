"""Operations: durable units of work."""

from zaffre.client.collection import Collection
from zaffre.client.connection import Connection, parsed
from zaffre.client.models import OperationView
from zaffre.client.waiting import USUAL_TIMEOUT_S, Progress, wait_for_operation


class Operations(Collection[OperationView, OperationView]):
    """One's operations; administrators see everybody's."""

    noun = "operation"
    name_field = None

    def __init__(self, connection: Connection) -> None:
        """Use the operations of a face."""
        super().__init__(connection, "/operations", OperationView, OperationView)

    def wait(
        self, operation_id: str, timeout_s: float = USUAL_TIMEOUT_S, on_progress: Progress | None = None
    ) -> OperationView:
        """Wait until an operation has succeeded.

        Args:
            operation_id: which one.
            timeout_s: the longest to wait. The operation goes on however long that is.
            on_progress: called with the operation each time it has changed.

        Raises:
            OperationFailed: it failed, was cancelled, or is stuck.
            StillRunning: it has not ended in time.
        """
        return wait_for_operation(self._connection, self.get(operation_id).id, timeout_s, on_progress)

    def cancel(self, operation_id: str) -> OperationView:
        """Ask for an operation to be cancelled: what it has done is undone.

        Raises:
            ZaffreError: it has ended, or its kind cannot be stopped half-way.
        """
        return self._post(operation_id, "cancel")

    def _post(self, operation_id: str, verb: str) -> OperationView:
        return parsed(self._connection.ask("POST", f"{self._member(operation_id)}/{verb}"), OperationView)


class AllOperations(Operations):
    """Everybody's operations, for administrators."""

    def retry(self, operation_id: str) -> OperationView:
        """Let a stuck operation finish undoing, now that its cause is gone.

        Raises:
            ZaffreError: it is not stuck.
        """
        return self._post(operation_id, "retry")
