"""Routes of management: plans, subscriptions, usage, providers.

`offers` is what tenants choose from, `subscriptions` what every face shows of subscriptions, `administration` what only
administrators may do.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import Field

from zaffre.foundation.http.etags import IfMatch, set_etag
from zaffre.foundation.http.lists import Listed, Page
from zaffre.foundation.http.routing import PlainRoute, RequestContext, TransactionalRoute, Work, accept
from zaffre.foundation.http.wire import Body, Id, Name, PathId, ResourceView, Text, View
from zaffre.identity import CurrentCaller, Permission, requires
from zaffre.management.health import CheckedHealth, check_health
from zaffre.management.plans import NewPlan, Plans, PlanState
from zaffre.management.providers import PlannedService, ProviderRegistry, SuspendPolicy
from zaffre.management.quotas import Quotas
from zaffre.management.subscriptions import (
    SYNCS,
    CurrentSubscription,
    NewSubscription,
    Subscriptions,
    SubscriptionState,
    SyncState,
)
from zaffre.management.tables import PlanRow, SubscriptionRow, SubscriptionSyncRow

offers = APIRouter(tags=["plans and subscriptions"], route_class=TransactionalRoute)
subscriptions = APIRouter(tags=["plans and subscriptions"], route_class=TransactionalRoute)
administration = APIRouter(tags=["plans and subscriptions"], route_class=TransactionalRoute)
health = APIRouter(tags=["plans and subscriptions"], route_class=PlainRoute)

DimensionName = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,63}$")]
Limit = Annotated[int, Field(ge=0, le=2**53)]
ProviderName = Annotated[str, Path(pattern="^[a-z][a-z0-9_]{0,63}$")]
GraceDays = Annotated[int, Field(ge=0, le=90)]
SettingName = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,63}$")]
SettingValue = Annotated[str, Field(max_length=200)] | Annotated[int, Field(ge=-(2**53), le=2**53)] | bool


class PlannedServiceBody(Body):
    """A provider's service in a plan."""

    provider: DimensionName
    settings: Annotated[dict[SettingName, SettingValue], Field(max_length=50)] = Field(default_factory=dict)
    quota: Annotated[dict[DimensionName, Limit | None], Field(max_length=50)] = Field(default_factory=dict)
    """Limits; a dimension that is left out gets its provider's default, null means unlimited."""

    def to_service(self) -> PlannedService:
        """Return the value for the rules."""
        return PlannedService(self.provider, self.settings, self.quota)


class NewPlanBody(Body):
    """A plan to add; it starts private."""

    name: Name
    description: Text = ""
    services: Annotated[list[PlannedServiceBody], Field(min_length=1, max_length=50)]
    subscriptions_per_account: Annotated[int, Field(ge=1, le=10_000)] | None = None
    suspend_policy: SuspendPolicy = SuspendPolicy.ACCESS_ONLY
    """What suspending one of its subscriptions does with what runs in it."""
    deletion_grace_days: GraceDays = 0
    """How long its subscriptions can be restored once they are to be deleted, unless a deletion says otherwise."""


class PlanChangeBody(Body):
    """What may change of a plan; what is left out stays."""

    name: Name | None = None
    description: Text | None = None
    state: PlanState | None = None
    services: Annotated[list[PlannedServiceBody], Field(min_length=1, max_length=50)] | None = None
    suspend_policy: SuspendPolicy | None = None
    deletion_grace_days: GraceDays | None = None


class LimitView(View):
    """A quota limit in words."""

    dimension: str
    title: str
    unit: str
    limit: int | None
    """None means unlimited."""


class PlannedServiceView(View):
    """A provider's service in a plan."""

    provider: str
    title: str
    """What people call the service."""
    settings: dict[str, Any]
    quota: dict[str, int | None]
    limits: list[LimitView]
    """The quota again, with titles and units."""

    @classmethod
    def of(cls, service: Mapping[str, Any], providers: ProviderRegistry) -> "PlannedServiceView":
        """Shape a service as its plan keeps it. A provider that is no longer installed is called by its name."""
        name, quota = service["provider"], service["quota"]
        title = next((provider.title for provider in providers if provider.name == name), name)
        limits = [_limit(dimension, limit, providers) for dimension, limit in quota.items()]
        return cls(provider=name, title=title, settings=service["settings"], quota=quota, limits=limits)


