"""The server is killed at random moments while it closes months: each statement is made once, credits are used once."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from conftest import DATABASES, empty_database
from support.killable_server import KillableServer
from zaffre.client import (
    NewCreditBody,
    NewRateBody,
    NewRateCardBody,
    NewUsageRecordBody,
    RetryPolicy,
    TierBody,
    Zaffre,
    ZaffreError,
)

MONTHS = ["2020-01", "2020-05"]
"""Closed one after the other, a life of the server each; too far apart to adjust each other."""
CUSTOMERS = 12
CREDIT = 20
"""For all of them; the first month uses it up, somewhere in the middle of a statement."""
LATEST_KILL_S = 0.6
CLOSED_WITHIN_S = 60.0
PATIENT = RetryPolicy(attempts=2000, first_delay_s=0.05, longest_delay_s=0.05)


@pytest.mark.parametrize("kind", DATABASES)
def test_each_statement_is_made_once_wherever_the_server_dies(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    dice = random.Random(seed)
    request.param = kind
    with empty_database(request, tmp_path) as url:
        server = KillableServer(tmp_path, url, metering__keep_daily_days=3650)
        server.start()
        try:
            server.furnish()
            with server.admin(retries=PATIENT) as admin:
                price(admin)
                customers = use(server, admin)
                for month in MONTHS:
                    close_and_die(server, admin, month, dice)
                assert_whole(admin, customers)
        finally:
            server.kill()


def price(admin: Zaffre) -> None:
    begin = datetime(2020, 1, 1, tzinfo=UTC)
    cards = admin.admin.rate_cards
    card = cards.create(NewRateCardBody(name="card", currency="EUR"))
    cards.rates(card.id).set(NewRateBody(meter="vcpu_hours", tiers=[TierBody(price="1")], effective_from=begin))
    cards.uses.add(card.id, effective_from=begin)


def use(server: KillableServer, admin: Zaffre) -> list[str]:
    """Let each subscription of a tenant use as much in each month as is told by its place: 1, 2, 3 and so on."""
    client, first = server.tenant(retries=PATIENT)
    account_id = client.account.get().id
    plan_id = client.subscriptions.get(first.id).plan_id
    ids = [client.subscriptions.create(plan_id, f"s{number}").wait().id for number in range(1, CUSTOMERS)]
    ids = [first.id, *ids]
    client.close()
    admin.admin.credits.create(NewCreditBody(name="gift", amount=str(CREDIT), currency="EUR", account_id=account_id))
    for month in MONTHS:
        began_at = datetime.fromisoformat(f"{month}-01T00:00:00+00:00")
        for quantity, subscription_id in enumerate(ids, start=1):
            body = NewUsageRecordBody(
                meter="vcpu_hours",
                subscription_id=subscription_id,
                resource_type="virtual_machine",
                resource_id=subscription_id,
                resource_name="web",
                quantity=str(quantity),
                began_at=began_at,
                ended_at=began_at + timedelta(hours=1),
            )
            admin.admin.usage.add(body)
    return ids


def close_and_die(server: KillableServer, admin: Zaffre, month: str, dice: random.Random) -> None:
    """Begin to close a month, kill the server a little later, start it again, and see the month closed."""
    admin.admin.statement_runs.close(month)
    sleep(dice.uniform(0, LATEST_KILL_S))
    server.kill()
    server.start()
    end = monotonic() + CLOSED_WITHIN_S
    while (run := admin.admin.statement_runs.find_item(month)).closed_at is None:
        assert monotonic() < end, (run, server.log()[-4000:])
        sleep(0.05)


def assert_whole(admin: Zaffre, customers: list[str]) -> None:
    """Compare all statements with what was used, to the cent."""
    found = [admin.admin.statements.get(each.id) for each in admin.admin.statements.all()]
    assert sorted(int(each.number) for each in found) == list(range(1, len(found) + 1))
    assert Counter((each.month, each.subscription_id) for each in found) == Counter(product(MONTHS, customers))
    assert [run.month for run in admin.admin.statement_runs.all()] == MONTHS[::-1]
    used = credited = Decimal(0)
    for each in found:
        by_kind: dict[Any, Decimal] = Counter()
        for line in each.lines:
            by_kind[line.kind.value] += Decimal(line.amount)
        assert by_kind.keys() <= {"usage", "credit"}
        assert by_kind["usage"] == customers.index(each.subscription_id) + 1
        assert Decimal(each.total) == sum(by_kind.values())
        used += by_kind["usage"]
        credited -= by_kind["credit"]
    assert used == len(MONTHS) * CUSTOMERS * (CUSTOMERS + 1) // 2
    assert credited == CREDIT
    assert [Decimal(credit.left) for credit in admin.admin.credits.all()] == [0]
    with pytest.raises(ZaffreError, match="closed"):
        admin.admin.statement_runs.close(MONTHS[-1])
