"""The route of the cost overview."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from zaffre.foundation.http.routing import TransactionalRoute, Work
from zaffre.foundation.http.wire import View
from zaffre.identity import Permission, requires
from zaffre.management.cost_overview.overview import CostOverviews, CurrencyCosts, Share
from zaffre.management.money.amounts import payable
from zaffre.management.money.api.wire import AskedMonth, KnownMeters
from zaffre.management.money.costs import CostKind

administration = APIRouter(tags=["money"], route_class=TransactionalRoute)

MOST = 100


class CurrencyCostsView(View):
    """What everybody's month comes to in one currency, as it is paid, such as `12.50`."""

    currency: str
    usage: str
    """Before discounts, as fees are."""
    fees: str
    discounts: str
    """Nothing or less. Credits are not in it: statements use them."""
    cost: str
    """So far: usage and fees less discounts."""
    forecast: str
    """For the whole month, if everything stays as it is."""
    last_month: str
    """What the month before came to."""
    credits_left: str
    """Of all credits that have not expired; they are of no month."""
    billed: str | None
    """What the month's statements come to, credits and adjustments included; null until it is closed."""

    @classmethod
    def of(cls, costs: CurrencyCosts) -> "CurrencyCostsView":
        """Shape a sum."""
        amounts = {name: amount for name, amount in vars(costs).items() if isinstance(amount, int)}
        told = {name: payable(amount, costs.currency) for name, amount in amounts.items()}
        return cls.model_validate({"billed": None} | told | {"currency": costs.currency})


class CostShareView(View):
    """What one of many comes to in one currency."""

    currency: str
    id: str
    """The plan's or the subscription's id, or the meter's name; empty for discounts of an amount."""
    name: str
    """For people; of a subscription that is gone, its last."""
    kind: CostKind | None
    """Of a meter: whether it is a price of usage or a fee."""
    account_id: str | None
    """Of a subscription: its owner."""
    cost: str
    forecast: str
    last_month: str

    @classmethod
    def of(cls, share: Share) -> "CostShareView":
        """Shape a share."""
        amounts = {name: payable(getattr(share, name), share.currency) for name in ("cost", "forecast", "last_month")}
        return cls.model_validate(vars(share) | amounts)


class CostOverviewView(View):
    """What everybody's month comes to. Amounts of different currencies are never added up."""

    month: str
    begin: datetime
    end: datetime
    as_of: datetime | None
    """When the part was calculated that is the oldest; null when nothing was."""
    closed_at: datetime | None
    """When the month's statements were closed."""
    subscriptions: int
    """How many there are in it, those that are gone included."""
    totals: list[CurrencyCostsView]
    plans: list[CostShareView]
    """Those that are expected to cost the most, for each currency; as are subscriptions and meters."""
    top_subscriptions: list[CostShareView]
    meters: list[CostShareView]


@administration.get("/cost-overview", dependencies=[requires(Permission.STATEMENT_READ_ALL)])
async def show_cost_overview(
    work: Work,
    meters: KnownMeters,
    month: AskedMonth,
    top: Annotated[
        int, Query(ge=1, le=MOST, description="How many plans, subscriptions and meters of each currency")
    ] = 10,
) -> CostOverviewView:
    """Show what everybody's month comes to, as it was calculated last: at most an hour ago, if that is not changed."""
    found = await CostOverviews(work, meters).of_month(month, top)
    return CostOverviewView(
        month=str(month),
        begin=month.begin,
        end=month.end,
        as_of=found.as_of,
        closed_at=found.closed_at,
        subscriptions=found.subscriptions,
        totals=[CurrencyCostsView.of(each) for each in found.totals],
        plans=[CostShareView.of(each) for each in found.plans],
        top_subscriptions=[CostShareView.of(each) for each in found.most],
        meters=[CostShareView.of(each) for each in found.meters],
    )