def _limit(name: str, limit: int | None, providers: ProviderRegistry) -> LimitView:
    dimension = providers.dimension(name)
    title, unit = (dimension.title, dimension.unit) if dimension is not None else (name, "count")
    return LimitView(dimension=name, title=title, unit=unit, limit=limit)


class PlanView(ResourceView):
    """A plan."""

    name: str
    description: str
    state: PlanState
    services: list[PlannedServiceView]
    subscriptions_per_account: int | None
    suspend_policy: SuspendPolicy
    deletion_grace_days: int

    @classmethod
    def of(cls, row: PlanRow, providers: ProviderRegistry) -> "PlanView":
        """Shape a row."""
        return cls(
            id=row.id,
            generation=row.generation,
            created_at=row.created_at,
            name=row.name,
            description=row.description,
            state=PlanState(row.state),
            services=[PlannedServiceView.of(service, providers) for service in row.services],
            subscriptions_per_account=row.subscriptions_per_account,
            suspend_policy=SuspendPolicy(row.suspend_policy),
            deletion_grace_days=row.deletion_grace_days,
        )


class NewSubscriptionBody(Body):
    """A wish to subscribe to a plan."""

    plan_id: Id
    name: Name
    id: Id | None = None
    """Chosen by the caller when two sites must agree on it."""


class NewSubscriptionForBody(NewSubscriptionBody):
    """A subscription made by an administrator for somebody."""

    account_id: Id


class RenameSubscriptionBody(Body):
    """A new name."""

    name: Name


class SyncView(View):
    """Whether a resource provider knows the subscription's present state."""

    provider: str
    state: SyncState
    last_error: str | None
    updated_at: datetime


class ProviderSyncView(SyncView):
    """Whether a resource provider knows a subscription's present state."""

    subscription_id: str


class SubscriptionView(ResourceView):
    """A subscription."""

    name: str
    account_id: str
    plan_id: str
    state: SubscriptionState
    ends_at: datetime | None
    """When it will be deleted, while it is expiring."""

    @classmethod
    def of(cls, row: SubscriptionRow) -> "SubscriptionView":
        """Shape a row."""
        return cls.model_validate(row)


class SubscriptionDetailView(SubscriptionView):
    """A subscription with its providers' sync states."""

    syncs: list[SyncView]

    @classmethod
    def with_syncs(cls, row: SubscriptionRow, syncs: "list[SubscriptionSyncRow]") -> "SubscriptionDetailView":
        """Shape a row and its sync rows."""
        views = [SyncView.model_validate(sync) for sync in syncs]
        return cls(**SubscriptionView.of(row).model_dump(), syncs=views)


class UsageView(View):
    """How much of one quota dimension is used."""

    dimension: str
    title: str
    unit: str
    limit: int | None
    """None means unlimited."""
    used: int


class ProviderView(View):
    """A resource provider."""

    name: str
    title: str
    version: str
    healthy: bool
    sentence: str
    """How it is, for people."""
    dimensions: list["DimensionView"]
    settings: list["ServiceSettingView"]
    """What a plan must say about its service."""

    @classmethod
    def of(cls, checked: CheckedHealth) -> "ProviderView":
        """Shape a provider with its health."""
        provider = checked.provider
        return cls(
            name=provider.name,
            title=provider.title,
            version=provider.version,
            healthy=checked.health.healthy,
            sentence=checked.health.sentence,
            dimensions=[DimensionView.model_validate(dimension) for dimension in provider.dimensions],
            settings=[ServiceSettingView.model_validate(setting) for setting in provider.settings],
        )


class DimensionView(View):
    """A quota dimension."""

    name: str
    title: str
    unit: str
    default: int
    maximum: int


class ServiceSettingView(View):
    """Something a plan must say about a provider's service: the id of an item of a collection."""

    name: str
    title: str
    collection: str
    """Path of the admin API's collection to choose from."""


