"""Routes of management: subscriptions and providers.

`offers` is how tenants subscribe, `subscriptions` what every face shows of subscriptions, `administration` what only
administrators may do. Plans, add-ons and usage have modules of their own.
"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field, SecretStr

from zaffre.foundation.http.etags import IfMatch, set_etag
from zaffre.foundation.http.lists import Listed, Page
from zaffre.foundation.http.routing import PlainRoute, RequestContext, TransactionalRoute, Work, accept
from zaffre.foundation.http.wire import Body, Id, Name, PathId, ResourceView, View
from zaffre.foundation.tags import NewTags, TagChanges
from zaffre.identity import CurrentCaller, Permission, requires
from zaffre.identity.services import Identity
from zaffre.management.approvals.routes import ApprovableRoute
from zaffre.management.health import CheckedHealth, check_health
from zaffre.management.offer_wire import Providers
from zaffre.management.subscriptions import (
    SYNCS,
    CurrentSubscription,
    NewSubscription,
    Subscriptions,
    SubscriptionState,
    SuspendedBy,
    SyncState,
)
from zaffre.management.tables import SubscriptionRow, SubscriptionSyncRow

offers = APIRouter(tags=["plans and subscriptions"], route_class=ApprovableRoute)
subscriptions = APIRouter(tags=["plans and subscriptions"], route_class=TransactionalRoute)
administration = APIRouter(tags=["plans and subscriptions"], route_class=TransactionalRoute)
health = APIRouter(tags=["plans and subscriptions"], route_class=PlainRoute)

InvitationCode = Annotated[SecretStr, Field(min_length=1, max_length=100)]
ProviderName = Annotated[str, Path(pattern="^[a-z][a-z0-9_]{0,63}$")]


class NewSubscriptionBody(Body):
    """A wish to subscribe to a plan."""

    plan_id: Id
    name: Name
    id: Id | None = None
    """Chosen by the caller when two sites must agree on it."""
    invitation_code: InvitationCode | None = None
    """What the provider has sent to those who may subscribe, for a plan that needs it."""
    tags: NewTags = Field(default_factory=dict[str, str])


class NewSubscriptionForBody(NewSubscriptionBody):
    """A subscription made by an administrator for somebody."""

    account_id: Id


class SubscriptionChangeBody(Body):
    """What to call a subscription from now on. What is left out stays as it is."""

    name: Name | None = None
    tags: TagChanges = Field(default_factory=dict[str, str | None])
    """Merged into the tags it has; null removes one."""


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
    suspended_by: SuspendedBy | None
    """Why it is suspended, while it is."""
    suspended_budget_id: str | None
    """The budget that suspended it; it may be gone."""
    tags: dict[str, str]

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


@offers.post("/subscriptions", status_code=202, dependencies=[requires(Permission.SUBSCRIPTION_WRITE)])
async def create_subscription(
    body: NewSubscriptionBody, work: Work, caller: CurrentCaller, identity: Identity, response: Response
) -> SubscriptionView:
    """Subscribe to a plan."""
    if identity.settings.verified_email_to_subscribe and caller.actor_id is None:
        await identity.check_verified(work, caller)
    draft = NewSubscription(body.plan_id, body.name, caller.account_id, body.id, body.invitation_code, body.tags)
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
async def change_subscription(
    subscription: CurrentSubscription,
    body: SubscriptionChangeBody,
    work: Work,
    caller: CurrentCaller,
    if_match: IfMatch,
    response: Response,
) -> SubscriptionView:
    """Rename a subscription, or change its tags."""
    row = await Subscriptions(work, caller).label(subscription, body.name, body.tags, if_match)
    set_etag(response, row.generation)
    return SubscriptionView.of(row)


@administration.get("/provider-syncs", dependencies=[requires(Permission.SUBSCRIPTION_READ_ALL)])
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
    draft = NewSubscription(body.plan_id, body.name, body.account_id, body.id, tags=body.tags)
    row, operation = await Subscriptions(work, caller).create(draft)
    accept(response, operation.id)
    return SubscriptionView.of(row)


@health.get("/providers", dependencies=[requires(Permission.PLAN_READ_ALL)])
async def list_providers(request: Request, providers: Providers) -> Page[ProviderView]:
    """List the resource providers with their quota dimensions and their health."""
    context: RequestContext = request.app.state.context
    checked = await check_health(context.units, providers)
    return Page[ProviderView](value=[ProviderView.of(each) for each in checked])
