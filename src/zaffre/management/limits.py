"""Effective limits: what a subscription may use, by its plan and by the add-ons it holds.

A limit is the plan's plus what every held occurrence of an add-on adds; unlimited wins. The counters carry the limits,
because a claim must check and count in one statement. Whoever changes what a subscription is entitled to holds its row
(`hold_subscriptions`), computes and applies in one transaction: changes of plans, of add-ons and of what is held can
then race as they like, and the last one to commit has seen all others.

Everything here works on many subscriptions with few statements.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, delete, func, insert, select, update

from zaffre.foundation.batches import batches
from zaffre.foundation.work import UnitOfWork
from zaffre.management.planned_services import limits_of_services, services_from
from zaffre.management.providers import PlannedService
from zaffre.management.tables import AddOnRow, PlanRow, QuotaCounterRow, SubscriptionAddOnRow, SubscriptionRow

AT_ONCE = 500
"""Subscriptions per statement: bounded on the wire, and few enough that a batch holds its rows for moments only."""

Limits = Mapping[str, int | None]
"""Limit per dimension; None means unlimited."""


@dataclass(frozen=True)
class Overrun:
    """A dimension of which a subscription uses more than it may."""

    subscription_id: str
    dimension: str
    limit: int
    used: int


@dataclass(frozen=True)
class LimitDrift:
    """A counter whose limit is not what plan and add-ons say."""

    subscription_id: str
    dimension: str
    found: int | None
    """None: unlimited, or there is no counter."""
    due: int | None
    """None: unlimited, or the counter is one too many."""


@dataclass(frozen=True)
class _Counter:
    subscription_id: str
    dimension: str
    limit: int | None
    used: int
    closed: bool


@dataclass
class _Changes:
    """What makes counters say what is due, grouped so that each group is one statement."""

    limits: dict[tuple[str, int | None], list[str]] = field(default_factory=lambda: defaultdict[Any, list[str]](list))
    gone: dict[str, list[str]] = field(default_factory=lambda: defaultdict[str, list[str]](list))
    missing: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    drifts: list[LimitDrift] = field(default_factory=list[LimitDrift])


async def hold_subscriptions(work: UnitOfWork, subscription_ids: Sequence[str]) -> None:
    """Hold subscriptions to the end of the transaction, so that nobody else changes what they are entitled to.

    Work inside them goes on: rows that refer to a subscription can still be written.
    """
    for part in batches(sorted(subscription_ids), AT_ONCE):
        rows = select(SubscriptionRow.id).where(SubscriptionRow.id.in_(part)).order_by(SubscriptionRow.id)
        await work.session.execute(rows.with_for_update(key_share=True))


async def services_of_subscriptions(
    work: UnitOfWork,
    subscription_ids: Sequence[str],
    plan: PlanRow | None = None,
    instead: Mapping[str, Sequence[PlannedService]] | None = None,
) -> dict[str, list[PlannedService]]:
    """Return the services of each subscription with what its add-ons add to them, and those its add-ons bring.

    Args:
        work: the unit of work.
        subscription_ids: which; those that do not exist are left out.
        plan: answer as if they were on this plan; None means the plan each is on.
        instead: answer as if the plans and add-ons of these ids had these services.
    """
    services: dict[str, list[PlannedService]] = {}
    for part in batches(subscription_ids, AT_ONCE):
        services |= await _services(work, part, plan, instead or {})
    return services


async def limits_of_subscriptions(
    work: UnitOfWork, subscription_ids: Sequence[str], plan: PlanRow | None = None
) -> dict[str, dict[str, int | None]]:
    """Return each subscription's effective limits by dimension; see `services_of_subscriptions`."""
    services = await services_of_subscriptions(work, subscription_ids, plan)
    return {subscription_id: limits_of_services(each) for subscription_id, each in services.items()}


