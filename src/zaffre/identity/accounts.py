"""Accounts: the people and programs that can sign in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete, select

from zaffre.foundation.errors import Conflict, NotFound
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.identity.permissions import Role
from zaffre.identity.tables import AccountRow, SessionRow

SERVICE_DOMAIN = "service.invalid"
"""Where the addresses of service accounts are: names that never lead anywhere (RFC 6761)."""

LISTING = Listing(
    AccountRow,
    {
        "id": Field(AccountRow.id, FieldType.ID),
        "email": Field(AccountRow.email, FieldType.TEXT, searchable=True),
        "name": Field(AccountRow.name, FieldType.TEXT, searchable=True),
        "role": Field(AccountRow.role, FieldType.TEXT),
        "state": Field(AccountRow.state, FieldType.TEXT),
        "created_at": Field(AccountRow.created_at, FieldType.INSTANT),
    },
    key=AccountRow.id,
    order="email",
)


class AccountState(StrEnum):
    """Whether an account can sign in."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


class EmailTaken(Conflict):
    """Somebody has signed up with this address."""

    code = "account.email_taken"
    title = "The e-mail address is taken"

    def __init__(self, email: str) -> None:
        super().__init__(
            f"There is already an account for {email}.",
            remedy="Sign in, or sign up with another address.",
            target="email",
        )


class LastAdministrator(Conflict):
    """The site would be left without anybody who can run it."""

    code = "account.last_administrator"
    title = "The site needs an administrator"

    def __init__(self) -> None:
        super().__init__(
            "This is the only active site administrator.",
            remedy="Make another account a site administrator first.",
        )


@dataclass(frozen=True)
class NewAccount:
    """What an account starts with; the password is hashed before a transaction is opened for it."""

    email: str
    name: str
    password_hash: str | None
    """None: they sign in with an identity that they have elsewhere."""
    role: str = Role.TENANT
    verified: bool = False
    """Whether the address is known to be theirs."""


class Accounts:
    """Rules for accounts inside one unit of work."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._session = work.session

    async def create(self, draft: NewAccount) -> AccountRow:
        """Create an account.

        Raises:
            EmailTaken: the address has one.
        """
        row = AccountRow(
            id=self._work.ids.new(),
            email=draft.email.lower(),
            name=draft.name,
            role=draft.role,
            state=AccountState.ACTIVE,
            password_hash=draft.password_hash,
            verified_at=self._work.clock.now() if draft.verified else None,
            created_at=self._work.clock.now(),
        )
        await self._work.save(row, lambda _: EmailTaken(draft.email))
        self._work.emit("account.created", reference(row), role=row.role)
        return row

    async def get(self, account_id: str) -> AccountRow:
        """Return an account.

        Raises:
            NotFound: there is none.
        """
        row = await self._session.get(AccountRow, account_id)
        if row is None:
            raise NotFound("account", account_id)
        return row

    async def page(self, query: ListQuery) -> Rows[AccountRow]:
        """Return a page of people's accounts; those of programs are listed apart."""
        return await LISTING.rows(self._session, query, AccountRow.email.not_like(f"%@{SERVICE_DOMAIN}"))

    async def change(
        self,
        account_id: str,
        *,
        name: str | None = None,
        role: str | None = None,
        state: AccountState | None = None,
        expected: int | None = None,
    ) -> AccountRow:
        """Change what is given. Suspending ends the account's sign-in sessions.

        Raises:
            NotFound: there is no such account.
            PreconditionFailed: it is not at the expected generation.
            LastAdministrator: nobody would be left to run the site.
        """
        row = await self.get(account_id)
        check_generation(expected, row.generation)
        if (role or row.role) != Role.SITE_ADMINISTRATOR or (state or row.state) != AccountState.ACTIVE:
            await self._keep_an_administrator(row)
        changes = {"name": name, "role": role, "state": state}
        changed = {key: value for key, value in changes.items() if value is not None and getattr(row, key) != value}
        for key, value in changed.items():
            setattr(row, key, value)
        if changed:
            await self._session.flush()
            self._work.emit("account.changed", reference(row), **changed)
        if "role" in changed:
            self._work.emit("account.role_changed", reference(row), role=row.role)
        if state is AccountState.SUSPENDED:
            await self._session.execute(delete(SessionRow).where(SessionRow.account_id == row.id))
        return row

    async def set_password(self, row: AccountRow, password_hash: str, keep_session_id: str | None) -> None:
        """Replace the password and end every other sign-in session."""
        row.password_hash = password_hash
        await self.end_sessions(row, keep_session_id)
        await self._session.flush()
        self._work.emit("account.password_changed", reference(row))

    async def end_sessions(self, row: AccountRow, keep_session_id: str | None) -> None:
        """End every sign-in session of an account but one."""
        others = delete(SessionRow).where(SessionRow.account_id == row.id)
        if keep_session_id is not None:
            others = others.where(SessionRow.id != keep_session_id)
        await self._session.execute(others)

    async def verify(self, row: AccountRow, email: str) -> None:
        """Note that mail to `email` reaches the account's holder, whose address it is from now on.

        Raises:
            EmailTaken: another account has it.
        """
        previous = row.email
        row.verified_at = self._work.clock.now()
        if previous == email:
            self._work.emit("account.verified", reference(row))
            return
        row.email = email
        await self._work.save(row, lambda _: EmailTaken(email))
        self._work.emit("account.email_changed", reference(row), previous=previous)

    async def by_email(self, email: str) -> AccountRow | None:
        """Return the account of an address."""
        return await self._session.scalar(select(AccountRow).where(AccountRow.email == email.lower()))

    async def administrators(self) -> Sequence[str]:
        """Return the ids of the accounts that can do everything at the site."""
        return (await self._session.scalars(select(AccountRow.id).where(*_RUNS_THE_SITE))).all()

    async def _keep_an_administrator(self, row: AccountRow) -> None:
        if row.role != Role.SITE_ADMINISTRATOR or row.state != AccountState.ACTIVE or is_service(row):
            return
        # Held in one order, so that two administrators who demote one another at the same moment count one another.
        everybody = select(AccountRow.id).where(*_RUNS_THE_SITE).order_by(AccountRow.id).with_for_update()
        if set(await self._session.scalars(everybody)) <= {row.id}:
            raise LastAdministrator


_RUNS_THE_SITE = (
    AccountRow.role == Role.SITE_ADMINISTRATOR,
    AccountRow.state == AccountState.ACTIVE,
    AccountRow.email.not_like(f"%@{SERVICE_DOMAIN}"),
)
"""People who can do everything at the site. A program that can does not count: nobody can sign in to it."""


def service_address(name: str, account_id: str) -> str:
    """Return what a program's account is called where people have addresses."""
    word = "-".join(re.findall(r"[a-z0-9]+", name.lower()))[:40] or "program"
    return f"{word}-{account_id[-12:]}@{SERVICE_DOMAIN}"


def is_service(row: AccountRow) -> bool:
    """Tell whether an account is a program's, which nobody signs in to."""
    return row.email.endswith(f"@{SERVICE_DOMAIN}")


def reference(row: AccountRow) -> ResourceRef:
    """Name an account in events; its owner sees them."""
    return ResourceRef("account", row.id, row.email, account_id=row.id)
