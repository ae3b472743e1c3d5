"""The resource-provider contract: how services are plugged into plans.

A provider says which quota dimensions it understands and which settings its service needs in a plan, is told when a
subscription to it changes, and says how it is. In-process providers register under the entry point group
`zaffre.providers`; the entry point is a callable without arguments that returns the provider.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import entry_points
from typing import Any, Protocol

import structlog
from fastapi import APIRouter
from sqlalchemy.exc import DBAPIError

from zaffre.foundation.errors import DomainError, InvalidInput
from zaffre.foundation.work import UnitOfWork
from zaffre.management.holdings import Holdings
from zaffre.management.metering.meters import Meter, ResourceUsage, Watched

log = structlog.get_logger(__name__)

ENTRY_POINT_GROUP = "zaffre.providers"
QUOTA_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class QuotaDimension:
    """Something a plan limits."""

    name: str
    """Unique among all providers, in lower case with underscores: `virtual_machines`, `memory_mib`."""
    title: str
    unit: str
    """`count`, `vCPU`, `MiB`, `GiB`."""
    default: int
    """The limit when a plan gives none."""
    maximum: int
    """The largest limit that makes sense."""


@dataclass(frozen=True)
class ServiceSetting:
    """Something a plan must say about a provider's service. Its value is the id of an item of a collection."""

    name: str
    """Key in `PlannedService.settings`."""
    title: str
    collection: str
    """Path of the admin API's collection to choose from, such as `/clouds`."""


@dataclass(frozen=True)
class PlannedService:
    """A provider's service as one plan offers it."""

    provider: str
    settings: Mapping[str, Any]
    quota: Mapping[str, int | None]
    """Limit per dimension of the provider; None means unlimited."""


class ChangeKind(StrEnum):
    """What happened to a subscription."""

    CREATED = "created"
    SUSPENDED = "suspended"
    """Its members may look and not change anything; `suspension` says what becomes of what runs."""
    RESUMED = "resumed"
    """Its members may work again; what suspending it turned off is to be turned on."""
    PLAN_CHANGED = "plan_changed"
    """It has another service now; `previous` is the one before, or None when there was none."""
    DELETED = "deleted"
    """It ends, or its plan has no service of the provider any more; nothing of it is left."""


class SuspendPolicy(StrEnum):
    """What suspending a subscription does beyond refusing changes."""

    ACCESS_ONLY = "access_only"
    """What runs goes on running."""
    PAUSE_MACHINES = "pause_machines"
    """Machines that run are paused: they keep their memory and room, and use no processor."""
    STOP_MACHINES = "stop_machines"
    """Machines that run are shut down."""


@dataclass(frozen=True)
class SubscriptionChange:
    """What a provider is told. It carries all there is to know, so that a change that was missed does no harm."""

    kind: ChangeKind
    subscription_id: str
    service: PlannedService
    previous: PlannedService | None = None
    """The service before, when the plan was changed."""
    suspension: SuspendPolicy | None = None
    """What suspending does, when it was suspended."""


class SyncAnswer(StrEnum):
    """What a provider answers to a change."""

    IN_SYNC = "in_sync"
    PENDING = "pending"
    """It is working on it and wants to be asked again."""


@dataclass(frozen=True)
class SyncReport:
    """How far a provider is with what it was told."""

    answer: SyncAnswer
    sentence: str = ""
    """What is still to be done, for people: `3 of 12 virtual machines are still on`."""

    @classmethod
    def done(cls) -> "SyncReport":
        """Say that nothing is left to do."""
        return cls(SyncAnswer.IN_SYNC)

    @classmethod
    def pending(cls, sentence: str) -> "SyncReport":
        """Say what is left to do; the provider is asked again soon."""
        return cls(SyncAnswer.PENDING, sentence)


@dataclass(frozen=True)
class QuotaUpdate:
    """What a subscription may use of a provider's service from now on."""

    subscription_id: str
    service: PlannedService
    """With the limits of the plan and of all add-ons together."""


@dataclass(frozen=True)
class QuotaFailure:
    """A subscription whose quota a provider could not, or would not, apply."""

    subscription_id: str
    provider: str
    cause: str
    """For people."""
    pending: bool = False
    """It is being told and says when it knows: nothing has gone wrong."""


@dataclass(frozen=True)
class ProviderHealth:
    """How a provider is."""

    healthy: bool
    sentence: str
    """For the operator."""


