"""Routes of plans: what tenants choose from, and what administrators design."""

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response

from zaffre.foundation.http.etags import IfMatch, set_etag
from zaffre.foundation.http.lists import Listed, Page
from zaffre.foundation.http.routing import PlainRoute, RequestContext, TransactionalRoute, Work, accept
from zaffre.foundation.http.wire import PathId
from zaffre.foundation.work import UnitOfWork
from zaffre.identity import CurrentCaller, Permission, requires
from zaffre.management.offer_wire import (
    ImpactView,
    NewPlanBody,
    PlanChangeBody,
    PlanView,
    Providers,
    ReaderLanguages,
)
from zaffre.management.plans import Plans, PlanState
from zaffre.management.providers import ProviderRegistry
from zaffre.management.subscriptions import Subscriptions
from zaffre.management.tables import PlanRow

offers = APIRouter(tags=["plans and subscriptions"], route_class=TransactionalRoute)
administration = APIRouter(tags=["plans and subscriptions"], route_class=TransactionalRoute)
previews = APIRouter(tags=["plans and subscriptions"], route_class=PlainRoute)
"""Routes that look at many subscriptions and change nothing: they take no writing transaction."""


@offers.get("/plans", dependencies=[requires(Permission.PLAN_READ)])
async def list_offered_plans(
    request: Request,
    query: Listed,
    work: Work,
    providers: Providers,
    response: Response,
    languages: ReaderLanguages = None,
) -> Page[PlanView]:
    """List the plans on offer, in the reader's language."""
    found = await Plans(work, providers).page(query, offered_only=True)
    varies(response)
    return found.page(request, await _views(work, found.rows, providers, languages, offered_only=True))


@offers.get("/plans/{plan_id}", dependencies=[requires(Permission.PLAN_READ)])
async def get_offered_plan(
    plan_id: PathId,
    work: Work,
    caller: CurrentCaller,
    providers: Providers,
    response: Response,
    languages: ReaderLanguages = None,
) -> PlanView:
    """Show a plan on offer, or one that the caller subscribes to, in the reader's language."""
    subscribed = await Subscriptions(work, caller).subscribes_to(plan_id)
    row = await Plans(work, providers).get(plan_id, offered_only=not subscribed)
    set_etag(response, row.generation)
    varies(response)
    return (await _views(work, [row], providers, languages, offered_only=True))[0]


@administration.get("/plans", dependencies=[requires(Permission.PLAN_READ_ALL)])
async def list_plans(
    request: Request,
    query: Listed,
    work: Work,
    providers: Providers,
    response: Response,
    languages: ReaderLanguages = None,
) -> Page[PlanView]:
    """List all plans."""
    found = await Plans(work, providers).page(query, offered_only=False)
    varies(response)
    return found.page(request, await _views(work, found.rows, providers, languages))


@administration.post("/plans", status_code=201, dependencies=[requires(Permission.PLAN_ADMIN)])
async def create_plan(
    body: NewPlanBody, work: Work, providers: Providers, response: Response, languages: ReaderLanguages = None
) -> PlanView:
    """Add a plan; it starts private."""
    row = await Plans(work, providers).create(body.to_draft())
    set_etag(response, row.generation)
    return (await _views(work, [row], providers, languages))[0]


@administration.get("/plans/{plan_id}", dependencies=[requires(Permission.PLAN_READ_ALL)])
async def get_plan(
    plan_id: PathId, work: Work, providers: Providers, response: Response, languages: ReaderLanguages = None
) -> PlanView:
    """Show a plan."""
    row = await Plans(work, providers).get(plan_id, offered_only=False)
    set_etag(response, row.generation)
    varies(response)
    return (await _views(work, [row], providers, languages))[0]


@administration.patch(
    "/plans/{plan_id}",
    dependencies=[requires(Permission.PLAN_ADMIN)],
    responses={202: {"description": "Subscriptions are getting the new services.", "model": PlanView}},
)
async def change_plan(
    plan_id: PathId,
    body: PlanChangeBody,
    work: Work,
    providers: Providers,
    if_match: IfMatch,
    response: Response,
    languages: ReaderLanguages = None,
) -> PlanView:
    """Change a plan. New services of a plan with subscriptions are carried to them by an operation (202)."""
    row, operation = await Plans(work, providers).change(plan_id, body.to_change(), if_match)
    set_etag(response, row.generation)
    if operation is not None:
        response.status_code = 202
        accept(response, operation.id)
    return (await _views(work, [row], providers, languages))[0]


@previews.post("/plans/{plan_id}/what-if", dependencies=[requires(Permission.PLAN_ADMIN)])
async def preview_plan(plan_id: PathId, body: PlanChangeBody, request: Request, providers: Providers) -> ImpactView:
    """Check a change without making it: who would be over quota, and what providers say."""
    context: RequestContext = request.app.state.context
    async with context.units.read(request.state.actor) as work:
        return ImpactView.of(await Plans(work, providers).preview(plan_id, body.to_change()))


@administration.delete("/plans/{plan_id}", status_code=204, dependencies=[requires(Permission.PLAN_ADMIN)])
async def delete_plan(plan_id: PathId, work: Work, providers: Providers, if_match: IfMatch) -> None:
    """Remove a plan that nobody subscribes to."""
    await Plans(work, providers).delete(plan_id, if_match)


def varies(response: Response) -> None:
    """Tell caches that the answer depends on the reader's language."""
    response.headers["Vary"] = "Accept-Language"


async def _views(
    work: UnitOfWork,
    rows: Sequence[PlanRow],
    providers: ProviderRegistry,
    languages: str | None,
    *,
    offered_only: bool = False,
) -> list[PlanView]:
    """Shape plans with their add-ons; of these, tenants see what is public."""
    links = await Plans(work, providers).links([row.id for row in rows])
    seen = {
        plan_id: [each for each in of_it if not offered_only or each[1].state == PlanState.PUBLIC]
        for plan_id, of_it in links.items()
    }
    return [PlanView.of(row, seen[row.id], providers, languages) for row in rows]
