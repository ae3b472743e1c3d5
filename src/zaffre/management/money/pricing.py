"""Pricing: turns what was used, piece by piece of time, into charges. Nothing here reads or writes anything.

Amounts come out the same however often they are calculated, and in whichever pieces time is looked at: what a line
costs up to somewhere is rounded there, and a piece costs the difference.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from zaffre.management.metering.subscription_meter import ADD_ON, ADD_ON_HOURS, SUBSCRIPTION_HOURS
from zaffre.management.money.amounts import BILLION, nearest
from zaffre.management.money.months import Month
from zaffre.management.money.price_book import Price, PriceBook, Reduction

HUNDRED_PERCENT = 100 * BILLION
_OFFERS = (SUBSCRIPTION_HOURS.name, ADD_ON_HOURS.name)


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
    _counted: dict[tuple[str, ...], tuple[int, Price, int]] = field(
        default_factory=dict[tuple[str, ...], tuple[int, Price, int]]
    )
    """How much of each line has been used since the month began, and what that costs at the price it had last."""

    def ring_up(self, used: Iterable[Used]) -> Iterator[Charge]:
        """Yield the charges for what was used; what costs nothing has none."""
        reduced = bool(self.book.reductions)
        for _, together in groupby(used, key=attrgetter("began_at")):
            tiered: dict[Price, list[Used]] = {}
            for each in together:
                for price in self._prices(each):
                    if len(price.tiers) > 1:
                        tiered.setdefault(price, []).append(each)
                        continue
                    cost = self._advance(price, each.quantity)
                    yield self._charge(each, price, cost) if reduced else Charge(each, price, cost, cost)
            for price, members in tiered.items():
                yield from self._shared(price, members)

    def _prices(self, used: Used) -> Sequence[Price]:
        """Return the meter's price, and the fee of what the meter measures the time of."""
        rate = self.book.rate(used.plan_id, used.meter, used.state, used.began_at)
        found = () if rate is None else (rate,)
        if used.meter not in _OFFERS:
            return found
        offer_id = used.plan_id if used.meter == SUBSCRIPTION_HOURS.name else used.dimensions.get(ADD_ON)
        fee = self.book.fee(offer_id, used.began_at, self.month) if offer_id is not None else None
        return found if fee is None else (*found, fee)

    def _advance(self, price: Price, quantity: int) -> int:
        """Count a quantity; returns what it costs after all that was counted before."""
        before, priced, cost = self._counted.get(price.line, (0, price, 0))
        if priced is not price:
            cost = nearest(price.cost(before), price.divisor)
        after = before + quantity
        until = nearest(price.cost(after), price.divisor)
        self._counted[price.line] = (after, price, until)
        return until - cost

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