class ResourceProvider(Protocol):
    """A source of services."""

    name: str
    """What plans call it; stable."""
    title: str
    version: str
    dimensions: Sequence[QuotaDimension]
    settings: Sequence[ServiceSetting]
    """What its service needs in a plan."""
    tenant_routers: Sequence[APIRouter]
    admin_routers: Sequence[APIRouter]
    quota_batch: int
    """Subscriptions that one call of `apply_quota` may name."""
    meters: Sequence[Meter]
    watched: Sequence[Watched]
    """Whose changes are metered to the instant; of a provider elsewhere empty."""

    async def measure(self, work: UnitOfWork, after: str, limit: int) -> Sequence[ResourceUsage]:
        """Return what up to `limit` resources use now: those whose ids follow `after`, in the order of ids."""
        ...

    async def check_service(self, work: UnitOfWork, settings: Mapping[str, Any]) -> None:
        """Check a plan's settings for this provider's service.

        Raises:
            InvalidInput: they are not what the provider needs.
        """
        ...

    async def subscription_changed(self, work: UnitOfWork, change: SubscriptionChange) -> SyncReport:
        """Take note of a subscription's change.

        Idempotent. What takes long is begun, a bounded amount at a time, and answered with *pending*. Whatever it
        raises is shown as the cause of being out of sync, and it is asked again.
        """
        ...

    async def holdings(self, work: UnitOfWork, subscription_id: str) -> Sequence[Holdings]:
        """List what a subscription has at the provider: all that would go with it, in kinds and counted."""
        ...

    async def purge(self, work: UnitOfWork, subscription_id: str) -> SyncReport:
        """Begin to delete what a subscription that is being deleted has and that can go now.

        Idempotent; it is asked again until nothing is left. Things of other providers may have to go first: then it
        waits for them with *pending*, whose sentence says what is left and what is in the way.
        """
        ...

    async def move_obstacles(
        self, work: UnitOfWork, subscription_id: str, old: PlannedService, new: PlannedService
    ) -> Sequence[str]:
        """Say what of a subscription would not fit if its plan had another service, in sentences; none: all fits.

        Quota is looked at elsewhere; this is about settings that what exists is bound to.
        """
        ...

    async def apply_quota(
        self, work: UnitOfWork, updates: Sequence[QuotaUpdate], *, validate_only: bool
    ) -> Sequence[QuotaFailure]:
        """Take note of new limits, for at most `quota_batch` subscriptions at once.

        Idempotent. Subscriptions that are not among the failures have the new limits; if it raises, none has. With
        `validate_only` nothing changes, and the failures say what would not be possible.
        """
        ...

    async def health(self, work: UnitOfWork) -> ProviderHealth:
        """Say how the provider is."""
        ...


class ProviderRegistry:
    """The providers of this process, by name."""

    def __init__(self, providers: Iterable[ResourceProvider]) -> None:
        self._providers: dict[str, ResourceProvider] = {}
        self._owner: dict[str, str] = {}
        for provider in providers:
            self._add(provider)
        self.installed_names = frozenset(self._providers)
        """Those of this process; others come and go."""

    @classmethod
    def installed(cls) -> "ProviderRegistry":
        """Load every provider that is installed in this Python environment."""
        found = sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name)
        return cls(point.load()() for point in found)

    def _add(self, provider: ResourceProvider) -> None:
        if provider.name in self._providers:
            raise ValueError(f"two resource providers are called {provider.name!r}")
        for dimension in provider.dimensions:
            owner = self._owner.setdefault(dimension.name, provider.name)
            if owner != provider.name:
                raise ValueError(f"providers {owner!r} and {provider.name!r} both have a dimension {dimension.name!r}")
        self._providers[provider.name] = provider

    def __iter__(self) -> Iterator[ResourceProvider]:
        return iter(list(self._providers.values()))

    def know(self, others: Iterable[ResourceProvider]) -> None:
        """Know these providers besides those of this process, and no others any more.

        Raises:
            ValueError: one of them has the name or a dimension of another.
        """
        known = ProviderRegistry(
            [*(each for each in self._providers.values() if each.name in self.installed_names), *others]
        )
        self._providers, self._owner = known._providers, known._owner

    def get(self, name: str) -> ResourceProvider:
        """Return a provider.

        Raises:
            InvalidInput: none has this name.
        """
        provider = self._providers.get(name)
        if provider is None:
            known = ", ".join(sorted(self._providers))
            raise InvalidInput(
                f"There is no resource provider {name!r}.", remedy=f"Registered are: {known}.", target="provider"
            )
        return provider

    def find(self, name: str) -> ResourceProvider | None:
        """Return a provider; None when it is no longer installed."""
        return self._providers.get(name)

    def owner(self, dimension: str) -> str | None:
        """Return the name of the provider that a quota dimension belongs to; None when it is no longer installed."""
        return self._owner.get(dimension)

    def dimension(self, name: str) -> QuotaDimension | None:
        """Return a quota dimension by name; None when its provider is no longer installed."""
        owner = self._owner.get(name)
        if owner is None:
            return None
        return next(d for d in self._providers[owner].dimensions if d.name == name)


async def quota_failures(
    work: UnitOfWork, provider: ResourceProvider, updates: Sequence[QuotaUpdate], *, validate_only: bool
) -> list[QuotaFailure]:
    """Have a provider apply quotas; one that fails or takes too long has failed for all of them.

    Raises:
        DBAPIError: the database gave the transaction up; run it again.
    """
    try:
        # What a provider wrote before it failed does not stay.
        part = nullcontext() if validate_only else work.session.begin_nested()
        async with asyncio.timeout(QUOTA_TIMEOUT_S), part:
            return list(await provider.apply_quota(work, updates, validate_only=validate_only))
    except TimeoutError:
        cause = f"It did not answer within {QUOTA_TIMEOUT_S:.0f} s."
    except DBAPIError:
        raise
    except DomainError as error:
        cause = error.detail
    except Exception as error:
        log.exception("a provider could not apply quotas", provider=provider.name)
        cause = f"It failed with {type(error).__name__}; the server's log says why."
    return [QuotaFailure(update.subscription_id, provider.name, cause) for update in updates]
