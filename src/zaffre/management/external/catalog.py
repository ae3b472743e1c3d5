"""The catalog: keeps every process knowing which programs are registered, and what they say of themselves."""

import structlog
from sqlalchemy import select

from zaffre.foundation.actor import system_actor
from zaffre.foundation.work import UnitOfWork, UnitsOfWork
from zaffre.management.external.description import DescriptionRefused
from zaffre.management.external.external_provider import ExternalProvider
from zaffre.management.external.lines import Lines
from zaffre.management.external.tables import ResourceProviderRow
from zaffre.management.metering.meters import Meters
from zaffre.management.providers import ProviderRegistry

log = structlog.get_logger(__name__)

ACTOR = system_actor("provider catalog")
PROVIDERS_AT_MOST = 100


class Catalog:
    """The registered programs, as this process knows them."""

    def __init__(self, units: UnitsOfWork, providers: ProviderRegistry, meters: Meters, lines: Lines) -> None:
        self._units = units
        self._registry = providers
        self._meters = meters
        self._lines = lines
        self._known: dict[str, ExternalProvider] = {}

    async def refresh(self) -> None:
        """Read which programs are registered now, if anything has changed."""
        async with self._units.read(ACTOR) as work:
            await self.read(work)

    async def read(self, work: UnitOfWork) -> None:
        """Read which programs are registered, as a unit of work sees it."""
        columns = select(ResourceProviderRow.id, ResourceProviderRow.generation)
        found = {row.id: row.generation for row in await work.session.execute(columns.limit(PROVIDERS_AT_MOST))}
        if found == {each.id: each.generation for each in self._known.values()}:
            return
        rows = await work.session.scalars(select(ResourceProviderRow).order_by(ResourceProviderRow.name))
        self._known = {provider.name: provider for row in rows if (provider := self._provider(row)) is not None}
        self._registry.know(self._known.values())
        self._meters.know(meter for each in self._known.values() for meter in each.described_meters)

    def get(self, name: str) -> ExternalProvider | None:
        """Return a program that is registered."""
        return self._known.get(name)

    def all(self) -> list[ExternalProvider]:
        """Return all programs by name."""
        return list(self._known.values())

    def _provider(self, row: ResourceProviderRow) -> ExternalProvider | None:
        try:
            return ExternalProvider(row, self._lines)
        except DescriptionRefused:
            # It was good when it was stored: this server is another version than the one that stored it.
            log.exception("a resource provider's description is not understood", provider=row.name)
            return None
