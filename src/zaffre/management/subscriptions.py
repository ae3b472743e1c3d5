"""Subscriptions: a tenant's right to use a plan.

A subscription is created by its owner (or by an administrator for them) and lives until it is deleted,
empty or with everything in it. Its id may be chosen by the caller, so that a paired site can keep the same one.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from fastapi import Depends, Request
from pydantic import SecretStr
from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from zaffre.foundation.database import RowLock, for_update, violated
from zaffre.foundation.errors import Conflict, DomainError, Forbidden, InUse, NameTaken, NotFound
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.http.routing import READING, Work
from zaffre.foundation.http.wire import PathId
from zaffre.foundation.operations.operation import NewOperation
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.tags import retag, tags_field
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.identity import HELD_IN_SUBSCRIPTIONS, Caller, CurrentCaller, Permission
from zaffre.identity.tables import AccountRow
from zaffre.management.approvals.rules import check_approved
from zaffre.management.approvals.wishes import ApprovableChange, Wish
from zaffre.management.limits import services_of_subscriptions
from zaffre.management.plans import PlanState, check_code, limits_of, services_of
from zaffre.management.providers import PlannedService
from zaffre.management.quotas import Quotas
from zaffre.management.roles import BUILT_IN, OWNER, READER, RoleLacksPermission, SubscriptionRole, narrowed, role_of
from zaffre.management.tables import PlanRow, SubscriptionMemberRow, SubscriptionRow, SubscriptionSyncRow

SYNC_OPERATION = "subscription.sync"
DELETE_OPERATION = "subscription.delete"

LISTING = Listing(
    SubscriptionRow,
    {
        "id": Field(SubscriptionRow.id, FieldType.ID),
        "name": Field(SubscriptionRow.name, FieldType.TEXT, searchable=True),
        "state": Field(SubscriptionRow.state, FieldType.TEXT),
        "account_id": Field(SubscriptionRow.account_id, FieldType.ID),
        "plan_id": Field(SubscriptionRow.plan_id, FieldType.ID),
        "ends_at": Field(SubscriptionRow.ends_at, FieldType.INSTANT, sortable=False),
        "tags": tags_field(SubscriptionRow),
        "created_at": Field(SubscriptionRow.created_at, FieldType.INSTANT),
    },
    key=SubscriptionRow.id,
    order="name",
)


SYNCS = Listing(
    SubscriptionSyncRow,
    {
        "subscription_id": Field(SubscriptionSyncRow.subscription_id, FieldType.ID),
        "provider": Field(SubscriptionSyncRow.provider, FieldType.TEXT, searchable=True),
        "state": Field(SubscriptionSyncRow.state, FieldType.TEXT),
        "updated_at": Field(SubscriptionSyncRow.updated_at, FieldType.INSTANT),
    },
    key=(SubscriptionSyncRow.subscription_id, SubscriptionSyncRow.provider),
    order="updated_at desc",
)


class SubscriptionState(StrEnum):
    """Where a subscription stands."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    """Its members see it and cannot change anything; its plan says what becomes of what runs."""
    EXPIRING = "expiring"
    """It will be deleted at `ends_at`, and can be restored until then. It is suspended meanwhile."""
    DELETING = "deleting"


class SuspendedBy(StrEnum):
    """Why a subscription is suspended."""

    PROVIDER = "provider"
    """An administrator did it."""
    PROVIDER_BUDGET = "provider_budget"
    """It reached a budget that the provider has set."""
    OWNER_BUDGET = "owner_budget"
    """It reached a budget of its owner, who can resume it."""


SUSPENDED_STATES = frozenset({SubscriptionState.SUSPENDED, SubscriptionState.EXPIRING})
"""In these, members can look and change nothing."""


class SyncState(StrEnum):
    """Whether a provider knows a subscription's present state."""

    IN_SYNC = "in_sync"
    SYNCING = "syncing"
    OUT_OF_SYNC = "out_of_sync"


