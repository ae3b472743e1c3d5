"""Statements: what a subscription's month comes to, for good.

A statement is closed once and never changed; what is recorded or corrected afterwards is an adjustment in the next one.
Each is of one subscription, one month and one currency.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import literal, select

from zaffre.foundation.errors import NotFound
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing
from zaffre.foundation.settings import MeteringSettings
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.identity.tables import AccountRow
from zaffre.management.metering.cursors import held_cursor
from zaffre.management.metering.meters import Meters
from zaffre.management.metering.quantities import quantity
from zaffre.management.metering.tables import UsageDayRow
from zaffre.management.money.amounts import BILLION, rounded
from zaffre.management.money.costs import Costs, MonthCosts, kind_of, title_of
from zaffre.management.money.credits import usable_by
from zaffre.management.money.last_names import last_name
from zaffre.management.money.months import Month
from zaffre.management.money.price_book import PriceBook
from zaffre.management.money.pricing import Charge
from zaffre.management.money.tables import CreditRow, StatementRow, StatementRunRow
from zaffre.management.tables import SubscriptionRow

NUMBERS = "statement numbers"
ADJUSTED_MONTHS = 3
"""How many months before its own a statement puts right what has become known since."""

_FIELDS = {
    "id": Field(StatementRow.id, FieldType.ID),
    "number": Field(StatementRow.number, FieldType.INTEGER),
    "month": Field(StatementRow.month, FieldType.TEXT),
    "currency": Field(StatementRow.currency, FieldType.TEXT, sortable=False),
    "subscription_id": Field(StatementRow.subscription_id, FieldType.ID, sortable=False),
    "subscription_name": Field(StatementRow.subscription_name, FieldType.TEXT, searchable=True, sortable=False),
    "account_id": Field(StatementRow.account_id, FieldType.ID, sortable=False),
    "account_email": Field(StatementRow.account_email, FieldType.TEXT, searchable=True, sortable=False),
    "closed_at": Field(StatementRow.closed_at, FieldType.INSTANT),
}
LISTING = Listing(StatementRow, _FIELDS, key=StatementRow.id, order="number desc")


class LineKind(StrEnum):
    """What a line of a statement is for."""

    USAGE = "usage"
    FEE = "fee"
    DISCOUNT = "discount"
    ADJUSTMENT = "adjustment"
    """What became known of an earlier month after its statement was closed."""
    CREDIT = "credit"


@dataclass
class Line:
    """A line of a statement."""

    kind: LineKind
    title: str
    month: str
    """What was used, or is put right, is of this month."""
    key: str
    """Tells it from other lines of its month, through all statements."""
    amount: int = 0
    """Billionths; once it is rounded, what is to be paid."""
    quantity: int | None = None
    unit: str | None = None
    state: str | None = None
    unit_price: str | None = None
    """None: there are several."""


@dataclass
class Draft:
    """A statement before it is closed."""

    month: Month
    currency: str
    subscription_id: str
    subscription_name: str
    account_id: str
    account_name: str
    account_email: str
    lines: list[Line] = field(default_factory=list[Line])

    @property
    def total(self) -> int:
        """What the lines add up to."""
        return sum(line.amount for line in self.lines)


@dataclass(frozen=True)
class _Customer:
    subscription_name: str
    account_id: str
    account_name: str
    account_email: str


class Statements:
    """Rules for statements inside one unit of work."""

    def __init__(self, work: UnitOfWork, meters: Meters, kept: MeteringSettings) -> None:
        """Work on statements; `kept` says how old the sums are that costs are calculated from."""
        self._work = work
        self._session = work.session
        self._meters = meters
        self._costs = Costs(work, meters)
        self._kept = kept

    async def get(
        self, statement_id: str, subscription_id: str | None = None, account_id: str | None = None
    ) -> StatementRow:
        """Return a statement; when a subscription or an account is given, one of theirs.

        Raises:
            NotFound: there is none.
        """
        row = await self._session.get(StatementRow, statement_id)
        if (
            row is None
            or subscription_id not in (None, row.subscription_id)
            or account_id not in (None, row.account_id)
        ):
            raise NotFound("statement", statement_id)
        return row

    async def drafts(self, subscription_id: str, month: Month, book: PriceBook | None = None) -> list[Draft]:
        """Return what a month comes to as of now, one for each currency; nothing is changed.

        Args:
            subscription_id: it may be gone by now.
            month: any that has begun.
            book: prices read before; None: they are read.
        """
        book = book or await PriceBook.read(self._work, month.end)
        costs = await self._costs.of_month(subscription_id, month, forecast=False, book=book)
        lines = _lines(costs, self._meters)
        for earlier in await self._adjustable(month, book):
            for currency, adjustments in (await self._adjustments(subscription_id, earlier, book)).items():
                lines.setdefault(currency, []).extend(adjustments)
        if not lines:
            return []
        customer = await self._customer(subscription_id, costs.charges)
        drafts: list[Draft] = []
        for currency, of_it in sorted(lines.items()):
            draft = Draft(month, currency, subscription_id, **asdict(customer), lines=of_it)
            draft.lines += [line for _, line in await self._credits(draft)]
            drafts.append(draft)
        return drafts

    async def close(self, subscription_id: str, month: Month, book: PriceBook) -> int:
        """Close the statements of a subscription's month, once and for good; returns how many there are now."""
        known = select(StatementRow.id).where(
            StatementRow.subscription_id == subscription_id, StatementRow.month == str(month)
        )
        there = len((await self._session.scalars(known)).all())
        if there:
            return there
        counter = await held_cursor(self._work, NUMBERS)
        drafts = await self.drafts(subscription_id, month, book)
        for draft in drafts:
            counter.position += 1
            await self._use_credits(draft)
            row = StatementRow(
                id=self._work.ids.new(),
                number=counter.position,
                month=str(month),
                currency=draft.currency,
                subscription_id=subscription_id,
                subscription_name=draft.subscription_name,
                account_id=draft.account_id,
                account_name=draft.account_name,
                account_email=draft.account_email,
                lines=[asdict(line) for line in draft.lines],
                total=quantity(draft.total),
                closed_at=self._work.clock.now(),
            )
            self._work.add(row)
            self._work.emit("statement.closed", reference(row), month=row.month, currency=row.currency)
        await self._session.flush()
        return len(drafts)

    async def _adjustable(self, month: Month, book: PriceBook) -> list[Month]:
        """Return the closed months before one whose costs can still be calculated as they were."""
        months = [month.plus(-count) for count in range(ADJUSTED_MONTHS, 0, -1)]
        runs = select(StatementRunRow.month).where(StatementRunRow.month.in_([str(each) for each in months]))
        closed = set(await self._session.scalars(runs))
        now = self._work.clock.now()
        days, hours = timedelta(days=self._kept.keep_daily_days), timedelta(days=self._kept.keep_hourly_days)
        return [
            each
            for each in months
            if str(each) in closed
            and each.begin > now - days
            # A price that changed within a day is calculated from hours.
            and (each.begin > now - hours or not book.split_days(each.begin, each.end))
        ]

    async def _adjustments(self, subscription_id: str, month: Month, book: PriceBook) -> dict[str, list[Line]]:
        """Return by how much a closed month differs now from what all statements say of it, by currency."""
        costs = await self._costs.of_month(subscription_id, month, forecast=False, book=book)
        now = {(currency, line.key): line for currency, lines in _lines(costs, self._meters).items() for line in lines}
        rows = await self._session.scalars(
            select(StatementRow).where(
                StatementRow.subscription_id == subscription_id, StatementRow.month >= str(month)
            )
        )
        billed: dict[tuple[str, str], Line] = {}
        for row in rows:
            for each in row.lines:
                if each["month"] == str(month) and each["kind"] != LineKind.CREDIT:
                    line = billed.setdefault((row.currency, each["key"]), _stored(each, amount=0, quantity=0))
                    line.amount += each["amount"]
                    line.quantity = (line.quantity or 0) + (each["quantity"] or 0)
        found: dict[str, list[Line]] = {}
        for key in sorted({*now, *billed}):
            difference = _difference(now.get(key), billed.get(key))
            if difference is not None:
                found.setdefault(key[0], []).append(difference)
        return found

    async def _credits(self, draft: Draft, *, lock: bool = False) -> list[tuple[CreditRow, Line]]:
        """Return which credits a statement uses and how much of them, the oldest first."""
        statement = (
            select(CreditRow)
            .where(
                usable_by(draft.subscription_id, draft.account_id),
                CreditRow.currency == draft.currency,
                CreditRow.left > Decimal(0),
                CreditRow.expires_at.is_(None) | (CreditRow.expires_at > draft.month.begin),
            )
            .order_by(CreditRow.created_at, CreditRow.id)
        )
        if lock:
            statement = statement.with_for_update().execution_options(populate_existing=True)
        left = sum(line.amount for line in draft.lines if line.kind is not LineKind.CREDIT)
        used: list[tuple[CreditRow, Line]] = []
        for credit in await self._session.scalars(statement):
            amount = min(int(credit.left * BILLION), left)
            if amount > 0:
                line = Line(LineKind.CREDIT, credit.name, str(draft.month), f"credit|{credit.id}", -amount)
                used.append((credit, line))
                left -= amount
        return used

    async def _use_credits(self, draft: Draft) -> None:
        draft.lines = [line for line in draft.lines if line.kind is not LineKind.CREDIT]
        for credit, line in await self._credits(draft, lock=True):
            credit.left += quantity(line.amount)
            draft.lines.append(line)

    async def _customer(self, subscription_id: str, charges: Sequence[Charge]) -> _Customer:
        """Return who owes it: the subscription's owner, of one that is gone the last one."""
        row = await self._session.get(SubscriptionRow, subscription_id)
        name = row.name if row is not None else ""
        account_id = row.account_id if row is not None else None
        if row is None:
            of_it = select(UsageDayRow).where(UsageDayRow.subscription_id == subscription_id)
            latest = await self._session.scalar(of_it.order_by(UsageDayRow.began_at.desc()).limit(1))
            account_id = latest.account_id if latest is not None else charges[-1].used.account_id
            name = await last_name(self._session, subscription_id)
        account = await self._session.get(AccountRow, account_id)
        known = (account.name, account.email) if account is not None else ("", "")
        return _Customer(name, account_id or "", *known)


