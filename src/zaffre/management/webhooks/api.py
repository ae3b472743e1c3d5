"""Routes of webhooks: a subscription's, and the site's."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AfterValidator, Field, SecretStr

from zaffre.foundation.errors import Forbidden
from zaffre.foundation.http.etags import IfMatch, set_etag
from zaffre.foundation.http.filters import instant
from zaffre.foundation.http.lists import Listed, Page
from zaffre.foundation.http.routing import READING, TransactionalRoute, Work
from zaffre.foundation.http.wire import Body, Name, PathId, ResourceView, View
from zaffre.foundation.outbound.targets import MAX_URL_CHARACTERS, Targets
from zaffre.foundation.work import UnitOfWork
from zaffre.identity import CurrentCaller, Permission, requires
from zaffre.management.subscriptions import CurrentSubscription
from zaffre.management.webhooks.deliveries import Deliveries, DeliveryState, DeliveryTrigger
from zaffre.management.webhooks.selection import KIND_PATTERN
from zaffre.management.webhooks.tables import WebhookRow
from zaffre.management.webhooks.webhooks import (
    LONGEST_OVERLAP_HOURS,
    Condition,
    WebhookDisabledReason,
    WebhookDraft,
    Webhooks,
    conditions_of,
)

Url = Annotated[str, Field(min_length=1, max_length=MAX_URL_CHARACTERS)]
Kinds = Annotated[list[Annotated[str, Field(pattern=KIND_PATTERN)]], Field(min_length=1, max_length=50)]
EventFilter = Annotated[str, Field(min_length=1, max_length=2000)]


class NewWebhookBody(Body):
    """Somewhere to send events."""

    name: Name
    url: Url
    kinds: Kinds = Field(default=["*"])
    """`virtual_machine.started`, `virtual_machine.*`, or `*` for all."""
    filter: EventFilter | None = None
    """OData expression over kind, resource_type, resource_id, resource_name, actor_kind and the like."""


class WebhookChangeBody(Body):
    """What may change of a webhook; what is left out stays."""

    name: Name | None = None
    url: Url | None = None
    kinds: Kinds | None = None
    filter: EventFilter | None = None
    """null removes it."""
    enabled: bool | None = None

    def changes(self) -> dict[str, Any]:
        """Return what was given; only the filter can be nothing."""
        given = self.model_dump(exclude_unset=True)
        return {name: value for name, value in given.items() if value is not None or name == "filter"}


class SecretRotationBody(Body):
    """How a secret gives way to another."""

    overlap_hours: Annotated[int, Field(ge=0, le=LONGEST_OVERLAP_HOURS)] = 24
    """How long the present secret goes on signing beside the new one."""


class ReplayBody(Body):
    """From when on events shall be sent again."""

    since: Annotated[datetime, AfterValidator(instant)]


class WebhookView(ResourceView):
    """Somewhere that events are sent."""

    subscription_id: str | None
    """None: it is the site's."""
    name: str
    url: str
    kinds: list[str]
    filter: str | None
    enabled: bool
    disabled_reason: WebhookDisabledReason | None
    previous_secret_until: datetime | None
    """Until when the secret before the last rotation signs as well."""
    pending: int
    """How many deliveries wait."""
    failures: int
    """Attempts that failed since the last that did not."""
    failing_since: datetime | None
    last_success_at: datetime | None
    last_failure_at: datetime | None

    @classmethod
    async def read(cls, work: UnitOfWork, rows: Sequence[WebhookRow]) -> "list[WebhookView]":
        """Shape webhooks with how their endpoints are."""
        conditions = await conditions_of(work, [row.id for row in rows])
        return [cls.model_validate(_fields(row, conditions.get(row.id, Condition()))) for row in rows]

    @classmethod
    async def one(cls, work: UnitOfWork, row: WebhookRow, response: Response) -> "WebhookView":
        """Shape one webhook, with its ETag."""
        set_etag(response, row.generation)
        return (await cls.read(work, [row]))[0]


