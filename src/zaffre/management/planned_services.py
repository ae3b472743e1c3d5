"""Services as plans and add-ons describe them: checked with their providers, and compared when they change."""

from collections.abc import Mapping, Sequence
from typing import Any

from zaffre.foundation.errors import Conflict, InvalidInput
from zaffre.foundation.work import UnitOfWork
from zaffre.management.providers import PlannedService, ProviderRegistry
from zaffre.management.tables import AddOnRow


class PlanFixed(Conflict):
    """What tenants have subscribed to does not change under them."""

    code = "plan.fixed"
    title = "The plan cannot be changed that way"


class CheckedServices:
    """Checks services with their providers."""

    def __init__(self, work: UnitOfWork, providers: ProviderRegistry) -> None:
        self._work = work
        self._providers = providers

    async def of_plan(self, services: Sequence[PlannedService]) -> list[PlannedService]:
        """Check the services of a plan, and complete their quotas with the dimensions' defaults.

        Raises:
            InvalidInput: a provider, a setting or a quota does not exist or is out of range.
        """
        self._check_once(services)
        checked: list[PlannedService] = []
        for service in services:
            provider = self._providers.get(service.provider)
            await provider.check_service(self._work, service.settings)
            usual: dict[str, int | None] = {d.name: d.default for d in provider.dimensions}
            self._check_quota(service)
            checked.append(PlannedService(service.provider, dict(service.settings), usual | dict(service.quota)))
        return checked

    async def of_add_on(self, services: Sequence[PlannedService]) -> list[PlannedService]:
        """Check the services of an add-on. Settings may be left out: the plan's are used then.

        Raises:
            InvalidInput: a provider, a setting or a quota does not exist or is out of range, or a service adds nothing.
        """
        self._check_once(services)
        for service in services:
            provider = self._providers.get(service.provider)
            if service.settings:
                await provider.check_service(self._work, service.settings)
            self._check_quota(service)
            if not service.quota:
                raise InvalidInput(
                    f"The add-on adds nothing to {service.provider!r}.",
                    remedy="Say what one occurrence adds in at least one dimension.",
                    target="services.quota",
                )
        return list(services)

    async def linked(self, plan: Sequence[PlannedService], add_ons: Sequence[AddOnRow]) -> None:
        """Check that add-ons can be had with a plan: each service has settings, and only one set of them.

        Raises:
            InvalidInput: a service would be without settings, or two add-ons bring it with different ones.
        """
        of_plan = {service.provider for service in plan}
        brought: dict[str, tuple[str, Mapping[str, Any]]] = {}
        for add_on in add_ons:
            for service in services_from(add_on.services):
                if service.provider not in of_plan:
                    await self._check_brought(add_on, service, brought)

    async def _check_brought(
        self, add_on: AddOnRow, service: PlannedService, brought: dict[str, tuple[str, Mapping[str, Any]]]
    ) -> None:
        try:
            await self._providers.get(service.provider).check_service(self._work, service.settings)
        except InvalidInput as error:
            raise InvalidInput(
                f"The plan has no service {service.provider!r}, which add-on {add_on.name!r} adds to. {error.detail}",
                remedy="Give the add-on the settings that the service needs, or sell the service in the plan.",
                target="add_ons",
            ) from None
        other, settings = brought.setdefault(service.provider, (add_on.name, service.settings))
        if settings != service.settings:
            raise InvalidInput(
                f"Add-ons {other!r} and {add_on.name!r} both bring {service.provider!r}, with different settings.",
                remedy="Give them the same settings, or leave one of them out.",
                target="add_ons",
            )

    def _check_once(self, services: Sequence[PlannedService]) -> None:
        names = [service.provider for service in services]
        if len(set(names)) != len(names):
            raise InvalidInput("A provider appears twice.", remedy="Give each provider once.", target="services")

    def _check_quota(self, service: PlannedService) -> None:
        dimensions = {dimension.name: dimension for dimension in self._providers.get(service.provider).dimensions}
        for name, limit in service.quota.items():
            dimension = dimensions.get(name)
            if dimension is None:
                raise InvalidInput(
                    f"Provider {service.provider!r} has no quota dimension {name!r}.",
                    remedy=f"It has: {', '.join(sorted(dimensions))}.",
                    target="services.quota",
                )
            if limit is not None and not 0 <= limit <= dimension.maximum:
                raise InvalidInput(
                    f"The limit for {name} must be between 0 and {dimension.maximum} {dimension.unit}.",
                    remedy="Choose a limit in that range, or null for unlimited.",
                    target="services.quota",
                )


def services_from(stored: Sequence[Mapping[str, Any]]) -> list[PlannedService]:
    """Return services as values."""
    return [PlannedService(each["provider"], each["settings"], each["quota"]) for each in stored]


def to_stored(services: Sequence[PlannedService]) -> list[dict[str, Any]]:
    """Return services as they are stored."""
    return [
        {"provider": each.provider, "settings": dict(each.settings), "quota": dict(each.quota)} for each in services
    ]


def limits_of_services(services: Sequence[PlannedService]) -> dict[str, int | None]:
    """Return all limits of some services, over all their dimensions."""
    return {dimension: limit for service in services for dimension, limit in service.quota.items()}


def changed_providers(old: Sequence[PlannedService], new: Sequence[PlannedService]) -> list[str]:
    """Return the providers whose service comes, goes or is another now."""
    before, after = ({service.provider: service for service in each} for each in (old, new))
    return sorted(name for name in before | after if before.get(name) != after.get(name))


def lowered(old: Sequence[PlannedService], new: Sequence[PlannedService]) -> dict[str, int]:
    """Return the dimensions that allow less than before, with what they allow now."""
    before, after = limits_of_services(old), limits_of_services(new)
    lower: dict[str, int] = {}
    for dimension, limit in before.items():
        now = after.get(dimension, 0)
        if now is not None and (limit is None or now < limit):
            lower[dimension] = now
    return lower


def check_settings_stay(what: str, old: Sequence[PlannedService], new: Sequence[PlannedService]) -> None:
    """Refuse to move a service that tenants rely on to other settings, such as another cloud.

    Raises:
        PlanFixed: a service has other settings.
    """
    before = {service.provider: service.settings for service in old}
    for service in new:
        if service.provider in before and before[service.provider] != service.settings:
            raise PlanFixed(
                f"{what} is in use, so the settings of {service.provider!r} are fixed; quotas can change, and services "
                "can be added.",
                remedy="Leave the settings as they are, or create a new plan or add-on with others.",
                target="services.settings",
            )
