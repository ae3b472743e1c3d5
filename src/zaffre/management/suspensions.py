"""Suspending and resuming subscriptions.

Access changes in the transaction of the request. What the plan's policy does beyond that, such as turning machines off,
is the providers' work: an operation tells them, and asks them again until it is done.
"""

from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.operations.operation import NewOperation
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.work import UnitOfWork
from zaffre.identity import Caller
from zaffre.management.providers import ChangeKind
from zaffre.management.subscriptions import (
    SubscriptionEnding,
    Subscriptions,
    SubscriptionState,
    reference,
)
from zaffre.management.syncs import announce
from zaffre.management.tables import SubscriptionRow

SUSPEND_OPERATION = "subscription.suspend"
RESUME_OPERATION = "subscription.resume"


class Suspensions:
    """Rules for suspending inside one unit of work."""

    def __init__(self, work: UnitOfWork, caller: Caller) -> None:
        self._work = work
        self._subscriptions = Subscriptions(work, caller)

    async def suspend(self, subscription_id: str, expected: int | None = None) -> tuple[SubscriptionRow, OperationRow]:
        """Let its members look and not change anything, and begin what its plan's policy says about what runs.

        Suspending twice counts once.

        Raises:
            SubscriptionEnding: it is expiring or being deleted.
        """
        row = await self._staying(subscription_id, expected)
        if row.state != SubscriptionState.SUSPENDED:
            row.state = SubscriptionState.SUSPENDED
            await self._work.session.flush()
            await announce(self._work, row.id, ChangeKind.SUSPENDED)
            self._work.emit("subscription.suspended", reference(row))
        return row, self._work.start(NewOperation(SUSPEND_OPERATION), reference(row))

    async def resume(self, subscription_id: str, expected: int | None = None) -> tuple[SubscriptionRow, OperationRow]:
        """Let its members work again, and begin to bring back what suspending it turned off.

        Resuming twice counts once.

        Raises:
            SubscriptionEnding: it is expiring or being deleted.
        """
        row = await self._staying(subscription_id, expected)
        if row.state != SubscriptionState.ACTIVE:
            row.state = SubscriptionState.ACTIVE
            await self._work.session.flush()
            await announce(self._work, row.id, ChangeKind.RESUMED)
            self._work.emit("subscription.resumed", reference(row))
        return row, self._work.start(NewOperation(RESUME_OPERATION), reference(row))

    async def _staying(self, subscription_id: str, expected: int | None) -> SubscriptionRow:
        row = await self._subscriptions.get(subscription_id)
        check_generation(expected, row.generation)
        if row.state in (SubscriptionState.EXPIRING, SubscriptionState.DELETING):
            raise SubscriptionEnding(row)
        return row
