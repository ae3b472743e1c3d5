"""Discounts: a part of the price that a subscription, an account or a plan's subscribers do not pay for a time."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from zaffre.foundation.database import Table
from zaffre.foundation.errors import InvalidInput, NotFound
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.identity.tables import AccountRow
from zaffre.management.money.effects import PastIsFixed, refuse_before
from zaffre.management.money.months import Month, full_hour, hour_of, next_hour
from zaffre.management.money.tables import DiscountRow
from zaffre.management.tables import PlanRow, SubscriptionRow

LISTING = Listing(
    DiscountRow,
    {
        "id": Field(DiscountRow.id, FieldType.ID),
        "name": Field(DiscountRow.name, FieldType.TEXT, searchable=True),
        "scope": Field(DiscountRow.scope, FieldType.TEXT),
        "scope_id": Field(DiscountRow.scope_id, FieldType.ID),
        "begins_at": Field(DiscountRow.begins_at, FieldType.INSTANT),
        "created_at": Field(DiscountRow.created_at, FieldType.INSTANT),
    },
    key=DiscountRow.id,
    order="created_at desc",
)


class DiscountScope(StrEnum):
    """Whose price is less."""

    SUBSCRIPTION = "subscription"
    ACCOUNT = "account"
    """Of all subscriptions that the account owns."""
    PLAN = "plan"
    """Of all subscriptions to the plan."""


_TABLES: dict[DiscountScope, type[Table]] = {
    DiscountScope.SUBSCRIPTION: SubscriptionRow,
    DiscountScope.ACCOUNT: AccountRow,
    DiscountScope.PLAN: PlanRow,
}


@dataclass(frozen=True)
class NewDiscount:
    """A discount to give: a percentage, or an amount of a currency for each month."""

    name: str
    scope: DiscountScope
    scope_id: str
    percent: Decimal | None = None
    amount: Decimal | None = None
    currency: str | None = None
    begins_at: datetime | None = None
    ends_at: datetime | None = None


class Discounts:
    """Rules for discounts inside one unit of work."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._session = work.session

    async def create(self, draft: NewDiscount) -> DiscountRow:
        """Give a discount, from the beginning of the running month on or later.

        Raises:
            NotFound: there is no such subscription, account or plan.
            InvalidInput: a time is no full hour, or it ends before it begins.
            PastIsFixed: it would begin before this month.
        """
        if await self._session.get(_TABLES[draft.scope], draft.scope_id) is None:
            raise NotFound(draft.scope, draft.scope_id)
        now = self._work.clock.now()
        begins_at = full_hour(draft.begins_at, "begins_at") if draft.begins_at is not None else hour_of(now)
        refuse_before(begins_at, Month.of(now).begin, "begins_at")
        ends_at = full_hour(draft.ends_at, "ends_at") if draft.ends_at is not None else None
        _check_order(begins_at, ends_at)
        row = DiscountRow(
            id=self._work.ids.new(),
            name=draft.name,
            scope=draft.scope,
            scope_id=draft.scope_id,
            percent=draft.percent,
            amount=draft.amount,
            currency=draft.currency,
            begins_at=begins_at,
            ends_at=ends_at,
            created_at=now,
        )
        self._work.add(row)
        await self._session.flush()
        self._work.emit("discount.created", reference(row))
        return row

    async def get(self, discount_id: str) -> DiscountRow:
        """Return a discount.

        Raises:
            NotFound: there is none.
        """
        row = await self._session.get(DiscountRow, discount_id)
        if row is None:
            raise NotFound("discount", discount_id)
        return row

    async def page(self, query: ListQuery) -> Rows[DiscountRow]:
        """Return a page of discounts."""
        return await LISTING.rows(self._session, query)

    async def end(self, discount_id: str, wanted: datetime | None, expected: int | None = None) -> DiscountRow:
        """Have a discount end at another time; left out, with this hour. What it took off so far stays taken off.

        Raises:
            PastIsFixed: it has ended, or the time is in the past.
            InvalidInput: the time is no full hour, or before it begins.
        """
        row = await self.get(discount_id)
        check_generation(expected, row.generation)
        soonest = next_hour(self._work.clock.now())
        ends_at = full_hour(wanted, "ends_at") if wanted is not None else max(soonest, row.begins_at)
        if ends_at < soonest or (row.ends_at is not None and row.ends_at <= self._work.clock.now()):
            raise PastIsFixed(
                f"It cannot end before {soonest.isoformat()}, and does not begin again once it has ended.",
                remedy="Send a later time, or give another discount.",
                target="ends_at",
            )
        _check_order(row.begins_at, ends_at, empty=True)
        row.ends_at = ends_at
        await self._session.flush()
        self._work.emit("discount.ended", reference(row), ends_at=ends_at.isoformat())
        return row


def _check_order(begins_at: datetime, ends_at: datetime | None, *, empty: bool = False) -> None:
    if ends_at is not None and (ends_at < begins_at or (ends_at == begins_at and not empty)):
        raise InvalidInput("The discount ends before it begins.", remedy="Correct `ends_at`.", target="ends_at")


def reference(row: DiscountRow) -> ResourceRef:
    """Name a discount in events."""
    return ResourceRef("discount", row.id, row.name)