class NewWebhookView(WebhookView):
    """A webhook with the secret that signs what it is sent: shown this once."""

    secret: str

    @classmethod
    async def made(cls, work: UnitOfWork, made: tuple[WebhookRow, SecretStr], response: Response) -> "NewWebhookView":
        """Shape a webhook whose secret is new."""
        row, secret = made
        view = await WebhookView.one(work, row, response)
        return cls(**view.model_dump(), secret=secret.get_secret_value())


class DeliveryView(View):
    """One event on its way to one webhook, and what came of it."""

    id: str
    webhook_id: str
    event_id: str
    """The message's `webhook-id`."""
    kind: str
    resource_type: str
    resource_id: str
    resource_name: str | None
    occurred_at: datetime
    trigger: DeliveryTrigger
    state: DeliveryState
    attempts: int
    due_at: datetime
    """When it is tried next, while it is pending."""
    last_attempt_at: datetime | None
    status: int | None
    error: str | None
    """Why there was no answer: `timeout`, `no_connection`, `tls`, `broken_off` or `target_refused`."""
    duration_ms: int | None
    excerpt: str | None
    """The beginning of the answer."""
    created_at: datetime
    finished_at: datetime | None


class DeliveryDetailView(DeliveryView):
    """A delivery with what is sent."""

    body: str


class ReplayView(View):
    """What sending again from a point in time came to."""

    deliveries: int
    through: datetime | None
    more: bool
    """Whether there are more events; ask again with `through` as `since`."""


def _fields(row: WebhookRow, condition: Condition) -> dict[str, Any]:
    names = WebhookView.model_fields.keys() - {"previous_secret_until", *vars(condition)}
    own = {name: getattr(row, name) for name in names}
    return own | vars(condition) | {"previous_secret_until": row.previous_until}


async def _of_site(request: Request) -> None:
    request.state.webhooks_of = None


async def _of_subscription(request: Request, subscription: CurrentSubscription) -> None:
    request.state.webhooks_of = subscription


def _webhooks(request: Request, work: Work, caller: CurrentCaller) -> Webhooks:
    if request.method not in READING and not caller.may(Permission.OPERATION_READ):
        raise Forbidden(
            "The credential in hand is not for seeing what webhooks are sent.",
            remedy="Use one that has the scope operation.read too.",
            target=Permission.OPERATION_READ.value,
        )
    targets: Targets = request.app.state.webhook_targets
    # Absent when the path names no subscription at all, which is refused once every dependency has been looked at.
    return Webhooks(work, caller.account_id, getattr(request.state, "webhooks_of", None), targets)


CurrentWebhooks = Annotated[Webhooks, Depends(_webhooks)]
"""The webhooks of the subscription that the path names, or else of the site."""


async def _list(request: Request, webhooks: CurrentWebhooks, query: Listed, work: Work) -> Page[WebhookView]:
    """List where events are sent."""
    found = await webhooks.page(query)
    return found.page(request, await WebhookView.read(work, found.rows))


async def _get(webhook_id: PathId, webhooks: CurrentWebhooks, work: Work, response: Response) -> WebhookView:
    """Show a webhook."""
    return await WebhookView.one(work, await webhooks.get(webhook_id), response)


async def _create(body: NewWebhookBody, webhooks: CurrentWebhooks, work: Work, response: Response) -> NewWebhookView:
    """Have events sent somewhere from now on. The answer holds the signing secret, which is not shown again."""
    made = await webhooks.create(WebhookDraft(body.name, body.url, body.kinds, body.filter))
    return await NewWebhookView.made(work, made, response)


async def _change(
    webhook_id: PathId,
    body: WebhookChangeBody,
    webhooks: CurrentWebhooks,
    work: Work,
    if_match: IfMatch,
    response: Response,
) -> WebhookView:
    """Change a webhook, or enable it again. Whoever does is who must be allowed to see what it is sent."""
    row = await webhooks.change(webhook_id, body.changes(), if_match)
    return await WebhookView.one(work, row, response)


async def _delete(webhook_id: PathId, webhooks: CurrentWebhooks, if_match: IfMatch) -> None:
    """Remove a webhook with all its deliveries."""
    await webhooks.delete(webhook_id, if_match)


