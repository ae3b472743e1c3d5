"""Linked identities: who an account is at identity providers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from zaffre.foundation.errors import Conflict, NotFound, RaceLost
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.identity.federation.problems import LastWayIn, LinkedElsewhere
from zaffre.identity.federation.tables import IdentityProviderRow, LinkedIdentityRow
from zaffre.identity.tables import AccountRow

IDENTITIES_PER_ACCOUNT = 10
EMAIL_CHARACTERS = 254
NAME_CHARACTERS = 100


class TooManyIdentities(Conflict):
    """The account has as many as it may."""

    code = "identity.too_many"
    title = "Too many linked identities"

    def __init__(self) -> None:
        super().__init__(f"An account may have {IDENTITIES_PER_ACCOUNT} of them.", remedy="Unlink one first.")


@dataclass(frozen=True)
class Person:
    """Who somebody is, in a provider's proved words."""

    issuer: str
    subject: str
    email: str | None
    verified: bool
    """Whether the provider says that mail to the address reaches them."""
    name: str | None

    @classmethod
    def of(cls, claims: Mapping[str, Any], provider: IdentityProviderRow) -> "Person":
        """Read claims by the names that the provider is set up with."""
        email, name = _text(claims.get(provider.email_claim)), _text(claims.get(provider.name_claim))
        said = claims.get(provider.verified_claim)
        # Some providers say it as a word. What they do not say at all, an administrator may have vouched for.
        verified = said in (True, "true") or (said is None and provider.trusts_addresses)
        known = email.lower() if email and "@" in email and len(email) <= EMAIL_CHARACTERS else None
        called = name[:NAME_CHARACTERS] if name else None
        return cls(provider.issuer, str(claims["sub"]), known, verified and known is not None, called)


class LinkedIdentities:
    """Rules for linked identities inside one unit of work."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._session = work.session

    async def find(self, person: Person) -> LinkedIdentityRow | None:
        """Return the identity of somebody, if an account has it."""
        return await self._session.scalar(
            select(LinkedIdentityRow).where(
                LinkedIdentityRow.issuer == person.issuer, LinkedIdentityRow.subject == person.subject
            )
        )

    async def of(self, account_id: str) -> Sequence[tuple[LinkedIdentityRow, IdentityProviderRow]]:
        """Return an account's identities with their providers, oldest first."""
        statement = (
            select(LinkedIdentityRow, IdentityProviderRow)
            .join(IdentityProviderRow, IdentityProviderRow.id == LinkedIdentityRow.provider_id)
            .where(LinkedIdentityRow.account_id == account_id)
            .order_by(LinkedIdentityRow.id)
        )
        return [(row.LinkedIdentityRow, row.IdentityProviderRow) for row in await self._session.execute(statement)]

    async def link(self, account: AccountRow, person: Person, provider: IdentityProviderRow) -> LinkedIdentityRow:
        """Let somebody sign in to an account from now on.

        Raises:
            LinkedElsewhere: another account has the identity.
            TooManyIdentities: this account has as many as it may.
        """
        known = await self.find(person)
        if known is not None:
            if known.account_id != account.id:
                raise LinkedElsewhere
            return known
        held = select(func.count()).select_from(LinkedIdentityRow).where(LinkedIdentityRow.account_id == account.id)
        if (await self._session.scalar(held) or 0) >= IDENTITIES_PER_ACCOUNT:
            raise TooManyIdentities
        row = LinkedIdentityRow(
            id=self._work.ids.new(),
            account_id=account.id,
            provider_id=provider.id,
            issuer=person.issuer,
            subject=person.subject,
            email=person.email,
            created_at=self._work.clock.now(),
        )
        await self._work.save(row, lambda _: RaceLost("this identity"))
        self._work.emit("linked_identity.created", _reference(row), provider=provider.name)
        return row

    async def unlink(self, account: AccountRow, identity_id: str) -> None:
        """Let whoever has an identity not sign in any more.

        Raises:
            NotFound: the account has no such identity.
            LastWayIn: nobody could sign in to the account any more.
        """
        # Locked, so that of two identities unlinked at the same moment one stays.
        await self._session.refresh(account, with_for_update=True)
        row = await self._session.get(LinkedIdentityRow, identity_id)
        if row is None or row.account_id != account.id:
            raise NotFound("linked identity", identity_id)
        others = [
            identity
            for identity, provider in await self.of(account.id)
            if identity.id != identity_id and provider.enabled
        ]
        if account.password_hash is None and not others:
            raise LastWayIn
        self._work.emit("linked_identity.deleted", _reference(row))
        await self._session.delete(row)


def _text(value: object) -> str | None:
    return value.strip() if isinstance(value, str) and value.isprintable() and value.strip() else None


def _reference(row: LinkedIdentityRow) -> ResourceRef:
    return ResourceRef("linked_identity", row.id, row.email, account_id=row.account_id)
