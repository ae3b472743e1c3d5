"""The add-ons of a subscription: which it may have, which it holds, acquiring and releasing them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from zaffre.foundation.database import RowLock, for_update
from zaffre.foundation.errors import Conflict, InUse, NotFound
from zaffre.foundation.operations.operation import NewOperation
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.work import UnitOfWork
from zaffre.identity import Caller, Permission
from zaffre.management.approvals.rules import check_approved
from zaffre.management.approvals.wishes import ApprovableChange, Wish
from zaffre.management.limits import (
    apply_limits,
    hold_subscriptions,
    overruns,
    services_of_subscriptions,
)
from zaffre.management.planned_services import limits_of_services, services_from
from zaffre.management.plans import PlanState
from zaffre.management.providers import PlannedService
from zaffre.management.quota_syncs import mark_changed
from zaffre.management.subscriptions import SYNC_OPERATION, SubscriptionState, reference
from zaffre.management.tables import AddOnRow, PlanAddOnRow, PlanRow, SubscriptionAddOnRow, SubscriptionRow


class AddOnLimitReached(Conflict):
    """The subscription holds as many of the add-on as its plan allows."""

    code = "add_on.limit_reached"
    title = "No more of this add-on"

    def __init__(self, add_on: str, plan: str, maximum: int, held: int) -> None:
        super().__init__(
            f"Plan {plan!r} allows {maximum} of add-on {add_on!r} per subscription; this one holds {held}.",
            remedy="Release one that is not needed, or ask the provider for a larger plan.",
            target="add_on_id",
        )
        self.maximum = maximum
        self.held = held


class AddOnNotOffered(Conflict):
    """The add-on cannot be acquired any more, or not yet."""

    code = "add_on.not_offered"
    title = "The add-on is not on offer"


class AddOnNotHeld(Conflict):
    """There is no occurrence to release."""

    code = "add_on.not_held"
    title = "The subscription does not hold it"


class AddOnInUse(InUse):
    """What the add-on adds is used."""

    code = "add_on.in_use"
    title = "The add-on is in use"


@dataclass(frozen=True)
class HeldAddOn:
    """An add-on as one subscription has it."""

    row: AddOnRow
    held: int
    """How many occurrences the subscription holds."""
    maximum: int | None
    """How many its plan allows; None: any number."""
    linked: bool
    """Whether the subscription's plan offers it."""

    @property
    def left(self) -> int | None:
        """How many more can be acquired; None: any number."""
        if not self.linked or self.row.state == PlanState.DECOMMISSIONED:
            return 0
        return None if self.maximum is None else max(0, self.maximum - self.held)


