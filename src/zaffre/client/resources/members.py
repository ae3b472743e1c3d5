"""Who works in a subscription: members, roles, and the invitations to one's own account."""

from collections.abc import Sequence

from zaffre.client.collection import Collection, Listing
from zaffre.client.connection import Connection, parsed
from zaffre.client.models import (
    InvitationBody,
    InvitationView,
    MemberChangeBody,
    MemberView,
    NewRoleBody,
    Permission,
    RoleChangeBody,
    SubscriptionRoleView,
)


class Members(Collection[MemberView, MemberView]):
    """Who works in a subscription besides its owner, and who has been invited."""

    noun = "member"
    name_field = "email"

    def __init__(self, connection: Connection, path: str) -> None:
        """Use the members of the subscription at `path`."""
        super().__init__(connection, path, MemberView, MemberView)

    def invite(self, email: str, role: str) -> MemberView:
        """Invite somebody in a role: the name of one that is built in, or the id of one of the subscription's own."""
        return self._create(InvitationBody(email=email, role=role))

    def change_role(self, member_id: str, role: str, if_match: int | None = None) -> MemberView:
        """Give a member another role."""
        return self._change(member_id, MemberChangeBody(role=role), MemberView, if_match)

    def remove(self, member_id: str, if_match: int | None = None) -> None:
        """Take a member's rights away, or an invitation back."""
        self._delete(member_id, if_match)


class SubscriptionRoles(Collection[SubscriptionRoleView, SubscriptionRoleView]):
    """What members can be: the roles that are built in, and the subscription's own."""

    noun = "role"
    filterable = False

    def __init__(self, connection: Connection, path: str) -> None:
        """Use the roles of the subscription at `path`."""
        super().__init__(connection, path, SubscriptionRoleView, SubscriptionRoleView)

    def create(self, name: str, permissions: Sequence[Permission], description: str = "") -> SubscriptionRoleView:
        """Put a role together."""
        return self._create(NewRoleBody(name=name, description=description, permissions=list(permissions)))

    def change(self, role_id: str, change: RoleChangeBody, if_match: int | None = None) -> SubscriptionRoleView:
        """Change one of the subscription's own roles."""
        return self._change(role_id, change, SubscriptionRoleView, if_match)

    def delete(self, role_id: str, if_match: int | None = None) -> None:
        """Remove a role that nobody has.

        Raises:
            ZaffreError: members have it.
        """
        self._delete(role_id, if_match)


class Invitations(Listing[InvitationView]):
    """The invitations that wait for one's answer."""

    noun = "invitation"
    name_field = "subscription_name"
    filterable = False

    def __init__(self, connection: Connection) -> None:
        """Use the account's invitations."""
        super().__init__(connection, "/invitations", InvitationView)

    def accept(self, invitation_id: str) -> MemberView:
        """Become a member of the subscription."""
        return parsed(self._connection.ask("POST", f"/invitations/{invitation_id}/accept"), MemberView)

    def decline(self, invitation_id: str) -> None:
        """Send an invitation back."""
        self._connection.ask("POST", f"/invitations/{invitation_id}/decline")
