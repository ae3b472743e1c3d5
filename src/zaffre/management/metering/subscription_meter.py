"""What management itself meters: how long subscriptions and the add-ons that they hold are there.

Hours, though fees are mostly monthly: a few minutes are an exact decimal part of an hour, and not of a day.
"""

from collections.abc import Sequence

from zaffre.foundation.work import UnitOfWork
from zaffre.management.metering.meters import Meter, ResourceUsage, Watched, measure_rows
from zaffre.management.tables import SubscriptionAddOnRow, SubscriptionRow

SUBSCRIPTION_HOURS = Meter("subscription_hours", "Subscription", "hour")
ADD_ON_HOURS = Meter("add_on_hours", "Add-on", "hour")
ADD_ON = "add_on_id"
"""The dimension that says which add-on it is."""


def subscription_usage(row: SubscriptionRow) -> ResourceUsage:
    """Return what a subscription uses: time. Its plan and its owner are those of everything in it."""
    return ResourceUsage(
        "subscription",
        row.id,
        row.name,
        row.id,
        state=row.state,
        amounts={SUBSCRIPTION_HOURS.name: 1},
        plan_id=row.plan_id,
        account_id=row.account_id,
        tags=row.tags or {},
    )


def add_on_usage(row: SubscriptionAddOnRow) -> ResourceUsage:
    """Return what an occurrence of an add-on uses: time."""
    return ResourceUsage(
        "subscription_add_on",
        row.id,
        "",
        row.subscription_id,
        state="held",
        amounts={ADD_ON_HOURS.name: 1},
        dimensions={ADD_ON: row.add_on_id},
    )


class SubscriptionMetering:
    """Meters subscriptions and their add-ons."""

    name = "subscriptions"
    meters: Sequence[Meter] = (SUBSCRIPTION_HOURS, ADD_ON_HOURS)
    watched: Sequence[Watched] = (
        Watched(
            SubscriptionRow,
            frozenset({"name", "state", "plan_id", "account_id", "tags"}),
            "subscription",
            subscription_usage,
        ),
        Watched(
            SubscriptionAddOnRow,
            frozenset({"subscription_id", "add_on_id"}),
            "subscription_add_on",
            add_on_usage,
        ),
    )

    async def measure(self, work: UnitOfWork, after: str, limit: int) -> Sequence[ResourceUsage]:
        """Return subscriptions and add-ons in the order of their ids."""
        return await measure_rows(work, self.watched, after, limit)
