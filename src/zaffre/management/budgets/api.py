"""Routes of budgets: a subscription's, and for the provider everybody's."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field, StringConstraints, model_validator
from sqlalchemy import select

from zaffre.foundation.errors import NotFound
from zaffre.foundation.http.etags import IfMatch, set_etag
from zaffre.foundation.http.lists import Listed, Page
from zaffre.foundation.http.routing import TransactionalRoute, Work
from zaffre.foundation.http.wire import Body, Name, PathId, ResourceView, View
from zaffre.foundation.work import UnitOfWork
from zaffre.identity import Caller, CurrentCaller, Permission, requires
from zaffre.management.budgets.budgets import (
    MOST_PERCENT,
    RECIPIENTS_PER_BUDGET,
    THRESHOLDS_PER_BUDGET,
    USUAL_THRESHOLDS,
    Basis,
    BudgetDraft,
    Budgets,
    Threshold,
    all_budgets,
)
from zaffre.management.budgets.recipients import Recipient, recipients_of
from zaffre.management.budgets.tables import BudgetAlertRow, BudgetRow
from zaffre.management.metering.quantities import billionths, text
from zaffre.management.money.amounts import payable
from zaffre.management.money.api.wire import Currency, KnownMeters, Positive
from zaffre.management.subscriptions import EndingSubscription
from zaffre.management.tables import SubscriptionRow

subscriptions = APIRouter(
    prefix="/subscriptions/{subscription_id}/budgets", tags=["money"], route_class=TransactionalRoute
)
administration = APIRouter(prefix="/budgets", tags=["money"], route_class=TransactionalRoute)
_READ = [requires(Permission.COST_READ)]
_WRITE = [requires(Permission.BUDGET_WRITE)]
_READ_ALL = [requires(Permission.STATEMENT_READ_ALL)]

TagText = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Addresses = Annotated[
    list[Annotated[str, StringConstraints(min_length=3, max_length=254)]], Field(max_length=RECIPIENTS_PER_BUDGET)
]


class ThresholdBody(Body):
    """When there is something to tell."""

    percent: Annotated[int, Field(ge=1, le=MOST_PERCENT)]
    """Of the budget's amount."""
    basis: Basis = Basis.ACTUAL
    """Of what the month costs so far, or of what it is expected to cost."""
    suspend: bool = False
    """Also suspend the subscription; only for the actual cost."""

    def to_threshold(self) -> Threshold:
        """Return the value for the rules."""
        return Threshold(self.percent, self.basis, self.suspend)


Thresholds = Annotated[list[ThresholdBody], Field(min_length=1, max_length=THRESHOLDS_PER_BUDGET)]


class NewBudgetBody(Body):
    """What a month may cost."""

    name: Name
    amount: Positive
    """For a month, in the currency that the subscription is charged in."""
    currency: Currency | None = None
    """Left out: what the subscription is charged in."""
    tag_key: TagText | None = None
    """Only what has this tag, with the value; left out: the whole subscription."""
    tag_value: TagText | None = None
    thresholds: Thresholds | None = None
    """Left out: 80 and 100 percent of what it costs."""
    recipients: Addresses | None = None
    """Addresses of its owner and members. Left out: of who sets it."""

    @model_validator(mode="after")
    def _whole_tag(self) -> "NewBudgetBody":
        if (self.tag_key is None) != (self.tag_value is None):
            raise ValueError("needs tag_key and tag_value together")
        return self

    def to_draft(self) -> BudgetDraft:
        """Return the value for the rules."""
        return BudgetDraft(
            self.name,
            Decimal(self.amount),
            [each.to_threshold() for each in self.thresholds] if self.thresholds is not None else USUAL_THRESHOLDS,
            self.currency,
            self.tag_key,
            self.tag_value,
            self.recipients,
        )


