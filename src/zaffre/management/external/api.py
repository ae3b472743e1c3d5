"""Routes of resource providers in other processes.

`administration` registers them, `programs` is what they ask of us, `resources` is what tenants have there, and `keys`
is how they know us.
"""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi import Body as BodyField
from fastapi.responses import JSONResponse
from sqlalchemy import select

from zaffre.foundation.actor import Actor, ActorKind, system_actor
from zaffre.foundation.errors import Unauthenticated
from zaffre.foundation.http.access import AccessRule
from zaffre.foundation.http.etags import IfMatch
from zaffre.foundation.http.lists import Listed, Page
from zaffre.foundation.http.problems import request_id_of
from zaffre.foundation.http.routing import PlainRoute, RequestContext, TransactionalRoute, Work
from zaffre.foundation.http.wire import PathId
from zaffre.identity import CurrentCaller, Permission, requires
from zaffre.identity.callers import public
from zaffre.identity.tokens import hash_secret
from zaffre.management.external.catalog import Catalog
from zaffre.management.external.external_provider import ExternalProvider
from zaffre.management.external.lines import Lines, ProviderUnreachable, listed, told
from zaffre.management.external.passing_on import (
    HEADER_CHARACTERS,
    PASSED_HEADERS,
    RETURNED_HEADERS,
    Asked,
    PassingOn,
    services_of,
)
from zaffre.management.external.registrations import ACCESS_KEY_PREFIX, Registrations, describe, introduce
from zaffre.management.external.reservations import Reservations
from zaffre.management.external.tables import ResourceProviderRow
from zaffre.management.external.wire import (
    JsonWebKeySetView,
    NewResourceProviderBody,
    NewResourceProviderView,
    PathCollection,
    PathProvider,
    ProviderResourceView,
    QuotaReservationBody,
    QuotaReservationView,
    ResourceProviderChangeBody,
    ResourceProviderView,
    SubscriptionServiceView,
)
from zaffre.management.offer_wire import Providers

TAGS: list[Any] = ["resource providers"]
administration = APIRouter(tags=TAGS, route_class=TransactionalRoute)
introductions = APIRouter(tags=TAGS, route_class=PlainRoute)
programs = APIRouter(prefix="/providers/self", tags=TAGS, route_class=TransactionalRoute)
services = APIRouter(tags=TAGS, route_class=TransactionalRoute)
resources = APIRouter(tags=TAGS, route_class=PlainRoute)
keys = APIRouter(tags=TAGS, route_class=TransactionalRoute)

_ADMIN = [requires(Permission.PROVIDER_ADMIN)]
_READ_ALL = [requires(Permission.PLAN_READ_ALL)]
_READ = [requires(Permission.PROVIDER_RESOURCE_READ)]
_WRITE = [requires(Permission.PROVIDER_RESOURCE_WRITE)]
COLLECTION = "/subscriptions/{subscription_id}/providers/{provider}/{collection}"
ONE = COLLECTION + "/{resource_id}"


def _catalog(request: Request) -> Catalog:
    return request.app.state.provider_catalog


def _lines(request: Request) -> Lines:
    return request.app.state.provider_lines


CurrentCatalog = Annotated[Catalog, Depends(_catalog)]
CurrentLines = Annotated[Lines, Depends(_lines)]


def _registrations(work: Work, providers: Providers, lines: CurrentLines) -> Registrations:
    return Registrations(work, providers, lines)


CurrentRegistrations = Annotated[Registrations, Depends(_registrations)]


# Registrations -------------------------------------------------------------------------------------------------------


@administration.get("/resource-providers", dependencies=_READ_ALL)
async def list_resource_providers(
    request: Request, query: Listed, registrations: CurrentRegistrations, work: Work
) -> Page[ResourceProviderView]:
    """List the programs that are resource providers. `/providers` lists those of this process as well."""
    found = await registrations.page(query)
    return found.page(request, [await ResourceProviderView.one(work, row) for row in found.rows])


@introductions.post("/resource-providers", status_code=201, dependencies=_ADMIN)
async def register_resource_provider(
    body: NewResourceProviderBody, request: Request, response: Response, providers: Providers, catalog: CurrentCatalog
) -> NewResourceProviderView:
    """Make a program a resource provider, once it has answered as the contract says.

    The answer holds the key with which it proves itself to us, which is not shown again.
    """
    context: RequestContext = request.app.state.context
    lines = _lines(request)
    introduced = await introduce(context.units, lines, body.to_draft())
    async with context.units.write(request.state.actor) as work:
        made = await Registrations(work, providers, lines).register(introduced)
        view = await NewResourceProviderView.made(work, made, response)
    await catalog.refresh()
    return view


@administration.get("/resource-providers/{provider_id}", dependencies=_READ_ALL)
async def get_resource_provider(
    provider_id: PathId, registrations: CurrentRegistrations, work: Work, response: Response
) -> ResourceProviderView:
    """Show a program and what it says of itself."""
    return await ResourceProviderView.one(work, await registrations.get(provider_id), response)


