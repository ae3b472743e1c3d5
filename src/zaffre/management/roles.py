"""Roles in a subscription: what its members may do there.

Three roles are built in; a subscription can have more of its own. A role is a set of permissions, so what a member may
do is a question of one set, whichever role it comes from.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import String, cast, func, select

from zaffre.foundation.errors import Conflict, Forbidden, InUse, NameTaken, NotFound
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.ids import is_uuid
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.identity import HELD_IN_SUBSCRIPTIONS, Caller, Permission
from zaffre.management.tables import SubscriptionMemberRow, SubscriptionRoleRow, SubscriptionRow

ROLES_PER_SUBSCRIPTION = 50
OWNER = "owner"
READER = "reader"


@dataclass(frozen=True)
class SubscriptionRole:
    """A set of permissions under a name."""

    id: str
    """For a role that is built in, its name."""
    name: str
    description: str
    permissions: frozenset[Permission]
    generation: int | None = None
    """None: it is built in."""

    @property
    def built_in(self) -> bool:
        """Whether every subscription has it, and nobody can change it."""
        return self.generation is None


ALWAYS = frozenset({Permission.SUBSCRIPTION_READ, Permission.OPERATION_READ})
"""Whoever works in a subscription sees it, and what goes on in it."""
_READING = ALWAYS | {
    Permission.NETWORK_READ,
    Permission.MACHINE_READ,
    Permission.USAGE_READ,
    Permission.COST_READ,
    Permission.SUBSCRIPTION_AUDIT,
    Permission.WEBHOOK_READ,
    Permission.PROVIDER_RESOURCE_READ,
}
_OWNERS_ONLY = frozenset({Permission.SUBSCRIPTION_WRITE, Permission.SUBSCRIPTION_MEMBERS, Permission.BUDGET_WRITE})

BUILT_IN = {
    role.id: role
    for role in (
        SubscriptionRole(OWNER, OWNER, "Everything, members and the end of it included", HELD_IN_SUBSCRIPTIONS),
        SubscriptionRole(
            "contributor",
            "contributor",
            "Everything but members, budgets, and the subscription itself",
            HELD_IN_SUBSCRIPTIONS - _OWNERS_ONLY,
        ),
        SubscriptionRole(READER, READER, "Look, and change nothing", _READING),
    )
}


class RoleLacksPermission(Forbidden):
    """The caller works in the subscription, in a role that does not include this."""

    code = "subscription.role_lacks_permission"
    title = "Not part of the role"

    def __init__(self, subscription: SubscriptionRow, role: SubscriptionRole, permission: Permission) -> None:
        super().__init__(
            f"Your role {role.name!r} in subscription {subscription.name!r} lacks the permission {permission.value}.",
            remedy="Ask an owner of the subscription.",
            target=permission.value,
        )


class TooManyRoles(Conflict):
    """The subscription has as many roles of its own as it may."""

    code = "subscription.too_many_roles"
    title = "Too many roles"

    def __init__(self) -> None:
        super().__init__(
            f"A subscription can have {ROLES_PER_SUBSCRIPTION} roles of its own.",
            remedy="Remove one that nobody has.",
        )


class SubscriptionRoles:
    """Rules for one subscription's roles inside one unit of work."""

    def __init__(self, work: UnitOfWork, subscription: SubscriptionRow) -> None:
        self._work = work
        self._session = work.session
        self._subscription = subscription

    async def list(self) -> Sequence[SubscriptionRole]:
        """Return the roles that members can have: those built in, and then the subscription's own by name."""
        own = select(SubscriptionRoleRow).where(SubscriptionRoleRow.subscription_id == self._subscription.id)
        rows = await self._session.scalars(own.order_by(SubscriptionRoleRow.name))
        return [*BUILT_IN.values(), *(to_role(row) for row in rows)]

    async def get(self, role_id: str) -> SubscriptionRole:
        """Return a role.

        Raises:
            NotFound: the subscription has no such role.
        """
        return BUILT_IN.get(role_id) or to_role(await self._row(role_id))

    async def hold(self, role_id: str) -> SubscriptionRole:
        """Return a role that stays until the end of the transaction, to give it to somebody.

        Raises:
            NotFound: the subscription has no such role.
        """
        return BUILT_IN.get(role_id) or to_role(await self._row(role_id, lock=True))

    async def create(self, name: str, description: str, permissions: Collection[Permission]) -> SubscriptionRole:
        """Add a role.

        Raises:
            NameTaken: another role has the name.
            TooManyRoles: there are as many as may be.
        """
        if name in BUILT_IN:
            raise NameTaken("role", name)
        of_subscription = SubscriptionRoleRow.subscription_id == self._subscription.id
        count = select(func.count()).select_from(SubscriptionRoleRow).where(of_subscription)
        if (await self._session.scalar(count) or 0) >= ROLES_PER_SUBSCRIPTION:
            raise TooManyRoles
        row = SubscriptionRoleRow(
            id=self._work.ids.new(),
            subscription_id=self._subscription.id,
            name=name,
            description=description,
            permissions=sorted(permissions),
            created_at=self._work.clock.now(),
        )
        await self._work.save(row, lambda _: NameTaken("role", name))
        self._work.emit("subscription_role.created", self._reference(row), permissions=row.permissions)
        return to_role(row)

    async def change(
        self,
        role_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        permissions: Collection[Permission] | None = None,
        expected: int | None = None,
    ) -> SubscriptionRole:
        """Change what is given; whoever has the role may do what it says from now on.

        Raises:
            NotFound: the subscription has no such role of its own.
            PreconditionFailed: it is not at the expected generation.
            NameTaken: another role has the name.
        """
        row = await self._row(role_id)
        check_generation(expected, row.generation)
        new_name = name if name is not None else row.name
        if new_name in BUILT_IN:
            raise NameTaken("role", new_name)
        row.name = new_name
        row.description = description if description is not None else row.description
        row.permissions = sorted(permissions) if permissions is not None else row.permissions
        await self._work.save(row, lambda _: NameTaken("role", new_name))
        self._work.emit("subscription_role.changed", self._reference(row), permissions=row.permissions)
        return to_role(row)

    async def delete(self, role_id: str, expected: int | None = None) -> None:
        """Remove a role that nobody has.

        Raises:
            NotFound: the subscription has no such role of its own.
            InUse: members or invitations have it.
        """
        row = await self._row(role_id, lock=True)
        check_generation(expected, row.generation)
        holders = (
            select(func.count())
            .select_from(SubscriptionMemberRow)
            .where(SubscriptionMemberRow.subscription_id == self._subscription.id, SubscriptionMemberRow.role == row.id)
        )
        count = await self._session.scalar(holders)
        if count:
            raise InUse(
                f"{count} members or invitations have the role {row.name!r}.",
                remedy="Give them another role first.",
                target=row.id,
            )
        await self._session.delete(row)
        self._work.emit("subscription_role.deleted", self._reference(row))

    async def _row(self, role_id: str, *, lock: bool = False) -> SubscriptionRoleRow:
        row = None
        if is_uuid(role_id):
            row = await self._session.get(SubscriptionRoleRow, role_id, with_for_update=lock or None)
        if row is None or row.subscription_id != self._subscription.id:
            raise NotFound("role of this subscription", role_id)
        return row

    def _reference(self, row: SubscriptionRoleRow) -> ResourceRef:
        return ResourceRef("subscription_role", row.id, row.name, subscription_id=self._subscription.id)


