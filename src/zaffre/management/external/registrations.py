"""Registrations: which programs are resource providers here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr
from sqlalchemy import func, select

from zaffre.foundation.database import RowLock, for_update
from zaffre.foundation.errors import Conflict, InUse, NameTaken, NotFound
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.work import ResourceRef, UnitOfWork, UnitsOfWork
from zaffre.identity.tokens import hash_secret, new_secret
from zaffre.management.external.catalog import PROVIDERS_AT_MOST
from zaffre.management.external.description import Description, DescriptionRefused, breaking_changes, read_description
from zaffre.management.external.lines import Address, Line, Lines, ProviderRefused
from zaffre.management.external.signing import Signer, new_key
from zaffre.management.external.tables import (
    QuotaReservationRow,
    ResourceProviderConditionRow,
    ResourceProviderRow,
)
from zaffre.management.planned_services import limits_of_services, services_from
from zaffre.management.providers import ProviderRegistry
from zaffre.management.tables import AddOnRow, PlanRow, SubscriptionSyncRow

ACCESS_KEY_PREFIX = "zpk_"
"""Which lets scanners recognise keys that have got out."""
NAMED = 5
"""As many plans are named in a refusal."""
RESERVED = frozenset({"self", "site", "zaffre", "subscription", "subscriptions", "add"})
"""Names that would be mistaken for others; the last ones begin meters of management itself."""

LISTING = Listing(
    ResourceProviderRow,
    {
        "id": Field(ResourceProviderRow.id, FieldType.ID),
        "name": Field(ResourceProviderRow.name, FieldType.TEXT, searchable=True),
        "enabled": Field(ResourceProviderRow.enabled, FieldType.BOOLEAN, sortable=False),
        "created_at": Field(ResourceProviderRow.created_at, FieldType.INSTANT),
    },
    key=ResourceProviderRow.id,
    order="name",
)


class SoldPlansBreak(Conflict):
    """A program's new description would not do for what is sold already."""

    code = "provider.description_breaks_plans"
    title = "What is sold already would not do any more"

    def __init__(self, name: str, reasons: Sequence[str]) -> None:
        shown = " ".join(reasons[:NAMED])
        more = f" And {len(reasons) - NAMED} more." if len(reasons) > NAMED else ""
        super().__init__(
            f"The present description of {name!r} stays: {shown}{more}",
            remedy="Change the plans first, or have the program describe itself as before.",
            target="description",
        )


@dataclass(frozen=True)
class NewProvider:
    """A program to register."""

    name: str
    url: str
    ca_certificates: str | None = None


@dataclass(frozen=True)
class Credentials:
    """What a program needs to know who we are and to prove to us who it is."""

    access_key: SecretStr
    """Shown once."""
    public_key: Mapping[str, Any]


@dataclass(frozen=True)
class Introduced:
    """A program that has answered, with the key that it was asked with."""

    draft: NewProvider
    description: Description
    sealed_key: bytes
    public_key: Mapping[str, Any]


async def introduce(units: UnitsOfWork, lines: Lines, draft: NewProvider) -> Introduced:
    """Ask a program that is to be registered what it is, outside any transaction.

    Raises:
        TargetRefused, InvalidInput: its address or its certificates cannot be used.
        ProviderUnreachable, DescriptionRefused: it does not answer as the contract says.
    """
    lines.targets.check_url(draft.url)
    key = new_key(units.ids.new())
    signer = Signer(draft.name, key.private, units.clock, units.ids)
    line = Line(Address(draft.name, draft.url, draft.ca_certificates), signer, lines.targets, lines.settings)
    try:
        description = await describe(line, draft.name)
        await check_health(line, draft.name)
    finally:
        await line.close()
    return Introduced(draft, description, units.keyring.seal(key.private), key.public)


async def describe(line: Line, name: str) -> Description:
    """Ask a program what it is.

    Raises:
        ProviderUnreachable: it does not answer.
        DescriptionRefused: it is not called as it is to be registered, or its answer is not understood.
    """
    answer = await line.ask("GET", "/description")
    if not answer.good:
        raise DescriptionRefused(f"GET /description was answered with status {answer.status}.")
    description = read_description(answer.body)
    if description.name != name:
        raise DescriptionRefused(f"The program calls itself {description.name!r}, and is to be registered as {name!r}.")
    return description


