"""Identity providers: whose word a site takes for who somebody is."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import SecretStr
from sqlalchemy import delete, func, select

from zaffre.foundation.errors import Conflict, InUse, NameTaken, NotFound
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.outbound.targets import Targets
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.identity.federation.tables import IdentityProviderRow, LinkedIdentityRow
from zaffre.identity.tables import SessionRow

PROVIDERS_AT_MOST = 20
OPENID = "openid"

LISTING = Listing(
    IdentityProviderRow,
    {
        "id": Field(IdentityProviderRow.id, FieldType.ID),
        "name": Field(IdentityProviderRow.name, FieldType.TEXT, searchable=True),
        "issuer": Field(IdentityProviderRow.issuer, FieldType.TEXT, searchable=True),
        "new_people": Field(IdentityProviderRow.new_people, FieldType.TEXT),
        "enabled": Field(IdentityProviderRow.enabled, FieldType.BOOLEAN),
        "created_at": Field(IdentityProviderRow.created_at, FieldType.INSTANT),
    },
    key=IdentityProviderRow.id,
    order="name",
)


class NewPeople(StrEnum):
    """What becomes of somebody whose identity no account has."""

    REFUSE = "refuse"
    CREATE = "create"
    """They get a tenant account."""
    LINK = "link"
    """They are the tenant whose verified address is theirs."""
    LINK_OR_CREATE = "link_or_create"


class TooManyProviders(Conflict):
    """There are as many as may be."""

    code = "identity_provider.too_many"
    title = "Too many identity providers"

    def __init__(self) -> None:
        super().__init__(f"A site can have {PROVIDERS_AT_MOST} of them.", remedy="Delete one that is not used.")


@dataclass(frozen=True)
class ProviderDraft:
    """What an administrator says about an identity provider."""

    name: str
    issuer: str
    client_id: str
    client_secret: SecretStr | None
    scopes: Sequence[str]
    email_claim: str
    verified_claim: str
    name_claim: str
    trusts_addresses: bool
    new_people: NewPeople
    email_domains: Sequence[str]
    asks_second_factor: bool
    enabled: bool


class IdentityProviders:
    """Rules for identity providers inside one unit of work."""

    def __init__(self, work: UnitOfWork, targets: Targets) -> None:
        self._work = work
        self._session = work.session
        self._targets = targets

    async def page(self, query: ListQuery) -> Rows[IdentityProviderRow]:
        """Return a page of all of them."""
        return await LISTING.rows(self._session, query)

    async def get(self, provider_id: str) -> IdentityProviderRow:
        """Return one.

        Raises:
            NotFound: there is none.
        """
        row = await self._session.get(IdentityProviderRow, provider_id)
        if row is None:
            raise NotFound("identity provider", provider_id)
        return row

    async def create(self, draft: ProviderDraft) -> IdentityProviderRow:
        """Trust an identity provider from now on.

        Raises:
            TargetRefused: this server does not connect to such an issuer.
            TooManyProviders: there are as many as may be.
            NameTaken: another has the name, or the issuer.
        """
        self._targets.check_url(draft.issuer)
        held = await self._session.scalar(select(func.count()).select_from(IdentityProviderRow))
        if (held or 0) >= PROVIDERS_AT_MOST:
            raise TooManyProviders
        fields = vars(draft) | {"scopes": _scopes(draft.scopes), "email_domains": list(draft.email_domains)}
        del fields["client_secret"]
        row = IdentityProviderRow(id=self._work.ids.new(), created_at=self._work.clock.now(), **fields)
        if draft.client_secret is not None:
            row.sealed_client_secret = self._work.keyring.seal(draft.client_secret)
        await self._work.save(row, lambda _: NameTaken("identity provider", f"{draft.name} or issuer {draft.issuer}"))
        self._work.emit("identity_provider.created", _reference(row), issuer=row.issuer)
        return row

    async def change(
        self, provider_id: str, changes: Mapping[str, Any], expected: int | None = None
    ) -> IdentityProviderRow:
        """Change what is given. Disabling it ends the sessions that began there.

        Raises:
            NotFound, PreconditionFailed: there is none, or not at that generation.
            NameTaken: another has the name.
        """
        row = await self.get(provider_id)
        check_generation(expected, row.generation)
        for name, value in changes.items():
            if name == "client_secret":
                row.sealed_client_secret = self._work.keyring.seal(value) if value is not None else None
            else:
                setattr(row, name, _scopes(value) if name == "scopes" else value)
        await self._work.save(row, lambda _: NameTaken("identity provider", str(changes.get("name"))))
        if not row.enabled:
            await self._session.execute(delete(SessionRow).where(SessionRow.provider_id == row.id))
        self._work.emit("identity_provider.changed", _reference(row), fields=sorted(changes))
        return row

    async def delete(self, provider_id: str, expected: int | None = None) -> None:
        """Forget a provider that nobody signs in with.

        Raises:
            NotFound, PreconditionFailed: there is none, or not at that generation.
            InUse: accounts have identities there.
        """
        row = await self.get(provider_id)
        check_generation(expected, row.generation)
        linked = select(func.count()).select_from(LinkedIdentityRow).where(LinkedIdentityRow.provider_id == row.id)
        count = await self._session.scalar(linked) or 0
        if count:
            raise InUse(
                f"{count} identities at {row.name} are linked to accounts.",
                remedy="Disable it: nobody can sign in with it then, and who is signed in with it is signed out.",
            )
        self._work.emit("identity_provider.deleted", _reference(row))
        await self._work.remove(row, lambda _: InUse(f"{row.name} is used.", remedy="Disable it instead."))

    async def offered(self) -> Sequence[IdentityProviderRow]:
        """Return those that people can sign in with."""
        statement = select(IdentityProviderRow).where(IdentityProviderRow.enabled.is_(True))
        return (await self._session.scalars(statement.order_by(IdentityProviderRow.name))).all()

    async def enabled(self, provider_id: str) -> IdentityProviderRow:
        """Return one that people can sign in with.

        Raises:
            NotFound: there is none.
        """
        row = await self.get(provider_id)
        if not row.enabled:
            raise NotFound("identity provider", provider_id)
        return row


async def answered_for(work: UnitOfWork, session_id: str) -> bool:
    """Tell whether a session began at a provider that answers for the second factor of its people by itself."""
    asks = select(IdentityProviderRow.asks_second_factor).join(
        SessionRow, SessionRow.provider_id == IdentityProviderRow.id
    )
    return await work.session.scalar(asks.where(SessionRow.id == session_id)) is False


async def names_of(work: UnitOfWork, provider_ids: Collection[str]) -> Mapping[str, str]:
    """Return the names of providers by their ids."""
    if not provider_ids:
        return {}
    statement = select(IdentityProviderRow.id, IdentityProviderRow.name)
    rows = await work.session.execute(statement.where(IdentityProviderRow.id.in_(provider_ids)))
    return {row.id: row.name for row in rows}


def _scopes(wanted: Sequence[str]) -> list[str]:
    """Return scopes without repetitions, and with the one that makes it OpenID Connect."""
    return list(dict.fromkeys((OPENID, *wanted)))


def _reference(row: IdentityProviderRow) -> ResourceRef:
    return ResourceRef("identity_provider", row.id, row.name)
