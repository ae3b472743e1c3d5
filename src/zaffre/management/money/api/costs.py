"""Routes of costs: what a subscription costs, and the prices that count for it."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import StringConstraints

from zaffre.foundation.http.lists import Page
from zaffre.foundation.http.routing import TransactionalRoute, Work
from zaffre.foundation.http.wire import View
from zaffre.identity import Permission, requires
from zaffre.management.metering.quantities import text
from zaffre.management.money.amounts import payable
from zaffre.management.money.api.rates import TierView
from zaffre.management.money.api.wire import AskedMonth, KnownMeters
from zaffre.management.money.costs import CostGrouping, CostKind, CostLine, Costs, CostStep, Total
from zaffre.management.money.current_rates import CurrentRate, current_rates
from zaffre.management.subscriptions import CurrentSubscription

shared = APIRouter(tags=["money"], route_class=TransactionalRoute)

Tag = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class CostLineView(View):
    """What something costs."""

    kind: CostKind
    currency: str
    began_at: datetime | None
    """Of the day; null in a total."""
    title: str
    """For people: of the meter, or the plan's or the add-on's name, or the discount's."""
    meter: str | None
    unit: str | None
    state: str | None
    """In lines by meter."""
    resource_type: str | None
    resource_id: str | None
    resource_name: str | None
    tag: str | None
    """In lines by tag: the value, empty for what has none."""
    quantity: str | None
    """So far, as an exact decimal number."""
    list_cost: str
    """Before discounts; exact, as all amounts of lines are."""
    cost: str
    """With percentages taken off."""
    forecast: str | None
    """For the whole month; null in lines by day."""

    @classmethod
    def of(cls, line: CostLine, step: CostStep) -> "CostLineView":
        """Shape a line."""
        amounts: dict[str, Any] = {
            "quantity": text(line.quantity) if line.quantity is not None else None,
            "list_cost": text(line.list_cost),
            "cost": text(line.cost),
            "forecast": text(line.forecast) if step is CostStep.TOTAL else None,
        }
        return cls(**(vars(line) | amounts))


class CostTotalView(View):
    """What a month costs in one currency."""

    currency: str
    list_cost: str
    """Before discounts; as it is paid, such as `12.50`."""
    cost: str
    """So far."""
    forecast: str
    """For the whole month, if everything stays as it is."""

    @classmethod
    def of(cls, total: Total) -> "CostTotalView":
        """Shape a sum."""
        amounts = (total.list_cost, total.cost, total.forecast)
        list_cost, cost, forecast = (payable(amount, total.currency) for amount in amounts)
        return cls(currency=total.currency, list_cost=list_cost, cost=cost, forecast=forecast)


class CostsView(View):
    """What a month costs."""

    month: str
    """As in `2026-11`, in UTC."""
    begin: datetime
    end: datetime
    as_of: datetime
    """Up to when `cost` counts, but for the last minutes, which are not recorded yet."""
    totals: list[CostTotalView]
    """One for each currency; nearly always there is one. Credits are not taken off."""
    value: list[CostLineView]


class CurrentRateView(View):
    """What a meter costs a subscription now."""

    meter: str
    title: str
    unit: str
    state: str
    """Empty: in all states that have no price of their own."""
    currency: str
    tiers: list[TierView]
    """Graduated, of a month's quantity."""
    since: datetime

    @classmethod
    def of(cls, rate: CurrentRate) -> "CurrentRateView":
        """Shape a price."""
        return cls(
            meter=rate.meter,
            title=rate.title,
            unit=rate.unit,
            state=rate.state,
            currency=rate.currency,
            tiers=[TierView(**tier) for tier in rate.tiers],
            since=rate.since,
        )


@shared.get("/subscriptions/{subscription_id}/costs", dependencies=[requires(Permission.COST_READ)])
async def show_subscription_costs(
    subscription: CurrentSubscription,
    work: Work,
    meters: KnownMeters,
    month: AskedMonth,
    group: Annotated[CostGrouping, Query(description="What is added up to one line")] = CostGrouping.METER,
    step: Annotated[CostStep, Query(description="How finely time is shown")] = CostStep.TOTAL,
    tag: Annotated[Tag | None, Query(description="With group=tag: which one")] = None,
) -> CostsView:
    """Show what a month of a subscription costs so far, what it is expected to cost, and for what."""
    found = await Costs(work, meters).of_month(subscription.id, month)
    return CostsView(
        month=str(month),
        begin=month.begin,
        end=month.end,
        as_of=found.as_of,
        totals=[CostTotalView.of(total) for total in found.totals()],
        value=[CostLineView.of(line, step) for line in found.lines(meters, step, group, tag)],
    )


@shared.get("/subscriptions/{subscription_id}/rates", dependencies=[requires(Permission.COST_READ)])
async def list_subscription_rates(
    subscription: CurrentSubscription, work: Work, meters: KnownMeters
) -> Page[CurrentRateView]:
    """List what meters cost a subscription now."""
    found = await current_rates(work, meters, subscription.plan_id)
    return Page[CurrentRateView](value=[CurrentRateView.of(rate) for rate in found])
