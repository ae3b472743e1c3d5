"""How providers are, as operators are told."""

from collections.abc import Awaitable, Callable

import pytest

from support.cloud import SimulatedCloud
from zaffre.foundation.errors import Conflict
from zaffre.foundation.work import UnitOfWork
from zaffre.management import ProviderHealth, health


async def sick(_work: UnitOfWork) -> ProviderHealth:
    raise ZeroDivisionError


async def refusing(_work: UnitOfWork) -> ProviderHealth:
    raise Conflict("Its database is full.", remedy="none")


async def slow(work: UnitOfWork) -> ProviderHealth:
    await work.clock.sleep(60)
    raise AssertionError


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (sick, "Its health check failed; the server's log says why"),
        (refusing, "Its database is full."),
        (slow, "It did not answer within 0 s"),
    ],
)
async def test_a_sick_provider_does_not_hide_the_others(
    cloud: SimulatedCloud,
    monkeypatch: pytest.MonkeyPatch,
    answer: Callable[[UnitOfWork], Awaitable[ProviderHealth]],
    sentence: str,
) -> None:
    monkeypatch.setattr(health, "HEALTH_TIMEOUT_S", 0.2)
    monkeypatch.setattr(cloud.site.providers.get("networks"), "health", answer)
    found = {each["name"]: each for each in (await cloud.admin.get("/providers"))["value"]}
    assert (found["networks"]["healthy"], found["networks"]["sentence"]) == (False, sentence)
    assert (found["virtual_machines"]["healthy"], found["virtual_machines"]["sentence"]) == (
        True,
        "2 hosts can take virtual machines",
    )
