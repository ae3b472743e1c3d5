"""Effective limits: a plan's plus what held add-ons add, on the counters of many subscriptions at once."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy import select

from support.records import ACTOR, account, plan
from zaffre.foundation.work import UnitsOfWork
from zaffre.management.limits import (
    Overrun,
    apply_limits,
    limit_drifts,
    limits_of_subscriptions,
    overruns,
    refresh_limits,
    services_of_subscriptions,
)
from zaffre.management.plans import limits_of
from zaffre.management.quotas import NotInPlan, QuotaExceeded, Quotas
from zaffre.management.tables import AddOnRow, PlanRow, QuotaCounterRow, SubscriptionAddOnRow, SubscriptionRow

MACHINES = {"provider": "machines", "settings": {"cloud": "a"}, "quota": {"machines": 2, "memory": None}}


def service(provider: str, settings: Mapping[str, Any] | None = None, **quota: int | None) -> dict[str, Any]:
    return {"provider": provider, "settings": dict(settings or {}), "quota": quota}


async def subscribed(units: UnitsOfWork, plan_id: str) -> str:
    row = SubscriptionRow(
        id=units.ids.new(),
        name="main",
        account_id=await account(units),
        plan_id=plan_id,
        state="active",
        created_at=units.clock.now(),
    )
    async with units.write(ACTOR) as work:
        work.add(row)
        await Quotas(work).open(row.id, limits_of(await work.session.get_one(PlanRow, plan_id)))
    return row.id


async def add_on(units: UnitsOfWork, *services: dict[str, Any]) -> str:
    row = AddOnRow(
        id=units.ids.new(),
        name=units.ids.new(),
        description="",
        state="public",
        services=list(services),
        created_at=units.clock.now(),
    )
    async with units.write(ACTOR) as work:
        work.add(row)
    return row.id


async def hold(units: UnitsOfWork, subscription_id: str, add_on_id: str, times: int = 1) -> None:
    async with units.write(ACTOR) as work:
        for _ in range(times):
            held = {"id": units.ids.new(), "subscription_id": subscription_id, "add_on_id": add_on_id}
            work.add(SubscriptionAddOnRow(**held, acquired_at=units.clock.now()))


async def sell(units: UnitsOfWork, plan_id: str, *services: dict[str, Any]) -> None:
    async with units.write(ACTOR) as work:
        (await work.session.get_one(PlanRow, plan_id)).services = list(services)


async def refresh(units: UnitsOfWork, *subscription_ids: str) -> None:
    async with units.write(ACTOR) as work:
        await refresh_limits(work, subscription_ids)


async def claim(units: UnitsOfWork, subscription_id: str, **amounts: int) -> None:
    async with units.write(ACTOR) as work:
        await Quotas(work).claim(subscription_id, units.ids.new(), amounts)


async def counters(units: UnitsOfWork, subscription_id: str) -> dict[str, tuple[int | None, int]]:
    async with units.read(ACTOR) as work:
        return {u.dimension: (u.limit, u.used) for u in await Quotas(work).usage(subscription_id)}


async def test_add_ons_add_to_the_plan_per_occurrence_and_unlimited_wins(units: UnitsOfWork) -> None:
    plan_id = await plan(units, services=[MACHINES])
    other = await plan(units, services=[service("machines", machines=100)])
    bare, holder = await subscribed(units, plan_id), await subscribed(units, plan_id)
    more = await add_on(units, service("machines", machines=3, memory=5))
    every = await add_on(units, service("machines", machines=None), service("backups", {"where": "far"}, copies=7))
    await hold(units, holder, more, 2)
    async with units.read(ACTOR) as work:
        limits = await limits_of_subscriptions(work, [bare, holder, units.ids.new()])
        assert limits == {bare: {"machines": 2, "memory": None}, holder: {"machines": 8, "memory": None}}
        elsewhere = await limits_of_subscriptions(work, [holder], await work.session.get_one(PlanRow, other))
        assert elsewhere == {holder: {"machines": 106, "memory": 10}}
    await hold(units, holder, every)
    async with units.read(ACTOR) as work:
        assert await limits_of_subscriptions(work, [holder]) == {
            holder: {"machines": None, "memory": None, "copies": 7}
        }
        services = (await services_of_subscriptions(work, [holder]))[holder]
    assert {each.provider: each.settings for each in services} == {
        "machines": {"cloud": "a"},
        "backups": {"where": "far"},
    }


async def test_counters_follow_their_limits_and_what_is_gone_but_used_allows_no_more(units: UnitsOfWork) -> None:
    plan_id = await plan(units, services=[MACHINES, service("backups", copies=4, tapes=4)])
    subscription_id = await subscribed(units, plan_id)
    await claim(units, subscription_id, machines=2, copies=3)
    await sell(units, plan_id, service("machines", machines=1, disks=9))
    async with units.read(ACTOR) as work:
        limits = await limits_of_subscriptions(work, [subscription_id])
        expected = [Overrun(subscription_id, "copies", 0, 3), Overrun(subscription_id, "machines", 1, 2)]
        assert sorted(await overruns(work, limits), key=lambda each: each.dimension) == expected
        assert {each.dimension for each in await limit_drifts(work, [subscription_id])} == {
            *("copies", "disks", "machines", "memory", "tapes")
        }
    await refresh(units, subscription_id)
    assert await counters(units, subscription_id) == {"copies": (0, 3), "disks": (9, 0), "machines": (1, 2)}
    with suppress(QuotaExceeded):
        await claim(units, subscription_id, copies=1)
        raise AssertionError("copies are gone")
    with suppress(NotInPlan):
        await claim(units, subscription_id, tapes=1)
        raise AssertionError("tapes are gone")
    async with units.read(ACTOR) as work:
        assert await limit_drifts(work, [subscription_id]) == []


async def test_new_counters_of_a_closed_subscription_are_closed(units: UnitsOfWork) -> None:
    plan_id = await plan(units, services=[MACHINES])
    subscription_id = await subscribed(units, plan_id)
    async with units.write(ACTOR) as work:
        assert await Quotas(work).close(subscription_id)
    await sell(units, plan_id, MACHINES, service("backups", copies=1))
    await refresh(units, subscription_id)
    async with units.read(ACTOR) as work:
        closed = select(QuotaCounterRow.closed).where(QuotaCounterRow.dimension == "copies")
        assert (await work.session.scalars(closed)).all() == [True]


async def test_claims_that_race_with_changing_limits_never_pass_one_and_lose_nothing(units: UnitsOfWork) -> None:
    plan_id = await plan(units, services=[service("machines", machines=4, vcpus=None)])
    ids = [await subscribed(units, plan_id) for _ in range(4)]
    more = await add_on(units, service("machines", machines=1, tapes=1))

    async def come(number: int) -> None:
        with suppress(QuotaExceeded):
            await claim(units, ids[number % 4], machines=1, vcpus=1)

    async def buy(number: int) -> None:
        async with units.write(ACTOR) as work:
            await refresh_limits(work, [ids[number % 4]])
            held = {"id": units.ids.new(), "subscription_id": ids[number % 4], "add_on_id": more}
            work.add(SubscriptionAddOnRow(**held, acquired_at=units.clock.now()))
            await work.session.flush()
            await refresh_limits(work, [ids[number % 4]])

    await asyncio.gather(
        *(come(n) for n in range(32)), *(buy(n) for n in range(12)), *(refresh(units, *ids) for _ in range(8))
    )
    for subscription_id in ids:
        limit, used = (await counters(units, subscription_id))["machines"]
        assert limit == 7
        assert 4 <= used <= 7
        assert (await counters(units, subscription_id))["tapes"] == (3, 0)
    async with units.read(ACTOR) as work:
        assert await limit_drifts(work, ids) == []


async def test_applying_what_is_due_already_changes_nothing(units: UnitsOfWork) -> None:
    plan_id = await plan(units, services=[MACHINES])
    subscription_id = await subscribed(units, plan_id)
    async with units.write(ACTOR) as work:
        await apply_limits(work, {subscription_id: {"machines": 2, "memory": None}})
    assert await counters(units, subscription_id) == {"machines": (2, 0), "memory": (None, 0)}
