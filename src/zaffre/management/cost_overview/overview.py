"""The overview: sums of what is kept, by currency. Amounts of different currencies are never added up."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import groupby, islice
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, func, select, tuple_, type_coerce

from zaffre.foundation.work import UnitOfWork
from zaffre.management.cost_overview.tables import CostedMonthRow, CostTotalRow
from zaffre.management.metering.meters import Meters
from zaffre.management.money.amounts import BILLION
from zaffre.management.money.costs import CostKind
from zaffre.management.money.months import Month
from zaffre.management.money.tables import CreditRow, StatementRow, StatementRunRow
from zaffre.management.tables import PlanRow


@dataclass
class CurrencyCosts:
    """What a month comes to in one currency, in billionths."""

    currency: str
    usage: int = 0
    """Before discounts, as fees are."""
    fees: int = 0
    discounts: int = 0
    """Nothing or less."""
    cost: int = 0
    forecast: int = 0
    last_month: int = 0
    credits_left: int = 0
    """Of all credits that have not expired; no month's."""
    billed: int | None = None
    """What the month's statements come to; None: it is not closed."""


@dataclass
class Share:
    """A part of what a month comes to: of a plan, a subscription or a meter."""

    currency: str
    id: str
    """Empty for what is of no meter."""
    name: str
    cost: int
    forecast: int
    last_month: int = 0
    kind: CostKind | None = None
    """Of a meter's share."""
    account_id: str | None = None
    """Of a subscription's."""


class _Sums(NamedTuple):
    """What is kept of all subscriptions, added up."""

    month: str
    currency: str
    plan_id: str
    kind: str
    meter: str
    list_cost: int
    cost: int
    forecast: int


@dataclass
class CostOverview:
    """What everybody's month comes to."""

    month: Month
    as_of: datetime | None
    """When the part was calculated that is the oldest; None: nothing was."""
    closed_at: datetime | None
    subscriptions: int
    totals: Sequence[CurrencyCosts] = ()
    plans: Sequence[Share] = field(default_factory=list[Share])
    most: Sequence[Share] = field(default_factory=list[Share])
    """The subscriptions that cost the most, for each currency."""
    meters: Sequence[Share] = field(default_factory=list[Share])