class SubscriptionLimitReached(Conflict):
    """The account holds as many subscriptions to the plan as it may."""

    code = "subscription.limit_reached"
    title = "No more subscriptions to this plan"

    def __init__(self, plan: str, limit: int) -> None:
        super().__init__(
            f"Plan {plan!r} allows {limit} subscriptions per account, and this account has them.",
            remedy="Use an existing subscription, or choose another plan.",
            target="plan_id",
        )


_CAUSES = {
    SuspendedBy.PROVIDER_BUDGET: "reached a budget of the provider and is suspended",
    SuspendedBy.OWNER_BUDGET: "reached a budget of its owner and is suspended",
}


class SubscriptionSuspended(Conflict):
    """The subscription is suspended: it can be looked at and not changed."""

    code = "subscription.suspended"
    title = "The subscription is suspended"

    def __init__(self, row: SubscriptionRow) -> None:
        super().__init__(
            f"Subscription {row.name!r} {_CAUSES.get(SuspendedBy(row.suspended_by or 'provider'), 'is suspended')}: "
            "it can be looked at, and nothing in it can be changed.",
            remedy="Its owner can resume it."
            if row.suspended_by == SuspendedBy.OWNER_BUDGET
            else "Ask the provider to resume it.",
            target=row.id,
        )


class SubscriptionExpiring(Conflict):
    """The subscription will be deleted: it can be looked at and restored, not changed."""

    code = "subscription.expiring"
    title = "The subscription is about to be deleted"

    def __init__(self, row: SubscriptionRow) -> None:
        super().__init__(
            f"Subscription {row.name!r} will be deleted at {row.ends_at:%Y-%m-%d %H:%M} UTC; until then it can be "
            "looked at, and nothing in it can be changed.",
            remedy="Restore it to work in it again.",
            target=row.id,
        )


class SubscriptionEnding(Conflict):
    """The subscription is on its way out, so this comes too late."""

    code = "subscription.ending"
    title = "The subscription is ending"

    def __init__(self, row: SubscriptionRow) -> None:
        expiring = row.state == SubscriptionState.EXPIRING
        super().__init__(
            f"Subscription {row.name!r} is {row.state}.",
            remedy="Restore it first." if expiring else "Wait for its deletion to end.",
            target=row.id,
        )


class SubscriptionIdTaken(Conflict):
    """Another subscription has the chosen id."""

    code = "subscription.id_taken"
    title = "The id is taken"


@dataclass(frozen=True)
class NewSubscription:
    """A wish to subscribe."""

    plan_id: str
    name: str
    owner_id: str
    id: str | None = None
    """Chosen by the caller, or None for a new one."""
    invitation_code: SecretStr | None = field(default=None, repr=False)
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


def _wish(draft: NewSubscription) -> Wish:
    return Wish(
        ApprovableChange.SUBSCRIBE,
        draft.plan_id,
        name=draft.name,
        invitation_code=draft.invitation_code,
        new_id=draft.id,
        tags=draft.tags,
    )


