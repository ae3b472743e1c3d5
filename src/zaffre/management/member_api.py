"""Routes of a subscription's members and roles, and of the invitations to one's own account."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import AfterValidator, Field

from zaffre.foundation.http.etags import IfMatch, set_etag
from zaffre.foundation.http.lists import Listed, Page
from zaffre.foundation.http.routing import TransactionalRoute, Work
from zaffre.foundation.http.wire import Body, Name, PathId, ResourceView, Text, View
from zaffre.foundation.work import UnitOfWork
from zaffre.identity import HELD_IN_SUBSCRIPTIONS, CurrentCaller, Permission, requires
from zaffre.identity.api import Email
from zaffre.identity.services import Identity
from zaffre.management.members import Invitation, Invitations, Members
from zaffre.management.roles import SubscriptionRole, SubscriptionRoles
from zaffre.management.subscriptions import CurrentSubscription, Subscriptions
from zaffre.management.tables import SubscriptionMemberRow, SubscriptionRow

members = APIRouter(tags=["members and roles"], route_class=TransactionalRoute)

RoleId = Annotated[str, Field(pattern="^[a-z0-9-]{1,36}$")]
"""`owner`, `contributor`, `reader`, or the id of one of the subscription's own roles."""
RolePathId = Annotated[str, Path(pattern="^[a-z0-9-]{1,36}$")]


def _held_in_subscriptions(permission: Permission) -> Permission:
    if permission not in HELD_IN_SUBSCRIPTIONS:
        raise ValueError("must be a permission that is held in subscriptions")
    return permission


RolePermissions = Annotated[
    list[Annotated[Permission, AfterValidator(_held_in_subscriptions)]], Field(min_length=1, max_length=100)
]


class InvitationBody(Body):
    """Somebody to invite."""

    email: Email
    role: RoleId


class MemberChangeBody(Body):
    """Another role for a member."""

    role: RoleId


class MemberView(ResourceView):
    """Somebody who works in a subscription, or has been invited to."""

    subscription_id: str
    email: str
    role: str
    role_name: str
    accepted: bool
    """False: has been invited and not answered yet."""

    @classmethod
    async def read(
        cls, work: UnitOfWork, subscription: SubscriptionRow, rows: Sequence[SubscriptionMemberRow]
    ) -> "list[MemberView]":
        """Shape rows with the names of their roles."""
        names = {role.id: role.name for role in await SubscriptionRoles(work, subscription).list()}
        return [cls._of(row, names[row.role]) for row in rows]

    @classmethod
    async def one(
        cls, work: UnitOfWork, subscription: SubscriptionRow, row: SubscriptionMemberRow, response: Response
    ) -> "MemberView":
        """Shape one row, with its ETag."""
        set_etag(response, row.generation)
        return (await cls.read(work, subscription, [row]))[0]

    @classmethod
    def _of(cls, row: SubscriptionMemberRow, role_name: str) -> "MemberView":
        return cls(
            id=row.id,
            generation=row.generation,
            created_at=row.created_at,
            subscription_id=row.subscription_id,
            email=row.email,
            role=row.role,
            role_name=role_name,
            accepted=row.account_id is not None,
        )


class InvitationView(View):
    """A subscription that the caller has been invited to work in."""

    id: str
    subscription_id: str
    subscription_name: str
    role: str
    role_name: str
    created_at: datetime

    @classmethod
    def of(cls, invitation: Invitation) -> "InvitationView":
        """Shape an invitation."""
        return cls(
            id=invitation.member.id,
            subscription_id=invitation.subscription.id,
            subscription_name=invitation.subscription.name,
            role=invitation.role.id,
            role_name=invitation.role.name,
            created_at=invitation.member.created_at,
        )


class NewRoleBody(Body):
    """A role to add to a subscription."""

    name: Name
    description: Text = ""
    permissions: RolePermissions


class RoleChangeBody(Body):
    """What may change of a role; what is left out stays."""

    name: Name | None = None
    description: Text | None = None
    permissions: RolePermissions | None = None


