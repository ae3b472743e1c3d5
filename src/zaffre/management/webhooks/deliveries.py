"""Deliveries: what a webhook was sent and is to be sent."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import and_, case, func, or_, select, update

from zaffre.foundation.errors import Conflict, NotFound
from zaffre.foundation.events import EventCursor, EventLog, EventScope, LifecycleEvent, LifecycleEventRow
from zaffre.foundation.http.event_view import EventView
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.work import UnitOfWork
from zaffre.management.webhooks.selection import selected
from zaffre.management.webhooks.tables import WebhookCursorRow, WebhookDeliveryRow, WebhookQueueRow, WebhookRow

CURSOR = "events"
PENDING_LIMIT = 10_000
"""As many may wait for one webhook."""
REPLAY_LIMIT = 1000
"""As many are sent again by one request."""
SCAN_LIMIT = 20_000
"""As many events are looked through for that."""
TEST_KIND = "webhook.test"


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    """It was given up. It can be sent again."""


class DeliveryTrigger(StrEnum):
    """Why something is delivered."""

    EVENT = "event"
    REDELIVERY = "redelivery"
    TEST = "test"


LISTING = Listing(
    WebhookDeliveryRow,
    {
        "id": Field(WebhookDeliveryRow.id, FieldType.ID),
        "event_id": Field(WebhookDeliveryRow.event_id, FieldType.ID),
        "kind": Field(WebhookDeliveryRow.kind, FieldType.TEXT, searchable=True),
        "state": Field(WebhookDeliveryRow.state, FieldType.TEXT),
        "trigger": Field(WebhookDeliveryRow.trigger, FieldType.TEXT),
        "resource_type": Field(WebhookDeliveryRow.resource_type, FieldType.TEXT),
        "resource_id": Field(WebhookDeliveryRow.resource_id, FieldType.TEXT),
        "resource_name": Field(WebhookDeliveryRow.resource_name, FieldType.TEXT, searchable=True, sortable=False),
        "status": Field(WebhookDeliveryRow.status, FieldType.INTEGER, sortable=False),
        "attempts": Field(WebhookDeliveryRow.attempts, FieldType.INTEGER),
        "occurred_at": Field(WebhookDeliveryRow.occurred_at, FieldType.INSTANT),
        "created_at": Field(WebhookDeliveryRow.created_at, FieldType.INSTANT),
    },
    key=WebhookDeliveryRow.id,
    order="created_at desc",
)


class WebhookDisabled(Conflict):
    """Nothing is sent while the webhook is disabled."""

    code = "webhook.disabled"
    title = "The webhook is disabled"

    def __init__(self, webhook: WebhookRow) -> None:
        super().__init__(
            f"Webhook {webhook.name!r} is disabled, so nothing is sent.",
            remedy="Enable it first.",
            target=webhook.id,
        )


class TooManyWait(Conflict):
    """As much waits for the webhook as may."""

    code = "webhook.too_many_pending"
    title = "Too much is waiting already"

    def __init__(self) -> None:
        super().__init__(
            f"{PENDING_LIMIT} deliveries wait for this webhook already.", remedy="Wait until some have been sent."
        )


@dataclass(frozen=True)
class Replay:
    """What sending again from a point in time came to."""

    deliveries: int
    through: datetime | None
    """When the last event happened that was looked at; None: there was none."""
    more: bool
    """Whether there are more events: go on from `through`."""


class Deliveries:
    """Rules for one webhook's deliveries inside one unit of work."""

    def __init__(self, work: UnitOfWork, webhook: WebhookRow) -> None:
        self._work = work
        self._session = work.session
        self._webhook = webhook

    async def page(self, query: ListQuery) -> Rows[WebhookDeliveryRow]:
        """Return a page of deliveries."""
        return await LISTING.rows(self._session, query, WebhookDeliveryRow.webhook_id == self._webhook.id)

    async def get(self, delivery_id: str) -> WebhookDeliveryRow:
        """Return a delivery.

        Raises:
            NotFound: the webhook has none with this id.
        """
        of_webhook = WebhookDeliveryRow.webhook_id == self._webhook.id
        row = await self._session.scalar(
            select(WebhookDeliveryRow).where(WebhookDeliveryRow.id == delivery_id, of_webhook)
        )
        if row is None:
            raise NotFound("delivery", delivery_id)
        return row

    async def test(self) -> WebhookDeliveryRow:
        """Have a message sent that tells of nothing, to see whether it arrives.

        Raises:
            WebhookDisabled: nothing is sent at all.
        """
        now = self._work.clock.now()
        body = {
            "type": TEST_KIND,
            "timestamp": now.isoformat(),
            "data": {"webhook_id": self._webhook.id, "webhook_name": self._webhook.name},
        }
        row = WebhookDeliveryRow(
            event_id=self._work.ids.new(),
            kind=TEST_KIND,
            resource_type="webhook",
            resource_id=self._webhook.id,
            resource_name=self._webhook.name,
            occurred_at=now,
            trigger=DeliveryTrigger.TEST,
            body=json.dumps(body, separators=(",", ":")),
        )
        await self._queue([row])
        return row

    async def redeliver(self, delivery_id: str) -> WebhookDeliveryRow:
        """Have a delivery sent again, as a delivery of its own with the same message id.

        Raises:
            WebhookDisabled: nothing is sent at all.
            NotFound: there is no such delivery.
        """
        old = await self.get(delivery_id)
        row = WebhookDeliveryRow(
            event_id=old.event_id,
            kind=old.kind,
            resource_type=old.resource_type,
            resource_id=old.resource_id,
            resource_name=old.resource_name,
            occurred_at=old.occurred_at,
            trigger=DeliveryTrigger.REDELIVERY,
            body=old.body,
        )
        await self._queue([row])
        return row

    async def replay(self, since: datetime) -> Replay:
        """Have the events sent again that happened from an instant on, as far as the log has been read.

        Raises:
            WebhookDisabled: nothing is sent at all.
        """
        log, scope = EventLog(self._session), _scope(self._webhook)
        end = await self._read_to()
        cursor: EventCursor = await self._place_before(since)
        chosen: list[LifecycleEvent] = []
        through: datetime | None = None
        more = True
        scanned = 0
        while more and scanned < SCAN_LIMIT and len(chosen) < REPLAY_LIMIT:
            events: Sequence[LifecycleEvent] = await log.after(cursor, scope, REPLAY_LIMIT - len(chosen))
            within: list[LifecycleEvent] = [event for event in events if event.cursor <= end]
            more = bool(within) and len(within) == len(events)
            wanted = await selected(self._work, self._webhook, within)
            chosen += [event for event in wanted if event.occurred_at >= since]
            scanned += len(within)
            if within:
                cursor, through = within[-1].cursor, within[-1].occurred_at
        await self._queue([of_event(event, DeliveryTrigger.REDELIVERY) for event in chosen])
        return Replay(len(chosen), through, more)

    async def _read_to(self) -> EventCursor:
        """Return up to where the log has been read: what follows is delivered anyway."""
        row = await self._session.get(WebhookCursorRow, CURSOR)
        return EventCursor(row.transaction_id, row.position) if row is not None else EventCursor()

    async def _place_before(self, since: datetime) -> EventCursor:
        """Return the place in the log before the first event that happened from an instant on."""
        key = LifecycleEventRow.transaction_id, LifecycleEventRow.position
        first = await self._session.execute(
            select(*key).where(LifecycleEventRow.occurred_at >= since).order_by(*key).limit(1)
        )
        found = first.first()
        return EventCursor(found[0], found[1] - 1) if found is not None else await EventLog(self._session).end()

    async def _queue(self, rows: Sequence[WebhookDeliveryRow]) -> None:
        if not self._webhook.enabled:
            raise WebhookDisabled(self._webhook)
        if await pending_of(self._work, self._webhook.id) + len(rows) > PENDING_LIMIT:
            raise TooManyWait
        await queue(self._work, self._webhook, rows)


