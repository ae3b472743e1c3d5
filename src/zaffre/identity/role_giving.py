"""Who may give and take which roles at the site, and touch whose accounts."""

from collections.abc import Collection, Mapping

from sqlalchemy import select

from zaffre.foundation.errors import Forbidden
from zaffre.foundation.ids import is_uuid
from zaffre.foundation.work import UnitOfWork
from zaffre.identity.accounts import Accounts
from zaffre.identity.callers import Caller
from zaffre.identity.permissions import Permission, Role
from zaffre.identity.site_roles import BUILT_IN, SiteRoles, permissions_of
from zaffre.identity.tables import SiteRoleRow


class BeyondReach(Forbidden):
    """Somebody was to be changed who may do more than the caller."""

    code = "account.beyond_reach"
    title = "The account may do more than you"

    def __init__(self, email: str, missing: Collection[Permission]) -> None:
        super().__init__(
            f"{email} has permissions that you lack: {', '.join(sorted(missing))}.",
            remedy="Ask somebody who has them.",
        )


async def check_within_reach(work: UnitOfWork, caller: Caller, account_id: str) -> None:
    """See that an account may do nothing at the site that the caller may not: nobody overrules who may do more.

    Raises:
        NotFound: there is no such account.
        BeyondReach: it may.
    """
    row = await Accounts(work).get(account_id)
    # What a tenant may do is theirs, in their subscriptions; it is not more than what somebody else may do at the site.
    if row.role == Role.TENANT:
        return
    missing = await permissions_of(work, row.role) - caller.permissions
    if missing:
        raise BeyondReach(row.email, missing)


async def check_gives(work: UnitOfWork, caller: Caller, role_id: str) -> None:
    """See that the caller may give somebody a role; it stays until the transaction ends.

    Raises:
        Forbidden: any but a plain tenant's, without the permission to give roles.
        NotFound: there is no such role.
        MoreThanOwn: it is for more than the caller may do.
    """
    if role_id != Role.TENANT and not caller.may(Permission.ROLE_ADMIN):
        raise Forbidden(
            "You may not say who has which role at the site.",
            remedy="Ask somebody with the permission role.admin.",
            target="role",
        )
    await SiteRoles(work, caller.permissions).give(role_id)


async def role_names(work: UnitOfWork, role_ids: Collection[str]) -> Mapping[str, str]:
    """Return the names of roles; a role that is gone keeps its id for one."""
    names = {role_id: BUILT_IN[role_id].name if role_id in BUILT_IN else role_id for role_id in role_ids}
    own = [role_id for role_id in role_ids if role_id not in BUILT_IN and is_uuid(role_id)]
    if own:
        found = await work.session.execute(select(SiteRoleRow.id, SiteRoleRow.name).where(SiteRoleRow.id.in_(own)))
        names |= {str(role_id): str(name) for role_id, name in found}
    return names
