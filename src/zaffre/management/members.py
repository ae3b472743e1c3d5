"""Members: who works in a subscription besides its owner.

People are invited by their address and become members when they accept. An invitation says nothing about whether the
address has an account, so that nobody learns from it who else uses the site.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from zaffre.foundation.errors import Conflict, NotFound
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.identity.accounts import SERVICE_DOMAIN
from zaffre.identity.tables import AccountRow
from zaffre.management.roles import SubscriptionRole, SubscriptionRoles
from zaffre.management.tables import SubscriptionMemberRow, SubscriptionRow

MEMBERS_PER_SUBSCRIPTION = 200
INVITATIONS_SHOWN = 200
PEOPLE = SubscriptionMemberRow.email.not_like(f"%@{SERVICE_DOMAIN}")
"""Service accounts are listed apart."""

LISTING = Listing(
    SubscriptionMemberRow,
    {
        "id": Field(SubscriptionMemberRow.id, FieldType.ID),
        "email": Field(SubscriptionMemberRow.email, FieldType.TEXT, searchable=True),
        "role": Field(SubscriptionMemberRow.role, FieldType.TEXT),
        "created_at": Field(SubscriptionMemberRow.created_at, FieldType.INSTANT),
    },
    key=SubscriptionMemberRow.id,
    order="email",
)


class MemberExists(Conflict):
    """The address has been invited already, or it is the owner's."""

    code = "subscription.member_exists"
    title = "Already a member"

    def __init__(self, email: str) -> None:
        super().__init__(
            f"{email} is a member of this subscription or has been invited.",
            remedy="Change that member's role instead.",
            target="email",
        )


class TooManyMembers(Conflict):
    """The subscription has as many members as it may."""

    code = "subscription.too_many_members"
    title = "Too many members"

    def __init__(self) -> None:
        super().__init__(
            f"A subscription can have {MEMBERS_PER_SUBSCRIPTION} members, invitations included.",
            remedy="Remove somebody first.",
        )


@dataclass(frozen=True)
class Invitation:
    """An invitation as the one sees who is invited."""

    member: SubscriptionMemberRow
    subscription: SubscriptionRow
    role: SubscriptionRole


class Members:
    """Rules for one subscription's members inside one unit of work."""

    def __init__(self, work: UnitOfWork, subscription: SubscriptionRow) -> None:
        self._work = work
        self._session = work.session
        self._subscription = subscription
        self._roles = SubscriptionRoles(work, subscription)

    async def page(self, query: ListQuery) -> Rows[SubscriptionMemberRow]:
        """Return a page of members and invitations. The owner is not among them, nor are programs."""
        return await LISTING.rows(
            self._session, query, SubscriptionMemberRow.subscription_id == self._subscription.id, PEOPLE
        )

    async def get(self, member_id: str) -> SubscriptionMemberRow:
        """Return a member or an invitation.

        Raises:
            NotFound: the subscription has none with this id.
        """
        row = await self._session.get(SubscriptionMemberRow, member_id)
        if row is None or row.subscription_id != self._subscription.id or row.email.endswith(f"@{SERVICE_DOMAIN}"):
            raise NotFound("member", member_id)
        return row

    async def invite(self, email: str, role_id: str) -> SubscriptionMemberRow:
        """Invite somebody to work in the subscription.

        Raises:
            NotFound: the subscription has no such role.
            MemberExists: the address has been invited already, or it is the owner's.
            TooManyMembers: there are as many as may be.
        """
        email = email.lower()
        await self._roles.hold(role_id)
        owner = await self._session.get_one(AccountRow, self._subscription.account_id)
        if owner.email == email:
            raise MemberExists(email)
        await self._make_sure_of_room()
        row = SubscriptionMemberRow(
            id=self._work.ids.new(),
            subscription_id=self._subscription.id,
            email=email,
            role=role_id,
            created_at=self._work.clock.now(),
        )
        await self._work.save(row, lambda _: MemberExists(email))
        self._work.emit("subscription_member.invited", reference(row), role=role_id)
        return row

    async def change_role(self, member_id: str, role_id: str, expected: int | None = None) -> SubscriptionMemberRow:
        """Let a member, or somebody invited, have another role.

        Raises:
            NotFound: there is no such member, or no such role.
            PreconditionFailed: the member is not at the expected generation.
        """
        row = await self.get(member_id)
        check_generation(expected, row.generation)
        await self._roles.hold(role_id)
        if row.role != role_id:
            row.role = role_id
            await self._session.flush()
            self._work.emit("subscription_member.role_changed", reference(row), role=role_id)
        return row

    async def remove(self, member_id: str, expected: int | None = None) -> None:
        """Take a member's rights away, or an invitation back; both at once.

        Raises:
            NotFound: there is no such member.
        """
        row = await self.get(member_id)
        check_generation(expected, row.generation)
        await self._session.delete(row)
        self._work.emit("subscription_member.removed", reference(row))

    async def _make_sure_of_room(self) -> None:
        """Count with the subscription locked, so that two racing invitations count one another."""
        await self._session.execute(
            select(SubscriptionRow.id).where(SubscriptionRow.id == self._subscription.id).with_for_update()
        )
        members = (
            select(func.count())
            .select_from(SubscriptionMemberRow)
            .where(SubscriptionMemberRow.subscription_id == self._subscription.id)
        )
        if (await self._session.scalar(members) or 0) >= MEMBERS_PER_SUBSCRIPTION:
            raise TooManyMembers


