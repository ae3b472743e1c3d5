"""Telling resource providers what becomes of a subscription.

What each provider has still to be told stands on its sync row. Whoever changes a subscription writes that in the same
transaction; any operation of the subscription then tells whatever is waiting, so that it does not matter which of them
was killed, or overtaken by another.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import exists, select, update

from zaffre.foundation.errors import Conflict, Unavailable
from zaffre.foundation.operations.saga import Run
from zaffre.foundation.work import UnitOfWork
from zaffre.management.limits import services_of_subscriptions
from zaffre.management.providers import (
    ChangeKind,
    PlannedService,
    ProviderRegistry,
    ResourceProvider,
    SubscriptionChange,
    SuspendPolicy,
    SyncAnswer,
    SyncReport,
)
from zaffre.management.subscriptions import SUSPENDED_STATES, SubscriptionState, SyncState
from zaffre.management.tables import PlanRow, SubscriptionRow, SubscriptionSyncRow

POLL_S = 0.5
STALLED_S = 90.0
"""A provider that gets nothing done for so long is asked again later: longer than a guest may take to shut down."""
TELLING_DEADLINE_S = 7200.0
"""For everything one change sets going, such as shutting down a thousand machines."""
ERROR_LENGTH = 500


class ProviderPending(Unavailable):
    """A provider needs more time to take note of a change."""

    code = "provider.pending"
    title = "A resource provider is still working"
    transient = False

    def __init__(self, provider: str, sentence: str) -> None:
        super().__init__(
            f"Resource provider {provider} is still working on the change. {sentence}".strip(),
            remedy="Zaffre asks it again by itself; see the subscription's sync state.",
            target=provider,
        )


class Overtaken(Conflict):
    """Somebody has meanwhile decided otherwise about the subscription."""

    code = "subscription.overtaken"
    title = "The subscription was changed again meanwhile"

    def __init__(self, row: SubscriptionRow) -> None:
        super().__init__(
            f"Subscription {row.name!r} is {row.state} by now, so the rest of this was left undone.",
            remedy="See its later operations.",
            target=row.id,
        )


@dataclass(frozen=True)
class Told:
    """What came of telling one provider."""

    provider: str
    report: SyncReport
    error: Exception | None = None


async def announce(
    work: UnitOfWork, subscription_id: str, kind: ChangeKind, providers: Collection[str] | None = None
) -> None:
    """Note that providers of a subscription have a change to be told of: all, or those named."""
    statement = update(SubscriptionSyncRow).where(SubscriptionSyncRow.subscription_id == subscription_id)
    if providers is not None:
        statement = statement.where(SubscriptionSyncRow.provider.in_(providers))
    await work.session.execute(
        statement.values(
            state=SyncState.SYNCING, pending=kind, last_error=None, updated_at=work.clock.now()
        ).execution_options(synchronize_session="fetch")
    )


async def tell_providers(
    run: Run, providers: ProviderRegistry, states: Collection[SubscriptionState] | None = None
) -> None:
    """Tell every provider what it has not taken note of, and ask those that need time again until they have.

    Args:
        run: of an operation on the subscription.
        providers: all there are.
        states: what the subscription must still be for it to make sense; None: anything.

    Raises:
        Overtaken: the subscription is in another state by now.
        ProviderPending: one of them got nothing done for a while. The reconciler asks it again.
        Exception: whatever a provider raised, after it was noted as the cause of being out of sync.
    """

    async def tell_all() -> list[Told]:
        await _expect(run, states)
        return [await _tell(run, providers, name) for name in await _waiting(run)]

    await _until_done(run, tell_all)


async def purge_all(run: Run, providers: ProviderRegistry) -> None:
    """Have every provider delete what a subscription has, and ask them again until nothing is left.

    Raises:
        ProviderPending: for a while nothing has gone any more. The reconciler begins anew.
        Exception: whatever a provider raised, after it was noted as the cause of being out of sync.
    """

    async def purge() -> list[Told]:
        return [await _purge(run, provider) for provider in providers]

    await _until_done(run, purge)


async def _until_done(run: Run, ask: Callable[[], Awaitable[Sequence[Told]]]) -> None:
    """Ask providers until none is pending, as long as what they say changes now and then."""
    last, since_s = "", run.clock.monotonic_s()
    while True:
        told = await ask()
        failed = next((each for each in told if each.error is not None), None)
        if failed is not None and failed.error is not None:
            raise failed.error
        pending = [each for each in told if each.report.answer is SyncAnswer.PENDING]
        if not pending:
            return
        sentence = " ".join(each.report.sentence for each in pending)
        if sentence != last:
            last, since_s = sentence, run.clock.monotonic_s()
        elif run.clock.monotonic_s() - since_s >= STALLED_S:
            error = ProviderPending(pending[0].provider, sentence)
            for each in pending:
                await _note_failure(run, each.provider, error)
            raise error
        run.report(0.5, sentence or None)
        await run.clock.sleep(POLL_S)


async def _purge(run: Run, provider: ResourceProvider) -> Told:
    try:
        async with run.work() as work:
            return Told(provider.name, await provider.purge(work, run.operation.resource_id))
    except Exception as error:  # noqa: BLE001 - as with telling
        await _note_failure(run, provider.name, error)
        return Told(provider.name, SyncReport.done(), error)


async def _expect(run: Run, states: Collection[SubscriptionState] | None) -> None:
    if states is None:
        return
    async with run.units.read(run.actor) as work:
        row = await work.session.get(SubscriptionRow, run.operation.resource_id)
    if row is not None and row.state not in states:
        raise Overtaken(row)


async def _waiting(run: Run) -> Sequence[str]:
    of_subscription = SubscriptionSyncRow.subscription_id == run.operation.resource_id
    waiting = select(SubscriptionSyncRow.provider).where(
        of_subscription, SubscriptionSyncRow.state != SyncState.IN_SYNC
    )
    async with run.units.read(run.actor) as work:
        return (await work.session.scalars(waiting.order_by(SubscriptionSyncRow.provider))).all()


async def _tell(run: Run, providers: ProviderRegistry, name: str) -> Told:
    """Tell one provider in a transaction of its own, which notes its answer too."""
    try:
        async with run.work() as work:
            report = await tell_one(work, providers, run.operation.resource_id, name)
    except Exception as error:  # noqa: BLE001 - a provider may raise anything; it is shown and raised once all were told
        await _note_failure(run, name, error)
        return Told(name, SyncReport.done(), error)
    return Told(name, report)


async def tell_one(work: UnitOfWork, providers: ProviderRegistry, subscription_id: str, name: str) -> SyncReport:
    """Tell one provider what it has not taken note of, and note its answer."""
    sync = await work.session.get(SubscriptionSyncRow, (subscription_id, name), with_for_update=True)
    subscription = await work.session.get(SubscriptionRow, subscription_id)
    if sync is None or subscription is None or sync.state == SyncState.IN_SYNC:
        return SyncReport.done()
    plan = await work.session.get_one(PlanRow, subscription.plan_id)
    services = (await services_of_subscriptions(work, [subscription_id]))[subscription_id]
    service = next((each for each in services if each.provider == name), None)
    change = _change(subscription, SuspendPolicy(plan.suspend_policy), service, sync)
    report = await providers.get(name).subscription_changed(work, change) if change else SyncReport.done()
    sync.updated_at = work.clock.now()
    if report.answer is SyncAnswer.PENDING:
        sync.state = SyncState.SYNCING
        return report
    sync.state, sync.pending, sync.previous, sync.last_error = SyncState.IN_SYNC, None, None, None
    if change is None or (change.kind is ChangeKind.DELETED and subscription.state != SubscriptionState.DELETING):
        await work.session.delete(sync)  # its plan has no service of this provider any more
    return report


def _change(
    row: SubscriptionRow, policy: SuspendPolicy, service: PlannedService | None, sync: SubscriptionSyncRow
) -> SubscriptionChange | None:
    """Return what a provider is to be told; None when there is no service to speak of."""
    previous = PlannedService(**sync.previous) if sync.previous is not None else None
    if service is None:
        return SubscriptionChange(ChangeKind.DELETED, row.id, previous) if previous is not None else None
    kind = ChangeKind(sync.pending) if sync.pending is not None else present_change(SubscriptionState(row.state))
    return SubscriptionChange(kind, row.id, service, previous, policy if kind is ChangeKind.SUSPENDED else None)


def present_change(state: SubscriptionState) -> ChangeKind:
    """Return what a provider is told that shall know a subscription's present state again."""
    if state is SubscriptionState.DELETING:
        return ChangeKind.DELETED
    return ChangeKind.SUSPENDED if state in SUSPENDED_STATES else ChangeKind.RESUMED


async def _note_failure(run: Run, provider: str, error: Exception) -> None:
    async with run.work() as work:
        await note_out_of_sync(work, run.operation.resource_id, provider, str(error))


async def note_out_of_sync(work: UnitOfWork, subscription_id: str, provider: str, cause: str) -> None:
    """Show why a provider is out of sync, unless it has got there meanwhile.

    While a subscription is being deleted, what could not be deleted is shown the same way.
    """
    being_deleted = exists().where(
        SubscriptionRow.id == subscription_id, SubscriptionRow.state == SubscriptionState.DELETING
    )
    await work.session.execute(
        update(SubscriptionSyncRow)
        .where(
            SubscriptionSyncRow.subscription_id == subscription_id,
            SubscriptionSyncRow.provider == provider,
            (SubscriptionSyncRow.state != SyncState.IN_SYNC) | being_deleted,
        )
        .values(state=SyncState.OUT_OF_SYNC, last_error=cause[:ERROR_LENGTH], updated_at=work.clock.now())
    )


def kept_service(service: PlannedService) -> dict[str, Any]:
    """Return a service as a sync row keeps it."""
    return asdict(service)