class Subscriptions:
    """Rules for subscriptions inside one unit of work."""

    def __init__(self, work: UnitOfWork, caller: Caller) -> None:
        self._work = work
        self._session = work.session
        self._caller = caller

    async def create(self, draft: NewSubscription) -> tuple[SubscriptionRow, OperationRow]:
        """Subscribe `draft.owner_id` to a public plan; administrators may use private ones too.

        Raises:
            Forbidden: the credential in hand is for something else.
            NotFound: the plan is not on offer, or there is no such owner.
            InvitationCodeNeeded, InvitationCodeWrong: a plan by invitation, except for administrators.
            SubscriptionLimitReached: the owner holds as many subscriptions to the plan as it allows.
            NameTaken: the owner has another subscription of that name.
            SubscriptionIdTaken: the chosen id is in use.
            ApprovalNeeded: a rule of the provider says so.
        """
        self._refuse_narrow()
        plan = await self._offered_plan(draft.plan_id)
        if not self._caller.may(Permission.SUBSCRIPTION_ADMIN):
            check_code(self._work, plan, draft.invitation_code)
        await self._claim_place(plan, draft.owner_id)
        await check_approved(self._work, self._caller, _wish(draft), plan, limits_of(plan))
        row = SubscriptionRow(
            id=draft.id or self._work.ids.new(),
            name=draft.name,
            account_id=draft.owner_id,
            plan_id=plan.id,
            state=SubscriptionState.ACTIVE,
            tags=dict(draft.tags),
            created_at=self._work.clock.now(),
        )
        await self._save(row)
        await Quotas(self._work).open(row.id, limits_of(plan))
        for service in services_of(plan):
            self._work.add(
                SubscriptionSyncRow(
                    subscription_id=row.id,
                    provider=service.provider,
                    state=SyncState.SYNCING,
                    updated_at=self._work.clock.now(),
                )
            )
        self._work.emit("subscription.created", reference(row), plan_id=plan.id)
        return row, self._work.start(NewOperation(SYNC_OPERATION), reference(row))

    def _refuse_narrow(self) -> None:
        """Refuse a credential that is not for subscribing, or for certain subscriptions only, on whatever way here."""
        scope = self._caller.scope
        may = self._caller.may(Permission.SUBSCRIPTION_WRITE) or self._caller.may(Permission.SUBSCRIPTION_ADMIN)
        if scope.subscription_ids is not None or not may:
            raise Forbidden(
                "The credential in hand is not for subscribing to plans.",
                remedy="Use one with the scope subscription.write that is not for certain subscriptions only.",
                target=Permission.SUBSCRIPTION_WRITE.value,
            )

    async def get(self, subscription_id: str, needing: Permission = Permission.SUBSCRIPTION_READ) -> SubscriptionRow:
        """Return a subscription in which the caller has a permission.

        Raises:
            NotFound: there is none with this id, or the caller has nothing to do with it.
            RoleLacksPermission: the caller is a member, in a role without the permission.
        """
        row = await self._session.get(SubscriptionRow, subscription_id)
        role = await self.role_in(row) if row is not None else None
        if row is None or role is None:
            raise NotFound("subscription", subscription_id)
        if needing in HELD_IN_SUBSCRIPTIONS and needing not in role.permissions:
            raise RoleLacksPermission(row, role, needing)
        return row

    async def role_in(self, row: SubscriptionRow) -> SubscriptionRole | None:
        """Return what the caller is in a subscription; None: a stranger.

        Who sees everybody's subscriptions is as an owner is, as far as their role at the site goes.
        """
        if not self._caller.scope.reaches(row.id):
            return None
        if self._caller.may(Permission.SUBSCRIPTION_READ_ALL):
            role = BUILT_IN[OWNER]
        else:
            role = await role_of(self._work, row, self._caller.account_id)
        return narrowed(role, self._caller) if role is not None else None

    async def check_holds(self, row: SubscriptionRow, permissions: Iterable[Permission]) -> None:
        """See that the caller has each of the permissions in a subscription: nobody hands on what they have not.

        Raises:
            RoleLacksPermission: one is missing.
        """
        role = await self.role_in(row)
        for permission in sorted(permissions):
            if role is None or permission not in role.permissions:
                raise RoleLacksPermission(row, role or BUILT_IN[READER], permission)

    async def page(self, query: ListQuery) -> Rows[SubscriptionRow]:
        """Return a page of the subscriptions that the caller may see."""
        return await LISTING.rows(self._session, query, *self._visible())

    async def subscribes_to(self, plan_id: str) -> bool:
        """Tell whether the caller may see a subscription to the plan, whatever state the plan is in."""
        statement = select(SubscriptionRow.id).where(SubscriptionRow.plan_id == plan_id, *self._visible()).limit(1)
        return await self._session.scalar(statement) is not None

    async def label(
        self, row: SubscriptionRow, name: str | None, tags: Mapping[str, str | None], expected: int | None = None
    ) -> SubscriptionRow:
        """Give a subscription another name, if one is given, and merge tags into those it has.

        Raises:
            NameTaken: the owner has another subscription of that name.
            TooManyTags: there would be too many.
        """
        check_generation(expected, row.generation)
        if name is not None and row.name != name:
            row.name = name
            await self._save(row)
            self._work.emit("subscription.renamed", reference(row))
        await retag(self._work, row, reference(row), tags)
        return row

    async def syncs(self, subscription_id: str) -> Sequence[SubscriptionSyncRow]:
        """Return each provider's sync state of a subscription."""
        statement = select(SubscriptionSyncRow).where(SubscriptionSyncRow.subscription_id == subscription_id)
        return (await self._session.scalars(statement.order_by(SubscriptionSyncRow.provider))).all()

    async def resync_all(self, subscription_id: str) -> tuple[SubscriptionRow, OperationRow]:
        """Have all providers told the subscription's present state again.

        Raises:
            InUse: it is being deleted, and they are told that already.
        """
        row = await self.get(subscription_id)
        self._refuse_deleting(row)
        await self._session.execute(
            update(SubscriptionSyncRow)
            .where(SubscriptionSyncRow.subscription_id == row.id)
            .values(state=SyncState.SYNCING, updated_at=self._work.clock.now())
        )
        return row, self._work.start(NewOperation(SYNC_OPERATION), reference(row))

    @staticmethod
    def _refuse_deleting(row: SubscriptionRow) -> None:
        if row.state == SubscriptionState.DELETING:
            raise InUse("The subscription is being deleted.", remedy="Wait for it to end.", target=row.id)

    async def resync(self, subscription_id: str, provider: str) -> tuple[SubscriptionSyncRow, OperationRow]:
        """Have a provider told the subscription's present state again.

        Raises:
            NotFound: there is no such subscription, or its plan has no service of this provider.
            InUse: it is being deleted, and told that already.
        """
        subscription = await self.get(subscription_id)
        row = await self._session.get(SubscriptionSyncRow, (subscription_id, provider))
        if row is None:
            raise NotFound("provider of this subscription", provider)
        self._refuse_deleting(subscription)
        row.state, row.updated_at = SyncState.SYNCING, self._work.clock.now()
        await self._session.flush()
        return row, self._work.start(NewOperation(SYNC_OPERATION), reference(subscription))

    async def service(self, subscription_id: str, provider: str) -> PlannedService | None:
        """Return a provider's service as plan and add-ons give it; None when neither includes it."""
        row = await self.get(subscription_id)
        services = (await services_of_subscriptions(self._work, [row.id]))[row.id]
        return next((service for service in services if service.provider == provider), None)

    def _visible(self) -> list[ColumnElement[bool]]:
        return [] if self._caller.may(Permission.SUBSCRIPTION_READ_ALL) else [reached_by(self._caller)]

    async def plan_to_move_to(self, plan_id: str) -> PlanRow:
        """Return a plan that the caller may move a subscription to, given its code if it is by invitation.

        Raises:
            NotFound: it is not on offer.
        """
        return await self._offered_plan(plan_id)

    async def claim_place(self, plan: PlanRow, owner_id: str) -> None:
        """See that an owner may have one more subscription to a plan; it stays so until the transaction ends.

        Raises:
            SubscriptionLimitReached: they may not.
        """
        await self._claim_place(plan, owner_id)

    async def _offered_plan(self, plan_id: str) -> PlanRow:
        # Held, so that a change of its services either is seen here or finds this subscription.
        plan = await self._session.get(PlanRow, plan_id, with_for_update=for_update(RowLock.USE))
        states = (
            (PlanState.PUBLIC, PlanState.PRIVATE)
            if self._caller.may(Permission.SUBSCRIPTION_ADMIN)
            else (PlanState.PUBLIC,)
        )
        if plan is None or plan.state not in states:
            raise NotFound("plan", plan_id)
        return plan

    async def _claim_place(self, plan: PlanRow, owner_id: str) -> None:
        """Count the owner's subscriptions with the owner locked, so that two racing requests count one another."""
        owner = await self._session.scalar(select(AccountRow).where(AccountRow.id == owner_id).with_for_update())
        if owner is None:
            raise NotFound("account", owner_id)
        limit = plan.subscriptions_per_account
        if limit is None:
            return
        held = (
            select(func.count())
            .select_from(SubscriptionRow)
            .where(SubscriptionRow.account_id == owner_id, SubscriptionRow.plan_id == plan.id)
        )
        if (await self._session.scalar(held) or 0) >= limit:
            raise SubscriptionLimitReached(plan.name, limit)

    async def _save(self, row: SubscriptionRow) -> None:
        name, subscription_id = row.name, row.id  # the row cannot be read once saving it has failed

        def refusal(error: IntegrityError) -> DomainError:
            if violated(error, "uq_subscriptions_account_id_name"):
                return NameTaken("subscription", name)
            return SubscriptionIdTaken(
                f"The id {subscription_id} is in use.", remedy="Choose another id, or leave it out.", target="id"
            )

        await self._work.save(row, refusal)


