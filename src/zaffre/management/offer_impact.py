"""What changing a plan or an add-on would do to the subscriptions that have it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, and_, func, or_, select

from zaffre.foundation.errors import Conflict
from zaffre.foundation.work import UnitOfWork
from zaffre.management.limits import AT_ONCE, Overrun, overruns, services_of_subscriptions
from zaffre.management.planned_services import limits_of_services, lowered
from zaffre.management.providers import PlannedService, ProviderRegistry, QuotaFailure, QuotaUpdate, quota_failures
from zaffre.management.tables import QuotaCounterRow, SubscriptionAddOnRow, SubscriptionRow

LISTED = 100
"""Subscriptions that an answer names; the rest is counted."""


class OverQuota(Conflict):
    """A change would allow subscriptions less than they use."""

    code = "quota.below_use"
    title = "Less than is used"


@dataclass(frozen=True)
class OfferChange:
    """New services for a plan or an add-on."""

    offer_id: str
    affected: ColumnElement[bool]
    """Which subscriptions have it."""
    old: Sequence[PlannedService]
    new: Sequence[PlannedService]

    @property
    def floors(self) -> Mapping[str, int]:
        """What a subscription may use at least of each dimension that allows less than before."""
        return lowered(self.old, self.new)


@dataclass
class Impact:
    """Which subscriptions a change would leave with less than they use, and what providers say to it."""

    subscriptions: int = 0
    """How many have the plan or add-on."""
    over_quota: list[Overrun] = field(default_factory=list[Overrun])
    """Those that come first, one entry per dimension."""
    over_quota_subscriptions: int = 0
    lost: set[str] = field(default_factory=set[str])
    """Dimensions in use whose service would be gone."""
    refused: list[QuotaFailure] = field(default_factory=list[QuotaFailure])
    """What providers would not do, those that come first."""
    refused_total: int = 0


def of_plan(plan_id: str) -> ColumnElement[bool]:
    """Return the condition for subscriptions to a plan."""
    return SubscriptionRow.plan_id == plan_id


def of_add_on(add_on_id: str) -> ColumnElement[bool]:
    """Return the condition for subscriptions that hold an add-on."""
    holders = select(SubscriptionAddOnRow.subscription_id).where(SubscriptionAddOnRow.add_on_id == add_on_id)
    return SubscriptionRow.id.in_(holders)


async def subscription_count(work: UnitOfWork, affected: ColumnElement[bool]) -> int:
    """Count subscriptions."""
    return await work.session.scalar(select(func.count()).select_from(SubscriptionRow).where(affected)) or 0


async def overrun_impact(work: UnitOfWork, change: OfferChange) -> Impact:
    """Find out who would be over quota in what the change lowers."""
    impact = Impact(subscriptions=await subscription_count(work, change.affected))
    floors = change.floors
    if not (floors and impact.subscriptions):
        return impact
    async for ids in _candidates(work, change, floors):
        services = await services_of_subscriptions(work, ids, instead={change.offer_id: change.new})
        limits = {each: limits_of_services(of_it) for each, of_it in services.items()}
        found = [each for each in await overruns(work, limits) if each.dimension in floors]
        impact.over_quota_subscriptions += len({each.subscription_id for each in found})
        impact.over_quota += found[: LISTED - len(impact.over_quota)]
        impact.lost |= {each.dimension for each in found if each.dimension not in limits[each.subscription_id]}
    return impact


async def ask_providers(
    work: UnitOfWork, providers: ProviderRegistry, change: OfferChange, names: Sequence[str], impact: Impact
) -> None:
    """Ask providers whether they could do what the change wants, and add what they refuse to the impact."""
    wanted = {service.provider for service in change.new}
    for provider in (providers.get(name) for name in names if name in wanted):
        async for ids in pages(work, change.affected, provider.quota_batch):
            services = await services_of_subscriptions(work, ids, instead={change.offer_id: change.new})
            updates = [
                QuotaUpdate(each, service)
                for each, of_it in services.items()
                for service in of_it
                if service.provider == provider.name
            ]
            failures = await quota_failures(work, provider, updates, validate_only=True)
            impact.refused_total += len(failures)
            impact.refused += failures[: LISTED - len(impact.refused)]


def refuse_overruns(impact: Impact, *, allow_over_quota: bool) -> None:
    """Refuse a change that takes from tenants what they use, unless that is wanted.

    Raises:
        OverQuota: it would, and either it is not wanted or a whole service in use would be gone.
    """
    if impact.lost:
        raise OverQuota(
            f"A service would be gone of which {', '.join(sorted(impact.lost))} are in use.",
            remedy="Keep the service with a limit of 0, so that nothing more can be made, until nothing of it is used.",
            target="services",
        )
    if impact.over_quota_subscriptions and not allow_over_quota:
        first = impact.over_quota[0]
        raise OverQuota(
            f"{impact.over_quota_subscriptions} of {impact.subscriptions} subscriptions would use more than they may; "
            f"subscription {first.subscription_id} uses {first.used} {first.dimension} of {first.limit}.",
            remedy="List them with what-if. With allow_over_quota they keep what they have and get nothing more until "
            "they are below the limit.",
            target="services.quota",
        )


async def pages(work: UnitOfWork, affected: ColumnElement[bool], size: int = AT_ONCE) -> AsyncIterator[Sequence[str]]:
    """Yield the ids of subscriptions in order, some at a time."""
    last = ""
    while True:
        ids = await next_page(work, affected, last, size)
        if not ids:
            return
        yield ids
        last = ids[-1]


async def next_page(work: UnitOfWork, affected: ColumnElement[bool], last: str, size: int = AT_ONCE) -> Sequence[str]:
    """Return the ids of the next subscriptions after `last`; an empty text is before all."""
    statement = select(SubscriptionRow.id).where(affected).order_by(SubscriptionRow.id).limit(size)
    if last:
        statement = statement.where(SubscriptionRow.id > last)
    return (await work.session.scalars(statement)).all()


async def _candidates(work: UnitOfWork, change: OfferChange, floors: Mapping[str, int]) -> AsyncIterator[Sequence[str]]:
    """Yield those that use more than the change itself leaves them; what add-ons add is looked at only for these."""
    row = QuotaCounterRow
    above = or_(*(and_(row.dimension == dimension, row.used > floor) for dimension, floor in floors.items()))
    last = ""
    while True:
        statement = (
            select(row.subscription_id)
            .distinct()
            .join(SubscriptionRow, SubscriptionRow.id == row.subscription_id)
            .where(change.affected, above)
        )
        if last:
            statement = statement.where(row.subscription_id > last)
        ids = (await work.session.scalars(statement.order_by(row.subscription_id).limit(AT_ONCE))).all()
        if not ids:
            return
        yield ids
        last = ids[-1]
