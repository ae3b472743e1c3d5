"""Deleting subscriptions: what would go, at once or after a time of grace, and taking it back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from zaffre.foundation.actor import system_actor
from zaffre.foundation.errors import Conflict, InUse
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.operations.operation import NewOperation
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.work import UnitOfWork, UnitsOfWork
from zaffre.identity import Caller, Permission
from zaffre.management.approvals.rules import check_approved
from zaffre.management.approvals.wishes import ApprovableChange, Wish
from zaffre.management.holdings import Holdings
from zaffre.management.limits import services_of_subscriptions
from zaffre.management.planned_services import limits_of_services
from zaffre.management.providers import ChangeKind, ProviderRegistry
from zaffre.management.quotas import Quotas
from zaffre.management.subscriptions import (
    DELETE_OPERATION,
    SubscriptionEnding,
    Subscriptions,
    SubscriptionState,
    reference,
)
from zaffre.management.suspensions import RESUME_OPERATION, SUSPEND_OPERATION
from zaffre.management.syncs import announce
from zaffre.management.tables import PlanRow, SubscriptionRow

LONGEST_GRACE_DAYS = 90
DUE_AT_ONCE = 50


class NotExpiring(Conflict):
    """There is no deletion to take back."""

    code = "subscription.not_expiring"
    title = "The subscription is not about to be deleted"

    def __init__(self, row: SubscriptionRow) -> None:
        super().__init__(
            f"Subscription {row.name!r} is {row.state}.",
            remedy="Only one that is expiring can be restored.",
            target=row.id,
        )


class EndedByProvider(Conflict):
    """The provider ended the subscription, so its owner cannot restore it."""

    code = "subscription.ended_by_provider"
    title = "The provider ended the subscription"

    def __init__(self, row: SubscriptionRow) -> None:
        super().__init__(
            f"Subscription {row.name!r} was ended by the provider.", remedy="Ask the provider.", target=row.id
        )


@dataclass(frozen=True)
class HeldAt:
    """What a subscription has at one provider."""

    provider: str
    title: str
    holdings: Sequence[Holdings]


class Deletions:
    """Rules for deleting subscriptions inside one unit of work."""

    def __init__(self, work: UnitOfWork, caller: Caller, providers: ProviderRegistry) -> None:
        self._work = work
        self._session = work.session
        self._caller = caller
        self._providers = providers
        self._subscriptions = Subscriptions(work, caller)

    async def preview(self, subscription_id: str) -> Sequence[HeldAt]:
        """List everything that would go with a subscription, and change nothing."""
        row = await self._subscriptions.get(subscription_id)
        found: list[HeldAt] = []
        for provider in self._providers:
            holdings = [each for each in await provider.holdings(self._work, row.id) if each.count]
            if holdings:
                found.append(HeldAt(provider.name, provider.title, holdings))
        return found

    async def delete(
        self, subscription_id: str, *, cascade: bool, grace_days: int | None = None, expected: int | None = None
    ) -> tuple[SubscriptionRow, OperationRow]:
        """Begin to end a subscription, at once or after some days of grace in which it can be restored.

        Args:
            subscription_id: which.
            cascade: delete what is in it, too; else it must be empty.
            grace_days: None for as many as the plan says.
            expected: the generation it must be at.

        Raises:
            InUse: it still has something and `cascade` is not wanted, or it is being deleted.
            SubscriptionEnding: it is expiring, and `grace_days` does not say what is wanted instead.
            ApprovalNeeded: a rule of the provider says so.
        """
        row = await self._subscriptions.get(subscription_id)
        check_generation(expected, row.generation)
        if row.state == SubscriptionState.DELETING:
            raise InUse(
                f"Subscription {row.name!r} is being deleted already.", remedy="Wait for it to end.", target=row.id
            )
        if row.state == SubscriptionState.EXPIRING and grace_days is None:
            raise SubscriptionEnding(row)
        plan = await self._session.get_one(PlanRow, row.plan_id)
        change = ApprovableChange.DELETE_SUBSCRIPTION
        wish = Wish(change, plan.id, row.id, cascade=cascade, grace_days=grace_days)
        before = limits_of_services((await services_of_subscriptions(self._work, [row.id]))[row.id])
        await check_approved(self._work, self._caller, wish, plan, before=before)
        if not cascade:
            await self._refuse_full(row)
        if grace_days is None:
            grace_days = plan.deletion_grace_days
        return await (self._expire(row, grace_days) if grace_days else begin_deletion(self._work, row))

    async def restore(self, subscription_id: str, expected: int | None = None) -> tuple[SubscriptionRow, OperationRow]:
        """Take a deletion back while it is not due.

        Raises:
            NotExpiring: there is none to take back.
            EndedByProvider: an administrator ended it, and the caller is none.
        """
        row = await self._subscriptions.get(subscription_id)
        check_generation(expected, row.generation)
        if row.state != SubscriptionState.EXPIRING or row.restores_to is None:
            raise NotExpiring(row)
        if row.ended_by_provider and not self._caller.may(Permission.SUBSCRIPTION_ADMIN):
            raise EndedByProvider(row)
        row.state = row.restores_to
        row.ends_at, row.restores_to, row.ended_by_provider = None, None, False
        await self._session.flush()
        self._work.emit("subscription.restored", reference(row))
        if row.state != SubscriptionState.ACTIVE:
            return row, self._work.start(NewOperation(SUSPEND_OPERATION), reference(row))
        await announce(self._work, row.id, ChangeKind.RESUMED)
        return row, self._work.start(NewOperation(RESUME_OPERATION), reference(row))

    async def _refuse_full(self, row: SubscriptionRow) -> None:
        """Refuse to delete what is not empty. SSH keys and the like count for nothing and do not keep it."""
        if not await Quotas(self._work).close(row.id):
            usages = await Quotas(self._work).usage(row.id)
            held = ", ".join(f"{usage.used} {usage.dimension}" for usage in usages if usage.used)
            raise InUse(
                f"Subscription {row.name!r} still has {held}.",
                remedy="Delete these first, or everything at once with cascade=true.",
                target=row.id,
            )

    async def _expire(self, row: SubscriptionRow, grace_days: int) -> tuple[SubscriptionRow, OperationRow]:
        await Quotas(self._work).reopen(row.id)
        row.ends_at = ends_at = self._work.clock.now() + timedelta(days=grace_days)
        row.ended_by_provider = self._caller.may(Permission.SUBSCRIPTION_ADMIN)
        if row.state != SubscriptionState.EXPIRING:
            if row.state == SubscriptionState.ACTIVE:
                await announce(self._work, row.id, ChangeKind.SUSPENDED)
            row.restores_to, row.state = row.state, SubscriptionState.EXPIRING
        await self._session.flush()
        self._work.emit("subscription.expiring", reference(row), ends_at=ends_at.isoformat())
        return row, self._work.start(NewOperation(SUSPEND_OPERATION), reference(row))


async def begin_deletion(work: UnitOfWork, row: SubscriptionRow) -> tuple[SubscriptionRow, OperationRow]:
    """Begin to delete a subscription with everything in it. There is no way back."""
    await Quotas(work).seal(row.id)
    row.state = SubscriptionState.DELETING
    row.ends_at, row.restores_to = None, None
    await work.session.flush()
    work.emit("subscription.deleting", reference(row))
    return row, work.start(NewOperation(DELETE_OPERATION), reference(row))


async def delete_expired(units: UnitsOfWork) -> None:
    """Begin to delete the subscriptions whose time of grace is over."""
    async with units.write(system_actor("expiry of subscriptions")) as work:
        due = (
            select(SubscriptionRow)
            .where(SubscriptionRow.state == SubscriptionState.EXPIRING, SubscriptionRow.ends_at <= work.clock.now())
            .order_by(SubscriptionRow.ends_at)
            .limit(DUE_AT_ONCE)
            .with_for_update()
        )
        for row in (await work.session.scalars(due)).all():
            await begin_deletion(work, row)
