"""The cost overview: it adds up what every subscription costs, for people who may see that."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, update

from support.cloud import SimulatedCloud, Tenant
from zaffre.edge.faces import Face
from zaffre.foundation.actor import system_actor
from zaffre.management.cost_overview import watch
from zaffre.management.cost_overview.tables import CostedMonthRow, CostPassRow, CostTotalRow
from zaffre.management.cost_overview.watch import CostWatch
from zaffre.management.money.months import Month
from zaffre.management.money.tables import DiscountRow, OfferFeeRow
from zaffre.management.tables import SubscriptionRow

ACTOR = system_actor("test")


def iso(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


async def use(cloud: SimulatedCloud, tenant: Tenant, at: datetime, quantity: str, **other: Any) -> None:
    body: dict[str, Any] = {
        "meter": "vcpu_hours",
        "subscription_id": tenant.subscription_id,
        "resource_type": "virtual_machine",
        "resource_id": cloud.units.ids.new(),
        "resource_name": "web",
        "quantity": quantity,
        "began_at": iso(at),
        "ended_at": iso(at + timedelta(hours=1)),
        "state": "running",
    }
    await cloud.admin.post("/usage-records", body | other)


async def prices(cloud: SimulatedCloud, since: Month, currency: str, plan_id: str | None, **meters: str) -> None:
    card = await cloud.admin.post("/rate-cards", {"name": f"card {currency}", "currency": currency})
    begin = {"effective_from": iso(since.begin)}
    for meter, price in meters.items():
        await cloud.admin.post(f"/rate-cards/{card['id']}/rates", {"meter": meter, "tiers": [{"price": price}]} | begin)
    await cloud.admin.post("/rate-card-uses", {"rate_card_id": card["id"], "plan_id": plan_id} | begin)


async def again(cloud: SimulatedCloud, processes: int = 1) -> None:
    """Have everything priced anew, by some processes at once."""
    async with cloud.units.write(ACTOR) as work:
        await work.session.execute(update(CostPassRow).where(CostPassRow.name == watch.ROUND).values(began_at=None))
    those = [CostWatch(cloud.units, cloud.site.meters, cloud.site.settings) for _ in range(processes)]
    await asyncio.gather(*(each.run() for each in those))


async def test_the_overview_adds_up_what_every_subscription_costs(cloud: SimulatedCloud) -> None:
    running = Month.of(datetime.now(UTC))
    before = running.plus(-1)
    dollars = await cloud.plan()
    tenants = [await cloud.tenant(), await cloud.tenant(), await cloud.tenant(dollars)]
    plans = [(await cloud.admin.get(each.base))["plan_id"] for each in tenants]
    await prices(cloud, before, "USD", dollars, vcpu_hours="2")
    await prices(cloud, before, "EUR", None, vcpu_hours="0.5", memory_gib_hours="0.1")
    for number, tenant in enumerate(tenants, 1):
        await use(cloud, tenant, before.begin, "100")
        await use(cloud, tenant, running.begin, f"{number}0")
        await use(cloud, tenant, running.begin, "7.5", meter="memory_gib_hours")
    fee = {"amount": "1.11", "currency": "EUR", "period": "hour"}
    percent: dict[str, Any] = {"percent": Decimal(50), "amount": None, "currency": None, "scope": "subscription"}
    async with cloud.units.write(ACTOR) as work:
        work.add(OfferFeeRow(offer_id=plans[0], offer_name="Basic", fee=fee, effective_from=before.begin))
        told = {"begins_at": running.begin, "created_at": running.begin, "ends_at": None, "name": "half"}
        work.add(DiscountRow(id=cloud.units.ids.new(), scope_id=tenants[1].subscription_id, **percent, **told))
    itself = {"resource_type": "subscription", "resource_id": tenants[0].subscription_id, "meter": "subscription_hours"}
    await use(cloud, tenants[0], running.begin, "1", **itself)
    await cloud.admin.post("/credits", {"name": "gift", "amount": "3", "currency": "USD",
                                        "subscription_id": tenants[2].subscription_id})  # fmt: skip
    await cloud.site.metering.record()
    assert (await cloud.admin.get("/cost-overview"))["as_of"] is None
    # Several processes share the subscriptions, and price none of them twice.
    await again(cloud, processes=3)
    found = await cloud.admin.get("/cost-overview")
    assert (found["month"], found["subscriptions"], found["closed_at"]) == (str(running), 3, None)
    assert [total["currency"] for total in found["totals"]] == ["EUR", "USD"]
    # What each costs is what its owner is shown, added up by currency.
    own: dict[str, Decimal] = {}
    for tenant in tenants:
        for total in (await tenant.client.get(f"{tenant.base}/costs"))["totals"]:
            own[total["currency"]] = own.get(total["currency"], Decimal(0)) + Decimal(total["cost"])
    euros, usd = found["totals"]
    assert {total["currency"]: Decimal(total["cost"]) for total in found["totals"]} == own
    assert (euros["usage"], euros["last_month"], usd["last_month"]) == ("16.50", "100.00", "200.00")
    assert Decimal(euros["discounts"]) == Decimal("-5.38")
    assert Decimal(euros["fees"]) >= Decimal("1.11")
    assert Decimal(euros["forecast"]) >= Decimal(euros["cost"])
    assert (usd["credits_left"], usd["billed"], usd["cost"]) == ("3.00", None, "60.00")
    shares = {each["id"]: each for each in found["top_subscriptions"]}
    assert shares.keys() == {tenant.subscription_id for tenant in tenants}
    assert shares[tenants[2].subscription_id]["name"] == "main"
    for of in ("plans", "top_subscriptions", "meters"):
        for total in found["totals"]:
            told = [Decimal(each["cost"]) for each in found[of] if each["currency"] == total["currency"]]
            assert abs(sum(told) - Decimal(total["cost"])) <= Decimal("0.02"), of
    assert {each["last_month"] for each in found["plans"]} == {"50.00", "200.00"}
    names = {(each["currency"], each["kind"], each["name"]) for each in found["meters"]}
    assert names >= {("EUR", "usage", "Virtual processors"), ("EUR", "fee", "Subscription")}
    (top, other) = (await cloud.admin.get("/cost-overview?top=1"))["top_subscriptions"]
    assert {top["currency"], other["currency"]} == {"EUR", "USD"}
    await _follows_what_changes(cloud, tenants, before)


async def test_a_subscription_made_after_the_pass_is_in_the_overview_at_the_next_look(
    cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def seen() -> set[str]:
        return {each["id"] for each in (await cloud.admin.get("/cost-overview"))["top_subscriptions"]}

    monkeypatch.setattr(watch, "SETTLED", timedelta(hours=1))
    monkeypatch.setattr(watch, "AT_ONCE", 2)
    first = await cloud.tenant()
    await prices(cloud, Month.of(datetime.now(UTC)), "EUR", None, subscription_hours="1")
    await use(cloud, first, Month.of(datetime.now(UTC)).begin, "1", meter="subscription_hours")
    await cloud.site.metering.record()
    await again(cloud)
    assert await seen() == {first.subscription_id}
    # More are made after the pass than are taken up at once; the pass itself is not due for an hour.
    made = [(await cloud.tenant()).subscription_id for _ in range(3)]
    await cloud.site.metering.record()
    await cloud.site.costs.run()
    assert await seen() == {first.subscription_id}, "they have not settled"
    async with cloud.units.write(ACTOR) as work:
        for age, subscription_id in enumerate(reversed(made)):
            subscription = await work.session.get_one(SubscriptionRow, subscription_id)
            subscription.created_at = work.clock.now() - timedelta(hours=2, seconds=age)
        marks = update(CostPassRow).where(CostPassRow.name == watch.NEWCOMERS)
        await work.session.execute(marks.values(began_at=work.clock.now() - timedelta(hours=3)))
    await cloud.site.costs.run()
    assert await seen() == {first.subscription_id, *made[:2]}
    await cloud.site.costs.run()
    assert await seen() == {first.subscription_id, *made}


async def _follows_what_changes(cloud: SimulatedCloud, tenants: list[Tenant], before: Month) -> None:
    async def kept() -> list[CostedMonthRow]:
        async with cloud.units.read(ACTOR) as work:
            rows = select(CostedMonthRow).where(CostedMonthRow.month == str(before))
            return list(await work.session.scalars(rows.order_by(CostedMonthRow.subscription_id)))

    path = f"/cost-overview?month={before}"
    await use(cloud, tenants[0], before.begin + timedelta(hours=1), "100")
    await cloud.site.metering.record()
    await cloud.site.costs.run()
    assert (await cloud.admin.get(path))["totals"][0]["cost"] == "100.00", "an interval has not passed"
    await again(cloud)
    assert (await cloud.admin.get(path))["totals"][0]["cost"] == "150.00"
    await cloud.admin.accepted("POST", "/statement-runs", {"month": str(before)})
    await again(cloud)
    closed = await cloud.admin.get(path)
    billed = [(total["cost"], total["billed"], total["credits_left"]) for total in closed["totals"]]
    # Its statement has used the credit, which costs do not show.
    assert billed == [("150.00", "150.00", "0.00"), ("200.00", "197.00", "0.00")]
    # A closed month is final once it has been priced after that.
    final = [row.as_of for row in await kept()]
    await again(cloud)
    assert [row.as_of for row in await kept()] == final
    # Subscriptions that are gone stay in it.
    await tenants[1].client.accepted("DELETE", tenants[1].base)
    await again(cloud)
    assert (await cloud.admin.get("/cost-overview"))["subscriptions"] == 3
    # What is older than sums are kept goes.
    async with cloud.units.write(ACTOR) as work:
        old = update(CostTotalRow).where(CostTotalRow.month == str(before))
        await work.session.execute(old.values(month="2001-01"))
    await again(cloud)
    async with cloud.units.read(ACTOR) as work:
        left = await work.session.scalars(select(CostTotalRow.month).where(CostTotalRow.month == "2001-01"))
        assert not left.all()
    for wrong in ("month=1999-01", "month=nonsense", "top=0", "top=101"):
        assert (await cloud.admin.ask("GET", f"/cost-overview?{wrong}")).status == 400
    tenant = await cloud.sign_in(tenants[0].email, "a tenant's password", Face.TENANT)
    assert (await tenant.ask("GET", "/cost-overview")).status == 404
