"""Pricing: turns what was used, piece by piece of time, into charges. Nothing here reads or writes anything.

Amounts come out the same however often they are calculated, and in whichever pieces time is looked at: what a line
costs up to somewhere is rounded there, and a piece costs the difference.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from zaffre.management.metering.subscription_meter import ADD_ON, ADD_ON_HOURS, SUBSCRIPTION_HOURS
from zaffre.management.money.amounts import BILLION, nearest
from zaffre.management.money.months import Month
from zaffre.management.money.price_book import Price, PriceBook, Reduction

HUNDRED_PERCENT = 100 * BILLION


class Used(NamedTuple):
    """What a resource used of a meter in a day or an hour."""

    subscription_id: str
    began_at: datetime
    ended_at: datetime
    meter: str
    resource_id: str
    account_id: str
    plan_id: str
    resource_type: str
    resource_name: str
    state: str
    unit: str
    quantity: int
    """Billionths."""
    dimensions: dict[str, Any]
    tags: dict[str, str]
    expected: bool = False
    """It has not been used yet: a forecast."""


class Charge(NamedTuple):
    """What a piece of use costs."""

    used: Used
    price: Price
    list_cost: int
    """Billionths, before discounts."""
    cost: int
    """Billionths, with percentages taken off."""
    reductions: Sequence[tuple[Reduction, int]] = ()
    """What each discount took off."""


@dataclass
class Till:
    """Prices the use of one subscription in one month, in the order of time."""

    book: PriceBook
    month: Month
    _counted: dict[tuple[str, ...], int] = field(default_factory=dict[tuple[str, ...], int])
    """How much of each line has been used since the month began."""

    def ring_up(self, used: Iterable[Used]) -> Iterator[Charge]:
        """Yield the charges for what was used; what costs nothing has none."""
        for _, together in groupby(used, key=lambda each: each.began_at):
            tiered: dict[Price, list[Used]] = {}
            for each in together:
                for price in self._prices(each):
                    if len(price.tiers) > 1:
                        tiered.setdefault(price, []).append(each)
                    else:
                        yield self._charge(each, price, self._advance(price, each.quantity))
            for price, members in tiered.items():
                yield from self._shared(price, members)

    def _prices(self, used: Used) -> Iterator[Price]:
        """Yield the meter's price, and the fee of what the meter measures the time of."""
        rate = self.book.rate(used.plan_id, used.meter, used.state, used.began_at)
        if rate is not None:
            yield rate
        offer_id = None
        if used.meter == SUBSCRIPTION_HOURS.name:
            offer_id = used.plan_id
        elif used.meter == ADD_ON_HOURS.name:
            offer_id = used.dimensions.get(ADD_ON)
        fee = self.book.fee(offer_id, used.began_at, self.month) if offer_id is not None else None
        if fee is not None:
            yield fee

    def _advance(self, price: Price, quantity: int) -> int:
        """Count a quantity; returns what it costs after all that was counted before."""
        before = self._counted.get(price.line, 0)
        after = self._counted[price.line] = before + quantity
        return nearest(price.cost(after), price.divisor) - nearest(price.cost(before), price.divisor)

    def _shared(self, price: Price, members: Sequence[Used]) -> Iterator[Charge]:
        """Price what resources used at one time together, so that none of them has the cheap tiers to itself."""
        quantity = sum(each.quantity for each in members)
        total = self._advance(price, quantity)
        passed, given = 0, 0
        for each in members:
            passed += each.quantity
            until = nearest(total * passed * (1 if quantity > 0 else -1), abs(quantity)) if quantity else 0
            yield self._charge(each, price, until - given)
            given = until

    def _charge(self, used: Used, price: Price, list_cost: int) -> Charge:
        reductions = self.book.cut(used.subscription_id, used.account_id, used.plan_id)
        taken: list[tuple[Reduction, int]] = []
        left = HUNDRED_PERCENT
        for each in reductions:
            if each.percent is not None and left and each.counts_at(used.began_at):
                percent = min(each.percent, left)
                left -= percent
                taken.append((each, nearest(list_cost * percent, HUNDRED_PERCENT)))
        return Charge(used, price, list_cost, list_cost - sum(amount for _, amount in taken), taken)