@administration.patch("/resource-providers/{provider_id}", dependencies=_ADMIN)
async def change_resource_provider(
    provider_id: PathId,
    body: ResourceProviderChangeBody,
    registrations: CurrentRegistrations,
    work: Work,
    if_match: IfMatch,
    response: Response,
) -> ResourceProviderView:
    """Change where a program is and what vouches for it; disable it, or enable it again."""
    row = await registrations.change(provider_id, body.changes(), if_match)
    return await ResourceProviderView.one(work, row, response)


@introductions.post("/resource-providers/{provider_id}/refresh", dependencies=_ADMIN)
async def refresh_resource_provider(
    provider_id: PathId, request: Request, response: Response, providers: Providers, catalog: CurrentCatalog
) -> ResourceProviderView:
    """Ask a program anew what it is. What would break plans that are sold is refused, with the list."""
    context: RequestContext = request.app.state.context
    lines = _lines(request)
    async with context.units.read(request.state.actor) as work:
        row = await Registrations(work, providers, lines).get(provider_id)
    description = await describe(lines.to(row), row.name)
    async with context.units.write(request.state.actor) as work:
        row = await Registrations(work, providers, lines).take_description(provider_id, description)
        view = await ResourceProviderView.one(work, row, response)
    await catalog.refresh()
    return view


@administration.post("/resource-providers/{provider_id}/rotate-keys", dependencies=_ADMIN)
async def rotate_resource_provider_keys(
    provider_id: PathId, registrations: CurrentRegistrations, work: Work, if_match: IfMatch, response: Response
) -> NewResourceProviderView:
    """Give a program another access key, and have another key sign what it is asked: both at once."""
    return await NewResourceProviderView.made(work, await registrations.rotate(provider_id, if_match), response)


@administration.delete("/resource-providers/{provider_id}", status_code=204, dependencies=_ADMIN)
async def unregister_resource_provider(
    provider_id: PathId, registrations: CurrentRegistrations, if_match: IfMatch
) -> None:
    """Forget a program of which no plan sells anything and nothing is left."""
    await registrations.unregister(provider_id, if_match)


# What programs ask of us ---------------------------------------------------------------------------------------------


class _AsProgram(AccessRule):
    """The caller is a registered program, which its access key proves."""

    async def check(self, request: Request) -> None:
        context: RequestContext = request.app.state.context
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        row = None
        if scheme.lower() == "bearer" and key.startswith(ACCESS_KEY_PREFIX):
            async with context.units.read(system_actor("identity")) as work:
                # Found by its hash: 256 random bits need no comparison in constant time.
                hashed = ResourceProviderRow.access_key_hash == hash_secret(key)
                row = await work.session.scalar(select(ResourceProviderRow).where(hashed))
        if row is None or not row.enabled:
            raise Unauthenticated(
                "This needs the access key of a registered resource provider.",
                remedy="Send the key that registering gave as `Authorization: Bearer zpk_…`.",
            )
        request.state.program = row.name
        origin = request.state.actor.origin
        request.state.actor = Actor(ActorKind.SYSTEM, f"provider {row.name}", request_id_of(request), origin=origin)

    def describe(self) -> str:
        return "resource provider"


_PROGRAM = [Depends(_AsProgram())]


async def _program(request: Request, work: Work, catalog: CurrentCatalog) -> ExternalProvider:
    provider = catalog.get(request.state.program)
    if provider is None:  # registered through another process a moment ago
        await catalog.read(work)
        provider = catalog.get(request.state.program)
    if provider is None:
        raise Unauthenticated("The resource provider is not registered any more.", remedy="Register it again.")
    return provider


CurrentProgram = Annotated[ExternalProvider, Depends(_program)]


@programs.get("/quota-reservations", dependencies=_PROGRAM)
async def list_quota_reservations(
    request: Request, query: Listed, work: Work, program: CurrentProgram
) -> Page[QuotaReservationView]:
    """List what the program has reserved: what it made, and what it was about to make."""
    found = await Reservations(work, program).page(query)
    return found.page(request, [QuotaReservationView.model_validate(row) for row in found.rows])


@programs.post("/quota-reservations", status_code=201, dependencies=_PROGRAM)
async def reserve_quota(body: QuotaReservationBody, work: Work, program: CurrentProgram) -> QuotaReservationView:
    """Count a resource against its subscription's quota, before it is made; or count it otherwise than before.

    Idempotent by the resource's id.
    """
    return QuotaReservationView.model_validate(await Reservations(work, program).reserve(body.to_reservation()))


@programs.delete("/quota-reservations/{resource_id}", status_code=204, dependencies=_PROGRAM)
async def release_quota(resource_id: PathId, work: Work, program: CurrentProgram) -> None:
    """Give back what a resource counted, once it is gone. Idempotent."""
    await Reservations(work, program).release(resource_id)


@keys.get("/.well-known/jwks.json", dependencies=[public()])
async def get_json_web_keys(work: Work) -> JsonWebKeySetView:
    """Show the public keys that prove what programs are asked."""
    rows = await work.session.scalars(select(ResourceProviderRow.public_key).order_by(ResourceProviderRow.name))
    return JsonWebKeySetView(keys=[dict(row) for row in rows])