async def _rotate(
    webhook_id: PathId,
    body: SecretRotationBody,
    webhooks: CurrentWebhooks,
    work: Work,
    if_match: IfMatch,
    response: Response,
) -> NewWebhookView:
    """Have another secret sign. For some hours the present one signs as well, so that nothing is missed."""
    made = await webhooks.rotate_secret(webhook_id, timedelta(hours=body.overlap_hours), if_match)
    return await NewWebhookView.made(work, made, response)


async def _test(webhook_id: PathId, webhooks: CurrentWebhooks, work: Work) -> DeliveryView:
    """Have a message sent that tells of nothing. Read the delivery to see what came of it."""
    return DeliveryView.model_validate(await Deliveries(work, await webhooks.get(webhook_id)).test())


async def _replay(webhook_id: PathId, body: ReplayBody, webhooks: CurrentWebhooks, work: Work) -> ReplayView:
    """Have the events of a time sent again, from an instant on."""
    return ReplayView.model_validate(await Deliveries(work, await webhooks.get(webhook_id)).replay(body.since))


async def _list_deliveries(
    request: Request, webhook_id: PathId, webhooks: CurrentWebhooks, query: Listed, work: Work
) -> Page[DeliveryView]:
    """List what a webhook was sent and is to be sent, newest first."""
    found = await Deliveries(work, await webhooks.get(webhook_id)).page(query)
    return found.page(request, [DeliveryView.model_validate(row) for row in found.rows])


async def _get_delivery(
    webhook_id: PathId, delivery_id: PathId, webhooks: CurrentWebhooks, work: Work
) -> DeliveryDetailView:
    """Show a delivery with what is sent."""
    row = await Deliveries(work, await webhooks.get(webhook_id)).get(delivery_id)
    return DeliveryDetailView.model_validate(row)


async def _redeliver(webhook_id: PathId, delivery_id: PathId, webhooks: CurrentWebhooks, work: Work) -> DeliveryView:
    """Have something sent again that was delivered or given up. The receiver sees the same message id."""
    row = await Deliveries(work, await webhooks.get(webhook_id)).redeliver(delivery_id)
    return DeliveryView.model_validate(row)


def _router(prefix: str, noun: str, read: Permission, write: Permission, scope: Any) -> APIRouter:
    """Return the routes of the webhooks below a path; both kinds have the same."""
    router = APIRouter(prefix=prefix, tags=["webhooks"], route_class=TransactionalRoute)
    looking, changing = [requires(read), Depends(scope)], [requires(write), Depends(scope)]
    one, sent = "/{webhook_id}", "/{webhook_id}/deliveries"

    def add(method: str, path: str, name: str, endpoint: Any, status: int = 200) -> None:
        dependencies = looking if method == "GET" else changing
        router.add_api_route(path, endpoint, methods=[method], name=name, status_code=status, dependencies=dependencies)

    add("GET", "", f"list_{noun}s", _list)
    add("POST", "", f"create_{noun}", _create, 201)
    add("GET", one, f"get_{noun}", _get)
    add("PATCH", one, f"change_{noun}", _change)
    add("DELETE", one, f"delete_{noun}", _delete, 204)
    add("POST", f"{one}/rotate-secret", f"rotate_{noun}_secret", _rotate)
    add("POST", f"{one}/test", f"test_{noun}", _test, 201)
    add("POST", f"{one}/redeliver", f"replay_{noun}", _replay)
    add("GET", sent, f"list_{noun}_deliveries", _list_deliveries)
    add("GET", f"{sent}/{{delivery_id}}", f"get_{noun}_delivery", _get_delivery)
    add("POST", f"{sent}/{{delivery_id}}/redeliver", f"redeliver_{noun}", _redeliver, 201)
    return router


subscriptions = _router(
    "/subscriptions/{subscription_id}/webhooks",
    "webhook",
    Permission.WEBHOOK_READ,
    Permission.WEBHOOK_WRITE,
    _of_subscription,
)
administration = _router("/webhooks", "site_webhook", Permission.WEBHOOK_READ_ALL, Permission.WEBHOOK_ADMIN, _of_site)
