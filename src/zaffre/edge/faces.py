"""The three faces of the API: admin, tenant and public.

The tenant and the public face have the same routes. The tenant face is the portal's, for people; the public one is for
programs, and holds each caller and each address to a limit of requests. The admin face adds the provider's routes, and
shows tenants' resources to administrators on the same paths.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import iter_route_contexts
from starlette.types import ASGIApp

import zaffre
from zaffre.edge.api import (
    audit,
    events,
    health,
    host_preflight,
    mail,
    metadata,
    operations,
    overview,
    search,
    settings,
)
from zaffre.edge.api.audit import Lines
from zaffre.edge.site import Site
from zaffre.fabric import api as fabric_api
from zaffre.fabric.measurements import api as measurements_api
from zaffre.foundation.http.collections import Collections
from zaffre.foundation.http.odata_paths import ODataPaths
from zaffre.foundation.http.problems import Problem, install_problem_handlers
from zaffre.foundation.http.rates import RateLimited, RateLimits
from zaffre.foundation.http.routing import PlainRoute, RequestContext
from zaffre.foundation.http.scope import RequestScope
from zaffre.foundation.outbound.targets import Targets
from zaffre.identity import address_api, api_token_api, certificate_api, second_factor_api, site_role_api
from zaffre.identity import api as identity_api
from zaffre.identity.callers import Identification
from zaffre.identity.federation import api as federation_api
from zaffre.management import (
    add_on_api,
    deletion_api,
    member_api,
    plan_api,
    plan_move_api,
    suspension_api,
    usage_api,
)
from zaffre.management import api as management_api
from zaffre.management.approvals import api as approvals_api
from zaffre.management.approvals import program_api
from zaffre.management.budgets import api as budgets_api
from zaffre.management.cost_overview import api as cost_overview_api
from zaffre.management.external import api as external_api
from zaffre.management.focus import api as focus_api
from zaffre.management.metering import api as metering_api
from zaffre.management.money import api as money_api
from zaffre.management.providers import ProviderRegistry
from zaffre.management.service_accounts import api as service_account_api
from zaffre.management.subscriptions import check_reach
from zaffre.management.webhooks import api as webhook_api


class Face(StrEnum):
    """A face of the API."""

    ADMIN = "admin"
    TENANT = "tenant"
    PUBLIC = "public"


_TITLES = {
    Face.ADMIN: "Zaffre admin API",
    Face.TENANT: "Zaffre tenant API",
    Face.PUBLIC: "Zaffre public API",
}
_LIMITED: dict[str, Any] = {
    "description": "The caller, or the address, has sent as much as it may for now",
    "headers": {
        "Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer"}},
        "RateLimit": {"description": "What is left, as in every answer of this face", "schema": {"type": "string"}},
        "RateLimit-Policy": {
            "description": "The limits, as in every answer of this face",
            "schema": {"type": "string"},
        },
    },
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_SHAPING: list[dict[str, Any]] = [
    {
        "name": name,
        "in": "query",
        "required": False,
        "description": text,
        "schema": {"type": "string", "maxLength": 2000},
    }
    for name, text in (
        ("$select", "Only these fields: `name,state`"),
        ("$expand", "With these related resources: `plan($select=name)`"),
    )
]
_UNUSED_SCHEMAS = ("HTTPValidationError", "ValidationError")


def face_routers(face: Face, providers: ProviderRegistry) -> Iterable[APIRouter]:
    """Return the routers of a face, in the order in which they match."""
    if face is Face.ADMIN:
        yield from _administration(providers)
    else:
        yield identity_api.self_service
        yield identity_api.sign_up
        yield identity_api.sign_in
        yield management_api.offers
        yield plan_api.offers
        yield approvals_api.asking
        yield suspension_api.subscriptions
        yield search.tenant
        yield from money_api.OWN
    yield from address_api.routers
    yield from second_factor_api.routers
    yield api_token_api.router
    yield certificate_api.router
    yield from (federation_api.sign_in, federation_api.own)
    yield management_api.subscriptions
    yield metering_api.shared
    yield from money_api.SHARED
    yield budgets_api.subscriptions
    yield focus_api.subscriptions
    yield webhook_api.subscriptions
    yield deletion_api.subscriptions
    yield add_on_api.subscriptions
    yield usage_api.router
    yield member_api.members
    yield service_account_api.subscriptions
    yield plan_move_api.subscriptions
    yield approvals_api.shared
    yield external_api.services
    yield external_api.resources
    yield external_api.keys
    for provider in providers:
        yield from provider.tenant_routers
    yield audit.shared
    yield operations.shared
    yield events.history
    yield events.live
    yield metadata.shared
    yield health.shared


def _administration(providers: ProviderRegistry) -> Iterable[APIRouter]:
    """Return the routers that only the admin face has."""
    yield identity_api.self_service
    yield identity_api.sign_in
    yield identity_api.administration
    yield identity_api.password_administration
    yield second_factor_api.administration
    yield from (federation_api.administration, federation_api.trials)
    yield site_role_api.administration
    yield management_api.administration
    yield suspension_api.administration
    yield from (plan_api.administration, plan_api.previews)
    yield from (add_on_api.administration, add_on_api.previews)
    yield approvals_api.administration
    yield from (program_api.administration, program_api.trials)
    yield external_api.administration
    yield external_api.introductions
    yield external_api.programs
    yield management_api.health
    yield metering_api.administration
    yield webhook_api.administration
    yield service_account_api.administration
    yield from money_api.ADMINISTRATION
    yield budgets_api.administration
    yield focus_api.administration
    yield cost_overview_api.administration
    yield fabric_api.administration
    yield fabric_api.uploads
    yield measurements_api.administration
    yield operations.administration
    yield health.administration
    yield overview.administration
    yield host_preflight.administration
    yield settings.administration
    yield mail.administration
    yield search.administration
    yield audit.whole
    yield audit.administration
    for provider in providers:
        yield from provider.admin_routers


def build_face(face: Face, providers: ProviderRegistry) -> FastAPI:
    """Return a face's application without anything to serve from: enough to describe it."""
    app = FastAPI(
        title=_TITLES[face],
        version=zaffre.__version__,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
        responses={"default": {"model": Problem, "description": "A problem (RFC 9457)"}},
        redirect_slashes=False,
    )
    install_problem_handlers(app)
    for router in face_routers(face, providers):
        app.include_router(router)
    describe = app.openapi
    app.openapi = lambda: app.openapi_schema or _polished(describe(), app)
    return app


