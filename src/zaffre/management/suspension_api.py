"""Routes that suspend and resume subscriptions, and have their providers told again."""

from fastapi import APIRouter, Response

from zaffre.foundation.http.etags import IfMatch, set_etag
from zaffre.foundation.http.routing import TransactionalRoute, Work, accept
from zaffre.foundation.http.wire import PathId
from zaffre.identity import CurrentCaller, Permission, requires
from zaffre.management.api import SubscriptionView
from zaffre.management.subscriptions import EndingSubscription, Subscriptions
from zaffre.management.suspensions import Suspensions

subscriptions = APIRouter(tags=["plans and subscriptions"], route_class=TransactionalRoute)
administration = APIRouter(tags=["plans and subscriptions"], route_class=TransactionalRoute)
_ADMIN = [requires(Permission.SUBSCRIPTION_ADMIN)]


@subscriptions.post(
    "/subscriptions/{subscription_id}/resume",
    status_code=202,
    dependencies=[requires(Permission.SUBSCRIPTION_WRITE)],
)
async def resume_own_subscription(
    subscription: EndingSubscription, work: Work, caller: CurrentCaller, if_match: IfMatch, response: Response
) -> SubscriptionView:
    """Resume a subscription that a budget of its owner suspended.

    The budget does not suspend it again in this month, unless it is changed.
    """
    row, operation = await Suspensions(work, caller).resume(subscription.id, if_match)
    set_etag(response, row.generation)
    accept(response, operation.id)
    return SubscriptionView.of(row)


@administration.post("/subscriptions/{subscription_id}/suspend", status_code=202, dependencies=_ADMIN)
async def suspend_subscription(
    subscription_id: PathId, work: Work, caller: CurrentCaller, if_match: IfMatch, response: Response
) -> SubscriptionView:
    """Let a subscription's members look and not change anything, at once; consoles end.

    The operation does with running machines what the plan's suspend policy says.
    """
    row, operation = await Suspensions(work, caller).suspend(subscription_id, if_match)
    set_etag(response, row.generation)
    accept(response, operation.id)
    return SubscriptionView.of(row)


@administration.post("/subscriptions/{subscription_id}/resume", status_code=202, dependencies=_ADMIN)
async def resume_subscription(
    subscription_id: PathId, work: Work, caller: CurrentCaller, if_match: IfMatch, response: Response
) -> SubscriptionView:
    """Let a suspended subscription's members work again, at once.

    The operation brings back the machines that the suspension paused or shut down, and no others.
    """
    row, operation = await Suspensions(work, caller).resume(subscription_id, if_match)
    set_etag(response, row.generation)
    accept(response, operation.id)
    return SubscriptionView.of(row)


@administration.post("/subscriptions/{subscription_id}/resync", status_code=202, dependencies=_ADMIN)
async def resync_subscription(
    subscription_id: PathId, work: Work, caller: CurrentCaller, response: Response
) -> SubscriptionView:
    """Tell all resource providers a subscription's present state again, now. See `syncs` for what comes of it."""
    row, operation = await Subscriptions(work, caller).resync_all(subscription_id)
    accept(response, operation.id)
    return SubscriptionView.of(row)
