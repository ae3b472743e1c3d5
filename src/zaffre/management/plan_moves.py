"""Moving a subscription to another plan.

What does not fit is listed before anything happens: quota that is used beyond the new limits, services that the new
plan lacks while something of theirs exists, and settings that what exists is bound to, such as its cloud. The move is
one transaction, in which nothing can be claimed beside the check; providers are told afterwards, and if one of them
refuses, the subscription goes back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pydantic import SecretStr
from sqlalchemy import select

from zaffre.foundation.errors import Conflict
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.operations.operation import NewOperation
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.work import UnitOfWork
from zaffre.identity import Caller, Permission
from zaffre.management.approvals.rules import check_approved
from zaffre.management.approvals.wishes import ApprovableChange, Wish
from zaffre.management.limits import (
    Overrun,
    apply_limits,
    hold_subscriptions,
    limits_of_services,
    overruns,
    services_of_subscriptions,
)
from zaffre.management.plans import check_code
from zaffre.management.providers import ChangeKind, PlannedService, ProviderRegistry
from zaffre.management.subscriptions import (
    SubscriptionEnding,
    Subscriptions,
    SubscriptionState,
    SubscriptionSuspended,
    SyncState,
    reference,
)
from zaffre.management.syncs import announce, kept_service
from zaffre.management.tables import PlanRow, SubscriptionRow, SubscriptionSyncRow

MOVE_OPERATION = "subscription.change_plan"


class ObstacleKind(StrEnum):
    """Why something does not fit."""

    OVER_LIMIT = "over_limit"
    SERVICE_MISSING = "service_missing"
    """The new plan has no such service, and something of it exists."""
    BOUND = "bound"
    """What exists is bound to a setting that the new plan has otherwise."""


@dataclass(frozen=True)
class Obstacle:
    """Something that does not fit a plan."""

    kind: ObstacleKind
    provider: str | None
    sentence: str
    dimension: str | None = None
    limit: int | None = None
    used: int | None = None


class DoesNotFit(Conflict):
    """What the subscription has does not fit the plan."""

    code = "subscription.does_not_fit"
    title = "The subscription does not fit the plan"

    def __init__(self, plan: str, obstacles: Sequence[Obstacle]) -> None:
        super().__init__(
            f"It does not fit plan {plan!r}: {' '.join(each.sentence for each in obstacles)}",
            remedy="Delete or shrink what does not fit, or choose another plan.",
            target="plan_id",
        )


class SamePlan(Conflict):
    """The subscription is on the plan already."""

    code = "subscription.same_plan"
    title = "The subscription is on this plan"


class PlanMoves:
    """Rules for moving subscriptions inside one unit of work."""

    def __init__(self, work: UnitOfWork, caller: Caller, providers: ProviderRegistry) -> None:
        self._work = work
        self._session = work.session
        self._caller = caller
        self._providers = providers
        self._subscriptions = Subscriptions(work, caller)

    async def preview(self, subscription_id: str, plan_id: str) -> Sequence[Obstacle]:
        """List what would not fit, and change nothing.

        Raises:
            NotFound: the plan is not on offer for the caller.
            SamePlan: the subscription is on it.
        """
        row = await self._subscriptions.get(subscription_id)
        plan = await self._target(row, plan_id)
        return await self._obstacles(row, plan, lock=False)

    async def move(
        self, subscription_id: str, plan_id: str, code: SecretStr | None = None, expected: int | None = None
    ) -> tuple[SubscriptionRow, OperationRow]:
        """Put a subscription on another plan, and begin to tell its providers.

        Raises:
            NotFound: the plan is not on offer for the caller.
            SamePlan: the subscription is on it.
            InvitationCodeNeeded, InvitationCodeWrong: the plan is by invitation.
            DoesNotFit: something of it does not fit.
            SubscriptionLimitReached: its owner has as many subscriptions to the plan as it allows.
            SubscriptionSuspended, SubscriptionEnding: it is not active.
            ApprovalNeeded: a rule of the provider says so.
        """
        row = await self._subscriptions.get(subscription_id)
        check_generation(expected, row.generation)
        if row.state == SubscriptionState.SUSPENDED:
            raise SubscriptionSuspended(row)
        if row.state != SubscriptionState.ACTIVE:
            raise SubscriptionEnding(row)
        plan = await self._target(row, plan_id)
        if not self._caller.may(Permission.SUBSCRIPTION_ADMIN):
            check_code(self._work, plan, code)
        await self._subscriptions.claim_place(plan, row.account_id)
        await hold_subscriptions(self._work, [row.id])
        await self._session.refresh(row)
        obstacles = await self._obstacles(row, plan, lock=True)
        if obstacles:
            raise DoesNotFit(plan.name, obstacles)
        await self._check_approved(row, plan, code)
        before = row.plan_id
        await put_on(self._work, row, plan)
        self._work.emit("subscription.plan_changed", reference(row), plan_id=plan.id, previous_plan_id=before)
        parameters = {"plan_id": plan.id, "previous_plan_id": before}
        return row, self._work.start(NewOperation(MOVE_OPERATION, parameters=parameters), reference(row))

    async def _target(self, row: SubscriptionRow, plan_id: str) -> PlanRow:
        if row.plan_id == plan_id:
            raise SamePlan(
                f"Subscription {row.name!r} is on this plan already.", remedy="Choose another.", target="plan_id"
            )
        return await self._subscriptions.plan_to_move_to(plan_id)

    async def _obstacles(self, row: SubscriptionRow, plan: PlanRow, *, lock: bool) -> list[Obstacle]:
        old = _by_provider((await services_of_subscriptions(self._work, [row.id]))[row.id])
        new = _by_provider((await services_of_subscriptions(self._work, [row.id], plan))[row.id])
        limits = {row.id: limits_of_services(list(new.values()))}
        found = [self._overrun(each, set(new)) for each in await overruns(self._work, limits, lock=lock)]
        for name, service in old.items():
            provider = self._providers.get(name)
            if name in new:
                bound = await provider.move_obstacles(self._work, row.id, service, new[name])
                found += [Obstacle(ObstacleKind.BOUND, name, sentence) for sentence in bound]
            elif not any(each.provider == name for each in found):
                held = [each for each in await provider.holdings(self._work, row.id) if each.count]
                found += [_missing(name, f"{each.count} {each.title}") for each in held]
        return found

    async def _check_approved(self, row: SubscriptionRow, plan: PlanRow, code: SecretStr | None) -> None:
        old = (await services_of_subscriptions(self._work, [row.id]))[row.id]
        new = (await services_of_subscriptions(self._work, [row.id], plan))[row.id]
        limits, before = limits_of_services(new), limits_of_services(old)
        wish = Wish(ApprovableChange.CHANGE_PLAN, plan.id, row.id, invitation_code=code)
        await check_approved(self._work, self._caller, wish, plan, limits, before)

    def _overrun(self, overrun: Overrun, offered: set[str]) -> Obstacle:
        provider = self._providers.owner(overrun.dimension)
        dimension = self._providers.dimension(overrun.dimension)
        title = dimension.title if dimension is not None else overrun.dimension
        if provider is not None and provider not in offered:
            return _missing(provider, f"{overrun.used} of {title}", overrun)
        sentence = f"{title}: {overrun.used} used, {overrun.limit} allowed."
        return Obstacle(ObstacleKind.OVER_LIMIT, provider, sentence, overrun.dimension, overrun.limit, overrun.used)


async def put_on(work: UnitOfWork, row: SubscriptionRow, plan: PlanRow) -> None:
    """Put a subscription on a plan: its limits, and what its providers are to be told. Nothing is checked."""
    old = _by_provider((await services_of_subscriptions(work, [row.id]))[row.id])
    row.plan_id = plan.id
    await work.session.flush()
    new = _by_provider((await services_of_subscriptions(work, [row.id]))[row.id])
    await apply_limits(work, {row.id: limits_of_services(list(new.values()))})
    statement = select(SubscriptionSyncRow).where(SubscriptionSyncRow.subscription_id == row.id).with_for_update()
    known = {sync.provider: sync for sync in await work.session.scalars(statement)}
    for name in new:
        if name not in known:
            work.add(_new_sync(work, row, name))
    await work.session.flush()
    for name, sync in known.items():
        # A provider that has not taken note of an earlier move is told of the service it knows.
        if sync.previous is None and name in old:
            sync.previous = dict(kept_service(old[name]))
    await announce(work, row.id, ChangeKind.PLAN_CHANGED, set(known) & set(new))
    await announce(work, row.id, ChangeKind.DELETED, set(known) - set(new))


async def put_back(work: UnitOfWork, subscription_id: str, plan_id: str, previous_plan_id: str) -> None:
    """Put a subscription back on the plan it was moved from, if it is still where that move has put it."""
    await hold_subscriptions(work, [subscription_id])
    row = await work.session.get(SubscriptionRow, subscription_id)
    previous = await work.session.get(PlanRow, previous_plan_id)
    if row is None or previous is None or row.plan_id != plan_id:
        return
    await put_on(work, row, previous)
    work.emit("subscription.plan_change_failed", reference(row), plan_id=plan_id, previous_plan_id=previous_plan_id)


def _new_sync(work: UnitOfWork, row: SubscriptionRow, provider: str) -> SubscriptionSyncRow:
    return SubscriptionSyncRow(
        subscription_id=row.id,
        provider=provider,
        state=SyncState.SYNCING,
        pending=ChangeKind.CREATED,
        updated_at=work.clock.now(),
    )


def _by_provider(services: Sequence[PlannedService]) -> Mapping[str, PlannedService]:
    return {service.provider: service for service in services}


def _missing(provider: str, what: str, overrun: Overrun | None = None) -> Obstacle:
    sentence = f"The plan has no service for {what}."
    if overrun is None:
        return Obstacle(ObstacleKind.SERVICE_MISSING, provider, sentence)
    return Obstacle(ObstacleKind.SERVICE_MISSING, provider, sentence, overrun.dimension, 0, overrun.used)
