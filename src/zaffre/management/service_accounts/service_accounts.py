"""Rules for service accounts: a subscription's own, and the site's."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select

from zaffre.foundation.errors import Conflict, InUse, NameTaken, NotFound
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.identity.accounts import Accounts, AccountState, NewAccount, service_address
from zaffre.identity.permissions import Permission, Role
from zaffre.identity.scopes import Scope
from zaffre.identity.tables import AccountRow
from zaffre.management.roles import SubscriptionRoles
from zaffre.management.service_accounts.tables import ServiceAccountRow
from zaffre.management.tables import SubscriptionMemberRow, SubscriptionRow

SITE = "site"
SERVICE_ACCOUNTS_PER_OWNER = 50

LISTING = Listing(
    ServiceAccountRow,
    {
        "id": Field(ServiceAccountRow.id, FieldType.ID),
        "name": Field(ServiceAccountRow.name, FieldType.TEXT, searchable=True),
        "created_at": Field(ServiceAccountRow.created_at, FieldType.INSTANT),
    },
    key=ServiceAccountRow.id,
    order="name",
)


class TooManyServiceAccounts(Conflict):
    """There are as many as may be."""

    code = "service_account.too_many"
    title = "Too many service accounts"

    def __init__(self) -> None:
        super().__init__(
            f"There can be {SERVICE_ACCOUNTS_PER_OWNER} service accounts here.", remedy="Delete one that is not used."
        )


@dataclass(frozen=True)
class ServiceAccount:
    """A service account with what it may do."""

    row: ServiceAccountRow
    account: AccountRow
    role: str
    """At the site, or in its subscription."""


class ServiceAccounts:
    """The service accounts of a subscription, or of the site, inside one unit of work."""

    def __init__(self, work: UnitOfWork, subscription: SubscriptionRow | None) -> None:
        self._work = work
        self._session = work.session
        self._subscription = subscription
        self._owner_key = subscription.id if subscription is not None else SITE

    async def page(self, query: ListQuery) -> tuple[Rows[ServiceAccountRow], Sequence[ServiceAccount]]:
        """Return a page of them, also with what they may do."""
        found = await LISTING.rows(self._session, query, ServiceAccountRow.owner_key == self._owner_key)
        return found, await self._with_roles(found.rows)

    async def get(self, account_id: str) -> ServiceAccount:
        """Return one.

        Raises:
            NotFound: there is none here.
        """
        row = await self._session.get(ServiceAccountRow, account_id)
        if row is None or row.owner_key != self._owner_key:
            raise NotFound("service account", account_id)
        return (await self._with_roles([row]))[0]

    async def create(self, name: str, role: str) -> ServiceAccount:
        """Make one, with a role at the site or in the subscription.

        Raises:
            TooManyServiceAccounts: there are as many as may be.
            NameTaken: another has the name.
            NotFound: the subscription has no such role.
        """
        await self._make_sure_of_room()
        at_site = Role.TENANT.value if self._subscription is not None else role
        account = await Accounts(self._work).create(
            NewAccount(service_address(name, self._work.ids.new()), name, None, at_site)
        )
        now = self._work.clock.now()
        row = ServiceAccountRow(
            id=account.id,
            subscription_id=self._subscription.id if self._subscription is not None else None,
            owner_key=self._owner_key,
            name=name,
            created_at=now,
        )
        await self._work.save(row, lambda _: NameTaken("service account", name))
        if self._subscription is not None:
            await SubscriptionRoles(self._work, self._subscription).hold(role)
            self._work.add(
                SubscriptionMemberRow(
                    id=self._work.ids.new(),
                    subscription_id=self._subscription.id,
                    email=account.email,
                    account_id=account.id,
                    role=role,
                    created_at=now,
                )
            )
        self._work.emit("service_account.created", self._reference(row), role=role)
        return ServiceAccount(row, account, role)

    async def change(
        self, found: ServiceAccount, *, role: str | None = None, state: AccountState | None = None
    ) -> ServiceAccount:
        """Give it another role; suspend or activate it. Its tokens stop at once while it is suspended.

        Raises:
            NotFound: the subscription has no such role.
        """
        at_site = role if self._subscription is None else None
        await Accounts(self._work).change(found.account.id, role=at_site, state=state)
        if role is not None and self._subscription is not None:
            await SubscriptionRoles(self._work, self._subscription).hold(role)
            member = await self._session.scalar(
                select(SubscriptionMemberRow).where(
                    SubscriptionMemberRow.subscription_id == self._subscription.id,
                    SubscriptionMemberRow.account_id == found.account.id,
                )
            )
            if member is not None:
                member.role = role
        self._work.emit("service_account.changed", self._reference(found.row), role=role, state=state)
        return await self.get(found.row.id)

    async def delete(self, found: ServiceAccount) -> None:
        """Delete it with its tokens: what it made stays."""
        self._work.emit("service_account.deleted", self._reference(found.row))
        name = found.row.name
        await self._session.delete(found.row)
        await self._session.flush()
        await self._work.remove(found.account, lambda _: InUse(f"{name} owns something.", remedy="Delete that first."))

    def scope(self, scopes: Sequence[Permission] | None, held: Collection[Permission]) -> Scope:
        """Return what a token of one is for: never more than the place where the account works.

        A token of the site's is for no more than what its maker holds, and never for the account itself: nobody sets up
        second factors for a program.
        """
        if self._subscription is not None:
            return Scope.of(scopes, [self._subscription.id])
        return Scope.of([each for each in scopes or held if each is not Permission.ACCOUNT_SELF], None)

    async def _make_sure_of_room(self) -> None:
        """Count with the owner locked where there is one, so that two racing requests count one another."""
        if self._subscription is not None:
            locked = select(SubscriptionRow.id).where(SubscriptionRow.id == self._subscription.id)
            await self._session.execute(locked.with_for_update())
        held = select(func.count()).select_from(ServiceAccountRow)
        count = await self._session.scalar(held.where(ServiceAccountRow.owner_key == self._owner_key))
        if (count or 0) >= SERVICE_ACCOUNTS_PER_OWNER:
            raise TooManyServiceAccounts

    async def _with_roles(self, rows: Sequence[ServiceAccountRow]) -> Sequence[ServiceAccount]:
        ids = [row.id for row in rows]
        found = await self._session.scalars(select(AccountRow).where(AccountRow.id.in_(ids)))
        accounts = {account.id: account for account in found}
        roles: Mapping[str, str] = {account.id: account.role for account in accounts.values()}
        if self._subscription is not None:
            members = await self._session.scalars(
                select(SubscriptionMemberRow).where(
                    SubscriptionMemberRow.subscription_id == self._subscription.id,
                    SubscriptionMemberRow.account_id.in_(ids),
                )
            )
            roles = {str(member.account_id): member.role for member in members}
        return [ServiceAccount(row, accounts[row.id], roles[row.id]) for row in rows]

    def _reference(self, row: ServiceAccountRow) -> ResourceRef:
        return ResourceRef("service_account", row.id, row.name, subscription_id=row.subscription_id)


async def forget_service_accounts(work: UnitOfWork, subscription_id: str) -> None:
    """Delete the service accounts of a subscription that goes."""
    ids = list(
        await work.session.scalars(
            select(ServiceAccountRow.id).where(ServiceAccountRow.subscription_id == subscription_id)
        )
    )
    if ids:
        await work.session.execute(delete(ServiceAccountRow).where(ServiceAccountRow.id.in_(ids)))
        await work.session.execute(delete(AccountRow).where(AccountRow.id.in_(ids)))
