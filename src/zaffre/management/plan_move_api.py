"""Routes that move subscriptions to other plans."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Response

from zaffre.foundation.http.etags import IfMatch, set_etag
from zaffre.foundation.http.routing import Work, accept
from zaffre.foundation.http.wire import Body, Id, View
from zaffre.identity import CurrentCaller, Permission, requires
from zaffre.management.api import InvitationCode, SubscriptionView
from zaffre.management.approvals.routes import ApprovableRoute
from zaffre.management.offer_wire import Providers
from zaffre.management.plan_moves import Obstacle, ObstacleKind, PlanMoves
from zaffre.management.subscriptions import CurrentSubscription

subscriptions = APIRouter(tags=["plans and subscriptions"], route_class=ApprovableRoute)


class ChangePlanBody(Body):
    """Another plan for a subscription."""

    plan_id: Id
    invitation_code: InvitationCode | None = None
    """For plans by invitation."""


class ObstacleView(View):
    """Something that does not fit."""

    kind: ObstacleKind
    provider: str | None
    sentence: str
    dimension: str | None
    """The quota dimension that it is about."""
    limit: int | None
    used: int | None


class PlanFitView(View):
    """Whether a subscription fits another plan."""

    fits: bool
    obstacles: list[ObstacleView]

    @classmethod
    def of(cls, obstacles: Sequence[Obstacle]) -> "PlanFitView":
        """Shape what was found."""
        return cls(fits=not obstacles, obstacles=[ObstacleView.model_validate(each) for each in obstacles])


@subscriptions.get(
    "/subscriptions/{subscription_id}/change-plan-preview", dependencies=[requires(Permission.SUBSCRIPTION_READ)]
)
async def preview_plan_change(
    subscription: CurrentSubscription,
    plan_id: Annotated[Id, Query(description="The plan to move to")],
    work: Work,
    caller: CurrentCaller,
    providers: Providers,
) -> PlanFitView:
    """List what of a subscription would not fit another plan. Nothing is changed."""
    return PlanFitView.of(await PlanMoves(work, caller, providers).preview(subscription.id, plan_id))


@subscriptions.post(
    "/subscriptions/{subscription_id}/change-plan",
    status_code=202,
    dependencies=[requires(Permission.SUBSCRIPTION_WRITE)],
)
async def change_plan_of_subscription(
    subscription: CurrentSubscription,
    body: ChangePlanBody,
    work: Work,
    caller: CurrentCaller,
    providers: Providers,
    if_match: IfMatch,
    response: Response,
) -> SubscriptionView:
    """Move a subscription to another plan on offer, if all that it has fits. Administrators may choose private ones.

    Its limits change at once; the operation tells the resource providers, and takes the move back if one refuses.
    """
    row, operation = await PlanMoves(work, caller, providers).move(
        subscription.id, body.plan_id, body.invitation_code, if_match
    )
    set_etag(response, row.generation)
    accept(response, operation.id)
    return SubscriptionView.of(row)