class Invitations:
    """What an account has been invited to, and is a member of, inside one unit of work."""

    def __init__(self, work: UnitOfWork, account_id: str) -> None:
        self._work = work
        self._session = work.session
        self._account_id = account_id

    async def list(self) -> Sequence[Invitation]:
        """Return the invitations that wait for the account's answer, oldest first."""
        statement = (
            select(SubscriptionMemberRow, SubscriptionRow)
            .join(SubscriptionRow, SubscriptionRow.id == SubscriptionMemberRow.subscription_id)
            .where(
                SubscriptionMemberRow.email == (await self._account()).email,
                SubscriptionMemberRow.account_id.is_(None),
            )
            .order_by(SubscriptionMemberRow.created_at, SubscriptionMemberRow.id)
            .limit(INVITATIONS_SHOWN)
        )
        found = (await self._session.execute(statement)).all()
        return [
            Invitation(member, subscription, await SubscriptionRoles(self._work, subscription).get(member.role))
            for member, subscription in found
        ]

    async def accept(self, invitation_id: str) -> SubscriptionMemberRow:
        """Become a member.

        Raises:
            NotFound: the account has no such invitation.
        """
        row = await self._waiting(invitation_id)
        email, row.account_id = row.email, self._account_id
        await self._work.save(row, lambda _: MemberExists(email))
        self._work.emit("subscription_member.joined", reference(row), role=row.role)
        return row

    async def decline(self, invitation_id: str) -> None:
        """Send an invitation back.

        Raises:
            NotFound: the account has no such invitation.
        """
        row = await self._waiting(invitation_id)
        await self._session.delete(row)
        self._work.emit("subscription_member.declined", reference(row))

    async def leave(self, subscription_id: str) -> None:
        """End one's own membership.

        Raises:
            NotFound: the account is no member of it. (Its owner is not: a subscription always has an owner.)
        """
        row = await self._session.scalar(
            select(SubscriptionMemberRow).where(
                SubscriptionMemberRow.subscription_id == subscription_id,
                SubscriptionMemberRow.account_id == self._account_id,
            )
        )
        if row is None:
            raise NotFound("membership in subscription", subscription_id)
        await self._session.delete(row)
        self._work.emit("subscription_member.left", reference(row))

    async def _waiting(self, invitation_id: str) -> SubscriptionMemberRow:
        row = await self._session.get(SubscriptionMemberRow, invitation_id, with_for_update=True)
        if row is None or row.account_id is not None or row.email != (await self._account()).email:
            raise NotFound("invitation", invitation_id)
        return row

    async def _account(self) -> AccountRow:
        return await self._session.get_one(AccountRow, self._account_id)


def reference(row: SubscriptionMemberRow) -> ResourceRef:
    """Name a member in events; the subscription's members see them, and the member."""
    return ResourceRef(
        "subscription_member", row.id, row.email, subscription_id=row.subscription_id, account_id=row.account_id
    )
