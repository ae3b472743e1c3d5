"""Routes of rate cards, discounts and credits; and what of them tenants see."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from zaffre.foundation.http.etags import IfMatch, set_etag
from zaffre.foundation.http.lists import Listed, Page
from zaffre.foundation.http.routing import TransactionalRoute, Work
from zaffre.foundation.http.wire import Body, Id, Name, PathId, ResourceView, Text, View
from zaffre.identity import Permission, requires
from zaffre.management.money.api.wire import Currency, KnownMeters, MeterName, Money, Positive, StateName
from zaffre.management.money.rates import NewRate, RateCards, Tier
from zaffre.management.money.tables import RateCardUseRow, RateRow

administration = APIRouter(tags=["money"], route_class=TransactionalRoute)
_ADMIN = [requires(Permission.RATE_ADMIN)]
_READ = [requires(Permission.RATE_READ)]


class NewRateCardBody(Body):
    """A list of prices to begin."""

    name: Name
    description: Text = ""
    currency: Currency
    """ISO 4217; a card keeps it for good."""


class RateCardChangeBody(Body):
    """What may change of a card; what is left out stays."""

    name: Name | None = None
    description: Text | None = None


class RateCardView(ResourceView):
    """A list of prices in one currency."""

    name: str
    description: str
    currency: str


class TierBody(Body):
    """A part of a month's quantity."""

    up_to: Positive | None = None
    """Where it ends, counted from the month's beginning; null only in the last."""
    price: Money
    """Of one unit."""

    def to_tier(self) -> Tier:
        """Return the value for the rules."""
        return Tier(Decimal(self.up_to) if self.up_to is not None else None, Decimal(self.price))


class NewRateBody(Body):
    """A price of a meter from an instant on."""

    meter: MeterName
    state: StateName = ""
    """Only of resources in this state, such as `running`; left out: in all that have no price of their own."""
    tiers: Annotated[list[TierBody], Field(max_length=20)]
    """Graduated: the price of a tier is that of the quantity which lies in it. None at all: it costs nothing."""
    effective_from: datetime | None = None
    """A full hour. Left out: from the next one on, or for a meter that had no price from this one on."""

    def to_draft(self) -> NewRate:
        """Return the value for the rules."""
        return NewRate(self.meter, [tier.to_tier() for tier in self.tiers], self.state, self.effective_from)


class TierView(View):
    """A part of a month's quantity."""

    up_to: str | None
    price: str


class RateView(View):
    """A price of a meter from an instant on, until the next one of the same meter and state."""

    id: str
    rate_card_id: str
    meter: str
    title: str
    unit: str
    state: str
    """Empty: in all states that have no price of their own."""
    tiers: list[TierView]
    """Graduated. Empty: it costs nothing."""
    effective_from: datetime

    @classmethod
    def of(cls, row: RateRow, meters: KnownMeters) -> "RateView":
        """Shape a row. A meter whose provider is no longer installed is called by its name."""
        meter = meters.get(row.meter)
        return cls(
            id=row.id,
            rate_card_id=row.rate_card_id,
            meter=row.meter,
            title=meter.title if meter is not None else row.meter,
            unit=meter.unit if meter is not None else "",
            state=row.state,
            tiers=[TierView(**tier) for tier in row.tiers],
            effective_from=row.effective_from,
        )


class NewRateCardUseBody(Body):
    """Which card shall price what."""

    plan_id: Id | None = None
    """Left out: all plans that have no card of their own."""
    rate_card_id: Id | None
    """Null: the plan follows the default again; as the default, nothing is priced any more."""
    effective_from: datetime | None = None
    """A full hour. Left out: from the next one on, or at once where nothing was priced before."""


class RateCardUseView(View):
    """Which card prices a plan from an instant on, until the next one of the same plan."""

    id: str
    plan_id: str | None
    """Null: all plans that have no card of their own."""
    rate_card_id: str | None
    effective_from: datetime

    @classmethod
    def of(cls, row: RateCardUseRow) -> "RateCardUseView":
        """Shape a row."""
        return cls.model_validate(row)


