"""Budgets: what a month may cost. Their owner sets them, or the provider does for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, func, select

from zaffre.foundation.errors import Conflict, Forbidden, InvalidInput, NameTaken, NotFound
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.identity import Caller, Permission
from zaffre.management.budgets.recipients import check_recipients, usual_recipients
from zaffre.management.budgets.spending import currencies_of, spending_of
from zaffre.management.budgets.tables import BudgetAlertRow, BudgetRow
from zaffre.management.metering.meters import Meters
from zaffre.management.metering.quantities import quantity
from zaffre.management.money.costs import Costs
from zaffre.management.money.months import Month
from zaffre.management.tables import SubscriptionRow

BUDGETS_PER_SUBSCRIPTION = 20
THRESHOLDS_PER_BUDGET = 10
RECIPIENTS_PER_BUDGET = 20
MOST_PERCENT = 1000

LISTING = Listing(
    BudgetRow,
    {
        "id": Field(BudgetRow.id, FieldType.ID),
        "name": Field(BudgetRow.name, FieldType.TEXT, searchable=True),
        "subscription_id": Field(BudgetRow.subscription_id, FieldType.ID, sortable=False),
        "currency": Field(BudgetRow.currency, FieldType.TEXT, sortable=False),
        "by_provider": Field(BudgetRow.by_provider, FieldType.BOOLEAN, sortable=False),
        "created_at": Field(BudgetRow.created_at, FieldType.INSTANT),
    },
    key=BudgetRow.id,
    order="name",
)
ALERTS = Listing(
    BudgetAlertRow,
    {
        "id": Field(BudgetAlertRow.id, FieldType.ID),
        "month": Field(BudgetAlertRow.month, FieldType.TEXT, sortable=False),
        "occurred_at": Field(BudgetAlertRow.occurred_at, FieldType.INSTANT),
    },
    key=BudgetAlertRow.id,
    order="occurred_at desc",
)


class Basis(StrEnum):
    """Which cost a threshold looks at."""

    ACTUAL = "actual"
    FORECAST = "forecast"
    """For the whole month, if everything stays as it is."""


class TooManyBudgets(Conflict):
    """The subscription has as many budgets as it may."""

    code = "budget.too_many"
    title = "Too many budgets"

    def __init__(self) -> None:
        super().__init__(
            f"A subscription can have {BUDGETS_PER_SUBSCRIPTION} budgets.", remedy="Delete one that is not needed."
        )


class ProvidersBudget(Forbidden):
    """The provider set the budget, so the owner cannot change it."""

    code = "budget.of_provider"
    title = "The provider set this budget"

    def __init__(self, row: BudgetRow) -> None:
        super().__init__(f"Budget {row.name!r} was set by the provider.", remedy="Ask the provider.", target=row.id)


@dataclass(frozen=True)
class Threshold:
    """When there is something to tell."""

    percent: int
    basis: Basis = Basis.ACTUAL
    suspend: bool = False
    """Also suspend the subscription."""

    @classmethod
    def stored(cls, value: Mapping[str, Any]) -> "Threshold":
        """Read one from a row."""
        return cls(value["percent"], Basis(value["basis"]), value["suspend"])


USUAL_THRESHOLDS = (Threshold(80), Threshold(100))


@dataclass(frozen=True)
class BudgetDraft:
    """What is wanted of a budget."""

    name: str
    amount: Decimal
    thresholds: Sequence[Threshold]
    currency: str | None = None
    """None: what the subscription is charged in."""
    tag_key: str | None = None
    tag_value: str | None = None
    recipients: Sequence[str] | None = None
    """None: whoever sets it."""


class Budgets:
    """Rules for the budgets of one subscription inside one unit of work."""

    def __init__(self, work: UnitOfWork, caller: Caller, subscription: SubscriptionRow, meters: Meters) -> None:
        self._work = work
        self._session = work.session
        self._caller = caller
        self._subscription = subscription
        self._meters = meters

    async def page(self, query: ListQuery) -> Rows[BudgetRow]:
        """Return a page of the subscription's budgets."""
        return await LISTING.rows(self._session, query, BudgetRow.subscription_id == self._subscription.id)

    async def get(self, budget_id: str, *, hold: bool = False) -> BudgetRow:
        """Return a budget.

        Raises:
            NotFound: the subscription has none with this id.
        """
        row = await self._session.get(BudgetRow, budget_id, with_for_update=hold or None, populate_existing=hold)
        if row is None or row.subscription_id != self._subscription.id:
            raise NotFound("budget", budget_id)
        return row

    async def alerts(self, budget_id: str, query: ListQuery) -> Rows[BudgetAlertRow]:
        """Return a page of what a budget has told."""
        row = await self.get(budget_id)
        return await ALERTS.rows(self._session, query, BudgetAlertRow.budget_id == row.id)

    async def create(self, draft: BudgetDraft) -> BudgetRow:
        """Set a budget. Its thresholds count from now on, and those that are reached already are told of soon.

        Raises:
            TooManyBudgets: there are as many as may be.
            NameTaken: there is another of this name.
            InvalidInput: a threshold, the currency or a recipient makes no sense.
        """
        by_provider, now = self._caller.may(Permission.SUBSCRIPTION_ADMIN), self._work.clock.now()
        thresholds = _checked(draft.thresholds)
        currency = await self._currency(draft.currency)
        if draft.recipients is None:
            recipients = await usual_recipients(self._work, self._subscription, self._caller.account_id)
        else:
            recipients = await check_recipients(self._work, self._subscription, draft.recipients, anybody=by_provider)
        await self._make_sure_of_room()
        row = BudgetRow(
            id=self._work.ids.new(),
            subscription_id=self._subscription.id,
            name=draft.name,
            amount=draft.amount,
            currency=currency,
            tag_key=draft.tag_key,
            tag_value=draft.tag_value,
            thresholds=thresholds,
            recipients=recipients,
            by_provider=by_provider,
            revised_at=now,
            due_at=now,
            created_at=now,
        )
        await self._look(row)
        await self._work.save(row, lambda _: NameTaken("budget", draft.name))
        self._work.emit("budget.created", reference(row, self._subscription), currency=currency)
        return row

    async def change(self, budget_id: str, changes: Mapping[str, Any], expected: int | None = None) -> BudgetRow:
        """Change what is given of name, amount, thresholds, tag_key, tag_value and recipients.

        With another amount, tag or other thresholds it counts anew: what is reached is told again.

        Raises:
            ProvidersBudget: an administrator set it, and the caller is none.
            NameTaken: there is another of this name.
            InvalidInput: a threshold or a recipient makes no sense.
        """
        row = await self._mine(budget_id, expected)
        wanted = dict(changes)
        if "thresholds" in wanted:
            wanted["thresholds"] = _checked(wanted["thresholds"])
        if "recipients" in wanted:
            wanted["recipients"] = await check_recipients(
                self._work,
                self._subscription,
                wanted["recipients"],
                anybody=self._caller.may(Permission.SUBSCRIPTION_ADMIN),
            )
        new = {field: value for field, value in wanted.items() if getattr(row, field) != value}
        if not new:
            return row
        for field, value in new.items():
            setattr(row, field, value)
        if (row.tag_key is None) != (row.tag_value is None):
            raise InvalidInput("A tag is a key with a value.", remedy="Send both, or null for both.", target="tag_key")
        row.generation += 1
        if new.keys() & {"amount", "thresholds", "tag_key", "tag_value"}:
            row.revision += 1
            row.revised_at = row.due_at = self._work.clock.now()
            await self._look(row)
        name = row.name
        await self._work.save(row, lambda _: NameTaken("budget", name))
        self._work.emit("budget.changed", reference(row, self._subscription))
        return row

    async def delete(self, budget_id: str, expected: int | None = None) -> None:
        """Remove a budget with what it told. A suspension that it caused stays until somebody resumes.

        Raises:
            ProvidersBudget: an administrator set it, and the caller is none.
        """
        row = await self._mine(budget_id, expected)
        await self._session.delete(row)
        await self._session.flush()
        self._work.emit("budget.deleted", reference(row, self._subscription))

    async def _mine(self, budget_id: str, expected: int | None) -> BudgetRow:
        row = await self.get(budget_id, hold=True)
        check_generation(expected, row.generation)
        if row.by_provider and not self._caller.may(Permission.SUBSCRIPTION_ADMIN):
            raise ProvidersBudget(row)
        return row

    async def _currency(self, wanted: str | None) -> str:
        charged = await currencies_of(self._work, self._subscription)
        if wanted is None and not charged:
            raise InvalidInput(
                "Nothing of this subscription has a price, so its currency is not known.",
                remedy="Send `currency`.",
                target="currency",
            )
        if wanted is not None and charged and wanted not in charged:
            raise InvalidInput(
                f"The subscription is charged in {' and '.join(charged)}: a budget of {wanted} would never be reached.",
                remedy="Leave `currency` out, or send that one.",
                target="currency",
            )
        return wanted or charged[0]

    async def _make_sure_of_room(self) -> None:
        # The subscription is held, so that two who set the last one count one another.
        held = select(SubscriptionRow.id).where(SubscriptionRow.id == self._subscription.id).with_for_update()
        await self._session.execute(held)
        count = select(func.count()).where(BudgetRow.subscription_id == self._subscription.id)
        if (await self._session.scalar(count) or 0) >= BUDGETS_PER_SUBSCRIPTION:
            raise TooManyBudgets

    async def _look(self, row: BudgetRow) -> None:
        """Write down what the running month comes to, so that a new budget does not show nothing."""
        month = Month.of(self._work.clock.now())
        note_figures(row, await Costs(self._work, self._meters).of_month(self._subscription.id, month))