def _lines(costs: MonthCosts, meters: Meters) -> dict[str, list[Line]]:
    """Return a month's lines by currency, rounded to what can be paid; lines of nothing are left out."""
    lines: dict[tuple[str, str], Line] = {}

    def line(currency: str, kind: LineKind, title: str, key: str) -> Line:
        return lines.setdefault((currency, key), Line(kind, title, str(costs.month), key))

    for charge in costs.charges:
        price = charge.price
        known = line(price.currency, LineKind(kind_of(charge)), title_of(charge, meters), "|".join(price.line))
        unit_price = str(quantity(price.tiers[0][1])) if len(price.tiers) == 1 else None
        known.unit_price = unit_price if known.quantity is None or known.unit_price == unit_price else None
        known.unit = str(price.period) if price.period is not None else charge.used.unit
        known.state = None if price.period is not None else price.line[2] or None
        known.quantity = (known.quantity or 0) + charge.used.quantity
        known.amount += charge.list_cost
        for reduction, amount in charge.reductions:
            line(price.currency, LineKind.DISCOUNT, reduction.name, f"discount|{reduction.id}").amount -= amount
    for each in costs.fixed:
        key = f"discount|{each.reduction.id}"
        line(each.currency, LineKind.DISCOUNT, each.reduction.name, key).amount -= each.so_far
    found: dict[str, list[Line]] = {}
    for (currency, _), each in lines.items():
        each.amount = rounded(each.amount, currency)
        if each.amount or each.kind is not LineKind.DISCOUNT:
            found.setdefault(currency, []).append(each)
    order = list(LineKind)
    return {
        currency: sorted(of_it, key=lambda each: (order.index(each.kind), each.title, each.state or ""))
        for currency, of_it in found.items()
    }


