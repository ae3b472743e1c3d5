"""Rate limits of the public face: told with every answer, and kept."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.cloud import ADMIN_EMAIL, ADMIN_PASSWORD, SimulatedCloud, cloud_settings, running_cloud
from zaffre.edge.faces import Face
from zaffre.foundation.clock import ManualClock
from zaffre.foundation.database import Database
from zaffre.foundation.http.rates import RateLimits, network_of
from zaffre.foundation.settings import RateLimitSettings


@pytest.fixture
async def narrow(database: Database, tmp_path: Path, clock: ManualClock) -> AsyncIterator[SimulatedCloud]:
    """A site that lets a caller ask 5 times at once and an address 12 times, and then once a second."""
    limits = ("caller_per_minute=60", "caller_burst=5", "address_per_minute=60", "address_burst=12")
    url = database.url if not database.is_sqlite else ""
    settings = cloud_settings(tmp_path, url, "parts=api", *(f"rate_limits.{limit}" for limit in limits))
    async with running_cloud(settings, furnished=False, clock=clock) as cloud:
        yield cloud


async def test_a_caller_is_told_what_is_left_and_refused_what_is_too_much(
    narrow: SimulatedCloud, clock: ManualClock
) -> None:
    admin = await narrow.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
    answers = [await admin.ask("GET", "/accounts/me") for _ in range(6)]
    assert [answer.status for answer in answers] == [200, 200, 200, 200, 200, 429]
    told = answers[0].headers
    assert told["RateLimit-Policy"] == '"address";q=60;w=60, "caller";q=60;w=60'
    assert re.fullmatch(r'"address";r=10;t=\d+, "caller";r=4;t=1', told["RateLimit"])
    refused = answers[-1]
    assert refused.body["code"] == "service.rate_limited"
    assert (refused.headers["Retry-After"], refused.headers["Content-Type"]) == ("1", "application/problem+json")
    assert '"caller";r=0;t=5' in refused.headers["RateLimit"]
    clock.advance(1)
    assert (await admin.ask("GET", "/accounts/me")).status == 200
    assert (await admin.ask("GET", "/accounts/me")).status == 429


async def test_strangers_are_held_to_the_limit_of_their_address_and_the_other_faces_have_none(
    narrow: SimulatedCloud,
) -> None:
    stranger = narrow.client(Face.PUBLIC, "zat_guessed")
    statuses = [(await stranger.ask("GET", "/accounts/me")).status for _ in range(14)]
    assert statuses == [401] * 12 + [429] * 2
    for face in (Face.ADMIN, Face.TENANT):
        answers = [await narrow.client(face).ask("GET", "/accounts/me") for _ in range(20)]
        assert {answer.status for answer in answers} == {401}
        assert "RateLimit" not in answers[0].headers


def test_processes_share_a_limit_and_buckets_fill_again() -> None:
    clock = ManualClock()
    limits = RateLimits(RateLimitSettings(caller_per_minute=600, caller_burst=40, processes=4), clock)
    assert sum(limits.of_caller("a").passed for _ in range(50)) == 10
    assert limits.of_caller("b").passed
    clock.advance(2)
    assert sum(limits.of_caller("a").passed for _ in range(50)) == 5
    clock.advance(1000)
    assert sum(limits.of_caller("a").passed for _ in range(50)) == 10


def test_a_customer_of_ipv6_is_one_however_many_addresses_they_use() -> None:
    assert network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2:ffff::1") != network_of("2001:db8:1:3::4")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1")
    assert network_of(None) == network_of("no address") == "unknown"