class CostOverviews:
    """Adds up inside one unit of work; nothing is priced here."""

    def __init__(self, work: UnitOfWork, meters: Meters) -> None:
        self._session = work.session
        self._now = work.clock.now()
        self._meters = meters

    async def of_month(self, month: Month, top: int) -> CostOverview:
        """Return what a month comes to, with the `top` plans, subscriptions and meters of each currency."""
        heads = select(func.min(CostedMonthRow.as_of), func.count()).where(CostedMonthRow.month == str(month))
        as_of, subscriptions = (await self._session.execute(heads)).one()
        closed = select(StatementRunRow.closed_at).where(StatementRunRow.month == str(month))
        closed_at = await self._session.scalar(closed)
        sums = await self._sums(month)
        return CostOverview(
            month,
            as_of,
            closed_at,
            subscriptions,
            await self._totals(month, sums, closed=closed_at is not None),
            await self._plans(month, sums, top),
            await self._subscriptions(month, top),
            self._shares_of_meters(month, sums, top),
        )

    async def _sums(self, month: Month) -> list[_Sums]:
        """Return what a month and the one before come to, by all that is told apart but subscriptions."""
        by = (CostTotalRow.month, CostTotalRow.currency, CostTotalRow.plan_id, CostTotalRow.kind, CostTotalRow.meter)
        amounts = (*_sum(CostTotalRow.list_cost), *_sum(CostTotalRow.cost), *_sum(CostTotalRow.forecast))
        wanted = select(*by, *amounts).where(CostTotalRow.month.in_([str(month), str(month.plus(-1))]))
        rows = await self._session.execute(wanted.group_by(*by))
        return [_Sums(*row[:5], *(_whole(row[at : at + 2]) for at in (5, 7, 9))) for row in rows]

    async def _totals(self, month: Month, sums: Sequence[_Sums], *, closed: bool) -> list[CurrencyCosts]:
        found: dict[str, CurrencyCosts] = {}

        def of(currency: str) -> CurrencyCosts:
            return found.setdefault(currency, CurrencyCosts(currency))

        for each in sums:
            total = of(each.currency)
            if each.month != str(month):
                total.last_month += each.cost
                continue
            if each.kind == CostKind.FEE:
                total.fees += each.list_cost
            elif each.kind == CostKind.USAGE:
                total.usage += each.list_cost
            total.discounts += each.cost if each.kind == CostKind.DISCOUNT else each.cost - each.list_cost
            total.cost += each.cost
            total.forecast += each.forecast
        unexpired = CreditRow.expires_at.is_(None) | (CreditRow.expires_at > self._now)
        left = select(CreditRow.currency, *_sum(CreditRow.left)).where(unexpired, CreditRow.left > Decimal(0))
        for currency, *parts in await self._session.execute(left.group_by(CreditRow.currency)):
            of(currency).credits_left = _whole(parts)
        if closed:
            for total in found.values():
                total.billed = 0
            billed = select(StatementRow.currency, *_sum(StatementRow.total)).where(StatementRow.month == str(month))
            for currency, *parts in await self._session.execute(billed.group_by(StatementRow.currency)):
                of(currency).billed = _whole(parts)
        return [found[currency] for currency in sorted(found)]

    async def _plans(self, month: Month, sums: Sequence[_Sums], top: int) -> list[Share]:
        shares = _largest(month, ((each, each.plan_id) for each in sums), top)
        named = select(PlanRow.id, PlanRow.name).where(PlanRow.id.in_({each.id for each in shares}))
        names: dict[str, str] = {row.id: row.name for row in await self._session.execute(named)}
        for each in shares:
            each.name = names.get(each.id, each.id)
        return shares

    async def _subscriptions(self, month: Month, top: int) -> list[Share]:
        shares = await self._largest_subscriptions(month, top)
        named = select(CostedMonthRow).where(
            CostedMonthRow.month == str(month), CostedMonthRow.subscription_id.in_({each.id for each in shares})
        )
        heads = {row.subscription_id: row for row in await self._session.scalars(named)}
        for each in shares:
            each.name, each.account_id = heads[each.id].subscription_name or each.id, heads[each.id].account_id
        return shares

    def _shares_of_meters(self, month: Month, sums: Sequence[_Sums], top: int) -> list[Share]:
        shares = _largest(month, ((each, f"{each.kind}|{each.meter}") for each in sums), top)
        for each in shares:
            kind, _, each.id = each.id.partition("|")
            each.kind = CostKind(kind)
            meter = self._meters.get(each.id)
            each.name = meter.title if meter is not None else each.id
        return shares

    async def _largest_subscriptions(self, month: Month, top: int) -> list[Share]:
        """Return those that are expected to cost the most in each currency, with what they cost the month before."""
        by = (CostTotalRow.currency, CostTotalRow.subscription_id)
        summed = select(*by, *_sum(CostTotalRow.cost), *_sum(CostTotalRow.forecast)).group_by(*by)
        of_it = summed.where(CostTotalRow.month == str(month)).subquery()
        currency, subscription_id, *_, whole, rest = of_it.c
        largest = [whole.desc(), rest.desc(), subscription_id]
        place = func.row_number().over(partition_by=currency, order_by=largest)
        placed = select(of_it, place.label("place")).subquery()
        found = await self._session.execute(select(placed).where(placed.c.place <= top))
        shares = {(row[0], row[1]): Share(row[0], row[1], "", _whole(row[2:4]), _whole(row[4:6])) for row in found}
        before = summed.where(CostTotalRow.month == str(month.plus(-1)), tuple_(*by).in_(list(shares)))
        for row in await self._session.execute(before):
            shares[row[0], row[1]].last_month = _whole(row[2:4])
        return _ordered(shares.values())


def _largest(month: Month, sums: Iterable[tuple[_Sums, str]], top: int) -> list[Share]:
    """Add sums up by what they belong to; returns the `top` of each currency."""
    found: dict[tuple[str, str], Share] = {}
    for each, key in sums:
        share = found.setdefault((each.currency, key), Share(each.currency, key, "", 0, 0))
        if each.month == str(month):
            share.cost += each.cost
            share.forecast += each.forecast
        else:
            share.last_month += each.cost
    ordered = groupby(_ordered(found.values()), key=lambda each: each.currency)
    return [share for _, of_one in ordered for share in islice(of_one, top)]


def _ordered(shares: Iterable[Share]) -> list[Share]:
    return sorted(shares, key=lambda each: (each.currency, -each.forecast, each.id))


def _sum(column: Any) -> tuple[Any, Any]:
    """Add up billionths in two parts, because all of a site's do not fit into 64 bits in every currency."""
    parts = type_coerce(column, BigInteger)
    return func.sum(parts // BILLION), func.sum(parts % BILLION)


def _whole(parts: Sequence[Any]) -> int:
    whole, rest = (int(part or 0) for part in parts)
    return whole * BILLION + rest
