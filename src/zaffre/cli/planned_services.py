"""Putting a plan's services together from what was written on the command line."""

from collections.abc import Sequence
from typing import Any

from zaffre.cli.refusals import UsageProblem
from zaffre.client import PlannedServiceBody, PlannedServiceView, ProviderView

UNLIMITED = "unlimited"


class PlannedServices:
    """The services of a plan in the making."""

    def __init__(self, providers: Sequence[ProviderView]) -> None:
        """Begin without services.

        Args:
            providers: what can be sold.
        """
        self._providers = {provider.name: provider for provider in providers}
        self._settings: dict[str, dict[str, Any]] = {}
        self._quotas: dict[str, dict[str, int | None]] = {}

    def begin_with(self, services: Sequence[PlannedServiceView]) -> None:
        """Put in what is sold already."""
        for service in services:
            self._settings[service.provider] = dict(service.settings)
            self._quotas[service.provider] = dict(service.quota)

    def sell(self, names: Sequence[str]) -> None:
        """Put providers' services in.

        Raises:
            UsageProblem: there is no such provider.
        """
        for name in names:
            if name not in self._providers:
                known = ", ".join(sorted(self._providers))
                raise UsageProblem(f"There is no resource provider {name!r}.", f"Those there are: {known}.")
            self._settings.setdefault(name, {})

    def set(self, provider: str, key: str, value: Any) -> None:
        """Put a provider's service in with a setting."""
        self.sell([provider])
        self._settings[provider][key] = value

    def read_settings(self, texts: Sequence[str]) -> None:
        """Read settings written as `provider.key=value`.

        Raises:
            UsageProblem: one is not written so.
        """
        for text in texts:
            name, equals, value = text.partition("=")
            provider, dot, key = name.partition(".")
            if not (equals and dot and key):
                raise UsageProblem(f"The setting {text!r} cannot be read.", "Write it as PROVIDER.KEY=VALUE.")
            self.set(provider, key, _typed(value))

    def read_quotas(self, texts: Sequence[str]) -> None:
        """Read limits written as `dimension=limit`.

        Raises:
            UsageProblem: one is not written so, or no service of the plan has the dimension.
        """
        for text in texts:
            dimension, equals, limit = text.partition("=")
            if not equals or not (limit.isdecimal() or limit == UNLIMITED):
                raise UsageProblem(f"The quota {text!r} cannot be read.", "Write it as vcpus=16 or vcpus=unlimited.")
            quota = self._quotas.setdefault(self._provider_of(dimension), {})
            quota[dimension] = None if limit == UNLIMITED else int(limit)

    def bodies(self) -> list[PlannedServiceBody]:
        """Return the services for the API.

        Raises:
            UsageProblem: there are none.
        """
        if not self._settings:
            raise UsageProblem("A plan sells at least one service.", "Give --cloud, --logical-network or --service.")
        return [
            PlannedServiceBody(provider=name, settings=settings, quota=self._quotas.get(name, {}))
            for name, settings in self._settings.items()
        ]

    def _provider_of(self, dimension: str) -> str:
        sold = [self._providers[name] for name in self._settings]
        for provider in sold:
            if any(known.name == dimension for known in provider.dimensions):
                return provider.name
        known = ", ".join(each.name for provider in sold for each in provider.dimensions)
        raise UsageProblem(
            f"No service of this plan has the quota dimension {dimension!r}.", f"Those there are: {known or 'none'}."
        )


def _typed(value: str) -> Any:
    """Return a setting's value as what it looks like: a truth value, a whole number or a text."""
    if value in ("true", "false"):
        return value == "true"
    return int(value) if value.lstrip("-").isdecimal() else value