class SubscriptionRoleView(View):
    """What members may do who have the role."""

    id: str
    """For a role that is built in, its name."""
    name: str
    description: str
    permissions: list[Permission]
    built_in: bool
    generation: int | None
    """None for a role that is built in."""

    @classmethod
    def of(cls, role: SubscriptionRole, response: Response | None = None) -> "SubscriptionRoleView":
        """Shape a role, with its ETag where there is one answer."""
        if response is not None and role.generation is not None:
            set_etag(response, role.generation)
        return cls(
            id=role.id,
            name=role.name,
            description=role.description,
            permissions=sorted(role.permissions),
            built_in=role.built_in,
            generation=role.generation,
        )


_MEMBERS = "/subscriptions/{subscription_id}/members"
_ROLES = "/subscriptions/{subscription_id}/roles"


@members.get(_MEMBERS, dependencies=[requires(Permission.SUBSCRIPTION_READ)])
async def list_members(
    request: Request, subscription: CurrentSubscription, query: Listed, work: Work
) -> Page[MemberView]:
    """List who works in the subscription besides its owner, and who has been invited."""
    found = await Members(work, subscription).page(query)
    return found.page(request, await MemberView.read(work, subscription, found.rows))


@members.get(_MEMBERS + "/{member_id}", dependencies=[requires(Permission.SUBSCRIPTION_READ)])
async def get_member(
    member_id: PathId, subscription: CurrentSubscription, work: Work, response: Response
) -> MemberView:
    """Show a member."""
    row = await Members(work, subscription).get(member_id)
    return await MemberView.one(work, subscription, row, response)


@members.post(_MEMBERS, status_code=201, dependencies=[requires(Permission.SUBSCRIPTION_MEMBERS)])
async def invite_member(
    subscription: CurrentSubscription, body: InvitationBody, work: Work, caller: CurrentCaller, response: Response
) -> MemberView:
    """Invite somebody by their address; they become a member when they accept."""
    await _check_grant(work, caller, subscription, body.role)
    row = await Members(work, subscription).invite(body.email, body.role)
    return await MemberView.one(work, subscription, row, response)


@members.patch(_MEMBERS + "/{member_id}", dependencies=[requires(Permission.SUBSCRIPTION_MEMBERS)])
async def change_member(
    member_id: PathId,
    subscription: CurrentSubscription,
    body: MemberChangeBody,
    work: Work,
    caller: CurrentCaller,
    if_match: IfMatch,
    response: Response,
) -> MemberView:
    """Give a member another role, which counts from the next request on."""
    listed = Members(work, subscription)
    await _check_grant(work, caller, subscription, (await listed.get(member_id)).role)
    await _check_grant(work, caller, subscription, body.role)
    row = await listed.change_role(member_id, body.role, if_match)
    return await MemberView.one(work, subscription, row, response)


@members.delete(_MEMBERS + "/{member_id}", status_code=204, dependencies=[requires(Permission.SUBSCRIPTION_MEMBERS)])
async def remove_member(
    member_id: PathId, subscription: CurrentSubscription, work: Work, caller: CurrentCaller, if_match: IfMatch
) -> None:
    """Take a member's rights away, or an invitation back. Consoles that the member has open end."""
    listed = Members(work, subscription)
    await _check_grant(work, caller, subscription, (await listed.get(member_id)).role)
    await listed.remove(member_id, if_match)


@members.delete(
    "/subscriptions/{subscription_id}/membership", status_code=204, dependencies=[requires(Permission.ACCOUNT_SELF)]
)
async def leave_subscription(subscription_id: PathId, work: Work, caller: CurrentCaller) -> None:
    """End one's own membership in a subscription."""
    await Invitations(work, caller.account_id).leave(subscription_id)


@members.get(_ROLES, dependencies=[requires(Permission.SUBSCRIPTION_READ)])
async def list_subscription_roles(subscription: CurrentSubscription, work: Work) -> Page[SubscriptionRoleView]:
    """List the roles that members can have."""
    roles = await SubscriptionRoles(work, subscription).list()
    return Page[SubscriptionRoleView](value=[SubscriptionRoleView.of(role) for role in roles])


