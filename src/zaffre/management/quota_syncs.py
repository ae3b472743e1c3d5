"""Noting for many subscriptions at once that providers have new limits to be told of, and how telling them went."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, insert, select, update
from sqlalchemy.exc import DBAPIError

from zaffre.foundation.work import UnitOfWork
from zaffre.management.providers import ChangeKind, PlannedService, ProviderRegistry, QuotaFailure
from zaffre.management.subscriptions import SyncState
from zaffre.management.syncs import ERROR_LENGTH, kept_service, note_out_of_sync, tell_one
from zaffre.management.tables import SubscriptionSyncRow


async def mark_changed(
    work: UnitOfWork,
    services: Mapping[str, Sequence[PlannedService]],
    providers: Sequence[str],
    before: Mapping[str, PlannedService],
) -> None:
    """Note that providers have another service to take note of: one that is new, that changed, or that is gone.

    Args:
        work: the unit of work; the subscriptions are held in it.
        services: what each subscription is entitled to now.
        providers: those whose service is another than before.
        before: the service of a provider as it was, for those that subscriptions may have no longer.
    """
    row = SubscriptionSyncRow
    rows = await work.session.execute(
        select(row.subscription_id, row.provider, row.pending).where(row.subscription_id.in_(list(services)))
    )
    known = {(subscription_id, provider): pending for subscription_id, provider, pending in rows}
    has = {(each, service.provider) for each, of_it in services.items() for service in of_it}
    groups: dict[tuple[str, bool, str | None], list[str]] = defaultdict(list)
    for (subscription_id, provider), pending in known.items():
        if provider in providers:
            groups[provider, (subscription_id, provider) in has, pending].append(subscription_id)
    for (provider, stays, pending), ids in groups.items():
        values: dict[str, Any] = {"state": SyncState.SYNCING, "last_error": None, "updated_at": work.clock.now()}
        # What it had to be told already, it must still be told: that says more than another quota does.
        values["pending"] = pending or ChangeKind.PLAN_CHANGED
        if not stays and provider in before:
            values["previous"] = kept_service(before[provider])
        of_these = and_(row.provider == provider, row.subscription_id.in_(ids))
        await work.session.execute(
            update(row).where(of_these).values(**values).execution_options(synchronize_session=False)
        )
    await _begin(work, sorted(has - set(known)))


async def _begin(work: UnitOfWork, new: Sequence[tuple[str, str]]) -> None:
    if not new:
        return
    same: dict[str, Any] = {"state": SyncState.SYNCING, "pending": ChangeKind.CREATED, "updated_at": work.clock.now()}
    rows = [{"subscription_id": subscription_id, "provider": provider} | same for subscription_id, provider in new]
    await work.session.execute(insert(SubscriptionSyncRow), rows)


async def note_applied(work: UnitOfWork, provider: str, told: Sequence[str], failures: Sequence[QuotaFailure]) -> None:
    """Note how applying quotas went: in sync, or the cause why not."""
    causes: dict[str, list[str]] = defaultdict(list)
    for failure in failures:
        if not failure.pending:  # it stays as it is: being told
            causes[failure.cause[:ERROR_LENGTH]].append(failure.subscription_id)
    failed = {failure.subscription_id for failure in failures}
    done = [each for each in told if each not in failed]
    await _note(work, provider, done, {"state": SyncState.IN_SYNC, "pending": None, "last_error": None})
    for cause, ids in causes.items():
        await _note(work, provider, ids, {"state": SyncState.OUT_OF_SYNC, "last_error": cause})


async def tell_each(
    work: UnitOfWork, providers: ProviderRegistry, provider: str, subscription_ids: Sequence[str]
) -> None:
    """Tell a provider of subscriptions that have its service newly, or no longer, noting each answer.

    Raises:
        DBAPIError: the database gave the transaction up; run it again.
    """
    for subscription_id in subscription_ids:
        try:
            async with work.session.begin_nested():
                await tell_one(work, providers, subscription_id, provider)
        except DBAPIError:
            raise
        except Exception as error:  # noqa: BLE001 - noted as the cause, and tried again by the reconciler
            await note_out_of_sync(work, subscription_id, provider, str(error))


async def _note(work: UnitOfWork, provider: str, subscription_ids: Sequence[str], values: Mapping[str, Any]) -> None:
    if not subscription_ids:
        return
    row = SubscriptionSyncRow
    await work.session.execute(
        update(row)
        .where(row.provider == provider, row.subscription_id.in_(list(subscription_ids)))
        .values(**values, updated_at=work.clock.now())
        .execution_options(synchronize_session=False)
    )
