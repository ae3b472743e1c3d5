"""Webhooks: where a subscription's events, or the site's, are sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import SecretStr
from sqlalchemy import func, select, update

from zaffre.foundation.errors import Conflict, NameTaken, NotFound
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.http.filters import Field, FieldType, parse_filter
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.outbound.targets import Targets
from zaffre.foundation.secrets import SealedSecret
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.management.tables import SubscriptionRow
from zaffre.management.webhooks.deliveries import DeliveryState
from zaffre.management.webhooks.selection import EVENT_FIELDS
from zaffre.management.webhooks.signatures import new_secret
from zaffre.management.webhooks.tables import WebhookDeliveryRow, WebhookQueueRow, WebhookRow

SITE = "site"
WEBHOOKS_PER_OWNER = 20
LONGEST_OVERLAP_HOURS = 24 * 7

LISTING = Listing(
    WebhookRow,
    {
        "id": Field(WebhookRow.id, FieldType.ID),
        "name": Field(WebhookRow.name, FieldType.TEXT, searchable=True),
        "url": Field(WebhookRow.url, FieldType.TEXT, searchable=True),
        "enabled": Field(WebhookRow.enabled, FieldType.BOOLEAN),
        "disabled_reason": Field(WebhookRow.disabled_reason, FieldType.TEXT, sortable=False),
        "created_at": Field(WebhookRow.created_at, FieldType.INSTANT),
    },
    key=WebhookRow.id,
    order="name",
)


class WebhookDisabledReason(StrEnum):
    """Why nothing is sent."""

    BY_HAND = "by_hand"
    FAILING = "failing"
    """The endpoint took nothing for too long."""
    GONE = "gone"
    """The endpoint said that it wants no more (410)."""
    BACKLOG = "backlog"
    """More waited for it than may."""
    RIGHT_WITHDRAWN = "right_withdrawn"
    """Who held it may not see the events any more."""


class TooManyWebhooks(Conflict):
    """There are as many as may be."""

    code = "webhook.too_many"
    title = "Too many webhooks"

    def __init__(self) -> None:
        super().__init__(
            f"There can be {WEBHOOKS_PER_OWNER} webhooks here.", remedy="Delete one, or let one do the work of two."
        )


@dataclass(frozen=True)
class WebhookDraft:
    """What is wanted of a webhook."""

    name: str
    url: str
    kinds: Sequence[str] = ("*",)
    filter: str | None = None


class Webhooks:
    """Rules for the webhooks of a subscription, or of the site, inside one unit of work."""

    def __init__(
        self, work: UnitOfWork, holder_id: str, subscription: SubscriptionRow | None, targets: Targets
    ) -> None:
        self._work = work
        self._session = work.session
        self._holder_id = holder_id
        self._subscription = subscription
        self._owner_key = subscription.id if subscription is not None else SITE
        self._targets = targets

    async def page(self, query: ListQuery) -> Rows[WebhookRow]:
        """Return a page of webhooks."""
        return await LISTING.rows(self._session, query, WebhookRow.owner_key == self._owner_key)

    async def get(self, webhook_id: str) -> WebhookRow:
        """Return a webhook.

        Raises:
            NotFound: there is none with this id here.
        """
        row = await self._session.get(WebhookRow, webhook_id)
        if row is None or row.owner_key != self._owner_key:
            raise NotFound("webhook", webhook_id)
        return row

    async def create(self, draft: WebhookDraft) -> tuple[WebhookRow, SecretStr]:
        """Have events sent somewhere from now on; returns the secret that signs them, which is not shown again.

        Raises:
            TargetRefused: nothing is sent to such an address.
            InvalidQuery: the filter cannot be understood.
            NameTaken: there is another of this name.
            TooManyWebhooks: there are as many as may be.
        """
        self._check(draft)
        await self._make_sure_of_room()
        secret, now = new_secret(), self._work.clock.now()
        row = WebhookRow(
            id=self._work.ids.new(),
            subscription_id=self._subscription.id if self._subscription is not None else None,
            owner_key=self._owner_key,
            name=draft.name,
            url=draft.url,
            kinds=list(draft.kinds),
            filter=draft.filter,
            holder_id=self._holder_id,
            enabled=True,
            since=now,
            sealed_secret=self._work.keyring.seal(secret),
            created_at=now,
        )
        await self._work.save(row, lambda _: NameTaken("webhook", draft.name))
        self._work.add(WebhookQueueRow(webhook_id=row.id, failures=0))
        self._work.emit("webhook.created", reference(row))
        return row, secret

    async def change(self, webhook_id: str, changes: Mapping[str, object], expected: int | None = None) -> WebhookRow:
        """Change what is given of name, url, kinds, filter and enabled. Whoever changes it holds it from then on.

        What waits for a webhook that is disabled is sent once it is enabled; what happens meanwhile is not.

        Raises:
            NotFound: there is no such webhook.
            PreconditionFailed: it is not at the expected generation.
            TargetRefused, InvalidQuery, NameTaken: see `create`.
        """
        row = await self.get(webhook_id)
        check_generation(expected, row.generation)
        wanted = {key: value for key, value in changes.items() if key != "enabled"}
        draft = replace(WebhookDraft(row.name, row.url, row.kinds, row.filter), **wanted)  # pyright: ignore[reportArgumentType] - a body's fields, checked there
        self._check(draft)
        row.name, row.url, row.kinds, row.filter = draft.name, draft.url, list(draft.kinds), draft.filter
        row.holder_id = self._holder_id
        enabled = bool(changes.get("enabled", row.enabled))
        switched = enabled != row.enabled
        if switched:
            row.enabled = enabled
            row.disabled_reason = None if enabled else WebhookDisabledReason.BY_HAND
            row.since = self._work.clock.now()
        await self._work.save(row, lambda _: NameTaken("webhook", draft.name))
        await self._start_afresh(row)
        if wanted:
            self._work.emit("webhook.changed", reference(row))
        if switched and enabled:
            self._work.emit("webhook.enabled", reference(row))
        elif switched:
            self._work.emit("webhook.disabled", reference(row), reason=row.disabled_reason)
        return row

    async def rotate_secret(
        self, webhook_id: str, overlap: timedelta, expected: int | None = None
    ) -> tuple[WebhookRow, SecretStr]:
        """Have another secret sign; until `overlap` is over, the present one signs as well.

        Raises:
            NotFound: there is no such webhook.
            PreconditionFailed: it is not at the expected generation.
        """
        row = await self.get(webhook_id)
        check_generation(expected, row.generation)
        secret = new_secret()
        row.sealed_previous = row.sealed_secret if overlap else None
        row.previous_until = self._work.clock.now() + overlap if overlap else None
        row.sealed_secret = self._work.keyring.seal(secret)
        await self._session.flush()
        self._work.emit("webhook.secret_rotated", reference(row))
        return row, secret

    async def delete(self, webhook_id: str, expected: int | None = None) -> None:
        """Remove a webhook with everything that it was sent and was to be sent.

        Raises:
            NotFound: there is no such webhook.
            PreconditionFailed: it is not at the expected generation.
        """
        row = await self.get(webhook_id)
        check_generation(expected, row.generation)
        await self._session.delete(row)
        self._work.emit("webhook.deleted", reference(row))

    def _check(self, draft: WebhookDraft) -> None:
        self._targets.check_url(draft.url)
        if draft.filter is not None:
            parse_filter(draft.filter, EVENT_FIELDS)

    async def _make_sure_of_room(self) -> None:
        """Count with the subscription locked, so that two racing requests count one another. The site's may race."""
        if self._subscription is not None:
            held = select(SubscriptionRow.id).where(SubscriptionRow.id == self._subscription.id).with_for_update()
            await self._session.execute(held)
        here = select(func.count()).select_from(WebhookRow).where(WebhookRow.owner_key == self._owner_key)
        if (await self._session.scalar(here) or 0) >= WEBHOOKS_PER_OWNER:
            raise TooManyWebhooks

    async def _start_afresh(self, row: WebhookRow) -> None:
        """Try at once what waits, and forget how the endpoint was: it may be another one now."""
        now = self._work.clock.now() if row.enabled else None
        queue = WebhookQueueRow.webhook_id == row.id
        values = {"due_at": now, "failures": 0, "failing_since": None}
        await self._session.execute(update(WebhookQueueRow).where(queue).values(values))


