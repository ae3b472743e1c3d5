"""Durable work on subscriptions: telling their providers, suspending, resuming and ending them."""

from collections.abc import Sequence

import structlog
from sqlalchemy import delete, select

from zaffre.foundation.errors import DomainError
from zaffre.foundation.operations.saga import Run, Step, nothing
from zaffre.management.plan_moves import MOVE_OPERATION, put_back
from zaffre.management.providers import ChangeKind, ProviderRegistry
from zaffre.management.quotas import Quotas
from zaffre.management.service_accounts.service_accounts import forget_service_accounts
from zaffre.management.subscriptions import (
    DELETE_OPERATION,
    SUSPENDED_STATES,
    SYNC_OPERATION,
    SubscriptionState,
    reference,
)
from zaffre.management.suspensions import RESUME_OPERATION, SUSPEND_OPERATION
from zaffre.management.syncs import TELLING_DEADLINE_S, announce, purge_all, tell_providers
from zaffre.management.tables import SubscriptionAddOnRow, SubscriptionRow, SubscriptionSyncRow

log = structlog.get_logger(__name__)

PURGE_DEADLINE_S = 6 * 3600.0
"""For everything in a subscription. It ends much sooner when nothing goes any more."""


class SyncSubscription:
    """Tells every provider of a subscription what it has not taken note of.

    Undoing leaves the sync state as it is: what is out of sync is shown, and asked again by the reconciler.
    """

    kind = SYNC_OPERATION
    cancellable = False

    def __init__(self, providers: ProviderRegistry) -> None:
        self._providers = providers

    def steps(self) -> Sequence[Step]:
        """Return the one step: asking all providers, each in a transaction of its own."""
        return [Step("providers", "Telling the resource providers", self._tell, deadline_s=TELLING_DEADLINE_S)]

    async def _tell(self, run: Run) -> None:
        await tell_providers(run, self._providers)


class SuspendSubscription:
    """Has providers do what a suspension's policy says. Access has ended with the intent.

    There is nothing to undo: what could not be turned off is turned off when the reconciler asks again.
    """

    kind = SUSPEND_OPERATION
    cancellable = False

    def __init__(self, providers: ProviderRegistry) -> None:
        self._providers = providers

    def steps(self) -> Sequence[Step]:
        """Return the one step."""
        return [Step("providers", "Turning off what shall not run on", self._tell, deadline_s=TELLING_DEADLINE_S)]

    async def _tell(self, run: Run) -> None:
        await tell_providers(run, self._providers, SUSPENDED_STATES)


class ResumeSubscription:
    """Has providers bring back what a suspension turned off. Access is back with the intent."""

    kind = RESUME_OPERATION
    cancellable = False

    def __init__(self, providers: ProviderRegistry) -> None:
        self._providers = providers

    def steps(self) -> Sequence[Step]:
        """Return the one step. There is nothing to undo, as with suspending."""
        return [Step("providers", "Bringing back what was turned off", self._tell, deadline_s=TELLING_DEADLINE_S)]

    async def _tell(self, run: Run) -> None:
        await tell_providers(run, self._providers, {SubscriptionState.ACTIVE})


class ChangePlan:
    """Tells providers that a subscription has had another plan since the intent; if one refuses, it goes back."""

    kind = MOVE_OPERATION
    cancellable = False

    def __init__(self, providers: ProviderRegistry) -> None:
        self._providers = providers

    def steps(self) -> Sequence[Step]:
        """Return the steps. The first has nothing to do: the move was a part of the intent's transaction."""
        return [
            Step("switch", "Changing the plan", nothing, self._put_back),
            Step("providers", "Telling the resource providers", self._tell, deadline_s=TELLING_DEADLINE_S),
        ]

    async def _tell(self, run: Run) -> None:
        await tell_providers(run, self._providers)

    async def _put_back(self, run: Run) -> None:
        """Put it back, and tell what can be told; who cannot be told now is told by the reconciler."""
        parameters = run.operation.parameters
        async with run.work() as work:
            await put_back(work, run.operation.resource_id, parameters["plan_id"], parameters["previous_plan_id"])
        try:
            await tell_providers(run, self._providers)
        except DomainError as error:
            log.info("a provider is told later that the plan is the old one", cause=error.detail)


class DeleteSubscription:
    """Ends a subscription: everything in it is deleted, its providers forget it, then it goes."""

    kind = DELETE_OPERATION
    cancellable = False

    def __init__(self, providers: ProviderRegistry) -> None:
        self._providers = providers

    def steps(self) -> Sequence[Step]:
        """Return the steps. There is nothing to undo: a deletion that fails is retried by the reconciler."""
        return [
            Step("purge", "Deleting what is in it", self._purge, deadline_s=PURGE_DEADLINE_S),
            Step("providers", "Telling the resource providers", self._tell, deadline_s=TELLING_DEADLINE_S),
            Step("remove", "Removing the subscription", self._remove),
        ]

    async def _purge(self, run: Run) -> None:
        await purge_all(run, self._providers)

    async def _tell(self, run: Run) -> None:
        async with run.work() as work:
            await announce(work, run.operation.resource_id, ChangeKind.DELETED)
        await tell_providers(run, self._providers)

    async def _remove(self, run: Run) -> None:
        async with run.work() as work:
            row = await work.session.get(SubscriptionRow, run.operation.resource_id)
            if row is None:
                return
            await Quotas(work).forget(row.id)
            await work.session.execute(delete(SubscriptionSyncRow).where(SubscriptionSyncRow.subscription_id == row.id))
            held = select(SubscriptionAddOnRow).where(SubscriptionAddOnRow.subscription_id == row.id)
            for add_on in await work.session.scalars(held):
                # One by one, so that metering learns that it is no longer held.
                await work.session.delete(add_on)
            await forget_service_accounts(work, row.id)
            await work.session.delete(row)
            work.emit("subscription.deleted", reference(row))
