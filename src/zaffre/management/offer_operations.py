"""Durable work on offers: carrying a changed plan or add-on to all subscriptions that have it.

The change itself is made by the request; this makes counters and providers follow, in bounded batches, each in its own
transaction. Each batch starts from what is in the database when it runs, so running one twice, or two changes in any
order, ends the same. There is nothing to undo: a change in force for some is carried on to the others, by the
reconcilers if not by the operation.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select

from zaffre.foundation.operations.operations import resource_of
from zaffre.foundation.operations.saga import Run, Step
from zaffre.foundation.work import UnitOfWork
from zaffre.management.add_ons import APPLY_OPERATION as ADD_ON_APPLY
from zaffre.management.limits import AT_ONCE, apply_limits, hold_subscriptions, services_of_subscriptions
from zaffre.management.offer_impact import next_page, of_add_on, of_plan, subscription_count
from zaffre.management.planned_services import limits_of_services
from zaffre.management.plans import APPLY_OPERATION as PLAN_APPLY
from zaffre.management.providers import (
    ChangeKind,
    PlannedService,
    ProviderRegistry,
    QuotaUpdate,
    quota_failures,
)
from zaffre.management.quota_syncs import mark_changed, note_applied, tell_each
from zaffre.management.subscriptions import SubscriptionState, SyncState
from zaffre.management.tables import SubscriptionRow, SubscriptionSyncRow

STEP_DEADLINE_S = 3600.0
"""For a million subscriptions at a few hundred a second."""

COUNTED_AT_ONCE = 200
LONGEST_PAUSE_S = 0.1
TOLD_AT_ONCE = 50
"""Subscriptions that a provider is told of one by one in one transaction, so that others wait for moments only."""


class ApplyOffer:
    """Carries a plan's or an add-on's services to its subscriptions."""

    cancellable = False

    def __init__(self, kind: str, affected: Callable[[str], ColumnElement[bool]], providers: ProviderRegistry) -> None:
        """Carry offers of one kind.

        Args:
            kind: of the operation.
            affected: the condition for subscriptions that have the offer of an id.
            providers: those that are installed.
        """
        self.kind = kind
        self._affected = affected
        self._providers = providers

    def steps(self) -> Sequence[Step]:
        """Return the steps: first all counters, so that no limit waits for a provider; then the providers."""
        return [
            Step("counters", "Setting the limits", self._count, deadline_s=STEP_DEADLINE_S),
            Step("providers", "Telling the resource providers", self._tell, deadline_s=STEP_DEADLINE_S),
        ]

    async def _count(self, run: Run) -> None:
        affected = self._affected(run.operation.resource_id)
        async with run.units.read(run.actor) as work:
            total = await subscription_count(work, affected)
        done, last = 0, ""
        while True:
            began_s = run.clock.monotonic_s()
            async with run.work() as work:
                ids = await next_page(work, affected, last, COUNTED_AT_ONCE)
                await self._count_some(work, ids, run.operation.parameters)
            if not ids:
                return
            done, last = done + len(ids), ids[-1]
            await self._let_others(run, began_s)
            run.report(done / max(total, 1), f"Setting the limits: {done} of {total} subscriptions")

    async def _count_some(self, work: UnitOfWork, ids: Sequence[str], parameters: Mapping[str, Any]) -> None:
        if not ids:
            return
        await hold_subscriptions(work, ids)
        services = await services_of_subscriptions(work, ids)
        await apply_limits(work, {each: limits_of_services(of_it) for each, of_it in services.items()})
        ending = SubscriptionRow.state == SubscriptionState.DELETING
        gone = set(await work.session.scalars(select(SubscriptionRow.id).where(SubscriptionRow.id.in_(ids), ending)))
        entitled = {
            subscription_id: of_it for subscription_id, of_it in services.items() if subscription_id not in gone
        }
        before = {each["provider"]: PlannedService(**each) for each in parameters["before"]}
        await mark_changed(work, entitled, parameters["providers"], before)

    async def _tell(self, run: Run) -> None:
        providers: list[str] = run.operation.parameters["providers"]
        for number, provider in enumerate(providers):
            last: str | None = ""
            while last is not None:
                began_s = run.clock.monotonic_s()
                last = await self._tell_some(run, provider, last)
                await self._let_others(run, began_s)
                run.report((number + 0.5) / len(providers), f"Telling {provider}")
        await self._conclude(run, providers)

    @staticmethod
    async def _let_others(run: Run, began_s: float) -> None:
        """Let requests that have come meanwhile go first; on SQLite they share this process's one writer."""
        await run.clock.sleep(min(run.clock.monotonic_s() - began_s, LONGEST_PAUSE_S))

    async def _tell_some(self, run: Run, name: str, last: str) -> str | None:
        """Tell a provider of some subscriptions; returns the last of them, None when there were none."""
        provider = self._providers.find(name)
        async with run.work() as work:
            size = provider.quota_batch if provider is not None else AT_ONCE
            ids = await self._untold(work, run.operation.resource_id, name, last, size)
            if not ids:
                return None
            await hold_subscriptions(work, list(ids))
            services = await services_of_subscriptions(work, list(ids))
            updates = [
                QuotaUpdate(each, service)
                for each, of_it in services.items()
                for service in of_it
                if service.provider == name and ids[each] == ChangeKind.PLAN_CHANGED
            ]
            told = [update.subscription_id for update in updates]
            if provider is not None and updates:
                failures = await quota_failures(work, provider, updates, validate_only=False)
                await note_applied(work, name, told, failures)
            await tell_each(work, self._providers, name, sorted(set(ids) - set(told)))
        return max(ids)

    async def _untold(self, work: UnitOfWork, offer_id: str, provider: str, last: str, size: int) -> dict[str, str]:
        """Return the next subscriptions of which a provider has quotas to hear, with the kind of change it is told."""
        row = SubscriptionSyncRow
        statement = (
            select(row.subscription_id, row.pending)
            .join(SubscriptionRow, SubscriptionRow.id == row.subscription_id)
            .where(
                self._affected(offer_id),
                SubscriptionRow.state != SubscriptionState.DELETING,
                row.provider == provider,
                row.state == SyncState.SYNCING,
                # Anything else is told by the operation that it belongs to, and says the same of the quota.
                row.pending.in_((ChangeKind.PLAN_CHANGED, ChangeKind.CREATED)),
            )
        )
        if last:
            statement = statement.where(row.subscription_id > last)
        rows = await work.session.execute(statement.order_by(row.subscription_id).limit(size))
        found: dict[str, str] = {}
        one_by_one = 0
        for subscription_id, pending in rows:
            one_by_one += pending != ChangeKind.PLAN_CHANGED
            if one_by_one > TOLD_AT_ONCE:
                break
            found[subscription_id] = str(pending)
        return found

    async def _conclude(self, run: Run, providers: Sequence[str]) -> None:
        affected = self._affected(run.operation.resource_id)
        async with run.work() as work:
            row = SubscriptionSyncRow
            failed = (
                select(func.count(row.subscription_id.distinct()))
                .join(SubscriptionRow, SubscriptionRow.id == row.subscription_id)
                .where(affected, row.provider.in_(providers), row.state == SyncState.OUT_OF_SYNC)
            )
            work.emit(
                f"{self.kind.partition('.')[0]}.applied",
                resource_of(run.operation),
                subscriptions=await subscription_count(work, affected),
                out_of_sync=await work.session.scalar(failed) or 0,
            )


def offer_sagas(providers: ProviderRegistry) -> list[ApplyOffer]:
    """Return the workflows of plans and add-ons."""
    return [ApplyOffer(PLAN_APPLY, of_plan, providers), ApplyOffer(ADD_ON_APPLY, of_add_on, providers)]