async def apply_limits(work: UnitOfWork, limits: Mapping[str, Limits]) -> None:
    """Make the counters of some subscriptions carry these limits.

    Dimensions that are new get a counter. Those that are gone lose theirs when nothing is used, and else allow nothing
    more. The subscriptions are held from here on, if they were not before.
    """
    await hold_subscriptions(work, list(limits))
    for part in batches(sorted(limits), AT_ONCE):
        counters = await _counters(work, part, lock=True)
        await _write(work, _changes(counters, {each: limits[each] for each in part}))


async def refresh_limits(work: UnitOfWork, subscription_ids: Sequence[str]) -> None:
    """Make the counters of some subscriptions carry what their plans and add-ons say now."""
    await hold_subscriptions(work, subscription_ids)
    await apply_limits(work, await limits_of_subscriptions(work, subscription_ids))


async def overruns(work: UnitOfWork, limits: Mapping[str, Limits], *, lock: bool = False) -> list[Overrun]:
    """Return which of some subscriptions would use more than these limits, and of what.

    Args:
        work: the unit of work.
        limits: per subscription; a dimension that is left out allows nothing.
        lock: whether nothing may be claimed until the transaction ends, so that the answer stays true.
    """
    found: list[Overrun] = []
    for part in batches(sorted(limits), AT_ONCE):
        for counter in await _counters(work, part, lock=lock, used_only=not lock):
            limit = limits[counter.subscription_id].get(counter.dimension, 0)
            if limit is not None and counter.used > limit:
                found.append(Overrun(counter.subscription_id, counter.dimension, limit, counter.used))
    return found


async def limit_drifts(work: UnitOfWork, subscription_ids: Sequence[str]) -> list[LimitDrift]:
    """Find the counters of some subscriptions that do not carry their effective limit, without holding anything."""
    limits = await limits_of_subscriptions(work, subscription_ids)
    return _changes(await _counters(work, list(limits)), limits).drifts


def combined(
    plan: Sequence[PlannedService], held: Sequence[tuple[Sequence[PlannedService], int]]
) -> list[PlannedService]:
    """Add to a plan's services what held add-ons bring: each the given number of times.

    A service that the plan has keeps the plan's settings; of one that only add-ons bring, the first with settings says.
    """
    services = {service.provider: service for service in plan}
    for added, times in held:
        for service in added:
            services[service.provider] = _sum(services.get(service.provider), service, times)
    return list(services.values())


def _sum(base: PlannedService | None, added: PlannedService, times: int) -> PlannedService:
    if base is None:
        base = PlannedService(added.provider, added.settings, {})
    quota = dict(base.quota)
    for dimension, amount in added.quota.items():
        limit = quota.get(dimension, 0)
        quota[dimension] = None if limit is None or amount is None else limit + amount * times
    return PlannedService(base.provider, base.settings or added.settings, quota)


async def _services(
    work: UnitOfWork,
    subscription_ids: Sequence[str],
    plan: PlanRow | None,
    instead: Mapping[str, Sequence[PlannedService]],
) -> dict[str, list[PlannedService]]:
    """Compute the services of one batch; what plan and add-ons make together is computed once per combination."""
    columns = select(SubscriptionRow.id, SubscriptionRow.plan_id).where(SubscriptionRow.id.in_(subscription_ids))
    plan_of = {row.id: row.plan_id for row in await work.session.execute(columns)}
    plans = {plan.id: services_from(plan.services)} if plan is not None else await _plans(work, set(plan_of.values()))
    held = await _held(work, subscription_ids)
    add_ons = await _add_ons(work, {add_on for each in held.values() for add_on, _ in each})
    for offer_id, services in instead.items():
        for offers in (plans, add_ons):
            if offer_id in offers:
                offers[offer_id] = list(services)
    known: dict[tuple[str, tuple[tuple[str, int], ...]], list[PlannedService]] = {}
    found: dict[str, list[PlannedService]] = {}
    for subscription_id, own_plan_id in plan_of.items():
        key = (plan.id if plan is not None else own_plan_id, tuple(held.get(subscription_id, ())))
        if key not in known:
            known[key] = combined(plans[key[0]], [(add_ons[add_on], times) for add_on, times in key[1]])
        found[subscription_id] = known[key]
    return found


