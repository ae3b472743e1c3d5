"""Meters: what is measured of resources, and how providers say how much they use."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import inspect, select

from zaffre.foundation.database import Table
from zaffre.foundation.errors import InvalidInput
from zaffre.foundation.work import UnitOfWork

HOUR_S = 3600
DAY_S = 86_400


class MeterKind(StrEnum):
    """How a meter's quantities come about."""

    GAUGE = "gauge"
    """A resource uses an amount as long as it stays as it is; the quantity is the amount times the time."""
    COUNTER = "counter"
    """Something is counted, such as bytes."""


@dataclass(frozen=True)
class Meter:
    """Something that is measured of resources."""

    name: str
    """Unique among all providers, in lower case with underscores: `vcpu_hours`."""
    title: str
    unit: str
    """Of its quantities: `hour`, `GiB-hour`, `GB`, `day`."""
    kind: MeterKind = MeterKind.GAUGE
    period_s: int = HOUR_S
    """Of a gauge: the time in which an amount of one makes a quantity of one."""


@dataclass(frozen=True)
class ResourceUsage:
    """What a resource uses as long as it stays as it is. JSON throughout, amounts as decimal numbers in text."""

    resource_type: str
    resource_id: str
    resource_name: str
    subscription_id: str
    state: str = ""
    """What it is doing, such as `running` or `stopped`: prices may depend on it."""
    amounts: Mapping[str, int | Decimal] | None = field(default_factory=dict[str, int | Decimal])
    """By meter. Empty: it exists and uses nothing. None: nothing is known at present, and it is taken to be as it was.
    """
    dimensions: Mapping[str, str | int] = field(default_factory=dict[str, str | int])
    """What else prices may depend on: its size, its kind."""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    plan_id: str | None = None
    """Of a subscription only: everything in it follows its plan and its owner."""
    account_id: str | None = None


@dataclass(frozen=True)
class Watched:
    """Rows whose changes change what is used. For providers that share the site's database."""

    table: type[Table]
    columns: frozenset[str]
    """A change of any other column changes nothing that is used."""
    resource_type: str
    usage: Callable[[Any], ResourceUsage | None]
    """What the resource of a row uses; None: it is not there for its subscription, or not any more."""


class MeteredProvider(Protocol):
    """What metering needs of a provider. Resource providers are such; so is management itself."""

    name: str
    meters: Sequence[Meter]
    watched: Sequence[Watched]

    async def measure(self, work: UnitOfWork, after: str, limit: int) -> Sequence[ResourceUsage]:
        """Return what up to `limit` resources use now: those whose ids follow `after`, in the order of ids."""
        ...


async def measure_rows(work: UnitOfWork, watched: Sequence[Watched], after: str, limit: int) -> Sequence[ResourceUsage]:
    """Measure the resources of some watched tables, as `MeteredProvider.measure` wants it. A table's key is `id`."""
    found: list[ResourceUsage] = []
    for each in watched:
        key = inspect(each.table).primary_key[0]
        statement = select(each.table).order_by(key).limit(limit)
        if after:
            statement = statement.where(key > after)
        usages = (each.usage(row) for row in await work.session.scalars(statement))
        found += [usage for usage in usages if usage is not None]
    return sorted(found, key=lambda usage: usage.resource_id)[:limit]


class Meters:
    """All meters of a site, by name, and who has them."""

    def __init__(self, providers: Iterable[MeteredProvider]) -> None:
        self.providers = {provider.name: provider for provider in providers}
        self._meters: dict[str, Meter] = {}
        self._fetched: dict[str, Meter] = {}
        for provider in self.providers.values():
            for meter in provider.meters:
                if meter.name in self._meters:
                    raise ValueError(f"two resource providers have a meter {meter.name!r}")
                self._meters[meter.name] = meter

    def __iter__(self) -> Iterator[Meter]:
        return iter([*self._meters.values(), *self._fetched.values()])

    def know(self, fetched: Iterable[Meter]) -> None:
        """Know these meters too, whose records are fetched from programs, and no others of that kind any more."""
        self._fetched = {meter.name: meter for meter in fetched if meter.name not in self._meters}

    def get(self, name: str) -> Meter | None:
        """Return a meter; None when its provider is no longer installed."""
        return self._meters.get(name) or self._fetched.get(name)

    def named(self, name: str) -> Meter:
        """Return a meter that somebody named.

        Raises:
            InvalidInput: there is none of this name.
        """
        meter = self.get(name)
        if meter is None:
            known = ", ".join(sorted(meter.name for meter in self))
            raise InvalidInput(f"There is no meter {name!r}.", remedy=f"There are: {known}.", target="meter")
        return meter