def keys_of(work: UnitOfWork, row: WebhookRow) -> list[SecretStr]:
    """Return the secrets that sign at this moment, the newest first."""
    keys = [work.keyring.open(SealedSecret(row.sealed_secret))]
    until = row.previous_until
    if row.sealed_previous is not None and until is not None and until > work.clock.now():
        keys.append(work.keyring.open(SealedSecret(row.sealed_previous)))
    return keys


async def disable(work: UnitOfWork, row: WebhookRow, reason: WebhookDisabledReason) -> None:
    """Send a webhook nothing any more, and tell of it."""
    if not row.enabled:
        return
    row.enabled, row.disabled_reason = False, reason
    await work.session.flush()
    await work.session.execute(update(WebhookQueueRow).where(WebhookQueueRow.webhook_id == row.id).values(due_at=None))
    work.emit("webhook.disabled", reference(row), reason=reason)


@dataclass(frozen=True)
class Condition:
    """How a webhook's endpoint is."""

    pending: int = 0
    failures: int = 0
    failing_since: datetime | None = None
    last_success_at: datetime | None = None
    last_failure_at: datetime | None = None


async def conditions_of(work: UnitOfWork, ids: Sequence[str]) -> dict[str, Condition]:
    """Return how webhooks' endpoints are."""
    waiting = (
        select(WebhookDeliveryRow.webhook_id, func.count())
        .where(WebhookDeliveryRow.webhook_id.in_(ids), WebhookDeliveryRow.state == DeliveryState.PENDING)
        .group_by(WebhookDeliveryRow.webhook_id)
    )
    pending: dict[str, int] = {row[0]: row[1] for row in await work.session.execute(waiting)}
    queues = await work.session.scalars(select(WebhookQueueRow).where(WebhookQueueRow.webhook_id.in_(ids)))
    return {
        queue.webhook_id: Condition(
            pending.get(queue.webhook_id, 0),
            queue.failures,
            queue.failing_since,
            queue.last_success_at,
            queue.last_failure_at,
        )
        for queue in queues
    }


def reference(row: WebhookRow) -> ResourceRef:
    """Name a webhook in events; the subscription's members see those of its own."""
    return ResourceRef("webhook", row.id, row.name, subscription_id=row.subscription_id)