def of_event(event: LifecycleEvent, trigger: DeliveryTrigger) -> WebhookDeliveryRow:
    """Return the delivery of an event, to nobody yet."""
    view = EventView.of(event).model_dump(mode="json")
    body = {"type": event.kind, "timestamp": view["occurred_at"], "data": view}
    return WebhookDeliveryRow(
        event_id=event.id,
        kind=event.kind,
        resource_type=event.resource_type,
        resource_id=event.resource_id,
        resource_name=event.resource_name,
        occurred_at=event.occurred_at,
        trigger=trigger,
        body=json.dumps(body, separators=(",", ":")),
    )


async def queue(work: UnitOfWork, webhook: WebhookRow, rows: Iterable[WebhookDeliveryRow]) -> None:
    """Write down that a webhook is to be sent something, and that it is due."""
    now = work.clock.now()
    for row in rows:
        row.id, row.webhook_id, row.state = work.ids.new(), webhook.id, DeliveryState.PENDING
        row.created_at = row.due_at = now
        row.attempts = 0
        work.add(row)
    await work.session.flush()
    sooner = or_(WebhookQueueRow.due_at.is_(None), WebhookQueueRow.due_at > now)
    due = case(
        (and_(WebhookQueueRow.failures > 0, WebhookQueueRow.due_at.is_not(None)), WebhookQueueRow.due_at), else_=now
    )
    await work.session.execute(
        update(WebhookQueueRow).where(WebhookQueueRow.webhook_id == webhook.id, sooner).values(due_at=due)
    )


async def pending_of(work: UnitOfWork, webhook_id: str) -> int:
    """Return how much waits for a webhook."""
    of_webhook = WebhookDeliveryRow.webhook_id == webhook_id, WebhookDeliveryRow.state == DeliveryState.PENDING
    return await work.session.scalar(select(func.count()).select_from(WebhookDeliveryRow).where(*of_webhook)) or 0


def _scope(webhook: WebhookRow) -> EventScope:
    if webhook.subscription_id is None:
        return EventScope(everything=True)
    return EventScope(subscription_ids=(webhook.subscription_id,))