# What tenants have there ---------------------------------------------------------------------------------------------


@services.get("/subscriptions/{subscription_id}/providers", dependencies=_READ)
async def list_subscription_services(
    subscription_id: PathId, work: Work, caller: CurrentCaller, catalog: CurrentCatalog
) -> Page[SubscriptionServiceView]:
    """List the services that a subscription has at programs, and how portals show them."""
    found = await services_of(work, caller, catalog, subscription_id)
    return Page[SubscriptionServiceView](value=[SubscriptionServiceView.of(each) for each in found])


JsonObject = Annotated[dict[str, Any], BodyField(description="What the collection's form asks for")]


@resources.get(COLLECTION, dependencies=_READ, response_model=Page[ProviderResourceView])
async def list_provider_resources(
    subscription_id: PathId, provider: PathProvider, collection: PathCollection, request: Request, caller: CurrentCaller
) -> Response:
    """List what a subscription has in a collection of a program."""
    query = tuple(request.query_params.multi_items())
    asked = Asked("GET", subscription_id, provider, collection, query=query, headers=_passed(request))
    answer = await _passing_on(request).ask(request.state.actor, caller, asked)
    value, following, count = listed(answer.told.get("value")), answer.told.get("next"), answer.told.get("count")
    if value is None:
        raise ProviderUnreachable(provider, "its list is not what the contract says")
    page: dict[str, Any] = {
        "value": [_placed(item, asked) for item in value],
        "@odata.nextLink": None,
        "@odata.count": None,
    }
    if isinstance(following, str) and following:
        options = {**request.query_params, "$skiptoken": following}
        page["@odata.nextLink"] = f"{request.url.path}?{urlencode(options)}"
    if isinstance(count, int):
        page["@odata.count"] = count
    return JSONResponse(page)


@resources.post(COLLECTION, status_code=201, dependencies=_WRITE, response_model=ProviderResourceView)
async def create_provider_resource(
    subscription_id: PathId,
    provider: PathProvider,
    collection: PathCollection,
    body: JsonObject,
    request: Request,
    caller: CurrentCaller,
) -> Response:
    """Make something in a collection of a program."""
    asked = Asked("POST", subscription_id, provider, collection, content=body, headers=_passed(request))
    return await _passed_on(request, caller, asked)


@resources.get(ONE, dependencies=_READ, response_model=ProviderResourceView)
async def get_provider_resource(
    subscription_id: PathId,
    provider: PathProvider,
    collection: PathCollection,
    resource_id: PathId,
    request: Request,
    caller: CurrentCaller,
) -> Response:
    """Show something in a collection of a program."""
    asked = Asked("GET", subscription_id, provider, collection, resource_id, headers=_passed(request))
    return await _passed_on(request, caller, asked)


@resources.patch(ONE, dependencies=_WRITE, response_model=ProviderResourceView)
async def change_provider_resource(
    subscription_id: PathId,
    provider: PathProvider,
    collection: PathCollection,
    resource_id: PathId,
    body: JsonObject,
    request: Request,
    caller: CurrentCaller,
) -> Response:
    """Change something in a collection of a program."""
    asked = Asked("PATCH", subscription_id, provider, collection, resource_id, body, headers=_passed(request))
    return await _passed_on(request, caller, asked)


@resources.delete(ONE, status_code=204, dependencies=_WRITE, response_model=None)
async def delete_provider_resource(
    subscription_id: PathId,
    provider: PathProvider,
    collection: PathCollection,
    resource_id: PathId,
    request: Request,
    caller: CurrentCaller,
) -> Response:
    """Delete something in a collection of a program."""
    asked = Asked("DELETE", subscription_id, provider, collection, resource_id, headers=_passed(request))
    return await _passed_on(request, caller, asked)


def _passing_on(request: Request) -> PassingOn:
    context: RequestContext = request.app.state.context
    return PassingOn(context.units, _catalog(request), _lines(request))


async def _passed_on(request: Request, caller: CurrentCaller, asked: Asked) -> Response:
    answer = await _passing_on(request).ask(request.state.actor, caller, asked)
    headers = {name: answer.headers[name][:HEADER_CHARACTERS] for name in RETURNED_HEADERS if name in answer.headers}
    if answer.body is None:
        return Response(status_code=204, headers=headers)
    status = answer.status if answer.status in (200, 201, 202) else 200
    return JSONResponse(_placed(answer.body, asked), status_code=status, headers=headers)


def _placed(item: Any, asked: Asked) -> dict[str, Any]:
    """Return a resource with the subscription that it is in, which no program needs to repeat."""
    return {**told(item), "subscription_id": asked.subscription_id}


def _passed(request: Request) -> dict[str, str]:
    found = {name: request.headers[name] for name in PASSED_HEADERS if name in request.headers}
    return {name: value[:HEADER_CHARACTERS] for name, value in found.items()}
