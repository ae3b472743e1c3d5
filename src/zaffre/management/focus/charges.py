"""The charges of a month, and what statements add to them, a stretch at a time."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from sqlalchemy import select

from zaffre.foundation.actor import Actor
from zaffre.foundation.work import UnitOfWork, UnitsOfWork
from zaffre.identity.tables import AccountRow
from zaffre.management.focus.columns import Row
from zaffre.management.focus.rows import Customer, RowMaker, Texts
from zaffre.management.focus.sums import SumReader
from zaffre.management.metering.meters import Meters
from zaffre.management.metering.tables import UsageDayRow
from zaffre.management.money.amounts import rounded
from zaffre.management.money.months import Month
from zaffre.management.money.price_book import Price, PriceBook, Reduction, split_days
from zaffre.management.money.pricing import Charge, Till, Used
from zaffre.management.money.statements import LineKind, lines_of, number_text, subscriptions_to_bill
from zaffre.management.money.tables import StatementRow, StatementRunRow
from zaffre.management.tables import SubscriptionRow

SUBSCRIPTIONS_AT_ONCE = 200
_CATEGORIES = {"fee": "Purchase", "discount": "Adjustment"}


@dataclass
class FocusMonth:
    """Yields the rows of a month: of one subscription, or of all there were in it."""

    units: UnitsOfWork
    actor: Actor
    meters: Meters
    month: Month
    issuer: str
    subscription_id: str | None = None
    texts: Texts = field(default_factory=Texts)

    async def rows(self) -> AsyncIterator[list[Row]]:
        """Yield the rows, in stretches. What changes meanwhile is in those that come later, never twice."""
        async with self.units.read(self.actor) as work:
            book = await PriceBook.read(work, self.month.end)
            split = book.split_days(self.month.begin, self.month.end)
            await book.read_discounts(work, self.month)
        last = ""
        while True:
            async with self.units.read(self.actor) as work:
                ids, last = await self._ids(work, last)
                accounts = await _Accounts.read(work, self, ids, book.reductions)
            for (days, reduced), members in self._alike(ids, split, accounts).items():
                # Discounts are found by whose they are, so that those of others do no harm.
                own = book if reduced else replace(book, reductions={})
                async for rows in self._charged(members, days, own, accounts):
                    yield rows
            if not last:
                return

    def _alike(
        self, ids: Sequence[str], split: Sequence[datetime], accounts: "_Accounts"
    ) -> dict[tuple[tuple[datetime, ...], bool], list[str]]:
        """Return which subscriptions are priced by the hour on the same days: those share pages."""
        groups: dict[tuple[tuple[datetime, ...], bool], list[str]] = {}
        for each in ids:
            reductions = accounts.reductions[each]
            instants = [instant for found in reductions.values() for one in found for instant in one.instants()]
            days = sorted({*split, *split_days(instants, self.month.begin, self.month.end)})
            groups.setdefault((tuple(days), bool(reductions)), []).append(each)
        return groups

    async def _ids(self, work: UnitOfWork, after: str) -> tuple[list[str], str]:
        """Return the next subscriptions, and where to go on; empty: there are no more."""
        if self.subscription_id is not None:
            return [self.subscription_id], ""
        return await subscriptions_to_bill(work, self.month, after, SUBSCRIPTIONS_AT_ONCE)

    async def _charged(
        self, ids: Sequence[str], split: Sequence[datetime], book: PriceBook, accounts: "_Accounts"
    ) -> AsyncIterator[list[Row]]:
        """Yield the rows of some subscriptions that are priced by the hour on the same days."""
        waiting = dict.fromkeys(ids)
        bill: _Bill | None = None
        async for page in SumReader(self.units, self.actor, self.month, split).pages(ids):
            rows: list[Row] = []
            for subscription_id, used in groupby(page, key=attrgetter("subscription_id")):
                if bill is None or bill.id != subscription_id:
                    rows += self._ended(bill)
                    bill = _Bill(accounts, self, book, subscription_id)
                    waiting.pop(subscription_id, None)
                rows += bill.charged(used)
            yield rows
        yield [
            *self._ended(bill),
            # These used nothing, and may have a statement that puts right what was.
            *(row for each in waiting for row in _Bill(accounts, self, book, each).added()),
        ]

    @staticmethod
    def _ended(bill: "_Bill | None") -> Iterator[Row]:
        if bill is not None:
            yield from bill.added()


@dataclass
class _Accounts:
    """What is known of some subscriptions before their charges are read."""

    customers: dict[str, Customer]
    statements: dict[str, list[StatementRow]]
    reductions: dict[str, dict[str, list[Reduction]]]
    closed: bool
    """Whether the month's statements are all there."""

    @classmethod
    async def read(
        cls, work: UnitOfWork, focus: FocusMonth, ids: Sequence[str], discounts: dict[str, list[Reduction]]
    ) -> "_Accounts":
        rows = select(SubscriptionRow, AccountRow).join(AccountRow, AccountRow.id == SubscriptionRow.account_id)
        customers = {
            row.SubscriptionRow.id: Customer(
                row.SubscriptionRow.id, row.SubscriptionRow.name, row.AccountRow.id, row.AccountRow.name
            )
            for row in await work.session.execute(rows.where(SubscriptionRow.id.in_(ids)))
        }
        statements: dict[str, list[StatementRow]] = {each: [] for each in ids}
        closed = select(StatementRow).where(
            StatementRow.subscription_id.in_(ids), StatementRow.month == str(focus.month)
        )
        for statement in await work.session.scalars(closed):
            statements[statement.subscription_id].append(statement)
            customers[statement.subscription_id] = Customer(
                statement.subscription_id,
                statement.subscription_name,
                statement.account_id,
                statement.account_name,
            )
        scopes = await _scopes(work, focus.month, ids, customers, needed=bool(discounts))
        reductions = {
            each: {scope: found for scope, found in discounts.items() if scope in scopes[each]} for each in ids
        }
        run = select(StatementRunRow.id).where(
            StatementRunRow.month == str(focus.month), StatementRunRow.closed_at.is_not(None)
        )
        return cls(customers, statements, reductions, await work.session.scalar(run) is not None)


