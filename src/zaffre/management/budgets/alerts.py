"""Alerts: comparing costs with budgets, and telling of each threshold that is reached, once in a month."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import groupby

import structlog
from sqlalchemy import select

from zaffre.foundation.actor import system_actor
from zaffre.foundation.mail import Mail, Outbox
from zaffre.foundation.settings import MoneySettings
from zaffre.foundation.work import UnitOfWork, UnitsOfWork
from zaffre.management.budgets.budgets import Basis, Threshold, note_figures, reference
from zaffre.management.budgets.recipients import recipients_of
from zaffre.management.budgets.spending import Spending, spending_of
from zaffre.management.budgets.tables import BudgetAlertRow, BudgetRow
from zaffre.management.metering.meters import Meters
from zaffre.management.metering.quantities import billionths, quantity
from zaffre.management.money.amounts import payable
from zaffre.management.money.costs import Costs, MonthCosts
from zaffre.management.money.months import Month
from zaffre.management.subscriptions import SubscriptionState, SuspendedBy
from zaffre.management.suspensions import begin_suspension
from zaffre.management.tables import SubscriptionRow

log = structlog.get_logger(__name__)

ACTOR = system_actor("budgets")
LOOK_INTERVAL_S = 30.0
"""How often a process looks which budgets are due; how often each is, is a setting."""
AT_ONCE = 50
MOST_IN_A_RUN = 1000
"""Budgets that one run looks at; the next goes on."""


class BudgetWatch:
    """Looks at budgets that are due, as one of any number of processes that try.

    Whoever takes a budget moves its next time on before looking, so others leave it alone. Who dies on the way has told
    nothing or all of it, and somebody looks again an interval later.
    """

    def __init__(self, units: UnitsOfWork, meters: Meters, settings: MoneySettings) -> None:
        self._units = units
        self._meters = meters
        self._interval = timedelta(minutes=settings.budget_interval_minutes)
        self._grace = timedelta(hours=settings.statement_grace_hours)

    async def run(self) -> None:
        """Look at what is due, in batches, a bounded number in all."""
        seen = 0
        while seen < MOST_IN_A_RUN:
            claimed = await self._claim()
            for subscription_id, budget_ids in claimed.items():
                await self._look(subscription_id, budget_ids)
            seen += sum(len(ids) for ids in claimed.values())
            if not claimed:
                return

    async def _claim(self) -> Mapping[str, Sequence[str]]:
        """Take a batch of budgets that are due; returns their ids by subscription."""
        async with self._units.write(ACTOR) as work:
            now = work.clock.now()
            due = select(BudgetRow).where(BudgetRow.due_at <= now).order_by(BudgetRow.due_at, BudgetRow.id)
            rows = (await work.session.scalars(due.limit(AT_ONCE).with_for_update(skip_locked=True))).all()
            for row in rows:
                row.due_at = now + self._interval
            ordered = sorted((row.subscription_id, row.id) for row in rows)
        return {key: [budget_id for _, budget_id in group] for key, group in groupby(ordered, key=lambda each: each[0])}

    async def _look(self, subscription_id: str, budget_ids: Sequence[str]) -> None:
        """Price the subscription's month, and the one before while late records come; then compare."""
        async with self._units.read(ACTOR) as work:
            now = work.clock.now()
            running = Month.of(now)
            months = [running] if now >= running.begin + self._grace else [running.plus(-1), running]
            priced = [await Costs(work, self._meters).of_month(subscription_id, month) for month in months]
        async with self._units.write(ACTOR) as work:
            # Held before its budgets, in the order in which its deletion does.
            subscription = await work.session.get(SubscriptionRow, subscription_id, with_for_update=True)
            if subscription is None:
                return
            held = select(BudgetRow).where(BudgetRow.id.in_(budget_ids)).order_by(BudgetRow.id).with_for_update()
            for budget in (await work.session.scalars(held)).all():
                for costs in priced:
                    if costs.month.end > budget.revised_at:
                        await _compare(work, subscription, budget, costs, running=costs.month == running)


