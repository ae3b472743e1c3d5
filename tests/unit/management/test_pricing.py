"""Pricing: what comes out for what was used, to the last place."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from zaffre.management.metering.quantities import BILLION
from zaffre.management.metering.subscription_meter import SUBSCRIPTION_HOURS
from zaffre.management.money.amounts import nearest, payable, rounded
from zaffre.management.money.months import Month
from zaffre.management.money.price_book import PriceBook, Reduction
from zaffre.management.money.pricing import Charge, Till, Used
from zaffre.management.money.tables import OfferFeeRow, RateCardRow, RateCardUseRow, RateRow

NOVEMBER = Month(2026, 11)
BEGIN = NOVEMBER.begin


def hours(count: int) -> datetime:
    return BEGIN + timedelta(hours=count)


@dataclass
class Bill:
    """A book with one card, and what is rung up from it."""

    book: PriceBook

    def charge(self, *items: Used) -> list[Charge]:
        return list(Till(self.book, NOVEMBER).ring_up(items))


def item(at: datetime, quantity: str | Decimal, resource: str = "a", **other: Any) -> Used:
    told: dict[str, Any] = {
        "subscription_id": "s",
        "began_at": at,
        "ended_at": at + timedelta(days=1),
        "meter": "vcpu_hours",
        "resource_id": resource,
        "account_id": "owner",
        "plan_id": "plan",
        "resource_type": "virtual_machine",
        "resource_name": resource,
        "state": "running",
        "unit": "vCPU-hour",
        "quantity": int(Decimal(quantity) * BILLION),
        "dimensions": {},
        "tags": {},
    }
    return Used(**(told | other))


def rate(tiers: list[tuple[str | None, str]], at: datetime = BEGIN, state: str = "", meter: str = "vcpu_hours") -> Any:
    written = [{"up_to": up_to, "price": price} for up_to, price in tiers]
    return RateRow(
        id=f"{meter}{state}{at}", rate_card_id="card", meter=meter, state=state, tiers=written, effective_from=at
    )


def book(*rates: RateRow, fees: dict[str, list[OfferFeeRow]] | None = None) -> PriceBook:
    made = PriceBook({"card": RateCardRow(id="card", name="card", currency="EUR")})
    for each in sorted(rates, key=lambda each: each.effective_from):
        made.rates.setdefault((each.rate_card_id, each.meter, each.state), []).append(each)
    made.uses["default"] = [RateCardUseRow(scope="default", rate_card_id="card", effective_from=BEGIN)]
    made.fees = fees or {}
    return made


def amount(charges: list[Charge]) -> Decimal:
    return Decimal(sum(charge.cost for charge in charges)) / BILLION


def test_tiers_are_graduated_through_the_month_and_shared_by_those_who_use_at_once() -> None:
    bill = Bill(book(rate([("10", "1"), ("20", "0.5"), (None, "0.1")])))
    charges = bill.charge(item(BEGIN, "6"), item(BEGIN, "6", "b"), item(hours(24), "18"))
    assert [charge.cost / BILLION for charge in charges] == [5.5, 5.5, 4 + 1.0]
    assert amount(bill.charge(item(BEGIN, "30"))) == amount(charges) == Decimal(16)


def test_a_price_counts_from_its_hour_on_and_a_state_may_have_its_own() -> None:
    bill = Bill(book(rate([(None, "2")]), rate([(None, "3")], hours(24)), rate([(None, "1")], state="suspended")))
    charges = bill.charge(
        item(BEGIN, "1"), item(hours(23), "1"), item(hours(24), "1", state="suspended"), item(hours(24), "1")
    )
    assert [charge.cost // BILLION for charge in charges] == [2, 2, 1, 3]
    free = Bill(book(rate([(None, "2")]), rate([], hours(1))))
    assert len(free.charge(item(BEGIN, "1"), item(hours(1), "1"))) == 1


def test_a_plan_with_a_card_of_its_own_is_priced_by_that_until_it_follows_the_default_again() -> None:
    made = book(rate([(None, "2")]))
    made.cards = {**made.cards, "gold": RateCardRow(id="gold", name="gold", currency="USD")}
    made.rates[("gold", "vcpu_hours", "")] = [
        RateRow(
            id="g",
            rate_card_id="gold",
            meter="vcpu_hours",
            state="",
            tiers=[{"up_to": None, "price": "9"}],
            effective_from=BEGIN,
        )
    ]
    made.uses["plan"] = [
        RateCardUseRow(scope="plan", plan_id="plan", rate_card_id="gold", effective_from=hours(1)),
        RateCardUseRow(scope="plan", plan_id="plan", rate_card_id=None, effective_from=hours(2)),
    ]
    charges = Bill(made).charge(*(item(hours(number), "1") for number in range(3)))
    assert [(charge.price.currency, charge.cost // BILLION) for charge in charges] == [
        ("EUR", 2),
        ("USD", 9),
        ("EUR", 2),
    ]


@pytest.mark.parametrize(("period", "due"), [("month", "29.99"), ("hour", "21592.8"), ("day", "899.7"), ("year", None)])
def test_a_whole_month_of_a_plan_costs_its_fee_however_finely_it_is_cut(period: str, due: str | None) -> None:
    fee = OfferFeeRow(
        offer_id="plan",
        offer_name="Gold",
        effective_from=BEGIN,
        fee={"amount": "29.99", "currency": "EUR", "period": period},
    )
    bill = Bill(book(fees={"plan": [fee]}))
    whole = bill.charge(*(item(hours(24 * day), "24", "s", meter=SUBSCRIPTION_HOURS.name) for day in range(30)))
    pieces = bill.charge(*(item(hours(number), "1", "s", meter=SUBSCRIPTION_HOURS.name) for number in range(720)))
    expected = Decimal(due) if due is not None else (Decimal("29.99") * 720 / 8760).quantize(Decimal("1e-9"))
    assert amount(whole) == amount(pieces) == expected
    half = bill.charge(item(BEGIN, "360", "s", meter=SUBSCRIPTION_HOURS.name))
    assert half[0].price.offer_name == "Gold"
    assert amount(half) * 2 == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(20))
def test_charges_add_up_to_the_exact_price_whatever_was_used(seed: int) -> None:
    """Against fractions: each line is off by at most half a billionth, however many charges it has."""
    chance = random.Random(seed)
    ends = sorted(chance.sample(range(1, 500), chance.randint(0, 3)))
    prices = [f"0.{chance.randint(1, 10**9 - 1):09d}" for _ in range(len(ends) + 1)]
    tiers = [*zip(map(str, ends), prices[:-1], strict=True), (None, prices[-1])]
    bill = Bill(book(rate([(end, price) for end, price in tiers])))
    items = [
        item(hours(24 * day), Decimal(chance.randint(0, 40 * BILLION)) / BILLION, resource)
        for day in range(30)
        for resource in "abc"
    ]
    charges = bill.charge(*items)
    total = Fraction(sum(each.quantity for each in items), BILLION)
    exact, begin = Fraction(0), Fraction(0)
    for end, price in tiers:
        upper = total if end is None else min(total, Fraction(end))
        exact += max(Fraction(0), upper - begin) * Fraction(price)
        begin = max(begin, upper)
    assert abs(Fraction(sum(charge.cost for charge in charges), BILLION) - exact) <= Fraction(1, 2 * BILLION)


def test_what_a_correction_takes_back_is_given_back_at_its_price() -> None:
    bill = Bill(book(rate([("10", "1"), (None, "0.5")])))
    charges = bill.charge(item(BEGIN, "12"), item(hours(24), "-4"), item(hours(48), "4"))
    assert [charge.cost / BILLION for charge in charges] == [11, -3, 3]


def test_percentages_add_up_to_all_at_most_and_only_while_they_count() -> None:
    made = book(rate([(None, "1")]))
    for number, (scope, percent, ends_at) in enumerate(
        [("s", 30, None), ("plan", 50, hours(24)), ("owner", 40, hours(24)), ("another", 100, None)]
    ):
        reduction = Reduction(str(number), scope, scope, percent * BILLION, None, None, BEGIN, ends_at)
        made.reductions.setdefault(scope, []).append(reduction)
    first, second = Bill(made).charge(item(BEGIN, "10"), item(hours(24), "10"))
    assert (first.list_cost // BILLION, first.cost, second.cost // BILLION) == (10, 0, 7)
    assert sum(taken for _, taken in first.reductions) == 10 * BILLION


def test_amounts_are_paid_in_the_smallest_unit_of_their_currency() -> None:
    assert [payable(1_005_000_000, code) for code in ("EUR", "JPY", "KWD")] == ["1.01", "1", "1.005"]
    assert [rounded(parts, "EUR") for parts in (1_004_999_999, -1_005_000_000)] == [1_000_000_000, -1_010_000_000]
    assert [nearest(number, 2) for number in (1, 3, 5, -1, -3)] == [0, 2, 2, 0, -2]


def test_months_follow_one_another() -> None:
    assert (str(Month(2026, 12).plus(1)), str(Month(2026, 1).plus(-1))) == ("2027-01", "2025-12")
    assert (NOVEMBER.hours, Month(2028, 2).hours) == (720, 696)
    assert Month.of(datetime(2026, 11, 30, 23, 59, tzinfo=UTC)) == NOVEMBER
