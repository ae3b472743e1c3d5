"""Routes that end subscriptions: what would go, deleting, restoring."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Response

from zaffre.foundation.http.etags import IfMatch, set_etag
from zaffre.foundation.http.routing import Work, accept
from zaffre.foundation.http.wire import View
from zaffre.identity import CurrentCaller, Permission, requires
from zaffre.management.api import Providers, SubscriptionView
from zaffre.management.approvals.routes import ApprovableRoute
from zaffre.management.deletions import LONGEST_GRACE_DAYS, Deletions, HeldAt
from zaffre.management.subscriptions import CurrentSubscription, EndingSubscription

subscriptions = APIRouter(tags=["plans and subscriptions"], route_class=ApprovableRoute)


class HoldingView(View):
    """One thing that would go."""

    id: str
    name: str
    detail: str
    """What tells it from others, such as a size or a state."""


class HoldingsView(View):
    """The things of one type that would go."""

    type: str
    """As events name it."""
    title: str
    """For people, in the plural."""
    count: int
    items: list[HoldingView]
    """The first fifty by name."""


class ProviderHoldingsView(View):
    """What would go at one resource provider."""

    provider: str
    title: str
    holdings: list[HoldingsView]


class DeletionPreviewView(View):
    """Everything that would go with a subscription."""

    count: int
    """How many things in all; 0 when it is empty."""
    providers: list[ProviderHoldingsView]

    @classmethod
    def of(cls, found: Sequence[HeldAt]) -> "DeletionPreviewView":
        """Shape what was found."""
        count = sum(holdings.count for each in found for holdings in each.holdings)
        return cls(count=count, providers=[ProviderHoldingsView.model_validate(each) for each in found])


@subscriptions.get(
    "/subscriptions/{subscription_id}/deletion-preview", dependencies=[requires(Permission.SUBSCRIPTION_READ)]
)
async def preview_deletion(
    subscription: CurrentSubscription, work: Work, caller: CurrentCaller, providers: Providers
) -> DeletionPreviewView:
    """List everything that would go with a subscription. Nothing is changed."""
    return DeletionPreviewView.of(await Deletions(work, caller, providers).preview(subscription.id))


@subscriptions.delete(
    "/subscriptions/{subscription_id}", status_code=202, dependencies=[requires(Permission.SUBSCRIPTION_WRITE)]
)
async def delete_subscription(
    subscription: CurrentSubscription,
    work: Work,
    caller: CurrentCaller,
    providers: Providers,
    if_match: IfMatch,
    response: Response,
    *,
    cascade: Annotated[bool, Query(description="Whether everything in it goes with it; else it must be empty")] = False,
    grace_days: Annotated[
        int | None, Query(ge=0, le=LONGEST_GRACE_DAYS, description="0 for at once; left out, as the plan says")
    ] = None,
) -> SubscriptionView:
    """End a subscription, which must be empty unless `cascade`: then everything in it is deleted with it.

    With days of grace, its own or its plan's, it is suspended until they are over, and can be restored. `grace_days=0`
    deletes it at once.
    """
    row, operation = await Deletions(work, caller, providers).delete(
        subscription.id, cascade=cascade, grace_days=grace_days, expected=if_match
    )
    set_etag(response, row.generation)
    accept(response, operation.id)
    return SubscriptionView.of(row)


@subscriptions.post(
    "/subscriptions/{subscription_id}/restore", status_code=202, dependencies=[requires(Permission.SUBSCRIPTION_WRITE)]
)
async def restore_subscription(
    subscription: EndingSubscription,
    work: Work,
    caller: CurrentCaller,
    providers: Providers,
    if_match: IfMatch,
    response: Response,
) -> SubscriptionView:
    """Take the deletion of an expiring subscription back. It is again what it was; so is what ran in it."""
    row, operation = await Deletions(work, caller, providers).restore(subscription.id, if_match)
    set_etag(response, row.generation)
    accept(response, operation.id)
    return SubscriptionView.of(row)