async def _compare(
    work: UnitOfWork, subscription: SubscriptionRow, budget: BudgetRow, costs: MonthCosts, *, running: bool
) -> None:
    """Tell of the thresholds that are reached and were not told of."""
    if running and (budget.evaluated_at is None or budget.evaluated_at <= costs.as_of):
        note_figures(budget, costs)
    spending = spending_of(budget, costs)
    statement = select(BudgetAlertRow.basis, BudgetAlertRow.percent).where(
        BudgetAlertRow.budget_id == budget.id,
        BudgetAlertRow.month == str(costs.month),
        BudgetAlertRow.revision == budget.revision,
    )
    told = {(row.basis, row.percent) for row in await work.session.execute(statement)}
    thresholds = [Threshold.stored(each) for each in budget.thresholds]
    new = [
        each
        for each in thresholds
        if (each.basis, each.percent) not in told and _reached(each, budget, spending, running=running)
    ]
    if not new:
        return
    suspending = running and subscription.state == SubscriptionState.ACTIVE and any(each.suspend for each in new)
    alerts = [await _note(work, subscription, budget, costs, spending, each, suspending) for each in new]
    if suspending:
        by = SuspendedBy.PROVIDER_BUDGET if budget.by_provider else SuspendedBy.OWNER_BUDGET
        await begin_suspension(work, subscription, by, budget.id)
    await _write(work, subscription, budget, alerts, suspending=suspending)


def _reached(threshold: Threshold, budget: BudgetRow, spending: Spending, *, running: bool) -> bool:
    if threshold.basis is Basis.FORECAST and not running:
        return False
    cost = spending.actual if threshold.basis is Basis.ACTUAL else spending.forecast
    return cost * 100 >= billionths(budget.amount) * threshold.percent


async def _note(
    work: UnitOfWork,
    subscription: SubscriptionRow,
    budget: BudgetRow,
    costs: MonthCosts,
    spending: Spending,
    threshold: Threshold,
    suspending: bool,  # noqa: FBT001 - one of what is noted
) -> BudgetAlertRow:
    """Write down a threshold that is reached, and emit its event."""
    cost = spending.actual if threshold.basis is Basis.ACTUAL else spending.forecast
    row = BudgetAlertRow(
        id=work.ids.new(),
        budget_id=budget.id,
        month=str(costs.month),
        revision=budget.revision,
        basis=threshold.basis.value,
        percent=threshold.percent,
        amount=budget.amount,
        cost=quantity(cost),
        currency=budget.currency,
        suspended=suspending and threshold.suspend,
        told=[],
        occurred_at=work.clock.now(),
    )
    work.add(row)
    await work.session.flush()
    work.emit(
        "budget.reached",
        reference(budget, subscription),
        percent=row.percent,
        basis=row.basis,
        month=row.month,
        amount=payable(billionths(row.amount), row.currency),
        cost=payable(cost, row.currency),
        currency=row.currency,
        suspended=row.suspended,
    )
    return row


async def _write(
    work: UnitOfWork,
    subscription: SubscriptionRow,
    budget: BudgetRow,
    alerts: Sequence[BudgetAlertRow],
    *,
    suspending: bool,
) -> None:
    """Put one mail for each verified recipient into the outbox, whatever number of thresholds was reached at once."""
    found = await recipients_of(work, [budget], {subscription.id: subscription})
    to = [each.email for each in found[budget.id] if each.verified]
    highest = max(alerts, key=lambda each: each.percent)
    subject = f"Budget {budget.name!r} of {subscription.name!r} has reached {highest.percent} %"
    lines = [f"The budget {budget.name!r} of the subscription {subscription.name!r}, {highest.month}:", ""]
    for each in alerts:
        cost, amount = (payable(billionths(value), each.currency) for value in (each.cost, each.amount))
        word = "so far" if each.basis == Basis.ACTUAL else "expected"
        lines.append(f"{each.percent} % reached: {cost} {each.currency} {word}, of {amount} {each.currency} a month.")
    if suspending:
        who = "The provider" if budget.by_provider else "Its owner or the provider"
        lines += ["", f"The subscription is suspended for that. {who} can resume it."]
    for email in to:
        await Outbox.put(work, Mail(email, subject, "\n".join(lines) + "\n"))
    for each in alerts:
        each.told = to
    log.info("budget reached", budget=budget.id, percent=highest.percent, mails=len(to))
