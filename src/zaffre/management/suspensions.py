"""Suspending and resuming subscriptions.

Access changes in the transaction of the request. What the plan's policy does beyond that, such as turning machines off,
is the providers' work: an operation tells them, and asks them again until it is done.
"""

from zaffre.foundation.errors import Conflict
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.operations.operation import NewOperation
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.work import UnitOfWork
from zaffre.identity import Caller, Permission
from zaffre.management.providers import ChangeKind
from zaffre.management.subscriptions import (
    SubscriptionEnding,
    Subscriptions,
    SubscriptionState,
    SuspendedBy,
    reference,
)
from zaffre.management.syncs import announce
from zaffre.management.tables import SubscriptionRow

SUSPEND_OPERATION = "subscription.suspend"
RESUME_OPERATION = "subscription.resume"


class SuspendedByProvider(Conflict):
    """Only the provider can resume what the provider suspended."""

    code = "subscription.suspended_by_provider"
    title = "The provider suspended the subscription"

    def __init__(self, row: SubscriptionRow) -> None:
        super().__init__(
            f"Subscription {row.name!r} was suspended by the provider, or by a budget of the provider.",
            remedy="Ask the provider to resume it.",
            target=row.id,
        )


class Suspensions:
    """Rules for suspending inside one unit of work."""

    def __init__(self, work: UnitOfWork, caller: Caller) -> None:
        self._work = work
        self._caller = caller
        self._subscriptions = Subscriptions(work, caller)

    async def suspend(self, subscription_id: str, expected: int | None = None) -> tuple[SubscriptionRow, OperationRow]:
        """Let its members look and not change anything, and begin what its plan's policy says about what runs.

        Suspending twice counts once.

        Raises:
            SubscriptionEnding: it is expiring or being deleted.
        """
        row = await self._staying(subscription_id, expected)
        return row, await begin_suspension(self._work, row, SuspendedBy.PROVIDER)

    async def resume(self, subscription_id: str, expected: int | None = None) -> tuple[SubscriptionRow, OperationRow]:
        """Let its members work again, and begin to bring back what suspending it turned off.

        Resuming twice counts once.

        Raises:
            SubscriptionEnding: it is expiring or being deleted.
            SuspendedByProvider: the provider or its budget suspended it, and the caller is no administrator.
        """
        row = await self._staying(subscription_id, expected)
        if row.state != SubscriptionState.ACTIVE:
            if row.suspended_by != SuspendedBy.OWNER_BUDGET and not self._caller.may(Permission.SUBSCRIPTION_ADMIN):
                raise SuspendedByProvider(row)
            row.state, row.suspended_by, row.suspended_budget_id = SubscriptionState.ACTIVE, None, None
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


async def begin_suspension(
    work: UnitOfWork, row: SubscriptionRow, by: SuspendedBy, budget_id: str | None = None
) -> OperationRow:
    """Suspend a subscription that stays, and begin what its plan's policy says about what runs.

    Of one that is suspended already only the provider can become the cause: its owner cannot resume it then.
    """
    if row.state != SubscriptionState.SUSPENDED:
        row.state, row.suspended_by, row.suspended_budget_id = SubscriptionState.SUSPENDED, by, budget_id
        await work.session.flush()
        await announce(work, row.id, ChangeKind.SUSPENDED)
        work.emit("subscription.suspended", reference(row), by=by.value, budget_id=budget_id)
    elif by is SuspendedBy.PROVIDER and row.suspended_by != by:
        row.suspended_by, row.suspended_budget_id = by, None
        await work.session.flush()
    return work.start(NewOperation(SUSPEND_OPERATION), reference(row))