class BudgetChangeBody(Body):
    """What may change of a budget; what is left out stays."""

    name: Name | None = None
    amount: Positive | None = None
    tag_key: TagText | None = None
    """null, with `tag_value`, has it count the whole subscription."""
    tag_value: TagText | None = None
    thresholds: Thresholds | None = None
    recipients: Addresses | None = None

    def changes(self) -> dict[str, Any]:
        """Return what was given; only a tag can be nothing."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        given = {name: value for name, value in given.items() if value is not None or name.startswith("tag_")}
        if "amount" in given:
            given["amount"] = Decimal(given["amount"])
        if "thresholds" in given:
            given["thresholds"] = [each.to_threshold() for each in given["thresholds"]]
        return given


class ThresholdView(View):
    """When there is something to tell."""

    percent: int
    basis: Basis
    suspend: bool


class RecipientView(View):
    """Somebody who is told."""

    email: str
    verified: bool
    """Whether mail goes there: the address is verified, and its holder still works in the subscription."""


class BudgetView(ResourceView):
    """What a month of a subscription, or of what has a tag in it, may cost."""

    subscription_id: str
    subscription_name: str
    name: str
    amount: str
    """As it is paid, such as `12.50`."""
    currency: str
    tag_key: str | None
    tag_value: str | None
    thresholds: list[ThresholdView]
    recipients: list[RecipientView]
    by_provider: bool
    """The provider set it: nobody else can change it."""
    month: str | None
    """Of the figures."""
    actual: str
    """What the month costs so far."""
    forecast: str
    """What the whole month is expected to cost."""
    actual_percent: int
    """Of the amount, rounded down."""
    forecast_percent: int
    evaluated_at: datetime | None
    """When the figures were right; they are looked at every few minutes."""

    @classmethod
    def of(cls, row: BudgetRow, subscription: SubscriptionRow, recipients: Sequence[Recipient]) -> "BudgetView":
        """Shape a row."""
        amount, actual, forecast = (billionths(value) for value in (row.amount, row.actual, row.forecast))
        return cls(
            id=row.id,
            generation=row.generation,
            created_at=row.created_at,
            subscription_id=row.subscription_id,
            subscription_name=subscription.name,
            name=row.name,
            amount=_written(amount, row.currency),
            currency=row.currency,
            tag_key=row.tag_key,
            tag_value=row.tag_value,
            thresholds=[ThresholdView(**each) for each in row.thresholds],
            recipients=[RecipientView.model_validate(each) for each in recipients],
            by_provider=row.by_provider,
            month=row.month,
            actual=payable(actual, row.currency),
            forecast=payable(forecast, row.currency),
            actual_percent=max(0, actual * 100 // amount),
            forecast_percent=max(0, forecast * 100 // amount),
            evaluated_at=row.evaluated_at,
        )


class BudgetAlertView(View):
    """A threshold that was reached."""

    id: str
    month: str
    percent: int
    basis: Basis
    amount: str
    """Of the budget, then."""
    cost: str
    """What reached it."""
    currency: str
    suspended: bool
    """Whether it suspended the subscription."""
    told: list[str]
    """Who was written to."""
    occurred_at: datetime

    @classmethod
    def of(cls, row: BudgetAlertRow, *, everything: bool) -> "BudgetAlertView":
        """Shape a row; a tenant does not see whom of its own the provider tells."""
        names = cls.model_fields.keys() - {"amount", "cost", "told"}
        amounts = {name: payable(billionths(getattr(row, name)), row.currency) for name in ("amount", "cost")}
        told = {"told": row.told if everything else []}
        return cls.model_validate({name: getattr(row, name) for name in names} | amounts | told)


async def _views(
    work: UnitOfWork, caller: Caller, rows: Sequence[BudgetRow], *subscriptions: SubscriptionRow
) -> list[BudgetView]:
    """Shape budgets of some subscriptions. Of those whom the provider tells, a tenant sees nobody."""
    of = {row.id: row for row in subscriptions}
    recipients = await recipients_of(work, rows, of)
    return [
        BudgetView.of(
            row,
            of[row.subscription_id],
            recipients[row.id] if caller.may(Permission.SUBSCRIPTION_READ_ALL) or not row.by_provider else [],
        )
        for row in rows
    ]


async def _one(
    work: UnitOfWork, caller: Caller, row: BudgetRow, subscription: SubscriptionRow, response: Response
) -> BudgetView:
    """Shape one budget, with its ETag."""
    set_etag(response, row.generation)
    return (await _views(work, caller, [row], subscription))[0]


def _written(amount: int, currency: str) -> str:
    """Write an amount as it is paid, or exactly where somebody has said it more finely."""
    paid = payable(amount, currency)
    return paid if billionths(paid) == amount else text(amount)


def _budgets(subscription: EndingSubscription, work: Work, caller: CurrentCaller, meters: KnownMeters) -> Budgets:
    return Budgets(work, caller, subscription, meters)


TheBudgets = Annotated[Budgets, Depends(_budgets)]
"""Also of a suspended subscription: whoever wants it resumed may want to raise the budget first."""


@subscriptions.get("", dependencies=_READ)
async def list_budgets(
    request: Request,
    subscription: EndingSubscription,
    budgets: TheBudgets,
    query: Listed,
    work: Work,
    caller: CurrentCaller,
) -> Page[BudgetView]:
    """List a subscription's budgets, and how much of each is used."""
    found = await budgets.page(query)
    return found.page(request, await _views(work, caller, found.rows, subscription))


