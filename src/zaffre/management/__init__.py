"""Management: what a provider sells and what tenants have of it.

A plan bundles services of resource providers with quota limits; a tenant subscribes to it, and everything they then
make belongs to that subscription. Quotas are counted in the same transaction as the resource they count, by one
conditional statement, so they are exact at any moment and under any race. Resource providers meet this package only
through the contract in `providers`.

Public face: `Subscriptions`, `CurrentSubscription`, `Quotas`, `QuotaExceeded`, the provider contract.
"""

from zaffre.management.holdings import Holdings, deletions_in_work, holdings_of
from zaffre.management.providers import (
    ChangeKind,
    PlannedService,
    ProviderHealth,
    ProviderRegistry,
    QuotaDimension,
    QuotaFailure,
    QuotaUpdate,
    ResourceProvider,
    ServiceSetting,
    SubscriptionChange,
    SuspendPolicy,
    SyncAnswer,
    SyncReport,
)
from zaffre.management.quotas import QuotaExceeded, Quotas, QuotaUsage
from zaffre.management.subscriptions import CurrentSubscription, Subscriptions

__all__ = [
    "ChangeKind",
    "CurrentSubscription",
    "Holdings",
    "PlannedService",
    "ProviderHealth",
    "ProviderRegistry",
    "QuotaDimension",
    "QuotaExceeded",
    "QuotaFailure",
    "QuotaUpdate",
    "QuotaUsage",
    "Quotas",
    "ResourceProvider",
    "ServiceSetting",
    "SubscriptionChange",
    "Subscriptions",
    "SuspendPolicy",
    "SyncAnswer",
    "SyncReport",
    "deletions_in_work",
    "holdings_of",
]
