"""Loops that keep management's records true."""

import asyncio
from datetime import timedelta

from sqlalchemy import ColumnElement, exists, or_, select

from zaffre.foundation.actor import system_actor
from zaffre.foundation.operations.operation import FINISHED, NewOperation
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.telemetry.metrics import Metrics
from zaffre.foundation.work import UnitsOfWork
from zaffre.management.add_ons import APPLY_OPERATION as ADD_ON_APPLY
from zaffre.management.external.tables import ProviderMessageRow
from zaffre.management.limits import hold_subscriptions, limit_drifts, refresh_limits
from zaffre.management.plans import APPLY_OPERATION as PLAN_APPLY
from zaffre.management.quotas import Quotas
from zaffre.management.subscriptions import DELETE_OPERATION, SYNC_OPERATION, SubscriptionState, SyncState, reference
from zaffre.management.tables import SubscriptionAddOnRow, SubscriptionRow, SubscriptionSyncRow

PROVER = system_actor("quota proof")
PROVED_AT_ONCE = 100
BATCH = 100
SYNC_AGAIN_AFTER = timedelta(seconds=30)


async def prove_quotas(units: UnitsOfWork, metrics: Metrics) -> None:
    """Repair quota counters that do not equal the sum of their claims, or do not carry their limit.

    There should never be one, except where a change of a plan was given up half-way.

    A few subscriptions at a time, so that no reading is long; only a difference is worth a writing transaction.
    """
    last = ""
    while True:
        async with units.read(PROVER) as work:
            following = select(SubscriptionRow.id).order_by(SubscriptionRow.id).limit(PROVED_AT_ONCE)
            if last:
                following = following.where(SubscriptionRow.id > last)
            ids = (await work.session.scalars(following)).all()
            drifts = await Quotas(work).drifts(ids)
            # While a change is carried to thousands, most of them differ from their plan: none of the proof's business.
            free = select(SubscriptionRow.id).where(SubscriptionRow.id.in_(ids), ~_offer_busy())
            settled = (await work.session.scalars(free)).all()
            limited = {drift.subscription_id for drift in await limit_drifts(work, settled)}
        if not ids:
            return
        last = ids[-1]
        if drifts:
            metrics.drift.labels("quota").inc(len(drifts))
            async with units.write(PROVER) as work:
                for drift in drifts:
                    await Quotas(work).repair(drift)
        for subscription_id in sorted(limited):
            await _repair_limits(units, metrics, subscription_id)
        await asyncio.sleep(0)


async def _repair_limits(units: UnitsOfWork, metrics: Metrics, subscription_id: str) -> None:
    """Set a subscription's limits right, with an event, unless an operation is doing so or they are right by now."""
    async with units.write(PROVER) as work:
        await hold_subscriptions(work, [subscription_id])
        free = select(SubscriptionRow).where(SubscriptionRow.id == subscription_id, ~_offer_busy())
        row = await work.session.scalar(free)
        drifts = await limit_drifts(work, [subscription_id]) if row is not None else []
        if row is None or not drifts:
            return
        await refresh_limits(work, [subscription_id])
        metrics.drift.labels("limit").inc(len(drifts))
        work.emit("quota.limits_repaired", reference(row), dimensions=sorted({each.dimension for each in drifts}))


def _offer_busy() -> ColumnElement[bool]:
    """Return the condition that an operation is carrying a change to the subscription: of its plan or of an add-on."""
    held = select(SubscriptionAddOnRow.add_on_id).where(SubscriptionAddOnRow.subscription_id == SubscriptionRow.id)
    offer = or_(OperationRow.resource_id == SubscriptionRow.plan_id, OperationRow.resource_id.in_(held))
    kinds = OperationRow.kind.in_((PLAN_APPLY, ADD_ON_APPLY))
    return exists().where(kinds, OperationRow.state.not_in(FINISHED), offer)


def _courier_busy() -> ColumnElement[bool]:
    """Return the condition that a program is being told by the courier, who carries on by itself."""
    message = ProviderMessageRow
    same = (
        message.provider == SubscriptionSyncRow.provider,
        message.subscription_id == SubscriptionSyncRow.subscription_id,
    )
    return exists().where(*same, message.due_at.is_not(None))


async def heal_syncs(units: UnitsOfWork) -> None:
    """Tell providers again that are not in sync, and take up deletions that failed."""
    async with units.write(system_actor("sync reconciler")) as work:
        busy = exists().where(OperationRow.resource_id == SubscriptionRow.id, OperationRow.state.not_in(FINISHED))
        old = work.clock.now() - SYNC_AGAIN_AFTER
        out_of_sync = exists().where(
            SubscriptionSyncRow.subscription_id == SubscriptionRow.id,
            SubscriptionSyncRow.state != SyncState.IN_SYNC,
            SubscriptionSyncRow.updated_at < old,
            ~_courier_busy(),
        )
        just_tried = exists().where(OperationRow.resource_id == SubscriptionRow.id, OperationRow.finished_at >= old)
        deleting = (SubscriptionRow.state == SubscriptionState.DELETING) & ~just_tried
        rows = await work.session.scalars(
            select(SubscriptionRow).where(~busy, (out_of_sync & ~_offer_busy()) | deleting).limit(BATCH)
        )
        for row in rows:
            kind = DELETE_OPERATION if row.state == SubscriptionState.DELETING else SYNC_OPERATION
            work.start(NewOperation(kind), reference(row))
