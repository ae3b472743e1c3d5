"""Reading the event log, and writing down who is to be sent what.

The place in the log moves in the transaction that writes the deliveries, under a lock: however often a process dies,
and however many read, each event becomes one delivery for each webhook that wants it.
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import or_, select

from zaffre.foundation.actor import system_actor
from zaffre.foundation.database import insert_of
from zaffre.foundation.events import EventCursor, EventLog, EventScope, LifecycleEvent
from zaffre.foundation.work import UnitOfWork, UnitsOfWork
from zaffre.management.webhooks.deliveries import CURSOR, PENDING_LIMIT, DeliveryTrigger, of_event, pending_of, queue
from zaffre.management.webhooks.selection import selected
from zaffre.management.webhooks.tables import WebhookCursorRow, WebhookRow
from zaffre.management.webhooks.webhooks import WebhookDisabledReason, disable

ACTOR = system_actor("webhooks")
EVENTS_AT_ONCE = 200
EVERYTHING = EventScope(everything=True)
CATCH_UP = timedelta(seconds=60)
"""While nobody wants events, the place in the log is moved on this rarely: each time is a transaction that writes."""


class FanOut:
    """Turns events into deliveries."""

    def __init__(self, units: UnitsOfWork) -> None:
        self._units = units
        self._caught_up_at = units.clock.now() - 2 * CATCH_UP

    async def run(self) -> None:
        """Write down the deliveries of all events so far."""
        async with self._units.read(ACTOR) as work:
            wanted = await _anybody(work)
        if not wanted:
            if self._units.clock.now() - self._caught_up_at >= CATCH_UP:
                await self._catch_up()
            return
        while await self._step() == EVENTS_AT_ONCE:
            pass

    async def _catch_up(self) -> None:
        """Pass over events that nobody wants."""
        self._caught_up_at = self._units.clock.now()
        async with self._units.write(ACTOR) as work:
            row = await held_cursor(work)
            end = await EventLog(work.session).end()  # before looking: a webhook made from now on wants what follows it
            if await _anybody(work):
                return
            row.transaction_id, row.position = end.transaction_id, end.position

    async def _step(self) -> int:
        """Go on by one stretch of the log; returns how many events it had."""
        async with self._units.read(ACTOR) as work:
            row = await work.session.get(WebhookCursorRow, CURSOR)
            if row is not None and not await EventLog(work.session).after(place_of(row), EVERYTHING, 1):
                return 0
        async with self._units.write(ACTOR) as work:
            row = await held_cursor(work)
            events = await EventLog(work.session).after(place_of(row), EVERYTHING, EVENTS_AT_ONCE)
            for webhook in await _wanting(work, events):
                await self._deliver(work, webhook, events)
            if events:
                last = events[-1].cursor
                row.transaction_id, row.position = last.transaction_id, last.position
            return len(events)

    async def _deliver(self, work: UnitOfWork, webhook: WebhookRow, events: Sequence[LifecycleEvent]) -> None:
        recent = [event for event in events if event.occurred_at >= webhook.since]
        wanted = await selected(work, webhook, recent)
        if not wanted:
            return
        await queue(work, webhook, [of_event(event, DeliveryTrigger.EVENT) for event in wanted])
        if await pending_of(work, webhook.id) > PENDING_LIMIT:
            await disable(work, webhook, WebhookDisabledReason.BACKLOG)


async def _anybody(work: UnitOfWork) -> bool:
    """Tell whether anybody wants events."""
    enabled = select(WebhookRow.id).where(WebhookRow.enabled.is_(True)).limit(1)
    return await work.session.scalar(enabled) is not None


async def _wanting(work: UnitOfWork, events: Sequence[LifecycleEvent]) -> Sequence[WebhookRow]:
    """Return the webhooks that any of the events may be for."""
    subscriptions = {event.subscription_id for event in events if event.subscription_id is not None}
    if not events:
        return ()
    scope = or_(WebhookRow.subscription_id.is_(None), WebhookRow.subscription_id.in_(subscriptions))
    statement = select(WebhookRow).where(WebhookRow.enabled.is_(True), scope).order_by(WebhookRow.id)
    return (await work.session.scalars(statement)).all()


async def held_cursor(work: UnitOfWork) -> WebhookCursorRow:
    """Return the place in the log, locked until the transaction ends; nobody else goes on meanwhile."""
    row = await work.session.get(WebhookCursorRow, CURSOR, with_for_update=True, populate_existing=True)
    if row is not None:
        return row
    insert = insert_of(work.session)
    values = {"name": CURSOR, "transaction_id": 0, "position": 0}
    await work.session.execute(insert(WebhookCursorRow).values(values).on_conflict_do_nothing())
    return await work.session.get_one(WebhookCursorRow, CURSOR, with_for_update=True, populate_existing=True)


def place_of(row: WebhookCursorRow) -> EventCursor:
    """Return the place that a row names."""
    return EventCursor(row.transaction_id, row.position)
