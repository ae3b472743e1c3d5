"""Keeping the overview: every subscription is priced once in each interval, by as many processes as there are.

One that is new is priced at once besides, so that whoever has just sold something sees it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select, tuple_

from zaffre.foundation.actor import system_actor
from zaffre.foundation.database import insert_of
from zaffre.foundation.settings import Settings
from zaffre.foundation.work import UnitOfWork, UnitsOfWork
from zaffre.management.cost_overview.tables import CostedMonthRow, CostPassRow, CostTotalRow
from zaffre.management.metering.meters import Meters
from zaffre.management.money.costs import CostKind, Costs, MonthCosts, kind_of
from zaffre.management.money.last_names import last_name
from zaffre.management.money.months import Month
from zaffre.management.money.price_book import PriceBook
from zaffre.management.money.statements import subscriptions_to_bill
from zaffre.management.money.tables import StatementRunRow
from zaffre.management.tables import SubscriptionRow

ACTOR = system_actor("cost overview")
LOOK_INTERVAL_S = 30.0
"""How often a process looks whether there is something to price; how often each subscription is, is a setting."""
ROUND = "costs"
NEWCOMERS = "newcomers"
SETTLED = timedelta(seconds=30)
"""A subscription is metered so long after it was made, and seen by everybody."""
AT_ONCE = 50
MOST_IN_A_RUN = 1000
"""Subscriptions that one run of the loop prices; the next goes on."""
FORGOTTEN_AT_ONCE = 2000


class CostWatch:
    """Prices all subscriptions, a batch at a time; whoever takes a batch moves the place on first.

    What a process that dies has taken up is priced an interval later.
    """

    def __init__(self, units: UnitsOfWork, meters: Meters, settings: Settings) -> None:
        self._units = units
        self._meters = meters
        self._interval = timedelta(minutes=settings.money.cost_overview_interval_minutes)
        self._kept = timedelta(days=settings.metering.keep_daily_days)

    async def run(self) -> None:
        """Price what is due, a bounded number of subscriptions."""
        await self._price(await self._claim_newcomers())
        seen = 0
        while seen < MOST_IN_A_RUN:
            ids = await self._claim()
            if ids is None:
                return
            await self._price(ids)
            seen += AT_ONCE

    async def _claim_newcomers(self) -> Sequence[str]:
        """Take the next subscriptions that were made since the last look; each is taken once."""
        async with self._units.write(ACTOR) as work:
            row = await _held_pass(work, NEWCOMERS)
            until = work.clock.now() - SETTLED
            since, row.began_at = row.began_at, until
            if since is None:
                return []
            made = (SubscriptionRow.created_at > since, SubscriptionRow.created_at <= until)
            order = (SubscriptionRow.created_at, SubscriptionRow.id)
            statement = select(SubscriptionRow.id, SubscriptionRow.created_at).where(*made).order_by(*order)
            found = (await work.session.execute(statement.limit(AT_ONCE))).all()
            if len(found) == AT_ONCE:
                row.began_at = found[-1][1]
            return [subscription_id for subscription_id, _ in found]

    async def _claim(self) -> Sequence[str] | None:
        """Take the next batch; None: every subscription has been priced in this interval."""
        async with self._units.write(ACTOR) as work:
            now = work.clock.now()
            row = await _held_pass(work, ROUND)
            if not row.after:
                if row.began_at is not None and row.began_at <= now < row.began_at + self._interval:
                    return None
                row.began_at = now
                await _forget(work, Month.of(now - self._kept))
            first = not row.after
            ids, row.after = await subscriptions_to_bill(work, Month.of(now), row.after, AT_ONCE)
            if first and not ids and not row.after:
                # A site that is new: what is used first shall not wait for an interval.
                row.began_at = None
                return None
            return ids

    async def _price(self, ids: Sequence[str]) -> None:
        if not ids:
            return
        now = self._units.clock.now()
        running = Month.of(now)
        for month in (running.plus(-1), running):
            async with self._units.read(ACTOR) as work:
                book = await PriceBook.read(work, month.end)
                wanted = ids if month == running else await _unfinished(work, ids, month)
            for each in wanted:
                async with self._units.read(ACTOR) as work:
                    costs = await Costs(work, self._meters).of_month(each, month, book=book)
                    subscription = await work.session.get(SubscriptionRow, each)
                if costs.charges or costs.expected:
                    async with self._units.write(ACTOR) as work:
                        await _keep(work, each, costs, subscription, now)


async def _held_pass(work: UnitOfWork, name: str) -> CostPassRow:
    insert = insert_of(work.session)
    new = insert(CostPassRow).values(name=name, began_at=None, after="").on_conflict_do_nothing()
    await work.session.execute(new)
    return await work.session.get_one(CostPassRow, name, with_for_update=True, populate_existing=True)


async def _unfinished(work: UnitOfWork, ids: Sequence[str], month: Month) -> list[str]:
    """Return whose costs of a month that is over can have changed since they were calculated."""
    closed_at = await work.session.scalar(select(StatementRunRow.closed_at).where(StatementRunRow.month == str(month)))
    if closed_at is None:
        return list(ids)
    done = select(CostedMonthRow.subscription_id).where(
        CostedMonthRow.month == str(month),
        CostedMonthRow.subscription_id.in_(ids),
        CostedMonthRow.as_of >= closed_at,
    )
    finished = set(await work.session.scalars(done))
    return [each for each in ids if each not in finished]


async def _keep(
    work: UnitOfWork, subscription_id: str, costs: MonthCosts, subscription: SubscriptionRow | None, now: datetime
) -> None:
    """Replace what is kept of a subscription's month, unless somebody has calculated it later."""
    latest = (*costs.charges, *costs.expected)[-1].used
    name = subscription.name if subscription is not None else await last_name(work.session, subscription_id)
    insert = insert_of(work.session)
    told = {"subscription_name": name, "account_id": latest.account_id, "as_of": now}
    head = insert(CostedMonthRow).values(month=str(costs.month), subscription_id=subscription_id, **told)
    # The row is held from here on: another process that calculates the same waits, and finds its own out of date.
    newer = head.on_conflict_do_update(
        index_elements=["month", "subscription_id"], set_=told, where=CostedMonthRow.as_of <= now
    ).returning(CostedMonthRow.month)
    if await work.session.scalar(newer) is None:
        return
    await work.session.execute(
        delete(CostTotalRow).where(
            CostTotalRow.month == str(costs.month), CostTotalRow.subscription_id == subscription_id
        )
    )
    work.add(*_totals(subscription_id, costs, latest.plan_id))