async def _plans(work: UnitOfWork, plan_ids: set[str]) -> dict[str, list[PlannedService]]:
    rows = await work.session.execute(select(PlanRow.id, PlanRow.services).where(PlanRow.id.in_(plan_ids)))
    return {row.id: services_from(row.services) for row in rows}


async def _add_ons(work: UnitOfWork, add_on_ids: set[str]) -> dict[str, list[PlannedService]]:
    rows = await work.session.execute(select(AddOnRow.id, AddOnRow.services).where(AddOnRow.id.in_(add_on_ids)))
    return {row.id: services_from(row.services) for row in rows}


async def _held(work: UnitOfWork, subscription_ids: Sequence[str]) -> dict[str, list[tuple[str, int]]]:
    """Return how many of which add-on each subscription holds, in the order in which they are combined."""
    of, add_on = SubscriptionAddOnRow.subscription_id, SubscriptionAddOnRow.add_on_id
    statement = select(of, add_on, func.count()).where(of.in_(subscription_ids)).group_by(of, add_on)
    held: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for subscription_id, add_on_id, times in await work.session.execute(statement.order_by(of, add_on)):
        held[subscription_id].append((add_on_id, times))
    return held


async def _counters(
    work: UnitOfWork, subscription_ids: Sequence[str], *, lock: bool = False, used_only: bool = False
) -> list[_Counter]:
    """Read counters, locked in the order in which claims lock them."""
    row = QuotaCounterRow
    columns = select(row.subscription_id, row.dimension, row.limit, row.used, row.closed)
    statement = columns.where(row.subscription_id.in_(subscription_ids))
    if used_only:
        statement = statement.where(row.used > 0)
    if lock:
        statement = statement.order_by(row.subscription_id, row.dimension).with_for_update()
    return [_Counter(*each) for each in await work.session.execute(statement)]


def _changes(counters: Sequence[_Counter], limits: Mapping[str, Limits]) -> _Changes:
    changes = _Changes()
    present: dict[str, dict[str, _Counter]] = {subscription_id: {} for subscription_id in limits}
    for counter in counters:
        present[counter.subscription_id][counter.dimension] = counter
    for subscription_id, due in limits.items():
        _compare(changes, subscription_id, present[subscription_id], due)
    return changes


def _compare(changes: _Changes, subscription_id: str, present: Mapping[str, _Counter], due: Limits) -> None:
    for dimension, counter in present.items():
        limit = due.get(dimension, 0)
        if dimension not in due and not counter.used:
            changes.gone[dimension].append(subscription_id)
            changes.drifts.append(LimitDrift(subscription_id, dimension, counter.limit, None))
        elif counter.limit != limit:
            changes.limits[dimension, limit].append(subscription_id)
            changes.drifts.append(LimitDrift(subscription_id, dimension, counter.limit, limit))
    closed = any(counter.closed for counter in present.values())
    for dimension in sorted(set(due) - set(present)):
        new = {"subscription_id": subscription_id, "dimension": dimension, "limit": due[dimension]}
        changes.missing.append(new | {"used": 0, "closed": closed})
        changes.drifts.append(LimitDrift(subscription_id, dimension, None, due[dimension]))


async def _write(work: UnitOfWork, changes: _Changes) -> None:
    row = QuotaCounterRow
    quietly = {"synchronize_session": False}
    for (dimension, limit), ids in changes.limits.items():
        of_these = and_(row.dimension == dimension, row.subscription_id.in_(ids))
        await work.session.execute(update(row).where(of_these).values(limit=limit).execution_options(**quietly))
    for dimension, ids in changes.gone.items():
        of_these = and_(row.dimension == dimension, row.subscription_id.in_(ids), row.used == 0)
        await work.session.execute(delete(row).where(of_these).execution_options(**quietly))
    if changes.missing:
        await work.session.execute(insert(row), changes.missing)
