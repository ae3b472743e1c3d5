"""How the resource providers are, asked in a way that a sick one cannot spoil for the others."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from zaffre.foundation.actor import system_actor
from zaffre.foundation.errors import DomainError
from zaffre.foundation.work import UnitsOfWork
from zaffre.management.providers import ProviderHealth, ProviderRegistry, ResourceProvider

log = structlog.get_logger(__name__)

HEALTH_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class CheckedHealth:
    """What a provider answered, or that it did not."""

    provider: ResourceProvider
    health: ProviderHealth


async def check_health(units: UnitsOfWork, providers: ProviderRegistry) -> Sequence[CheckedHealth]:
    """Ask every provider how it is, side by side; one that fails or takes too long is unhealthy."""
    return await asyncio.gather(*(_check(units, provider) for provider in providers))


async def _check(units: UnitsOfWork, provider: ResourceProvider) -> CheckedHealth:
    try:
        async with asyncio.timeout(HEALTH_TIMEOUT_S), units.read(system_actor("provider health")) as work:
            health = await provider.health(work)
    except TimeoutError:
        health = ProviderHealth(healthy=False, sentence=f"It did not answer within {HEALTH_TIMEOUT_S:.0f} s")
    except DomainError as error:
        health = ProviderHealth(healthy=False, sentence=error.detail)
    except Exception:
        log.exception("a provider's health check failed", provider=provider.name)
        health = ProviderHealth(healthy=False, sentence="Its health check failed; the server's log says why")
    return CheckedHealth(provider, health)