class HeldAddOns:
    """Rules for the add-ons of one subscription inside one unit of work."""

    def __init__(self, work: UnitOfWork, caller: Caller, subscription: SubscriptionRow) -> None:
        self._work = work
        self._session = work.session
        self._caller = caller
        self._subscription = subscription

    async def offers(self) -> list[HeldAddOn]:
        """Return the add-ons of the subscription's plan, and those it holds, by name."""
        held = await self._held()
        plan_id = self._subscription.plan_id
        linked = select(PlanAddOnRow.add_on_id, PlanAddOnRow.maximum).where(PlanAddOnRow.plan_id == plan_id)
        links = dict((await self._session.execute(linked)).all())
        rows = await self._session.scalars(
            select(AddOnRow).where(AddOnRow.id.in_({*held, *links})).order_by(AddOnRow.name)
        )
        found = [HeldAddOn(row, held.get(row.id, 0), links.get(row.id), row.id in links) for row in rows]
        return [each for each in found if each.held or self._may_see(each.row)]

    async def get(self, add_on_id: str) -> HeldAddOn:
        """Return one of them.

        Raises:
            NotFound: it is none of the plan's, and not held.
        """
        found = next((each for each in await self.offers() if each.row.id == add_on_id), None)
        if found is None:
            raise NotFound("add-on of this subscription", add_on_id)
        return found

    async def acquire(self, add_on_id: str) -> tuple[HeldAddOn, OperationRow]:
        """Add one occurrence. Its quota is there at once; the operation tells the providers.

        Raises:
            NotFound: the plan has no such add-on.
            AddOnNotOffered: it is decommissioned, or not linked to the plan any more.
            AddOnLimitReached: the subscription holds as many as the plan allows.
            InUse: the subscription is being deleted.
            ApprovalNeeded: a rule of the provider says so.
        """
        await self._hold()
        # Held, so that a change of its services either is seen here or finds this occurrence.
        await self._session.get(AddOnRow, add_on_id, with_for_update=for_update(RowLock.USE))
        found = await self.get(add_on_id)
        await self._check_room(found)
        row = SubscriptionAddOnRow(
            id=self._work.ids.new(),
            subscription_id=self._subscription.id,
            add_on_id=add_on_id,
            acquired_at=self._work.clock.now(),
        )
        before = await services_of_subscriptions(self._work, [self._subscription.id])
        self._work.add(row)
        await self._session.flush()
        await self._check_approved(add_on_id, before[self._subscription.id])
        return await self._applied(found.row, "subscription.add_on_acquired")

    async def release(self, add_on_id: str) -> tuple[HeldAddOn, OperationRow]:
        """Give back the occurrence that was acquired last.

        Raises:
            NotFound: the plan has no such add-on, and it is not held.
            AddOnNotHeld: there is none to give back.
            AddOnInUse: more is used than would be left.
            InUse: the subscription is being deleted.
        """
        await self._hold()
        found = await self.get(add_on_id)
        mine = select(SubscriptionAddOnRow).where(
            SubscriptionAddOnRow.subscription_id == self._subscription.id, SubscriptionAddOnRow.add_on_id == add_on_id
        )
        newest = mine.order_by(SubscriptionAddOnRow.acquired_at.desc(), SubscriptionAddOnRow.id.desc()).limit(1)
        row = await self._session.scalar(newest)
        if row is None:
            raise AddOnNotHeld(
                f"Subscription {self._subscription.name!r} holds no {found.row.name!r}.",
                remedy="Look at the subscription's add-ons for what it holds.",
                target=add_on_id,
            )
        await self._session.delete(row)
        await self._session.flush()
        await self._check_unused(found.row)
        return await self._applied(found.row, "subscription.add_on_released")

    async def _applied(self, add_on: AddOnRow, event: str) -> tuple[HeldAddOn, OperationRow]:
        await self._session.flush()
        services = await services_of_subscriptions(self._work, [self._subscription.id])
        await apply_limits(self._work, {each: limits_of_services(of_it) for each, of_it in services.items()})
        own = {service.provider: service for service in services_from(add_on.services)}
        await mark_changed(self._work, services, list(own), own)
        found = await self.get(add_on.id)
        resource = reference(self._subscription)
        self._work.emit(event, resource, add_on_id=add_on.id, add_on=add_on.name, held=found.held)
        return found, self._work.start(NewOperation(SYNC_OPERATION), resource)

    async def _hold(self) -> None:
        """Hold the subscription, and read again on which plan it is and whether it is there to stay."""
        await hold_subscriptions(self._work, [self._subscription.id])
        await self._session.refresh(self._subscription)
        if self._subscription.state == SubscriptionState.DELETING:
            raise InUse(
                f"Subscription {self._subscription.name!r} is being deleted.",
                remedy="Use another subscription.",
                target=self._subscription.id,
            )

    async def _check_room(self, found: HeldAddOn) -> None:
        if found.left == 0 and (not found.linked or found.row.state == PlanState.DECOMMISSIONED):
            raise AddOnNotOffered(
                f"Add-on {found.row.name!r} cannot be acquired any more; what is held of it stays.",
                remedy="Choose another add-on, or ask the provider.",
                target="add_on_id",
            )
        if found.left == 0:
            plan = await self._session.get_one(PlanRow, self._subscription.plan_id)
            raise AddOnLimitReached(found.row.name, plan.name, found.maximum or 0, found.held)

    async def _check_approved(self, add_on_id: str, before: Sequence[PlannedService]) -> None:
        after = (await services_of_subscriptions(self._work, [self._subscription.id]))[self._subscription.id]
        plan = await self._session.get_one(PlanRow, self._subscription.plan_id)
        limits = limits_of_services(after)
        wish = Wish(ApprovableChange.ACQUIRE_ADD_ON, plan.id, self._subscription.id, add_on_id)
        await check_approved(self._work, self._caller, wish, plan, limits, limits_of_services(before))

    async def _check_unused(self, add_on: AddOnRow) -> None:
        """Refuse to give back what is used, with nothing being claimed meanwhile."""
        services = await services_of_subscriptions(self._work, [self._subscription.id])
        limits = {each: limits_of_services(of_it) for each, of_it in services.items()}
        added = limits_of_services(services_from(add_on.services))
        over = [each for each in await overruns(self._work, limits, lock=True) if each.dimension in added]
        if over:
            numbers = ", ".join(f"{each.dimension} is {each.used} of the {each.limit} left" for each in over)
            raise AddOnInUse(
                f"Without this {add_on.name!r} too little would be left: {numbers}.",
                remedy="Delete or shrink something first.",
                target=over[0].dimension,
            )

    async def _held(self) -> dict[str, int]:
        rows = await self._session.execute(
            select(SubscriptionAddOnRow.add_on_id, func.count())
            .where(SubscriptionAddOnRow.subscription_id == self._subscription.id)
            .group_by(SubscriptionAddOnRow.add_on_id)
        )
        return dict(rows.all())

    def _may_see(self, row: AddOnRow) -> bool:
        private = row.state == PlanState.PRIVATE and self._caller.may(Permission.SUBSCRIPTION_ADMIN)
        return private or row.state == PlanState.PUBLIC
