"""Routes of usage: what of a subscription's quota is used now, and what would still fit."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from zaffre.foundation.http.lists import Page
from zaffre.foundation.http.routing import TransactionalRoute, Work
from zaffre.foundation.http.wire import Body, View
from zaffre.identity import Permission, requires
from zaffre.management.offer_wire import DimensionName, Limit, Providers
from zaffre.management.providers import ProviderRegistry
from zaffre.management.subscriptions import CurrentSubscription
from zaffre.management.usage import DimensionUsage, Fit, fits, usage_of

router = APIRouter(tags=["plans and subscriptions"], route_class=TransactionalRoute)


class UsageView(View):
    """How much of one quota dimension is used."""

    dimension: str
    title: str
    unit: str
    limit: int | None
    """None means unlimited."""
    plan_limit: int | None
    """What the plan alone allows; null means unlimited."""
    add_on_limit: int | None
    """What add-ons add to it; null means that they make it unlimited."""
    used: int

    @classmethod
    def of(cls, usage: DimensionUsage, providers: ProviderRegistry) -> "UsageView":
        """Shape a dimension."""
        title, unit = _words(usage.dimension, providers)
        return cls(
            dimension=usage.dimension,
            title=title,
            unit=unit,
            limit=usage.limit,
            plan_limit=usage.plan_limit,
            add_on_limit=usage.add_on_limit,
            used=usage.used,
        )


class WantedUsageBody(Body):
    """What somebody would like to use on top of what they use."""

    amounts: Annotated[dict[DimensionName, Limit], Field(min_length=1, max_length=50)]
    """Amount per dimension, in its unit."""


class FitView(View):
    """Whether some more of a dimension fits."""

    dimension: str
    title: str
    unit: str
    included: bool
    """Whether plan or add-ons include the dimension at all."""
    limit: int | None
    """None means unlimited."""
    used: int
    requested: int
    left: int | None
    """How much more can be used; null means any amount."""
    fits: bool

    @classmethod
    def of(cls, fit: Fit, providers: ProviderRegistry) -> "FitView":
        """Shape an answer."""
        title, unit = _words(fit.dimension, providers)
        return cls(
            dimension=fit.dimension,
            title=title,
            unit=unit,
            included=fit.included,
            limit=fit.limit,
            used=fit.used,
            requested=fit.requested,
            left=fit.left,
            fits=fit.fits,
        )


class UsagePreviewView(View):
    """Whether everything that somebody would like fits."""

    fits: bool
    dimensions: list[FitView]


@router.get("/subscriptions/{subscription_id}/usage", dependencies=[requires(Permission.SUBSCRIPTION_READ)])
async def get_usage(subscription: CurrentSubscription, work: Work, providers: Providers) -> Page[UsageView]:
    """Show how much of each quota dimension is used now, and what of the limit comes from plan and from add-ons."""
    return Page[UsageView](value=[UsageView.of(usage, providers) for usage in await usage_of(work, subscription)])


@router.post("/subscriptions/{subscription_id}/usage/what-if", dependencies=[requires(Permission.SUBSCRIPTION_READ)])
async def preview_usage(
    subscription: CurrentSubscription, body: WantedUsageBody, work: Work, providers: Providers
) -> UsagePreviewView:
    """Tell whether amounts would fit into what is left now. Nothing is claimed."""
    found = await fits(work, subscription.id, body.amounts)
    views = [FitView.of(each, providers) for each in found]
    return UsagePreviewView(fits=all(view.fits for view in views), dimensions=views)


def _words(name: str, providers: ProviderRegistry) -> tuple[str, str]:
    dimension = providers.dimension(name)
    return (dimension.title, dimension.unit) if dimension is not None else (name, "")