def to_role(row: SubscriptionRoleRow) -> SubscriptionRole:
    """Return a role of a subscription's own. A permission that no longer exists allows nothing."""
    return SubscriptionRole(row.id, row.name, row.description, _allowed(row.permissions), row.generation)


def _allowed(permissions: Sequence[str]) -> frozenset[Permission]:
    return ALWAYS | {permission for permission in HELD_IN_SUBSCRIPTIONS if permission.value in permissions}


async def role_of(work: UnitOfWork, subscription: SubscriptionRow, account_id: str) -> SubscriptionRole | None:
    """Return what an account is in a subscription; None: a stranger to it."""
    if subscription.account_id == account_id:
        return BUILT_IN[OWNER]
    member = await work.session.scalar(
        select(SubscriptionMemberRow).where(
            SubscriptionMemberRow.subscription_id == subscription.id, SubscriptionMemberRow.account_id == account_id
        )
    )
    return await SubscriptionRoles(work, subscription).get(member.role) if member is not None else None


def narrowed(role: SubscriptionRole, caller: Caller) -> SubscriptionRole:
    """Return what of a role is left to a caller whose credential is not for everything they may do."""
    return replace(role, permissions=role.permissions & (caller.permissions | ALWAYS))


async def allowed_by_subscription(work: UnitOfWork, caller: Caller) -> dict[str, frozenset[Permission]]:
    """Return what a caller may do, by the subscriptions that they own or are a member of."""
    allowed = await _allowed_by_subscription(work, caller.account_id)
    return {key: permissions for key, permissions in allowed.items() if caller.scope.reaches(key)}


async def _allowed_by_subscription(work: UnitOfWork, account_id: str) -> dict[str, frozenset[Permission]]:
    owned = await work.session.scalars(select(SubscriptionRow.id).where(SubscriptionRow.account_id == account_id))
    allowed = dict.fromkeys(owned, BUILT_IN[OWNER].permissions)
    memberships = (
        select(SubscriptionMemberRow.subscription_id, SubscriptionMemberRow.role, SubscriptionRoleRow.permissions)
        .outerjoin(SubscriptionRoleRow, cast(SubscriptionRoleRow.id, String) == SubscriptionMemberRow.role)
        .where(SubscriptionMemberRow.account_id == account_id)
    )
    for subscription_id, role_id, permissions in await work.session.execute(memberships):
        built_in = BUILT_IN.get(role_id)
        allowed[subscription_id] = built_in.permissions if built_in is not None else _allowed(permissions or [])
    return allowed