def _providers(request: Request) -> ProviderRegistry:
    return request.app.state.providers


Providers = Annotated[ProviderRegistry, Depends(_providers)]


@offers.get("/plans", dependencies=[requires(Permission.PLAN_READ)])
async def list_offered_plans(request: Request, query: Listed, work: Work, providers: Providers) -> Page[PlanView]:
    """List the plans on offer."""
    found = await Plans(work, providers).page(query, offered_only=True)
    return found.page(request, [PlanView.of(row, providers) for row in found.rows])


@offers.get("/plans/{plan_id}", dependencies=[requires(Permission.PLAN_READ)])
async def get_offered_plan(
    plan_id: PathId, work: Work, caller: CurrentCaller, providers: Providers, response: Response
) -> PlanView:
    """Show a plan on offer, or one that the caller subscribes to."""
    subscribed = await Subscriptions(work, caller).subscribes_to(plan_id)
    row = await Plans(work, providers).get(plan_id, offered_only=not subscribed)
    set_etag(response, row.generation)
    return PlanView.of(row, providers)


@offers.post("/subscriptions", status_code=202, dependencies=[requires(Permission.SUBSCRIPTION_WRITE)])
async def create_subscription(
    body: NewSubscriptionBody, work: Work, caller: CurrentCaller, response: Response
) -> SubscriptionView:
    """Subscribe to a plan."""
    draft = NewSubscription(body.plan_id, body.name, caller.account_id, body.id)
    row, operation = await Subscriptions(work, caller).create(draft)
    accept(response, operation.id)
    return SubscriptionView.of(row)


@subscriptions.get("/subscriptions", dependencies=[requires(Permission.SUBSCRIPTION_READ)])
async def list_subscriptions(
    request: Request, query: Listed, work: Work, caller: CurrentCaller
) -> Page[SubscriptionView]:
    """List one's subscriptions; administrators see all."""
    found = await Subscriptions(work, caller).page(query)
    return found.page(request, [SubscriptionView.of(row) for row in found.rows])


@subscriptions.get("/subscriptions/{subscription_id}", dependencies=[requires(Permission.SUBSCRIPTION_READ)])
async def get_subscription(
    subscription: CurrentSubscription, work: Work, caller: CurrentCaller, response: Response
) -> SubscriptionDetailView:
    """Show a subscription."""
    set_etag(response, subscription.generation)
    syncs = await Subscriptions(work, caller).syncs(subscription.id)
    return SubscriptionDetailView.with_syncs(subscription, list(syncs))


@subscriptions.patch("/subscriptions/{subscription_id}", dependencies=[requires(Permission.SUBSCRIPTION_WRITE)])
async def rename_subscription(
    subscription: CurrentSubscription,
    body: RenameSubscriptionBody,
    work: Work,
    caller: CurrentCaller,
    if_match: IfMatch,
    response: Response,
) -> SubscriptionView:
    """Rename a subscription."""
    row = await Subscriptions(work, caller).rename(subscription.id, body.name, if_match)
    set_etag(response, row.generation)
    return SubscriptionView.of(row)


@subscriptions.get("/subscriptions/{subscription_id}/usage", dependencies=[requires(Permission.SUBSCRIPTION_READ)])
async def get_usage(subscription: CurrentSubscription, work: Work, providers: Providers) -> Page[UsageView]:
    """Show how much of each quota dimension is used now."""
    views: list[UsageView] = []
    for usage in await Quotas(work).usage(subscription.id):
        dimension = providers.dimension(usage.dimension)
        views.append(
            UsageView(
                dimension=usage.dimension,
                title=dimension.title if dimension else usage.dimension,
                unit=dimension.unit if dimension else "",
                limit=usage.limit,
                used=usage.used,
            )
        )
    return Page[UsageView](value=views)


@administration.get("/plans", dependencies=[requires(Permission.PLAN_ADMIN)])
async def list_plans(request: Request, query: Listed, work: Work, providers: Providers) -> Page[PlanView]:
    """List all plans."""
    found = await Plans(work, providers).page(query, offered_only=False)
    return found.page(request, [PlanView.of(row, providers) for row in found.rows])