def reference(row: SubscriptionRow) -> ResourceRef:
    """Name a subscription in events; its members see them."""
    return ResourceRef("subscription", row.id, row.name, subscription_id=row.id, account_id=row.account_id)


async def _current(subscription_id: PathId, request: Request, work: Work, caller: CurrentCaller) -> SubscriptionRow:
    row = await Subscriptions(work, caller).get(subscription_id, request.state.required)
    if request.method not in READING:
        refuse_suspended(row, caller)
    return row


def refuse_suspended(row: SubscriptionRow, caller: Caller) -> None:
    """Refuse changes in a subscription that is not active, except those of administrators.

    Raises:
        SubscriptionSuspended: it is suspended.
        SubscriptionExpiring: it will be deleted.
        SubscriptionEnding: it is being deleted.
    """
    if caller.may(Permission.SUBSCRIPTION_ADMIN):
        return
    if row.state == SubscriptionState.SUSPENDED:
        raise SubscriptionSuspended(row)
    if row.state == SubscriptionState.EXPIRING:
        raise SubscriptionExpiring(row)
    if row.state == SubscriptionState.DELETING:
        raise SubscriptionEnding(row)


CurrentSubscription = Annotated[SubscriptionRow, Depends(_current)]
"""The subscription that a tenant path names; another tenant's is 404."""