async def _scopes(
    work: UnitOfWork, month: Month, ids: Sequence[str], customers: dict[str, Customer], *, needed: bool
) -> dict[str, set[str]]:
    """Return what discounts of each subscription can be for, and add whose those are that are gone."""
    scopes: dict[str, set[str]] = {each: {each} for each in ids}
    unknown = [each for each in ids if needed or each not in customers]
    statement = (
        select(UsageDayRow.subscription_id, UsageDayRow.account_id, UsageDayRow.plan_id, AccountRow.name)
        .join(AccountRow, AccountRow.id == UsageDayRow.account_id, isouter=True)
        .where(
            UsageDayRow.subscription_id.in_(unknown),
            UsageDayRow.began_at >= month.begin,
            UsageDayRow.began_at < month.end,
        )
        .distinct()
    )
    for subscription_id, account_id, plan_id, name in await work.session.execute(statement):
        scopes[subscription_id] |= {account_id, plan_id}
        customers.setdefault(subscription_id, Customer(subscription_id, subscription_id, account_id, name or ""))
    return scopes


@dataclass
class _Bill:
    """The charges of one subscription as they come, and what its statements make of them."""

    accounts: _Accounts
    focus: FocusMonth
    book: PriceBook
    id: str
    sums: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    """What each line of a statement comes to, by currency and key."""
    bases: dict[str, int] = field(default_factory=dict[str, int])
    """What each discount of an amount is for costs."""

    def __post_init__(self) -> None:
        self.till = Till(self.book, self.focus.month)
        self.statements = {row.currency: row for row in self.accounts.statements[self.id]}
        customer = self.accounts.customers.get(self.id) or Customer(self.id, self.id, "", "")
        invoices = {currency: number_text(row.number) for currency, row in self.statements.items()}
        focus = self.focus
        self.maker = RowMaker(focus.month, focus.issuer, focus.meters, customer, focus.texts, invoices)
        reductions = self.accounts.reductions[self.id].values()
        self.fixed = [each for found in reductions for each in found if each.amount is not None]

    def charged(self, used: Iterator[Used]) -> Iterator[Row]:
        """Yield the rows of what was used, which comes in the order of time."""
        costs = dict[Price, int]()
        for charge in self.till.ring_up(used):
            price = charge.price
            costs[price] = costs.get(price, 0) + charge.list_cost
            if charge.reductions or self.fixed:
                self._reduced(charge)
            row = self.maker.charge(charge)
            if row is not None:
                yield row
        for price, cost in costs.items():
            key = (price.currency, "|".join(price.line))
            self.sums[key] = self.sums.get(key, 0) + cost

    def _reduced(self, charge: Charge) -> None:
        for reduction, amount in charge.reductions:
            key = (charge.price.currency, f"discount|{reduction.id}")
            self.sums[key] = self.sums.get(key, 0) - amount
        used = charge.used
        for each in self.fixed:
            concerns = each.scope_id in (used.subscription_id, used.account_id, used.plan_id)
            if concerns and charge.price.currency == each.currency and each.counts_at(used.began_at):
                self.bases[each.id] = self.bases.get(each.id, 0) + charge.cost

    def added(self) -> Iterator[Row]:
        """Yield what is of no resource: discounts of amounts, and what statements add to charges."""
        given: dict[str, int] = {}
        for each in self.fixed:
            if each.amount is None or each.currency is None:
                continue
            hours, of = each.share_of(self.focus.month)
            base = self.bases.get(each.id, 0) - given.get(each.currency, 0)
            amount = max(0, min(each.amount * hours // of, base))
            if amount:
                given[each.currency] = given.get(each.currency, 0) + amount
                key = (each.currency, f"discount|{each.id}")
                self.sums[key] = self.sums.get(key, 0) - amount
                yield self.maker.other(each.currency, "Adjustment", each.name, -amount)
        late = {currency for currency, _ in self.sums} if self.accounts.closed else set[str]()
        for currency in sorted({*self.statements, *late}):
            yield from self._stated(currency, self.statements.get(currency))

    def _stated(self, currency: str, statement: StatementRow | None) -> Iterator[Row]:
        """Yield what a statement has beside the charges, and by how much they differ from it.

        Without one, everything of a closed month has become known since.
        """
        month = str(self.focus.month)
        stated: dict[str, int] = {}
        for line in lines_of(statement) if statement is not None else ():
            if line.kind is LineKind.CREDIT:
                yield self.maker.other(currency, "Credit", line.title, line.amount)
            elif line.kind is LineKind.ADJUSTMENT or line.month != month:
                head = line.key.partition("|")[0]
                category = _CATEGORIES.get(head, "Usage")
                description = f"{line.title}: put right for {line.month}"
                corrects = Month.parse(line.month)
                yield self.maker.other(
                    currency,
                    category,
                    description,
                    line.amount,
                    corrects=corrects,
                    sku=line.key if category != "Adjustment" else None,
                )
            else:
                stated[line.key] = stated.get(line.key, 0) + line.amount
        charged = {key: amount for (of, key), amount in self.sums.items() if of == currency}
        rounding = 0
        for key in sorted({*stated, *charged}):
            there, billed = charged.get(key, 0), stated.get(key, 0)
            if rounded(there, currency) == billed:
                rounding += billed - there
            else:
                description = "Recorded after the month was closed, and billed by a later statement"
                yield self.maker.other(currency, "Adjustment", description, billed - there)
        if rounding:
            yield self.maker.other(currency, "Adjustment", "Rounding to what can be paid", rounding)