def note_figures(row: BudgetRow, costs: Any) -> None:
    """Write down on a budget what a month's costs come to."""
    spending = spending_of(row, costs)
    row.month, row.evaluated_at = str(costs.month), costs.as_of
    row.actual, row.forecast = quantity(spending.actual), quantity(spending.forecast)


async def all_budgets(work: UnitOfWork, query: ListQuery, *scope: ColumnElement[bool]) -> Rows[BudgetRow]:
    """Return a page of everybody's budgets."""
    return await LISTING.rows(work.session, query, *scope)


def _checked(thresholds: Sequence[Threshold]) -> list[dict[str, Any]]:
    """Return thresholds as rows keep them, the lowest first.

    Raises:
        InvalidInput: two are the same, or a forecast is to suspend.
    """
    if len({(each.percent, each.basis) for each in thresholds}) < len(thresholds):
        raise InvalidInput("Two thresholds are the same.", remedy="Leave one out.", target="thresholds")
    if any(each.suspend and each.basis is Basis.FORECAST for each in thresholds):
        raise InvalidInput(
            "What is only expected does not suspend a subscription.",
            remedy="Suspend at a threshold of the actual cost.",
            target="thresholds",
        )
    ordered = sorted(thresholds, key=lambda each: (each.percent, each.basis))
    return [{"percent": each.percent, "basis": each.basis.value, "suspend": each.suspend} for each in ordered]


def reference(row: BudgetRow, subscription: SubscriptionRow) -> ResourceRef:
    """Name a budget in events; the subscription's members see them."""
    return ResourceRef("budget", row.id, row.name, subscription_id=subscription.id, account_id=subscription.account_id)