async def check_health(line: Line, name: str) -> tuple[bool, str]:
    """Ask a program how it is.

    Raises:
        ProviderUnreachable: it does not answer.
        ProviderRefused: it does not know the question.
    """
    answer = await line.ask("GET", "/health")
    if not answer.good:
        raise ProviderRefused(name, answer)
    return answer.told.get("healthy") is True, str(answer.told.get("sentence") or "It gave no reason")[:200]


class Registrations:
    """Rules for registrations inside one unit of work."""

    def __init__(self, work: UnitOfWork, providers: ProviderRegistry, lines: Lines) -> None:
        self._work = work
        self._session = work.session
        self._providers = providers
        self._lines = lines

    async def page(self, query: ListQuery) -> Rows[ResourceProviderRow]:
        """Return a page of programs."""
        return await LISTING.rows(self._session, query)

    async def get(self, provider_id: str) -> ResourceProviderRow:
        """Return a program.

        Raises:
            NotFound: there is none with this id.
        """
        row = await self._session.get(ResourceProviderRow, provider_id)
        if row is None:
            raise NotFound("resource provider", provider_id)
        return row

    async def register(self, introduced: Introduced) -> tuple[ResourceProviderRow, Credentials]:
        """Make a program that has introduced itself a resource provider.

        Raises:
            NameTaken: another provider has the name.
            DescriptionRefused: another provider has one of its dimensions or meters.
            Conflict: there are as many as may be.
        """
        draft = introduced.draft
        if draft.name in RESERVED or draft.name in self._providers.installed_names:
            raise NameTaken("resource provider", draft.name)
        self._refuse_taken(introduced.description)
        if (
            await self._session.scalar(select(func.count()).select_from(ResourceProviderRow)) or 0
        ) >= PROVIDERS_AT_MOST:
            raise Conflict(f"There are {PROVIDERS_AT_MOST} resource providers.", remedy="Unregister one first.")
        access_key = _access_key()
        row = ResourceProviderRow(
            id=self._work.ids.new(),
            name=draft.name,
            url=draft.url.rstrip("/"),
            ca_certificates=draft.ca_certificates,
            sealed_key=introduced.sealed_key,
            public_key=dict(introduced.public_key),
            access_key_hash=hash_secret(access_key.get_secret_value()),
            description=introduced.description.model_dump(mode="json"),
            created_at=self._work.clock.now(),
        )
        await self._work.save(row, lambda _: NameTaken("resource provider", draft.name))
        self._work.add(ResourceProviderConditionRow(provider_id=row.id))
        self._work.emit("resource_provider.registered", reference(row), version=introduced.description.version)
        return row, Credentials(access_key, row.public_key)

    async def change(self, provider_id: str, given: Mapping[str, Any], expected: int | None) -> ResourceProviderRow:
        """Change where a program is, what vouches for it, or whether it is asked at all.

        Raises:
            TargetRefused: nothing is sent to such an address.
        """
        row = await self.get(provider_id)
        check_generation(expected, row.generation)
        if "url" in given:
            self._lines.targets.check_url(given["url"])
        before = (row.url, row.ca_certificates, row.enabled)
        for name, value in given.items():
            setattr(row, name, value.rstrip("/") if name == "url" else value)
        if (row.url, row.ca_certificates, row.enabled) != before:
            await self._session.flush()
            self._work.emit("resource_provider.changed", reference(row), enabled=row.enabled)
        return row

    async def take_description(self, provider_id: str, description: Description) -> ResourceProviderRow:
        """Take what a program says of itself by now.

        Raises:
            SoldPlansBreak: it would not do for what is sold already.
            DescriptionRefused: another provider has one of its dimensions or meters.
        """
        row = await self._held(provider_id)
        old = read_description(row.description)
        quotas = [(called, limits_of_services([service])) for called, service in await self._sold(row.name)]
        reasons = breaking_changes(old, description, quotas)
        if reasons:
            raise SoldPlansBreak(row.name, reasons)
        self._refuse_taken(description)
        if description != old:
            row.description = description.model_dump(mode="json")
            await self._session.flush()
            self._work.emit("resource_provider.described", reference(row), version=description.version)
        return row

    async def rotate(self, provider_id: str, expected: int | None) -> tuple[ResourceProviderRow, Credentials]:
        """Give a program another access key, and sign what it is asked with another key, both at once."""
        row = await self.get(provider_id)
        check_generation(expected, row.generation)
        access_key, key = _access_key(), new_key(self._work.ids.new())
        row.sealed_key, row.public_key = self._work.keyring.seal(key.private), dict(key.public)
        row.access_key_hash = hash_secret(access_key.get_secret_value())
        await self._session.flush()
        self._work.emit("resource_provider.keys_rotated", reference(row))
        return row, Credentials(access_key, row.public_key)

    async def unregister(self, provider_id: str, expected: int | None) -> None:
        """Forget a program of which nothing is sold and nothing is left.

        Raises:
            InUse: a plan or an add-on sells its service, or subscriptions have something of it.
        """
        row = await self._held(provider_id)
        check_generation(expected, row.generation)
        sold = [called for called, _ in await self._sold(row.name)]
        if sold:
            more = f" and {len(sold) - NAMED} more" if len(sold) > NAMED else ""
            raise InUse(
                f"Resource provider {row.name!r} is sold by {', '.join(sold[:NAMED])}{more}.",
                remedy="Take its service out of them, or delete them, first.",
                target=row.id,
            )
        syncs = select(func.count()).where(SubscriptionSyncRow.provider == row.name)
        reserved = select(func.count()).where(QuotaReservationRow.provider == row.name)
        left = (await self._session.scalar(syncs) or 0) + (await self._session.scalar(reserved) or 0)
        if left:
            raise InUse(
                f"Subscriptions still have something of resource provider {row.name!r}, or it is to be told of them.",
                remedy="See its syncs; wait until it has taken note.",
                target=row.id,
            )
        resource = reference(row)
        await self._session.delete(row)
        await self._session.flush()
        self._work.emit("resource_provider.unregistered", resource)

    async def _held(self, provider_id: str) -> ResourceProviderRow:
        """Return a program, held so that no plan begins to sell it meanwhile."""
        lock = for_update(RowLock.CHANGE)
        row = await self._session.get(ResourceProviderRow, provider_id, with_for_update=lock, populate_existing=True)
        if row is None:
            raise NotFound("resource provider", provider_id)
        return row

    async def _sold(self, name: str) -> list[tuple[str, Any]]:
        """Return the plans and add-ons that sell a program's service, as people call them, with the service."""
        found: list[tuple[str, Any]] = []
        for what, table in (("Plan", PlanRow), ("Add-on", AddOnRow)):
            rows = await self._session.execute(select(table.name, table.services).order_by(table.name))
            found += [
                (f"{what} {row.name!r}", service)
                for row in rows
                for service in services_from(row.services)
                if service.provider == name
            ]
        return found

    def _refuse_taken(self, description: Description) -> None:
        """Refuse names that a provider of this process has; those of other programs begin with their own names."""
        for dimension in description.dimensions:
            owner = self._providers.owner(dimension.name)
            if owner is not None and owner != description.name:
                raise DescriptionRefused(f"Provider {owner!r} has a dimension {dimension.name!r} already.")
        installed = [each for each in self._providers if each.name in self._providers.installed_names]
        taken = {meter.name for each in installed for meter in each.meters}
        for meter in description.meters:
            if meter.name in taken:
                raise DescriptionRefused(f"Another provider has a meter {meter.name!r} already.")


def reference(row: ResourceProviderRow) -> ResourceRef:
    """Name a program in events."""
    return ResourceRef("resource_provider", row.id, row.name)


def _access_key() -> SecretStr:
    return SecretStr(ACCESS_KEY_PREFIX + new_secret())
