"""Money through the API: prices, costs and forecasts, and who may see and set what."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete

from support.cloud import SimulatedCloud, Tenant
from support.waiting import until
from zaffre.foundation.actor import system_actor
from zaffre.management.metering.tables import UsageChangeRow, UsageSpanRow
from zaffre.management.money.months import HOUR, Month, hour_of, next_hour
from zaffre.management.money.statement_runs import close_due_months


def last_month() -> Month:
    return Month.of(datetime.now(UTC)).plus(-1)


def iso(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


async def priced(cloud: SimulatedCloud, month: Month, **prices: Any) -> str:
    """Make a card that prices everything since a month began."""
    card = await cloud.admin.post("/rate-cards", {"name": f"card {next(cloud.numbers)}", "currency": "EUR"})
    for meter, tiers in prices.items():
        body: dict[str, Any] = {"meter": meter, "tiers": [{"price": tiers}] if isinstance(tiers, str) else tiers}
        await cloud.admin.post(f"/rate-cards/{card['id']}/rates", body | {"effective_from": iso(month.begin)})
    return str(card["id"])


async def use(cloud: SimulatedCloud, card_id: str, month: Month, plan_id: str | None = None) -> None:
    body = {"rate_card_id": card_id, "plan_id": plan_id, "effective_from": iso(month.begin)}
    await cloud.admin.post("/rate-card-uses", body)


async def late(cloud: SimulatedCloud, tenant: Tenant, at: datetime, quantity: str, **other: Any) -> Any:
    """Record what a machine elsewhere has used."""
    body = {
        "meter": "vcpu_hours",
        "subscription_id": tenant.subscription_id,
        "resource_type": "virtual_machine",
        "resource_id": cloud.units.ids.new(),
        "resource_name": "elsewhere",
        "quantity": quantity,
        "began_at": iso(at),
        "ended_at": iso(at + HOUR),
        "state": "running",
    }
    made = await cloud.admin.post("/usage-records", body | other)
    await cloud.site.metering.record()
    return made


async def test_a_month_is_priced_by_tiers_resources_tags_and_days(cloud: SimulatedCloud) -> None:
    month = last_month()
    tenant, other = await cloud.tenant(), await cloud.tenant()
    tiers = [{"up_to": "10", "price": "0.5"}, {"price": "0.1"}]
    card_id = await priced(cloud, month, vcpu_hours=tiers, memory_gib_hours="0.333333333")
    await use(cloud, card_id, month)
    await late(cloud, tenant, month.begin, "8", resource_name="web", tags={"team": "red"})
    await late(cloud, tenant, month.begin + timedelta(days=2), "4", resource_name="db", tags={"team": "blue"})
    await late(cloud, tenant, month.begin, "3", meter="memory_gib_hours", tags={"team": "red"})
    await late(cloud, tenant, month.end, "1000")

    path = f"{tenant.base}/costs?month={month}"
    found = await tenant.client.get(path)
    total = {"currency": "EUR", "list_cost": "6.20", "cost": "6.20", "forecast": "6.20"}
    assert found["totals"] == [total]
    lines = {line["meter"]: (line["title"], line["quantity"], line["cost"]) for line in found["value"]}
    assert lines["vcpu_hours"] == ("Virtual processors", "12", "5.2")
    assert lines["memory_gib_hours"] == ("Memory", "3", "0.999999999")
    by_tag = (await tenant.client.get(f"{path}&group=tag&tag=team"))["value"]
    assert {(line["tag"], line["meter"], line["cost"]) for line in by_tag} == {
        ("red", "vcpu_hours", "4"),
        ("blue", "vcpu_hours", "1.2"),
        ("red", "memory_gib_hours", "0.999999999"),
    }
    by_day = (await tenant.client.get(f"{path}&step=day&group=resource"))["value"]
    assert [(line["began_at"][8:10], line["resource_name"], line["cost"]) for line in by_day] == [
        ("01", "elsewhere", "0.999999999"),
        ("01", "web", "4"),
        ("03", "db", "1.2"),
    ]
    assert (await other.client.ask("GET", path)).status == 404
    assert (await other.client.get(f"{other.base}/costs?month={month}"))["totals"] == []
    assert (await cloud.admin.get(path))["totals"] == found["totals"]
    rates = (await tenant.client.get(f"{tenant.base}/rates"))["value"]
    assert [(rate["meter"], rate["currency"], len(rate["tiers"])) for rate in rates] == [
        ("memory_gib_hours", "EUR", 1),
        ("vcpu_hours", "EUR", 2),
    ]
    for wrong in ("month=2999-01", "month=2026-13", "group=colour"):
        assert (await tenant.client.ask("GET", f"{tenant.base}/costs?{wrong}")).status == 400


async def test_a_price_changes_in_the_middle_of_a_day_and_never_for_what_was_used(cloud: SimulatedCloud) -> None:
    month = last_month()
    tenant = await cloud.tenant()
    card_id = await priced(cloud, month, vcpu_hours="1")
    await use(cloud, card_id, month)
    rates = f"/rate-cards/{card_id}/rates"
    for at, code in (
        (month.begin, "rate.past_is_fixed"),
        (hour_of(datetime.now(UTC)), "rate.past_is_fixed"),
        (datetime.now(UTC) + timedelta(days=1, seconds=30), "request.invalid"),
    ):
        answer = await cloud.admin.ask("POST", rates, {"meter": "vcpu_hours", "tiers": [], "effective_from": iso(at)})
        assert answer.body["code"] == code, answer.body
    planned = await cloud.admin.post(rates, {"meter": "vcpu_hours", "tiers": [{"price": "7"}]})
    assert datetime.fromisoformat(planned["effective_from"]) == next_hour(datetime.now(UTC))
    again = await cloud.admin.ask(
        "POST", rates, {"meter": "vcpu_hours", "tiers": [], "effective_from": planned["effective_from"]}
    )
    assert (again.status, again.body["code"]) == (409, "rate.taken")
    await cloud.admin.delete(f"{rates}/{planned['id']}")
    assert [rate["meter"] for rate in (await cloud.admin.get(rates))["value"]] == ["vcpu_hours"]

    # Another meter's first price may begin in the past, here in the middle of a day.
    noon = month.begin + timedelta(days=3, hours=12)
    body = {"meter": "memory_gib_hours", "tiers": [{"price": "2"}], "effective_from": iso(noon)}
    await cloud.admin.post(rates, body)
    for hour, quantity in ((11, "5"), (12, "10"), (13, "20")):
        at = month.begin + timedelta(days=3, hours=hour)
        await late(cloud, tenant, at, quantity, meter="memory_gib_hours")
    found = await tenant.client.get(f"{tenant.base}/costs?month={month}&step=day")
    assert [(line["quantity"], line["cost"]) for line in found["value"]] == [("30", "60")]


async def test_fees_of_plan_and_add_ons_follow_from_the_time_they_are_held(cloud: SimulatedCloud) -> None:
    plan_id = await cloud.plan(terms={"fee": {"amount": "720", "currency": "EUR", "period": "hour"}})
    service = {"provider": "virtual_machines", "quota": {"vcpus": 1}}
    fee = {"amount": "3600", "currency": "USD", "period": "hour"}
    add_on = await cloud.admin.post("/add-ons", {"name": "more", "services": [service], "fee": fee})
    await cloud.admin.patch(f"/add-ons/{add_on['id']}", {"state": "public"})
    await cloud.admin.patch(f"/plans/{plan_id}", {"add_ons": [{"add_on_id": add_on["id"]}]})
    tenant = await cloud.tenant(plan_id)
    await tenant.client.accepted("POST", f"{tenant.base}/add-ons/{add_on['id']}/acquire")
    path = f"{tenant.base}/costs"
    await cloud.site.metering.record()
    found = await tenant.client.get(path)
    now = datetime.now(UTC)
    hours_left = (Month.of(now).end - now) / HOUR
    totals = {total["currency"]: float(total["forecast"]) for total in found["totals"]}
    slack = 3600 / 60
    assert totals == pytest.approx({"EUR": 720 * hours_left, "USD": 3600 * hours_left}, abs=slack)
    await tenant.client.accepted("POST", f"{tenant.base}/add-ons/{add_on['id']}/release")
    await cloud.site.metering.record()
    lines = (await tenant.client.get(path))["value"]
    held = next(line for line in lines if line["title"] == "more")
    assert (held["kind"], held["currency"], held["meter"]) == ("fee", "USD", "add_on_hours")
    assert held["cost"] == held["forecast"]
    assert Decimal(held["cost"]) == pytest.approx(Decimal(held["quantity"]) * 3600)
    assert 0 < Decimal(held["cost"]) < slack


async def test_discounts_and_credits_are_given_ended_and_taken_back(cloud: SimulatedCloud) -> None:
    month = Month.of(datetime.now(UTC))
    tenant = await cloud.tenant()
    await use(cloud, await priced(cloud, month, vcpu_hours="1"), month)
    await late(cloud, tenant, month.begin, "100")
    account_id = (await tenant.client.get("/accounts/me"))["id"]
    begins_at = iso(month.begin)
    half = {"name": "half", "scope": "subscription", "scope_id": tenant.subscription_id, "percent": "50"}
    discount = await cloud.admin.post("/discounts", half | {"begins_at": begins_at})
    fixed = {"name": "loyal", "scope": "account", "scope_id": account_id, "amount": "20", "currency": "EUR"}
    await cloud.admin.post("/discounts", fixed | {"begins_at": begins_at})
    found = await tenant.client.get(f"{tenant.base}/costs")
    assert [(total["list_cost"], total["cost"]) for total in found["totals"]] == [("100.00", "30.00")]
    assert [line["cost"] for line in found["value"] if line["kind"] == "discount"] == ["-20"]
    ended = await cloud.admin.post(f"/discounts/{discount['id']}/end", {})
    assert datetime.fromisoformat(ended["ends_at"]) == next_hour(datetime.now(UTC))
    assert (await tenant.client.get(f"{tenant.base}/costs"))["totals"][0]["cost"] == "30.00"

    for wrong, code in (
        (half | {"amount": "1", "currency": "EUR"}, 400),
        (half | {"percent": "101"}, 400),
        (half | {"begins_at": iso(month.plus(-1).begin)}, 409),
        (half | {"ends_at": begins_at}, 400),
        (half | {"scope_id": account_id}, 404),
    ):
        assert (await cloud.admin.ask("POST", "/discounts", wrong)).status == code

    gift = {"name": "welcome", "amount": "12.5", "currency": "EUR"}
    credit = await cloud.admin.post("/credits", gift | {"account_id": account_id})
    await cloud.admin.post("/credits", gift | {"subscription_id": tenant.subscription_id, "name": "sorry"})
    seen = (await tenant.client.get(f"{tenant.base}/credits?$orderby=name"))["value"]
    assert [(each["name"], each["left"]) for each in seen] == [("sorry", "12.5"), ("welcome", "12.5")]
    revoked = await cloud.admin.post(f"/credits/{credit['id']}/revoke")
    assert (revoked["amount"], revoked["left"]) == ("12.5", "0")
    assert (await cloud.admin.ask("POST", f"/credits/{credit['id']}/revoke")).body["code"] == "credit.used_up"
    stranger = await cloud.tenant()
    assert (await stranger.client.get(f"{stranger.base}/credits"))["value"] == []


async def test_rate_cards_are_made_changed_and_only_deleted_when_they_were_never_used(api: SimulatedCloud) -> None:
    card = await api.admin.post("/rate-cards", {"name": "basic", "currency": "EUR"})
    path = f"/rate-cards/{card['id']}"
    assert (await api.admin.ask("POST", "/rate-cards", {"name": "basic", "currency": "EUR"})).status == 409
    assert (await api.admin.patch(path, {"description": "for all"}))["description"] == "for all"
    wrong: list[tuple[dict[str, Any], int]] = [
        ({"meter": "colour", "tiers": []}, 400),
        ({"meter": "vcpu_hours", "tiers": [{"up_to": "5", "price": "1"}]}, 400),
        ({"meter": "vcpu_hours", "tiers": [*({"up_to": end, "price": "1"} for end in "54"), {"price": "1"}]}, 400),
        ({"meter": "vcpu_hours", "tiers": [{"price": "-1"}]}, 400),
        ({"meter": "vcpu_hours", "tiers": [{"price": "9999999999"}]}, 400),
    ]
    for body, status in wrong:
        assert (await api.admin.ask("POST", f"{path}/rates", body)).status == status, body
    await api.admin.post(f"{path}/rates", {"meter": "vcpu_hours", "tiers": [{"price": "1"}]})
    other = await api.admin.post("/rate-cards", {"name": "other", "currency": "EUR"})
    await api.admin.delete(f"/rate-cards/{other['id']}")
    await api.admin.post("/rate-card-uses", {"rate_card_id": card["id"]})
    refused = await api.admin.ask("DELETE", path)
    assert (refused.status, refused.body["code"]) == (409, "resource.in_use")
    planned = await api.admin.post("/rate-card-uses", {"rate_card_id": None})
    await api.admin.delete(f"/rate-card-uses/{planned['id']}")
    (left,) = (await api.admin.get("/rate-card-uses"))["value"]
    taken = await api.admin.ask("DELETE", f"/rate-card-uses/{left['id']}")
    assert taken.body["code"] == "rate.past_is_fixed"


async def close(cloud: SimulatedCloud, month: Month) -> None:
    await cloud.admin.accepted("POST", "/statement-runs", {"month": str(month)})


async def test_statements_are_numbered_use_credits_and_put_right_what_comes_late(cloud: SimulatedCloud) -> None:
    """Two months of two tenants: the first closed by hand, the second by itself because its grace is over."""
    first, second = last_month().plus(-1), last_month()
    ann, bob = await cloud.tenant(name="ann"), await cloud.tenant(name="bob")
    await use(cloud, await priced(cloud, first, vcpu_hours=[{"up_to": "10", "price": "1"}, {"price": "0.5"}]), first)
    used = await late(cloud, ann, first.begin, "12")
    await late(cloud, bob, first.begin, "3.333333333", resource_name="b")
    await late(cloud, ann, second.begin, "2")
    gift = {"name": "welcome", "amount": "12.5", "currency": "EUR", "subscription_id": ann.subscription_id}
    await cloud.admin.post("/credits", gift)

    path = f"{ann.base}/statement-drafts?month={first}"
    (draft,) = (await ann.client.get(path))["value"]
    assert (draft["number"], draft["total"], len(draft["lines"])) == (None, "0.00", 2)
    await close(cloud, first)
    again = await cloud.admin.ask("POST", "/statement-runs", {"month": str(first)})
    assert (again.status, again.body["code"]) == (409, "statement.month_closed")
    running = {"month": str(Month.of(datetime.now(UTC)))}
    assert (await cloud.admin.ask("POST", "/statement-runs", running)).body["code"] == "statement.month_not_over"
    past = {"rate_card_id": None, "effective_from": iso(first.begin)}
    assert (await cloud.admin.ask("POST", "/rate-card-uses", past)).body["code"] == "rate.past_is_fixed"

    # What becomes known after the month was closed: more for one, less for the other.
    await late(cloud, ann, first.begin + HOUR, "4", resource_name="forgotten")
    await cloud.admin.post("/usage-records", {"corrects": used["id"], "quantity": "-1"})
    (mine,) = (await ann.client.get(f"{ann.base}/statements"))["value"]
    closed = await ann.client.get(f"{ann.base}/statements/{mine['id']}")
    assert [(line["kind"], line["amount"]) for line in closed["lines"]] == [("usage", "11.00"), ("credit", "-11.00")]
    assert closed["account_name"] == "ann"
    await cloud.site.metering.record()

    await close_due_months(cloud.units, cloud.site.settings.money)
    await until(lambda: months_closed(cloud, 2))
    found = (await cloud.admin.get("/statements?$orderby=number"))["value"]
    assert [each["number"] for each in found] == [f"{number:06d}" for number in range(1, len(found) + 1)]
    mine = next(each for each in found if each["month"] == str(second) and each["account_name"] == "ann")
    lines = (await ann.client.get(f"{ann.base}/statements/{mine['id']}"))["lines"]
    assert [(line["kind"], line["month"], line["quantity"], line["amount"]) for line in lines] == [
        ("usage", str(second), "2", "2.00"),
        ("adjustment", str(first), "3", "1.50"),
        ("credit", str(second), None, "-1.50"),
    ]
    assert mine["total"] == "2.00"
    bobs = [(each["month"], each["total"]) for each in found if each["account_name"] == "bob"]
    assert bobs == [(str(first), "3.33")]

    pdf = await ann.client.ask("GET", f"{ann.base}/statements/{mine['id']}/pdf")
    assert pdf.headers["content-type"] == "application/pdf"
    assert (await bob.client.ask("GET", f"{bob.base}/statements/{mine['id']}")).status == 404
    assert (await bob.client.ask("GET", f"{ann.base}/statements")).status == 404
    assert (await cloud.admin.ask("GET", f"/statements/{mine['id']}/pdf")).status == 200
    await close_due_months(cloud.units, cloud.site.settings.money)
    assert len((await cloud.admin.get("/statement-runs"))["value"]) == 2


async def test_the_last_statement_of_an_ended_subscription_stays_with_its_owner(cloud: SimulatedCloud) -> None:
    month = last_month()
    ann, bob = await cloud.tenant(name="ann"), await cloud.tenant(name="bob")
    await use(cloud, await priced(cloud, month, vcpu_hours=[{"price": "1"}]), month)
    await late(cloud, ann, month.begin, "7")
    await ann.client.accepted("DELETE", ann.base)
    async with cloud.units.write(system_actor("test")) as work:
        # It ended before it was metered itself: only what was recorded late is known of it.
        await work.session.execute(delete(UsageChangeRow).where(UsageChangeRow.resource_id == ann.subscription_id))
        await work.session.execute(delete(UsageSpanRow).where(UsageSpanRow.resource_id == ann.subscription_id))
    await cloud.site.metering.record()
    await close(cloud, month)
    (mine,) = (await ann.client.get("/statements"))["value"]
    assert (mine["subscription_name"], mine["total"], mine["month"]) == ("main", "7.00", str(month))
    path = f"/statements/{mine['id']}"
    assert [line["amount"] for line in (await ann.client.get(path))["lines"]] == ["7.00"]
    assert (await ann.client.ask("GET", f"{path}/pdf")).headers["content-type"] == "application/pdf"
    assert (await ann.client.ask("GET", f"{ann.base}/statements")).status == 404

    assert (await bob.client.get("/statements"))["value"] == []
    for theirs in (path, f"{path}/pdf"):
        assert (await bob.client.ask("GET", theirs)).status == 404
    for scope in ({"scopes": ["cost.read"]}, {"subscription_ids": [bob.subscription_id]}):
        token = await bob.client.post("/api-tokens", {"name": f"robot of {next(iter(scope))}"} | scope)
        assert (await cloud.client(token=token["token"]).ask("GET", "/statements")).status == 403


async def months_closed(cloud: SimulatedCloud, count: int) -> bool:
    runs = (await cloud.admin.get("/statement-runs"))["value"]
    return len([run for run in runs if run["closed_at"] is not None]) == count
