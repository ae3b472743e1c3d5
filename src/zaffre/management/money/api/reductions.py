"""Routes of discounts and credits."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import AfterValidator, model_validator

from zaffre.foundation.http.etags import IfMatch, set_etag
from zaffre.foundation.http.lists import Listed, Page
from zaffre.foundation.http.routing import TransactionalRoute, Work
from zaffre.foundation.http.wire import Body, Id, Name, PathId, ResourceView
from zaffre.identity import Permission, requires
from zaffre.management.metering.api import Amount
from zaffre.management.money.api.wire import Currency, Positive
from zaffre.management.money.credits import LISTING as CREDITS
from zaffre.management.money.credits import Credits, NewCredit, usable_by
from zaffre.management.money.discounts import Discounts, DiscountScope, NewDiscount
from zaffre.management.money.tables import CreditRow
from zaffre.management.subscriptions import CurrentSubscription

administration = APIRouter(tags=["money"], route_class=TransactionalRoute)
shared = APIRouter(tags=["money"], route_class=TransactionalRoute)
_ADMIN = [requires(Permission.RATE_ADMIN)]
_READ = [requires(Permission.RATE_READ)]


def _percent(value: str) -> str:
    if Decimal(value) > 100:
        raise ValueError("must be at most 100")
    return value


Percent = Annotated[Positive, AfterValidator(_percent)]


class NewDiscountBody(Body):
    """A discount to give: a percentage, or an amount for each month."""

    name: Name
    """What statements call it."""
    scope: DiscountScope
    scope_id: Id
    """Of the subscription, the account or the plan."""
    percent: Percent | None = None
    amount: Positive | None = None
    """Off each month of each subscription that it is for, in parts for parts of a month."""
    currency: Currency | None = None
    """Of the amount."""
    begins_at: datetime | None = None
    """A full hour of this month or later; left out: this hour."""
    ends_at: datetime | None = None
    """A full hour; left out: it goes on."""

    @model_validator(mode="after")
    def _either(self) -> "NewDiscountBody":
        if (self.percent is None) == (self.amount is None):
            raise ValueError("needs percent or amount, and not both")
        if (self.amount is None) != (self.currency is None):
            raise ValueError("needs a currency with an amount, and only then")
        return self

    def to_draft(self) -> NewDiscount:
        """Return the value for the rules."""
        return NewDiscount(
            self.name,
            self.scope,
            self.scope_id,
            Decimal(self.percent) if self.percent is not None else None,
            Decimal(self.amount) if self.amount is not None else None,
            self.currency,
            self.begins_at,
            self.ends_at,
        )


class EndDiscountBody(Body):
    """When a discount shall end."""

    ends_at: datetime | None = None
    """A full hour to come; left out: with this hour."""


class DiscountView(ResourceView):
    """A part of the price that somebody does not pay for a time."""

    name: str
    scope: DiscountScope
    scope_id: str
    percent: Amount | None
    amount: Amount | None
    currency: str | None
    begins_at: datetime
    ends_at: datetime | None


class NewCreditBody(Body):
    """A credit to give: to an account, or only for one subscription."""

    name: Name
    """What statements call it."""
    amount: Positive
    currency: Currency
    account_id: Id | None = None
    subscription_id: Id | None = None
    expires_at: datetime | None = None
    """Statements of months that begin then or later do not use it; left out: never."""

    @model_validator(mode="after")
    def _either(self) -> "NewCreditBody":
        if (self.account_id is None) == (self.subscription_id is None):
            raise ValueError("needs account_id or subscription_id, and not both")
        if self.expires_at is not None and self.expires_at.tzinfo is None:
            raise ValueError("expires_at needs a time zone")
        return self

    def to_draft(self) -> NewCredit:
        """Return the value for the rules."""
        amount = Decimal(self.amount)
        return NewCredit(self.name, amount, self.currency, self.account_id, self.subscription_id, self.expires_at)


class CreditView(ResourceView):
    """An amount that statements use up."""

    name: str
    account_id: str
    subscription_id: str | None
    """Null: all of the account's."""
    amount: Amount
    left: Amount
    """Not used yet."""
    currency: str
    expires_at: datetime | None

    @classmethod
    def of(cls, row: CreditRow) -> "CreditView":
        """Shape a row."""
        return cls.model_validate(row)


@administration.get("/discounts", dependencies=_READ)
async def list_discounts(request: Request, query: Listed, work: Work) -> Page[DiscountView]:
    """List the discounts, past ones too."""
    found = await Discounts(work).page(query)
    return found.page(request, [DiscountView.model_validate(row) for row in found.rows])


@administration.post("/discounts", status_code=201, dependencies=_ADMIN)
async def create_discount(body: NewDiscountBody, work: Work, response: Response) -> DiscountView:
    """Give a discount. Percentages add up, to all at most; amounts come off after them."""
    row = await Discounts(work).create(body.to_draft())
    set_etag(response, row.generation)
    return DiscountView.model_validate(row)


@administration.get("/discounts/{discount_id}", dependencies=_READ)
async def get_discount(discount_id: PathId, work: Work, response: Response) -> DiscountView:
    """Show a discount."""
    row = await Discounts(work).get(discount_id)
    set_etag(response, row.generation)
    return DiscountView.model_validate(row)


@administration.post("/discounts/{discount_id}/end", dependencies=_ADMIN)
async def end_discount(
    discount_id: PathId, body: EndDiscountBody, work: Work, if_match: IfMatch, response: Response
) -> DiscountView:
    """Have a discount end. What it took off until then stays taken off."""
    row = await Discounts(work).end(discount_id, body.ends_at, if_match)
    set_etag(response, row.generation)
    return DiscountView.model_validate(row)


@administration.get("/credits", dependencies=_READ)
async def list_credits(request: Request, query: Listed, work: Work) -> Page[CreditView]:
    """List the credits, used up ones too."""
    found = await Credits(work).page(query)
    return found.page(request, [CreditView.of(row) for row in found.rows])


@administration.post("/credits", status_code=201, dependencies=_ADMIN)
async def create_credit(body: NewCreditBody, work: Work, response: Response) -> CreditView:
    """Give a credit. Statements use it up, the oldest credit first."""
    row = await Credits(work).create(body.to_draft())
    set_etag(response, row.generation)
    return CreditView.of(row)


@administration.post("/credits/{credit_id}/revoke", dependencies=_ADMIN)
async def revoke_credit(credit_id: PathId, work: Work, if_match: IfMatch, response: Response) -> CreditView:
    """Take back what is left of a credit."""
    row = await Credits(work).revoke(credit_id, if_match)
    set_etag(response, row.generation)
    return CreditView.of(row)


@shared.get("/subscriptions/{subscription_id}/credits", dependencies=[requires(Permission.COST_READ)])
async def list_subscription_credits(
    request: Request, subscription: CurrentSubscription, query: Listed, work: Work
) -> Page[CreditView]:
    """List the credits that the subscription's statements can use, used up ones too."""
    found = await CREDITS.rows(work.session, query, usable_by(subscription.id, subscription.account_id))
    return found.page(request, [CreditView.of(row) for row in found.rows])
