"""Usage now: what of a subscription's quota is used, where its limits come from, and what would still fit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from zaffre.foundation.work import UnitOfWork
from zaffre.management.limits import services_of_subscriptions
from zaffre.management.planned_services import limits_of_services
from zaffre.management.plans import limits_of
from zaffre.management.quotas import Quotas
from zaffre.management.tables import PlanRow, SubscriptionRow


@dataclass(frozen=True)
class DimensionUsage:
    """One dimension of a subscription's quota."""

    dimension: str
    limit: int | None
    """None: unlimited."""
    plan_limit: int | None
    """What the plan alone allows; None: unlimited."""
    add_on_limit: int | None
    """What add-ons add; None: they make it unlimited."""
    used: int


@dataclass(frozen=True)
class Fit:
    """Whether some more of a dimension fits."""

    dimension: str
    included: bool
    """Whether the subscription has such a quota at all."""
    limit: int | None
    used: int
    requested: int

    @property
    def left(self) -> int | None:
        """How much more can be claimed; None: any amount."""
        return None if self.included and self.limit is None else max(0, (self.limit or 0) - self.used)

    @property
    def fits(self) -> bool:
        """Tell whether the requested amount could be claimed."""
        return self.requested == 0 or self.left is None or self.requested <= self.left


async def usage_of(work: UnitOfWork, subscription: SubscriptionRow) -> list[DimensionUsage]:
    """Return every dimension of a subscription: what the counters enforce, and where it comes from."""
    plan = limits_of(await work.session.get_one(PlanRow, subscription.plan_id))
    services = await services_of_subscriptions(work, [subscription.id])
    whole = limits_of_services(services.get(subscription.id, []))
    return [
        DimensionUsage(
            usage.dimension,
            usage.limit,
            plan.get(usage.dimension, 0),
            _added(plan.get(usage.dimension, 0), whole.get(usage.dimension, 0)),
            usage.used,
        )
        for usage in await Quotas(work).usage(subscription.id)
    ]


async def fits(work: UnitOfWork, subscription_id: str, amounts: Mapping[str, int]) -> Sequence[Fit]:
    """Tell whether amounts would fit beside what is used now, without claiming anything."""
    counters = {usage.dimension: usage for usage in await Quotas(work).usage(subscription_id)}
    found: list[Fit] = []
    for dimension, amount in sorted(amounts.items()):
        counter = counters.get(dimension)
        if counter is None:
            found.append(Fit(dimension, included=False, limit=0, used=0, requested=amount))
        else:
            found.append(Fit(dimension, included=True, limit=counter.limit, used=counter.used, requested=amount))
    return found


def _added(plan: int | None, whole: int | None) -> int | None:
    """Return what add-ons make of a plan's limit."""
    if plan is None:
        return 0
    return None if whole is None else whole - plan