@subscriptions.post("", status_code=201, dependencies=_WRITE)
async def create_budget(
    body: NewBudgetBody,
    subscription: EndingSubscription,
    budgets: TheBudgets,
    work: Work,
    caller: CurrentCaller,
    response: Response,
) -> BudgetView:
    """Say what a month may cost, and who is told when it comes near."""
    row = await budgets.create(body.to_draft())
    return await _one(work, caller, row, subscription, response)


@subscriptions.get("/{budget_id}", dependencies=_READ)
async def get_budget(
    budget_id: PathId,
    subscription: EndingSubscription,
    budgets: TheBudgets,
    work: Work,
    caller: CurrentCaller,
    response: Response,
) -> BudgetView:
    """Show a budget, and how much of it is used."""
    row = await budgets.get(budget_id)
    return await _one(work, caller, row, subscription, response)


@subscriptions.patch("/{budget_id}", dependencies=_WRITE)
async def change_budget(
    budget_id: PathId,
    body: BudgetChangeBody,
    subscription: EndingSubscription,
    budgets: TheBudgets,
    work: Work,
    caller: CurrentCaller,
    if_match: IfMatch,
    response: Response,
) -> BudgetView:
    """Change a budget. With another amount, tag or other thresholds what is reached is told again."""
    row = await budgets.change(budget_id, body.changes(), if_match)
    return await _one(work, caller, row, subscription, response)


@subscriptions.delete("/{budget_id}", status_code=204, dependencies=_WRITE)
async def delete_budget(budget_id: PathId, budgets: TheBudgets, if_match: IfMatch) -> None:
    """Remove a budget with what it told. What it suspended stays suspended until somebody resumes it."""
    await budgets.delete(budget_id, if_match)


@subscriptions.get("/{budget_id}/alerts", dependencies=_READ)
async def list_budget_alerts(
    request: Request, budget_id: PathId, budgets: TheBudgets, query: Listed, caller: CurrentCaller
) -> Page[BudgetAlertView]:
    """List the thresholds that were reached, the latest first."""
    row = await budgets.get(budget_id)
    found = await budgets.alerts(budget_id, query)
    everything = caller.may(Permission.SUBSCRIPTION_READ_ALL) or not row.by_provider
    return found.page(request, [BudgetAlertView.of(each, everything=everything) for each in found.rows])


@administration.get("", dependencies=_READ_ALL)
async def list_all_budgets(request: Request, query: Listed, work: Work, caller: CurrentCaller) -> Page[BudgetView]:
    """List everybody's budgets."""
    found = await all_budgets(work, query)
    theirs = select(SubscriptionRow).where(SubscriptionRow.id.in_({row.subscription_id for row in found.rows}))
    return found.page(request, await _views(work, caller, found.rows, *await work.session.scalars(theirs)))


@administration.get("/{budget_id}", dependencies=_READ_ALL)
async def get_any_budget(budget_id: PathId, work: Work, caller: CurrentCaller, response: Response) -> BudgetView:
    """Show somebody's budget."""
    row = await work.session.get(BudgetRow, budget_id)
    if row is None:
        raise NotFound("budget", budget_id)
    return await _one(work, caller, row, await work.session.get_one(SubscriptionRow, row.subscription_id), response)