async def _ending(subscription_id: PathId, request: Request, work: Work, caller: CurrentCaller) -> SubscriptionRow:
    return await Subscriptions(work, caller).get(subscription_id, request.state.required)


EndingSubscription = Annotated[SubscriptionRow, Depends(_ending)]
"""The same for what can be done with one that refuses changes, such as restoring it."""


def works_in(account_id: str) -> ColumnElement[bool]:
    """Return the condition that a subscription is an account's own, or that it is a member of it."""
    memberships = select(SubscriptionMemberRow.subscription_id).where(SubscriptionMemberRow.account_id == account_id)
    return or_(SubscriptionRow.account_id == account_id, SubscriptionRow.id.in_(memberships))


def reached_by(caller: Caller) -> ColumnElement[bool]:
    """Return the condition that a caller works in a subscription, and that their credential is for it."""
    mine = works_in(caller.account_id)
    only = caller.scope.subscription_ids
    return mine if only is None else and_(mine, SubscriptionRow.id.in_(sorted(only)))


async def subscriptions_of(work: UnitOfWork, caller: Caller) -> tuple[str, ...]:
    """Return the ids of the subscriptions that a caller works in: what their live events may tell of."""
    ids = await work.session.scalars(select(SubscriptionRow.id).where(reached_by(caller)))
    return tuple(ids)


async def check_reach(work: UnitOfWork, caller: Caller, subscription_ids: Collection[str]) -> None:
    """See that a caller works in all of these subscriptions.

    Raises:
        NotFound: not in one of them, or there is none with its id.
    """
    wanted = select(SubscriptionRow.id).where(reached_by(caller), SubscriptionRow.id.in_(sorted(subscription_ids)))
    missing = sorted(set(subscription_ids) - set(await work.session.scalars(wanted)))
    if missing:
        raise NotFound("subscription", missing[0])