def serve_face(face: Face, site: Site, app: FastAPI | None = None) -> ASGIApp:
    """Return a face's application, ready to serve a site; `app` is what `build_face` returned for nobody else."""
    app = app or build_face(face, site.providers)
    identification = Identification(site.units, site.identity.access_tokens, site.settings.identity)
    app.state.context = RequestContext(site.units, identification.identify, site.refusals)
    app.state.face = face.value
    app.state.site = site
    app.state.identity = site.identity
    app.state.providers = site.providers
    app.state.meters = site.meters
    app.state.webhook_targets = Targets(site.settings.webhooks)
    app.state.check_reach = check_reach
    app.state.provider_catalog = site.provider_catalog
    app.state.provider_lines = site.provider_lines
    app.state.approval_desk = site.approval_desk
    app.state.fabric = site.fabric
    app.state.network = site.network
    app.state.compute = site.compute
    app.state.stream = site.stream
    app.state.cancellable = {saga.kind for saga in site.sagas if saga.cancellable}
    slugs = frozenset(route.slug for route in Collections.of(app).routes)
    face_application = ODataPaths(app, lambda: slugs)
    limits = RateLimits(site.settings.rate_limits, site.units.clock) if face is Face.PUBLIC else None
    app.state.rate_limits = limits
    return RequestScope(
        RateLimited(face_application, limits) if limits is not None else face_application,
        face=face,
        ids=site.units.ids,
        metrics=site.metrics,
        body_limit_bytes=site.settings.api.body_limit_bytes,
        concurrent=site.settings.api.concurrent_requests,
    )


def declared_routes(app: FastAPI) -> list[tuple[str, PlainRoute]]:
    """Return every method and route of a face that a feature declared, in the order in which they match."""
    routes = [context.original_route for context in iter_route_contexts(app.routes)]
    plain = [route for route in routes if isinstance(route, PlainRoute)]
    return [(method, route) for route in plain for method in sorted(route.methods or ())]


def _described_lines(operation: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the answers of one JSON document a line, which FastAPI describes as text besides naming the document."""
    contents = [response.get("content", {}).get(Lines.media_type) for response in operation["responses"].values()]
    return [content for content in contents if content is not None and "$ref" in content["schema"]]


def _describe_shaping(operation: dict[str, Any], method: str) -> None:
    """Add the options that every single resource takes; those of collections are their routes' own."""
    schema = operation["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema", {})
    named = schema.get("$ref", "").rpartition("/")[2]
    known = {parameter["name"] for parameter in operation.get("parameters", ())}
    if method == "get" and named and not named.startswith("Page_") and "$filter" not in known:
        operation.setdefault("parameters", []).extend(_SHAPING)


def _polished(schema: dict[str, Any], app: FastAPI) -> dict[str, Any]:
    """Describe what FastAPI cannot know: bearer tokens, and that invalid requests get a problem rather than a 422."""
    schema["components"].setdefault("securitySchemes", {})["bearer"] = {"type": "http", "scheme": "bearer"}
    for name in _UNUSED_SCHEMAS:
        schema["components"]["schemas"].pop(name, None)
    rules = {(route.path, method): route.rule for method, route in declared_routes(app)}
    for path, item in schema["paths"].items():
        for method, operation in item.items():
            operation["responses"].pop("422", None)
            default = operation["responses"].get("default", {})
            for media_type in list(default.get("content", {})):
                default["content"]["application/problem+json"] = default["content"].pop(media_type)
            for lines in _described_lines(operation):
                lines["schema"].pop("type", None)
            if app.title == _TITLES[Face.PUBLIC]:
                operation["responses"]["429"] = _LIMITED
            _describe_shaping(operation, method)
            rule = rules.get((path, method.upper()))
            if rule is not None and rule.describe() != "public":
                operation["security"] = [{"bearer": []}]
                operation["x-permission"] = rule.describe()
    app.openapi_schema = schema
    return schema