@members.get(_ROLES + "/{role_id}", dependencies=[requires(Permission.SUBSCRIPTION_READ)])
async def get_subscription_role(
    role_id: RolePathId, subscription: CurrentSubscription, work: Work, response: Response
) -> SubscriptionRoleView:
    """Show a role."""
    return SubscriptionRoleView.of(await SubscriptionRoles(work, subscription).get(role_id), response)


@members.post(_ROLES, status_code=201, dependencies=[requires(Permission.SUBSCRIPTION_MEMBERS)])
async def create_subscription_role(
    subscription: CurrentSubscription, body: NewRoleBody, work: Work, caller: CurrentCaller, response: Response
) -> SubscriptionRoleView:
    """Put a role together. Nobody can put into it what they may not do themselves."""
    await Subscriptions(work, caller).check_holds(subscription, body.permissions)
    role = await SubscriptionRoles(work, subscription).create(body.name, body.description, body.permissions)
    return SubscriptionRoleView.of(role, response)


@members.patch(_ROLES + "/{role_id}", dependencies=[requires(Permission.SUBSCRIPTION_MEMBERS)])
async def change_subscription_role(
    role_id: PathId,
    subscription: CurrentSubscription,
    body: RoleChangeBody,
    work: Work,
    caller: CurrentCaller,
    if_match: IfMatch,
    response: Response,
) -> SubscriptionRoleView:
    """Change one of the subscription's own roles; it counts at once for everybody who has it."""
    await _check_grant(work, caller, subscription, role_id)
    await Subscriptions(work, caller).check_holds(subscription, body.permissions or [])
    role = await SubscriptionRoles(work, subscription).change(
        role_id, name=body.name, description=body.description, permissions=body.permissions, expected=if_match
    )
    return SubscriptionRoleView.of(role, response)


@members.delete(_ROLES + "/{role_id}", status_code=204, dependencies=[requires(Permission.SUBSCRIPTION_MEMBERS)])
async def delete_subscription_role(
    role_id: PathId, subscription: CurrentSubscription, work: Work, if_match: IfMatch
) -> None:
    """Remove one of the subscription's own roles, which nobody has any more."""
    await SubscriptionRoles(work, subscription).delete(role_id, if_match)


@members.get("/invitations", dependencies=[requires(Permission.ACCOUNT_SELF)])
async def list_invitations(work: Work, caller: CurrentCaller) -> Page[InvitationView]:
    """List the invitations that wait for one's answer."""
    invitations = await Invitations(work, caller.account_id).list()
    return Page[InvitationView](value=[InvitationView.of(invitation) for invitation in invitations])


@members.post("/invitations/{invitation_id}/accept", dependencies=[requires(Permission.ACCOUNT_SELF)])
async def accept_invitation(
    invitation_id: PathId, work: Work, caller: CurrentCaller, identity: Identity, response: Response
) -> MemberView:
    """Become a member of the subscription. Where the site sends mail, one's address must be verified."""
    await identity.check_verified(work, caller)
    row = await Invitations(work, caller.account_id).accept(invitation_id)
    subscription = await Subscriptions(work, caller).get(row.subscription_id)
    return await MemberView.one(work, subscription, row, response)


@members.post("/invitations/{invitation_id}/decline", status_code=204, dependencies=[requires(Permission.ACCOUNT_SELF)])
async def decline_invitation(invitation_id: PathId, work: Work, caller: CurrentCaller) -> None:
    """Send an invitation back."""
    await Invitations(work, caller.account_id).decline(invitation_id)


async def _check_grant(work: Work, caller: CurrentCaller, subscription: CurrentSubscription, role_id: str) -> None:
    """Refuse to give or take a role which allows what the caller may not do themselves."""
    role = await SubscriptionRoles(work, subscription).get(role_id)
    await Subscriptions(work, caller).check_holds(subscription, role.permissions)