def _totals(subscription_id: str, costs: MonthCosts, plan_id: str) -> list[CostTotalRow]:
    rows: dict[tuple[str, ...], CostTotalRow] = {}

    def row(currency: str, plan_id: str, kind: CostKind, meter: str) -> CostTotalRow:
        key = (currency, plan_id, kind, meter)
        if key not in rows:
            told = {"month": str(costs.month), "subscription_id": subscription_id, "line": "|".join(key)}
            told |= {"currency": currency, "plan_id": plan_id, "kind": kind, "meter": meter}
            rows[key] = CostTotalRow(**told, list_cost=0, cost=0, forecast=0)
        return rows[key]

    for charge in costs.charges:
        known = row(charge.price.currency, charge.used.plan_id, kind_of(charge), charge.used.meter)
        known.list_cost += charge.list_cost
        known.cost += charge.cost
        known.forecast += charge.cost
    for charge in costs.expected:
        row(charge.price.currency, charge.used.plan_id, kind_of(charge), charge.used.meter).forecast += charge.cost
    for each in costs.fixed:
        known = row(each.currency, plan_id, CostKind.DISCOUNT, "")
        known.list_cost -= each.so_far
        known.cost -= each.so_far
        known.forecast -= each.forecast
    return list(rows.values())


async def _forget(work: UnitOfWork, before: Month) -> None:
    """Delete some of what is of months whose sums are gone."""
    keys = (CostTotalRow.month, CostTotalRow.subscription_id, CostTotalRow.line)
    old = select(*keys).where(CostTotalRow.month < str(before)).limit(FORGOTTEN_AT_ONCE)
    await work.session.execute(delete(CostTotalRow).where(tuple_(*keys).in_(old)))
    heads = (CostedMonthRow.month, CostedMonthRow.subscription_id)
    ended = select(*heads).where(CostedMonthRow.month < str(before)).limit(FORGOTTEN_AT_ONCE)
    await work.session.execute(delete(CostedMonthRow).where(tuple_(*heads).in_(ended)))
