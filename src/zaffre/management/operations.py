"""Durable work on subscriptions: telling their providers, and ending them."""

from collections.abc import Sequence

from sqlalchemy import delete, select, update

from zaffre.foundation.errors import Unavailable
from zaffre.foundation.operations.saga import Run, Step
from zaffre.foundation.work import UnitOfWork
from zaffre.management.plans import services_of
from zaffre.management.providers import ChangeKind, PlannedService, ProviderRegistry, SubscriptionChange, SyncAnswer
from zaffre.management.quotas import Quotas
from zaffre.management.subscriptions import DELETE_OPERATION, SYNC_OPERATION, SyncState, reference
from zaffre.management.tables import PlanRow, SubscriptionAddOnRow, SubscriptionRow, SubscriptionSyncRow


class ProviderPending(Unavailable):
    """A provider needs more time to take note of a change."""

    code = "provider.pending"
    title = "A resource provider is still working"

    def __init__(self, provider: str) -> None:
        super().__init__(
            f"Resource provider {provider} is still taking note of the change.",
            remedy="Zaffre asks it again by itself; see the subscription's sync state.",
            target=provider,
        )


class SyncSubscription:
    """Tells every provider of a subscription's plan that the subscription is there.

    Undoing leaves the sync state as it is: what is out of sync is shown, and asked again by the reconciler.
    """

    kind = SYNC_OPERATION
    cancellable = False

    def __init__(self, providers: ProviderRegistry) -> None:
        self._providers = providers

    def steps(self) -> Sequence[Step]:
        """Return the one step: asking all providers, each in a transaction of its own."""
        return [Step("providers", "Telling the resource providers", self._tell)]

    async def _tell(self, run: Run) -> None:
        await tell_providers(run, self._providers, ChangeKind.CREATED)


class DeleteSubscription:
    """Ends an empty subscription: its providers forget it, then it goes."""

    kind = DELETE_OPERATION
    cancellable = False

    def __init__(self, providers: ProviderRegistry) -> None:
        self._providers = providers

    def steps(self) -> Sequence[Step]:
        """Return the steps. There is nothing to undo: a deletion that fails is retried by the reconciler."""
        return [
            Step("providers", "Telling the resource providers", self._tell),
            Step("remove", "Removing the subscription", self._remove),
        ]

    async def _tell(self, run: Run) -> None:
        await tell_providers(run, self._providers, ChangeKind.DELETED)

    async def _remove(self, run: Run) -> None:
        async with run.work() as work:
            row = await work.session.get(SubscriptionRow, run.operation.resource_id)
            if row is None:
                return
            await Quotas(work).forget(row.id)
            await work.session.execute(delete(SubscriptionSyncRow).where(SubscriptionSyncRow.subscription_id == row.id))
            held = SubscriptionAddOnRow.subscription_id == row.id
            await work.session.execute(delete(SubscriptionAddOnRow).where(held))
            await work.session.delete(row)
            work.emit("subscription.deleted", reference(row))


async def tell_providers(run: Run, providers: ProviderRegistry, kind: ChangeKind) -> None:
    """Tell each provider of the subscription's plan, noting the answer of each before asking the next.

    Raises:
        ProviderPending: one of them needs more time (transient).
        Exception: whatever a provider raised, after it was noted as the cause of being out of sync.
    """
    for service in await _services(run):
        change = SubscriptionChange(kind, run.operation.resource_id, service)
        try:
            async with run.work() as work:
                answer = await providers.get(service.provider).subscription_changed(work, change)
                pending = answer is SyncAnswer.PENDING
                await _note(work, change, SyncState.SYNCING if pending else SyncState.IN_SYNC)
        except Exception as error:
            async with run.work() as work:
                await _note(work, change, SyncState.OUT_OF_SYNC, str(error)[:500])
            raise
        if pending:
            raise ProviderPending(service.provider)


async def _services(run: Run) -> list[PlannedService]:
    async with run.units.read(run.actor) as work:
        plan = await work.session.scalar(
            select(PlanRow)
            .join(SubscriptionRow, SubscriptionRow.plan_id == PlanRow.id)
            .where(SubscriptionRow.id == run.operation.resource_id)
        )
        return services_of(plan) if plan else []


async def _note(work: UnitOfWork, change: SubscriptionChange, state: SyncState, error: str | None = None) -> None:
    await work.session.execute(
        update(SubscriptionSyncRow)
        .where(
            SubscriptionSyncRow.subscription_id == change.subscription_id,
            SubscriptionSyncRow.provider == change.service.provider,
        )
        .values(state=state, last_error=error, updated_at=work.clock.now())
    )
