"""What management itself meters: how long subscriptions are there."""

from collections.abc import Sequence

from zaffre.foundation.work import UnitOfWork
from zaffre.management.metering.meters import DAY_S, Meter, ResourceUsage, Watched, measure_rows
from zaffre.management.tables import SubscriptionRow

SUBSCRIPTION_DAYS = Meter("subscription_days", "Subscription", "day", period_s=DAY_S)


def subscription_usage(row: SubscriptionRow) -> ResourceUsage:
    """Return what a subscription uses: time. Its plan and its owner are those of everything in it."""
    return ResourceUsage(
        "subscription",
        row.id,
        row.name,
        row.id,
        state=row.state,
        amounts={SUBSCRIPTION_DAYS.name: 1},
        plan_id=row.plan_id,
        account_id=row.account_id,
    )


class SubscriptionMetering:
    """Meters subscriptions."""

    name = "subscriptions"
    meters: Sequence[Meter] = (SUBSCRIPTION_DAYS,)
    watched: Sequence[Watched] = (
        Watched(
            SubscriptionRow,
            frozenset({"name", "state", "plan_id", "account_id"}),
            "subscription",
            subscription_usage,
        ),
    )

    async def measure(self, work: UnitOfWork, after: str, limit: int) -> Sequence[ResourceUsage]:
        """Return subscriptions in the order of their ids."""
        return await measure_rows(work, self.watched, after, limit)