@administration.get("/rate-cards", dependencies=_READ)
async def list_rate_cards(request: Request, query: Listed, work: Work, meters: KnownMeters) -> Page[RateCardView]:
    """List the rate cards."""
    found = await RateCards(work, meters).page(query)
    return found.page(request, [RateCardView.model_validate(row) for row in found.rows])


@administration.post("/rate-cards", status_code=201, dependencies=_ADMIN)
async def create_rate_card(body: NewRateCardBody, work: Work, meters: KnownMeters, response: Response) -> RateCardView:
    """Begin a rate card. It prices nothing until it has prices and a plan uses it."""
    row = await RateCards(work, meters).create(body.name, body.description, body.currency)
    set_etag(response, row.generation)
    return RateCardView.model_validate(row)


@administration.get("/rate-cards/{rate_card_id}", dependencies=_READ)
async def get_rate_card(rate_card_id: PathId, work: Work, meters: KnownMeters, response: Response) -> RateCardView:
    """Show a rate card."""
    row = await RateCards(work, meters).get(rate_card_id)
    set_etag(response, row.generation)
    return RateCardView.model_validate(row)


@administration.patch("/rate-cards/{rate_card_id}", dependencies=_ADMIN)
async def change_rate_card(
    rate_card_id: PathId,
    body: RateCardChangeBody,
    work: Work,
    meters: KnownMeters,
    if_match: IfMatch,
    response: Response,
) -> RateCardView:
    """Change a card's name or description."""
    row = await RateCards(work, meters).change(rate_card_id, body.name, body.description, if_match)
    set_etag(response, row.generation)
    return RateCardView.model_validate(row)


@administration.delete("/rate-cards/{rate_card_id}", status_code=204, dependencies=_ADMIN)
async def delete_rate_card(rate_card_id: PathId, work: Work, meters: KnownMeters, if_match: IfMatch) -> None:
    """Remove a card that no plan ever used."""
    await RateCards(work, meters).delete(rate_card_id, if_match)


@administration.get("/rate-cards/{rate_card_id}/rates", dependencies=_READ)
async def list_rates(
    request: Request, rate_card_id: PathId, query: Listed, work: Work, meters: KnownMeters
) -> Page[RateView]:
    """List a card's prices: past, present and to come."""
    found = await RateCards(work, meters).rates(rate_card_id, query)
    return found.page(request, [RateView.of(row, meters) for row in found.rows])


@administration.post("/rate-cards/{rate_card_id}/rates", status_code=201, dependencies=_ADMIN)
async def set_rate(rate_card_id: PathId, body: NewRateBody, work: Work, meters: KnownMeters) -> RateView:
    """Price a meter from an instant on. What was used before keeps its price."""
    row = await RateCards(work, meters).set_rate(rate_card_id, body.to_draft())
    return RateView.of(row, meters)


@administration.delete("/rate-cards/{rate_card_id}/rates/{rate_id}", status_code=204, dependencies=_ADMIN)
async def withdraw_rate(rate_card_id: PathId, rate_id: PathId, work: Work, meters: KnownMeters) -> None:
    """Take back a price that has not taken effect."""
    await RateCards(work, meters).withdraw_rate(rate_card_id, rate_id)


@administration.get("/rate-card-uses", dependencies=_READ)
async def list_rate_card_uses(
    request: Request, query: Listed, work: Work, meters: KnownMeters
) -> Page[RateCardUseView]:
    """List which card prices which plan since when, the latest first."""
    found = await RateCards(work, meters).uses(query)
    return found.page(request, [RateCardUseView.of(row) for row in found.rows])


@administration.post("/rate-card-uses", status_code=201, dependencies=_ADMIN)
async def use_rate_card(body: NewRateCardUseBody, work: Work, meters: KnownMeters) -> RateCardUseView:
    """Have a card price a plan, or all plans without one of their own, from an instant on."""
    row = await RateCards(work, meters).use(body.plan_id, body.rate_card_id, body.effective_from)
    return RateCardUseView.of(row)


@administration.delete("/rate-card-uses/{rate_card_use_id}", status_code=204, dependencies=_ADMIN)
async def withdraw_rate_card_use(rate_card_use_id: PathId, work: Work, meters: KnownMeters) -> None:
    """Take back an assignment that has not taken effect."""
    await RateCards(work, meters).withdraw_use(rate_card_use_id)