@administration.post("/plans", status_code=201, dependencies=[requires(Permission.PLAN_ADMIN)])
async def create_plan(body: NewPlanBody, work: Work, providers: Providers, response: Response) -> PlanView:
    """Add a plan; it starts private."""
    services = [service.to_service() for service in body.services]
    draft = NewPlan(
        body.name,
        body.description,
        services,
        body.subscriptions_per_account,
        body.suspend_policy,
        body.deletion_grace_days,
    )
    row = await Plans(work, providers).create(draft)
    set_etag(response, row.generation)
    return PlanView.of(row, providers)


@administration.get("/plans/{plan_id}", dependencies=[requires(Permission.PLAN_ADMIN)])
async def get_plan(plan_id: PathId, work: Work, providers: Providers, response: Response) -> PlanView:
    """Show a plan."""
    row = await Plans(work, providers).get(plan_id, offered_only=False)
    set_etag(response, row.generation)
    return PlanView.of(row, providers)


@administration.patch("/plans/{plan_id}", dependencies=[requires(Permission.PLAN_ADMIN)])
async def change_plan(
    plan_id: PathId, body: PlanChangeBody, work: Work, providers: Providers, if_match: IfMatch, response: Response
) -> PlanView:
    """Rename, redescribe, publish or decommission a plan; change its services while it is private."""
    services = [service.to_service() for service in body.services] if body.services is not None else None
    row = await Plans(work, providers).change(
        plan_id,
        name=body.name,
        description=body.description,
        state=body.state,
        services=services,
        suspend_policy=body.suspend_policy,
        deletion_grace_days=body.deletion_grace_days,
        expected=if_match,
    )
    set_etag(response, row.generation)
    return PlanView.of(row, providers)


@administration.delete("/plans/{plan_id}", status_code=204, dependencies=[requires(Permission.PLAN_ADMIN)])
async def delete_plan(plan_id: PathId, work: Work, providers: Providers, if_match: IfMatch) -> None:
    """Remove a plan that nobody subscribes to."""
    await Plans(work, providers).delete(plan_id, if_match)


@administration.get("/provider-syncs", dependencies=[requires(Permission.SUBSCRIPTION_ADMIN)])
async def list_provider_syncs(request: Request, query: Listed, work: Work) -> Page[ProviderSyncView]:
    """List which resource provider knows which subscription's present state."""
    found = await SYNCS.rows(work.session, query)
    return found.page(request, [ProviderSyncView.model_validate(row) for row in found.rows])


@administration.post(
    "/provider-syncs/{subscription_id}/{provider}/resync",
    status_code=202,
    dependencies=[requires(Permission.SUBSCRIPTION_ADMIN)],
)
async def resync_provider(
    subscription_id: PathId, provider: ProviderName, work: Work, caller: CurrentCaller, response: Response
) -> ProviderSyncView:
    """Tell a resource provider a subscription's present state again, now. The plan's other providers are told too."""
    row, operation = await Subscriptions(work, caller).resync(subscription_id, provider)
    accept(response, operation.id)
    return ProviderSyncView.model_validate(row)


@administration.post("/subscriptions", status_code=202, dependencies=[requires(Permission.SUBSCRIPTION_ADMIN)])
async def create_subscription_for(
    body: NewSubscriptionForBody, work: Work, caller: CurrentCaller, response: Response
) -> SubscriptionView:
    """Subscribe somebody to a plan, which may be private."""
    draft = NewSubscription(body.plan_id, body.name, body.account_id, body.id)
    row, operation = await Subscriptions(work, caller).create(draft)
    accept(response, operation.id)
    return SubscriptionView.of(row)


@health.get("/providers", dependencies=[requires(Permission.PLAN_ADMIN)])
async def list_providers(request: Request, providers: Providers) -> Page[ProviderView]:
    """List the resource providers with their quota dimensions and their health."""
    context: RequestContext = request.app.state.context
    checked = await check_health(context.units, providers)
    return Page[ProviderView](value=[ProviderView.of(each) for each in checked])