def _difference(now: Line | None, billed: Line | None) -> Line | None:
    """Return the line that makes of what was billed what it is now; None when there is no difference."""
    told = now or billed
    assert told is not None  # noqa: S101 - keys come from either
    amount = (now.amount if now is not None else 0) - (billed.amount if billed is not None else 0)
    if not amount:
        return None
    more = (now.quantity or 0 if now is not None else 0) - (billed.quantity or 0 if billed is not None else 0)
    return Line(LineKind.ADJUSTMENT, told.title, told.month, told.key, amount, more, told.unit, told.state)


async def subscriptions_to_bill(work: UnitOfWork, month: Month, after: str, limit: int) -> tuple[list[str], str]:
    """Look at the next `limit` subscriptions, those that are gone included, in the order of their ids.

    Their ids are taken from the index one after the other: all rows of a month would have to be read otherwise.

    Returns:
        Those that used something in the month or shortly before it, and where to go on; empty: there are no more.
    """
    begin = month.plus(-ADJUSTED_MONTHS).begin
    ids = select(UsageDayRow.subscription_id).order_by(UsageDayRow.subscription_id).limit(1)
    first = ids.where(UsageDayRow.subscription_id > after) if after else ids
    found = select(first.scalar_subquery().label("id"), literal(1).label("number")).cte("found", recursive=True)
    following = ids.where(UsageDayRow.subscription_id > found.c.id).scalar_subquery()
    found = found.union_all(
        select(following, found.c.number + 1).where(found.c.id.is_not(None), found.c.number < limit)
    )
    used = select(UsageDayRow.subscription_id).where(
        UsageDayRow.subscription_id == found.c.id, UsageDayRow.began_at >= begin, UsageDayRow.began_at < month.end
    )
    rows = (await work.session.execute(select(found.c.id, used.exists()).where(found.c.id.is_not(None)))).all()
    last = max(row[0] for row in rows) if len(rows) == limit else ""
    return sorted(row[0] for row in rows if row[1]), last


def reference(row: StatementRow) -> ResourceRef:
    """Name a statement in events; the members of its subscription see them."""
    return ResourceRef(
        "statement",
        row.id,
        number_text(row.number),
        subscription_id=row.subscription_id,
        account_id=row.account_id,
    )


def number_text(number: int) -> str:
    """Write a number as statements carry it."""
    return f"{number:06d}"


def lines_of(row: StatementRow) -> Iterable[Line]:
    """Yield the lines of a closed statement."""
    return (_stored(each) for each in row.lines)


def _stored(line: Mapping[str, Any], **other: int) -> Line:
    told: dict[str, Any] = {**line, "kind": LineKind(line["kind"]), **other}
    return Line(**told)


def as_draft(row: StatementRow) -> Draft:
    """Return a closed statement in the shape of a draft, for whoever shows either."""
    return Draft(
        Month.parse(row.month),
        row.currency,
        row.subscription_id,
        row.subscription_name,
        row.account_id,
        row.account_name,
        row.account_email,
        list(lines_of(row)),
    )


def closable_at(month: Month, grace: timedelta) -> datetime:
    """Return when a month is closed by itself: what is recorded late has come by then."""
    return month.end + grace
