"""Routes of add-ons: designing them, and a subscription's own."""

from fastapi import APIRouter, Request, Response

from zaffre.foundation.http.etags import IfMatch, set_etag
from zaffre.foundation.http.lists import Listed, Page
from zaffre.foundation.http.routing import PlainRoute, RequestContext, TransactionalRoute, Work, accept
from zaffre.foundation.http.wire import PathId
from zaffre.identity import CurrentCaller, Permission, requires
from zaffre.management.add_ons import AddOns
from zaffre.management.approvals.routes import ApprovableRoute
from zaffre.management.held_add_ons import HeldAddOns
from zaffre.management.offer_wire import (
    AddOnChangeBody,
    AddOnDetailView,
    AddOnView,
    HeldAddOnView,
    ImpactView,
    NewAddOnBody,
    Providers,
    ReaderLanguages,
)
from zaffre.management.plan_api import varies
from zaffre.management.subscriptions import CurrentSubscription

administration = APIRouter(tags=["plans and subscriptions"], route_class=TransactionalRoute)
subscriptions = APIRouter(tags=["plans and subscriptions"], route_class=ApprovableRoute)
previews = APIRouter(tags=["plans and subscriptions"], route_class=PlainRoute)


@administration.get("/add-ons", dependencies=[requires(Permission.PLAN_READ_ALL)])
async def list_add_ons(
    request: Request,
    query: Listed,
    work: Work,
    providers: Providers,
    response: Response,
    languages: ReaderLanguages = None,
) -> Page[AddOnView]:
    """List all add-ons."""
    found = await AddOns(work, providers).page(query)
    varies(response)
    return found.page(request, [AddOnView.of(row, providers, languages) for row in found.rows])


@administration.post("/add-ons", status_code=201, dependencies=[requires(Permission.PLAN_ADMIN)])
async def create_add_on(
    body: NewAddOnBody, work: Work, providers: Providers, response: Response, languages: ReaderLanguages = None
) -> AddOnView:
    """Add an add-on; it starts private. Link it to plans by changing these."""
    row = await AddOns(work, providers).create(body.to_draft())
    set_etag(response, row.generation)
    return AddOnView.of(row, providers, languages)


@administration.get("/add-ons/{add_on_id}", dependencies=[requires(Permission.PLAN_READ_ALL)])
async def get_add_on(
    add_on_id: PathId, work: Work, providers: Providers, response: Response, languages: ReaderLanguages = None
) -> AddOnDetailView:
    """Show an add-on and the plans that it is linked to."""
    add_ons = AddOns(work, providers)
    row = await add_ons.get(add_on_id)
    set_etag(response, row.generation)
    varies(response)
    return AddOnDetailView.with_plans(row, await add_ons.plans(add_on_id), providers, languages)


@administration.patch(
    "/add-ons/{add_on_id}",
    dependencies=[requires(Permission.PLAN_ADMIN)],
    responses={202: {"description": "Subscriptions are getting the new quota.", "model": AddOnView}},
)
async def change_add_on(
    add_on_id: PathId,
    body: AddOnChangeBody,
    work: Work,
    providers: Providers,
    if_match: IfMatch,
    response: Response,
    languages: ReaderLanguages = None,
) -> AddOnView:
    """Change an add-on. New services of one that is held are carried to its holders by an operation (202)."""
    row, operation = await AddOns(work, providers).change(add_on_id, body.to_change(), if_match)
    set_etag(response, row.generation)
    if operation is not None:
        response.status_code = 202
        accept(response, operation.id)
    return AddOnView.of(row, providers, languages)


@previews.post("/add-ons/{add_on_id}/what-if", dependencies=[requires(Permission.PLAN_ADMIN)])
async def preview_add_on(
    add_on_id: PathId, body: AddOnChangeBody, request: Request, providers: Providers
) -> ImpactView:
    """Check a change without making it: who would be over quota, and what providers say."""
    context: RequestContext = request.app.state.context
    async with context.units.read(request.state.actor) as work:
        return ImpactView.of(await AddOns(work, providers).preview(add_on_id, body.to_change()))


@administration.delete("/add-ons/{add_on_id}", status_code=204, dependencies=[requires(Permission.PLAN_ADMIN)])
async def delete_add_on(add_on_id: PathId, work: Work, providers: Providers, if_match: IfMatch) -> None:
    """Remove an add-on that nobody holds, also from the plans it is linked to."""
    await AddOns(work, providers).delete(add_on_id, if_match)


@subscriptions.get("/subscriptions/{subscription_id}/add-ons", dependencies=[requires(Permission.SUBSCRIPTION_READ)])
async def list_held_add_ons(
    subscription: CurrentSubscription,
    work: Work,
    caller: CurrentCaller,
    providers: Providers,
    response: Response,
    languages: ReaderLanguages = None,
) -> Page[HeldAddOnView]:
    """List the add-ons that the subscription's plan offers, with how many are held and how many may be."""
    found = await HeldAddOns(work, caller, subscription).offers()
    varies(response)
    return Page[HeldAddOnView](value=[HeldAddOnView.of(each, providers, languages) for each in found])


@subscriptions.post(
    "/subscriptions/{subscription_id}/add-ons/{add_on_id}/acquire",
    status_code=202,
    dependencies=[requires(Permission.SUBSCRIPTION_WRITE)],
)
async def acquire_add_on(
    subscription: CurrentSubscription,
    add_on_id: PathId,
    work: Work,
    caller: CurrentCaller,
    providers: Providers,
    response: Response,
    languages: ReaderLanguages = None,
) -> HeldAddOnView:
    """Add one occurrence of an add-on. Its quota can be used at once."""
    found, operation = await HeldAddOns(work, caller, subscription).acquire(add_on_id)
    accept(response, operation.id)
    return HeldAddOnView.of(found, providers, languages)


@subscriptions.post(
    "/subscriptions/{subscription_id}/add-ons/{add_on_id}/release",
    status_code=202,
    dependencies=[requires(Permission.SUBSCRIPTION_WRITE)],
)
async def release_add_on(
    subscription: CurrentSubscription,
    add_on_id: PathId,
    work: Work,
    caller: CurrentCaller,
    providers: Providers,
    response: Response,
    languages: ReaderLanguages = None,
) -> HeldAddOnView:
    """Give back one occurrence of an add-on, unless what it adds is used."""
    found, operation = await HeldAddOns(work, caller, subscription).release(add_on_id)
    accept(response, operation.id)
    return HeldAddOnView.of(found, providers, languages)
