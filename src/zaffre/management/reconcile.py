"""Loops that keep management's records true."""

import asyncio
from datetime import timedelta

from sqlalchemy import exists, select

from zaffre.foundation.actor import system_actor
from zaffre.foundation.operations.operation import FINISHED, NewOperation
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.telemetry.metrics import Metrics
from zaffre.foundation.work import UnitsOfWork
from zaffre.management.quotas import Quotas
from zaffre.management.subscriptions import DELETE_OPERATION, SYNC_OPERATION, SubscriptionState, SyncState, reference
from zaffre.management.tables import SubscriptionRow, SubscriptionSyncRow

PROVER = system_actor("quota proof")
PROVED_AT_ONCE = 10
BATCH = 100
SYNC_AGAIN_AFTER = timedelta(seconds=30)


async def prove_quotas(units: UnitsOfWork, metrics: Metrics) -> None:
    """Repair quota counters that do not equal the sum of their claims. There should never be one.

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
        if not ids:
            return
        last = ids[-1]
        if drifts:
            metrics.drift.labels("quota").inc(len(drifts))
            async with units.write(PROVER) as work:
                for drift in drifts:
                    await Quotas(work).repair(drift)
        await asyncio.sleep(0)


async def heal_syncs(units: UnitsOfWork) -> None:
    """Tell providers again that are not in sync, and take up deletions that failed."""
    async with units.write(system_actor("sync reconciler")) as work:
        busy = exists().where(OperationRow.resource_id == SubscriptionRow.id, OperationRow.state.not_in(FINISHED))
        old = work.clock.now() - SYNC_AGAIN_AFTER
        out_of_sync = exists().where(
            SubscriptionSyncRow.subscription_id == SubscriptionRow.id,
            SubscriptionSyncRow.state != SyncState.IN_SYNC,
            SubscriptionSyncRow.updated_at < old,
        )
        just_tried = exists().where(OperationRow.resource_id == SubscriptionRow.id, OperationRow.finished_at >= old)
        deleting = (SubscriptionRow.state == SubscriptionState.DELETING) & ~just_tried
        rows = await work.session.scalars(select(SubscriptionRow).where(~busy, out_of_sync | deleting).limit(BATCH))
        for row in rows:
            kind = DELETE_OPERATION if row.state == SubscriptionState.DELETING else SYNC_OPERATION
            work.start(NewOperation(kind), reference(row))
