"""Spending: what of a month's costs a budget counts."""

from dataclasses import dataclass

from sqlalchemy import select

from zaffre.foundation.work import UnitOfWork
from zaffre.management.budgets.tables import BudgetRow
from zaffre.management.money.costs import MonthCosts
from zaffre.management.money.months import Month
from zaffre.management.money.price_book import PriceBook
from zaffre.management.tables import SubscriptionAddOnRow, SubscriptionRow


@dataclass(frozen=True)
class Spending:
    """What a month costs so far, and what it is expected to cost; billionths."""

    actual: int
    forecast: int


def spending_of(budget: BudgetRow, costs: MonthCosts) -> Spending:
    """Return what counts for a budget.

    With a tag, amounts that a discount takes off a whole month are of no resource and do not count.
    """
    if budget.tag_key is None:
        total = next((each for each in costs.totals() if each.currency == budget.currency), None)
        return Spending(total.cost, total.forecast) if total is not None else Spending(0, 0)
    actual, expected = (
        sum(
            charge.cost
            for charge in charges
            if charge.price.currency == budget.currency and charge.used.tags.get(budget.tag_key) == budget.tag_value
        )
        for charges in (costs.charges, costs.expected)
    )
    return Spending(actual, actual + expected)


async def currencies_of(work: UnitOfWork, subscription: SubscriptionRow) -> list[str]:
    """Return the currencies that a subscription is charged in now: of its prices first, then of its fees."""
    now = work.clock.now()
    month = Month.of(now)
    book = await PriceBook.read(work, month.end)
    found: list[str] = []
    card_id = book.card(subscription.plan_id, now)
    if card_id is not None:
        found.append(book.cards[card_id].currency)
    held = select(SubscriptionAddOnRow.add_on_id).where(SubscriptionAddOnRow.subscription_id == subscription.id)
    for offer_id in (subscription.plan_id, *await work.session.scalars(held.distinct())):
        fee = book.fee(offer_id, now, month)
        if fee is not None and fee.currency not in found:
            found.append(fee.currency)
    return found
