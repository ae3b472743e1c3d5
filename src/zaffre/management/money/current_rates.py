"""The prices that count for a plan now, as its subscribers see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from zaffre.foundation.work import UnitOfWork
from zaffre.management.metering.meters import Meters
from zaffre.management.money.price_book import PriceBook


@dataclass(frozen=True)
class CurrentRate:
    """What a meter costs now."""

    meter: str
    title: str
    unit: str
    state: str
    currency: str
    tiers: Sequence[dict[str, Any]]
    since: datetime


async def current_rates(work: UnitOfWork, meters: Meters, plan_id: str) -> list[CurrentRate]:
    """Return what meters cost a plan's subscriptions, in the order of meters and states; what is free is left out."""
    now = work.clock.now()
    book = await PriceBook.read(work, now)
    found: list[CurrentRate] = []
    card_id = book.card(plan_id, now)
    for (of_card, name, state), rows in sorted(book.rates.items()):
        meter = meters.get(name)
        if of_card == card_id and meter is not None and rows[-1].tiers:
            currency = book.cards[of_card].currency
            row = rows[-1]
            found.append(CurrentRate(name, meter.title, meter.unit, state, currency, row.tiers, row.effective_from))
    return found
