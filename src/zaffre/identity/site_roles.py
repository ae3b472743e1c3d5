"""Site roles: what accounts may do at the site.

Some are built in; a site administrator can put together others. A role is a set of permissions, read anew at each
request of those who hold it, so a change of a role is felt at once. Plain tenants are the exception: their role cannot
be changed, so nobody needs to look.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from zaffre.foundation.errors import Conflict, Forbidden, InUse, NameTaken, NotFound
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.ids import is_uuid
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.identity.permissions import DESCRIPTIONS, PERMISSIONS_OF, Permission, Role
from zaffre.identity.tables import AccountRow, SiteRoleRow

ROLES_PER_SITE = 100
ALWAYS = frozenset({Permission.ACCOUNT_SELF})
"""Whoever can sign in sees to their own password and second factor."""


@dataclass(frozen=True)
class SiteRole:
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
        """Whether every site has it, and nobody can change it."""
        return self.generation is None


BUILT_IN: Mapping[str, SiteRole] = {
    role.value: SiteRole(role.value, role.value, DESCRIPTIONS[role], PERMISSIONS_OF[role]) for role in Role
}


class MoreThanOwn(Forbidden):
    """Somebody was to get, or to lose, what the caller does not have."""

    code = "site_role.more_than_own"
    title = "Nobody gives or takes what they have not"

    def __init__(self, role: str, missing: Collection[Permission]) -> None:
        super().__init__(
            f"The role {role!r} has permissions that you lack: {', '.join(sorted(missing))}.",
            remedy="Ask somebody who has them.",
            target="permissions",
        )


class BuiltIn(Conflict):
    """A role that every site has was to be changed."""

    code = "site_role.built_in"
    title = "The role is built in"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The role {name!r} is built in.", remedy="Make a role of your own with the permissions that you want."
        )


class TooManySiteRoles(Conflict):
    """The site has as many roles of its own as it may."""

    code = "site_role.too_many"
    title = "Too many roles"

    def __init__(self) -> None:
        super().__init__(f"A site can have {ROLES_PER_SITE} roles of its own.", remedy="Delete one that nobody holds.")


class SiteRoles:
    """Rules for the site's roles inside one unit of work.

    `own` is what the caller may do: nobody makes, gives or takes a role with more than that.
    """

    def __init__(self, work: UnitOfWork, own: frozenset[Permission]) -> None:
        self._work = work
        self._session = work.session
        self._own = own

    async def list(self) -> Sequence[SiteRole]:
        """Return all roles: those built in, and then the site's own by name."""
        rows = await self._session.scalars(select(SiteRoleRow).order_by(SiteRoleRow.name))
        return [*BUILT_IN.values(), *(to_role(row) for row in rows)]

    async def get(self, role_id: str) -> SiteRole:
        """Return a role.

        Raises:
            NotFound: there is none.
        """
        return BUILT_IN.get(role_id) or to_role(await self._row(role_id))

    async def holders(self) -> Mapping[str, int]:
        """Return how many accounts hold each role that somebody holds."""
        counted = select(AccountRow.role, func.count()).group_by(AccountRow.role)
        return {str(role): int(count) for role, count in await self._session.execute(counted)}

    async def give(self, role_id: str) -> SiteRole:
        """Return a role to give to an account; it stays until the end of the transaction.

        Raises:
            NotFound: there is none.
            MoreThanOwn: it is for more than the caller may do.
        """
        role = BUILT_IN.get(role_id) or to_role(await self._row(role_id, lock=True))
        self.check_own(role)
        return role

    def check_own(self, role: SiteRole) -> None:
        """See that a role is for nothing that the caller may not do.

        Raises:
            MoreThanOwn: it is.
        """
        # Everybody may become, and cease to be, a plain tenant: whoever runs the site may do nothing for others there.
        missing = role.permissions - self._own if role.id != Role.TENANT else frozenset[Permission]()
        if missing:
            raise MoreThanOwn(role.name, missing)

    async def create(self, name: str, description: str, permissions: Collection[Permission]) -> SiteRole:
        """Make a role.

        Raises:
            NameTaken: another role has the name.
            MoreThanOwn: it would be for more than the caller may do.
            TooManySiteRoles: there are as many as may be.
        """
        self._refuse_built_in_name(name)
        if (await self._session.scalar(select(func.count()).select_from(SiteRoleRow)) or 0) >= ROLES_PER_SITE:
            raise TooManySiteRoles
        row = SiteRoleRow(
            id=self._work.ids.new(),
            name=name,
            description=description,
            permissions=sorted(permissions),
            created_at=self._work.clock.now(),
        )
        self.check_own(to_role(row, generation=1))
        await self._work.save(row, lambda _: NameTaken("site role", name))
        self._work.emit("site_role.created", reference(row), permissions=row.permissions)
        return to_role(row)

    async def change(
        self,
        role_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        permissions: Collection[Permission] | None = None,
        expected: int | None = None,
    ) -> SiteRole:
        """Change what is given; whoever holds the role may do what it says from their next request on.

        Raises:
            NotFound: there is no such role.
            BuiltIn: nobody can change it.
            PreconditionFailed: it is not at the expected generation.
            NameTaken: another role has the name.
            MoreThanOwn: it is, or would be, for more than the caller may do.
        """
        row = await self._own_row(role_id)
        check_generation(expected, row.generation)
        self.check_own(to_role(row))
        new_name = name if name is not None else row.name
        self._refuse_built_in_name(new_name)
        row.name = new_name
        row.description = description if description is not None else row.description
        row.permissions = sorted(permissions) if permissions is not None else row.permissions
        self.check_own(to_role(row))
        await self._work.save(row, lambda _: NameTaken("site role", new_name))
        self._work.emit("site_role.changed", reference(row), permissions=row.permissions)
        return to_role(row)

    async def delete(self, role_id: str, expected: int | None = None) -> None:
        """Delete a role that nobody holds.

        Raises:
            NotFound: there is no such role.
            BuiltIn: every site has it.
            InUse: accounts hold it.
            MoreThanOwn: it is for more than the caller may do.
        """
        row = await self._own_row(role_id, lock=True)
        check_generation(expected, row.generation)
        self.check_own(to_role(row))
        count = await self._session.scalar(
            select(func.count()).select_from(AccountRow).where(AccountRow.role == row.id)
        )
        if count:
            accounts = "1 account holds" if count == 1 else f"{count} accounts hold"
            raise InUse(f"{accounts} the role {row.name!r}.", remedy="Give them another role first.", target=row.id)
        await self._session.delete(row)
        self._work.emit("site_role.deleted", reference(row))

    @staticmethod
    def _refuse_built_in_name(name: str) -> None:
        if name.lower().replace(" ", "_") in BUILT_IN:
            raise NameTaken("site role", name)

    async def _own_row(self, role_id: str, *, lock: bool = False) -> SiteRoleRow:
        if role_id in BUILT_IN:
            raise BuiltIn(role_id)
        return await self._row(role_id, lock=lock)

    async def _row(self, role_id: str, *, lock: bool = False) -> SiteRoleRow:
        row = None
        if is_uuid(role_id):
            row = await self._session.get(SiteRoleRow, role_id, with_for_update=lock or None)
        if row is None:
            raise NotFound("site role", role_id)
        return row


def to_role(row: SiteRoleRow, generation: int | None = None) -> SiteRole:
    """Return a role of the site's own. A permission that no longer exists allows nothing."""
    known = {permission for permission in Permission if permission.value in row.permissions}
    return SiteRole(row.id, row.name, row.description, ALWAYS | known, generation or row.generation)


def reference(row: SiteRoleRow) -> ResourceRef:
    """Name a role in events; those who see the site's operations see them."""
    return ResourceRef("site_role", row.id, row.name)


async def permissions_of(work: UnitOfWork, role_id: str) -> frozenset[Permission]:
    """Return what a role allows now; a role that is gone allows nothing but one's own account."""
    built_in = BUILT_IN.get(role_id)
    if built_in is not None:
        return built_in.permissions
    row = await work.session.get(SiteRoleRow, role_id) if is_uuid(role_id) else None
    return to_role(row).permissions if row is not None else ALWAYS
