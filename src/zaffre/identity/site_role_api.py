"""Routes of site roles: which there are, what they allow, who holds them."""

from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import Field

from zaffre.foundation.http.etags import IfMatch, set_etag
from zaffre.foundation.http.lists import Page
from zaffre.foundation.http.routing import TransactionalRoute, Work
from zaffre.foundation.http.wire import Body, Name, Text, View
from zaffre.identity.callers import CurrentCaller, requires
from zaffre.identity.permissions import Permission
from zaffre.identity.site_roles import SiteRole, SiteRoles

administration = APIRouter(prefix="/site-roles", tags=["site roles"], route_class=TransactionalRoute)

RoleId = Annotated[str, Path(pattern=r"^[a-z0-9_-]{1,36}$")]
RolePermissions = Annotated[list[Permission], Field(min_length=1, max_length=200)]


class NewSiteRoleBody(Body):
    """A role to make."""

    name: Name
    description: Text = ""
    permissions: RolePermissions


class SiteRoleChangeBody(Body):
    """A change of a role; what is left out stays."""

    name: Name | None = None
    description: Text | None = None
    permissions: RolePermissions | None = None


class SiteRoleView(View):
    """What an account can be at the site."""

    id: str
    """For a role that is built in, its name."""
    name: str
    description: str
    permissions: list[Permission]
    built_in: bool
    """Whether every site has it, and nobody can change it."""
    holders: int
    """How many accounts have it."""
    generation: int | None
    """Null: it is built in."""

    @classmethod
    async def one(cls, roles: SiteRoles, role: SiteRole, response: Response) -> "SiteRoleView":
        """Shape a role, with its ETag."""
        if role.generation is not None:
            set_etag(response, role.generation)
        return cls.of(role, (await roles.holders()).get(role.id, 0))

    @classmethod
    def of(cls, role: SiteRole, holders: int) -> "SiteRoleView":
        """Shape a role."""
        return cls(
            id=role.id,
            name=role.name,
            description=role.description,
            permissions=sorted(role.permissions),
            built_in=role.built_in,
            holders=holders,
            generation=role.generation,
        )


class PermissionView(View):
    """Something that can be allowed."""

    id: Permission
    text: str
    """What it allows."""
    own: bool
    """Whether the caller has it, and can therefore put it into a role."""


@administration.get("", dependencies=[requires(Permission.ROLE_READ)])
async def list_site_roles(work: Work, caller: CurrentCaller) -> Page[SiteRoleView]:
    """List what accounts can be at the site: the roles that are built in, and then the site's own by name."""
    roles = SiteRoles(work, caller.permissions)
    holders = await roles.holders()
    return Page[SiteRoleView](value=[SiteRoleView.of(role, holders.get(role.id, 0)) for role in await roles.list()])


@administration.get("/permissions", dependencies=[requires(Permission.ROLE_READ)])
async def list_permissions(caller: CurrentCaller) -> Page[PermissionView]:
    """List everything that a role can allow."""
    own = caller.permissions
    return Page[PermissionView](value=[PermissionView(id=each, text=each.text, own=each in own) for each in Permission])


@administration.post("", status_code=201, dependencies=[requires(Permission.ROLE_ADMIN)])
async def create_site_role(
    body: NewSiteRoleBody, work: Work, caller: CurrentCaller, response: Response
) -> SiteRoleView:
    """Make a role. It can allow no more than one may do oneself."""
    roles = SiteRoles(work, caller.permissions)
    return await SiteRoleView.one(roles, await roles.create(body.name, body.description, body.permissions), response)


@administration.get("/{role_id}", dependencies=[requires(Permission.ROLE_READ)])
async def get_site_role(role_id: RoleId, work: Work, caller: CurrentCaller, response: Response) -> SiteRoleView:
    """Show a role."""
    roles = SiteRoles(work, caller.permissions)
    return await SiteRoleView.one(roles, await roles.get(role_id), response)


@administration.patch("/{role_id}", dependencies=[requires(Permission.ROLE_ADMIN)])
async def change_site_role(
    role_id: RoleId,
    body: SiteRoleChangeBody,
    work: Work,
    caller: CurrentCaller,
    if_match: IfMatch,
    response: Response,
) -> SiteRoleView:
    """Change a role; whoever holds it may do what it says from their next request on."""
    roles = SiteRoles(work, caller.permissions)
    changed = await roles.change(
        role_id, name=body.name, description=body.description, permissions=body.permissions, expected=if_match
    )
    return await SiteRoleView.one(roles, changed, response)


@administration.delete("/{role_id}", status_code=204, dependencies=[requires(Permission.ROLE_ADMIN)])
async def delete_site_role(role_id: RoleId, work: Work, caller: CurrentCaller, if_match: IfMatch) -> None:
    """Delete a role that nobody holds."""
    await SiteRoles(work, caller.permissions).delete(role_id, expected=if_match)
