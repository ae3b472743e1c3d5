"""Sending what is written down: fairly among receivers, in order for each resource, again until it is taken.

A webhook's turn belongs to one worker, by a lease that its end gives back; a worker that was killed takes its own up
again when it starts, others when the lease is over. What a killed worker was sending is sent once more: it cannot be
known whether it arrived, and the message's id tells the receiver. Each turn is a task of its own and short, so a slow
receiver holds up nobody but itself.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import aliased

from zaffre.foundation.actor import system_actor
from zaffre.foundation.background import Loop
from zaffre.foundation.outbound.targets import Targets
from zaffre.foundation.settings import WebhookSettings
from zaffre.foundation.telemetry.metrics import Metrics
from zaffre.foundation.work import UnitOfWork, UnitsOfWork
from zaffre.management.webhooks.deliveries import DeliveryState
from zaffre.management.webhooks.fan_out import FanOut
from zaffre.management.webhooks.rights import entitled
from zaffre.management.webhooks.sending import Answer, GuardedSender, Sender
from zaffre.management.webhooks.signatures import signed_headers
from zaffre.management.webhooks.tables import WebhookDeliveryRow, WebhookQueueRow, WebhookRow
from zaffre.management.webhooks.webhooks import WebhookDisabledReason, disable, keys_of

ACTOR = system_actor("webhooks")
LOOK_INTERVAL_S = 1.0
PER_ENDPOINT = 4
TURN_S = 5.0
"""A turn that has taken so long ends, so that those who wait have theirs."""
LEASE_S = 90.0
"""Longer than any attempt, and it is renewed after each."""
LONGEST_PAUSE_S = 4 * 3600.0
LONGEST_ENDPOINT_PAUSE_S = 60.0
JITTER = 0.2
FORGOTTEN_AT_ONCE = 1000


@dataclass(frozen=True)
class Message:
    """One delivery, ready to be sent."""

    delivery_id: str
    event_id: str
    attempt: int
    body: bytes


@dataclass(frozen=True)
class Wave:
    """What is sent to one endpoint at once: of each resource the oldest."""

    url: str
    keys: Sequence[SecretStr]
    messages: Sequence[Message]


class WebhookDispatch:
    """One worker's share of the sending."""

    def __init__(
        self, units: UnitsOfWork, metrics: Metrics, settings: WebhookSettings, worker: str, sender: Sender | None = None
    ) -> None:
        self._units = units
        self._metrics = metrics
        self._settings = settings
        self._worker = worker
        self._sender = sender or GuardedSender(settings, Targets(settings))
        self._slots = asyncio.Semaphore(settings.concurrency)
        self._turns: dict[str, asyncio.Task[None]] = {}
        self._fresh = True
        fan_out = FanOut(units)

        async def read() -> None:
            await fan_out.run()
            self.loops[1].wake()

        self.loops: Sequence[Loop] = (
            Loop("webhook events", LOOK_INTERVAL_S, read, units.clock, metrics),
            Loop("webhook deliveries", LOOK_INTERVAL_S, self.look, units.clock, metrics),
        )

    async def look(self) -> None:
        """Begin the turn of every webhook that has something due, as far as there is room."""
        if self._fresh:
            await self._take_up()
            self._fresh = False
        room = self._settings.concurrency - len(self._turns)
        for webhook_id in await self._claim(room) if room > 0 else ():
            turn = asyncio.create_task(self._turn(webhook_id), name=f"webhook {webhook_id}")
            self._turns[webhook_id] = turn
            turn.add_done_callback(lambda _, ended=webhook_id: self._ended(ended))

    async def stop(self) -> None:
        """End what is under way; it is sent again."""
        turns = list(self._turns.values())
        for turn in turns:
            turn.cancel()
        await asyncio.gather(*turns, return_exceptions=True)
        await self._sender.close()

    async def forget(self, work: UnitOfWork, limit: int = FORGOTTEN_AT_ONCE) -> None:
        """Delete deliveries that are older than they are kept for, sent or not."""
        before = work.clock.now() - timedelta(days=self._settings.keep_days)
        old = select(WebhookDeliveryRow.position).where(WebhookDeliveryRow.created_at < before).limit(limit)
        await work.session.execute(delete(WebhookDeliveryRow).where(WebhookDeliveryRow.position.in_(old)))

    def _ended(self, webhook_id: str) -> None:
        turn = self._turns.pop(webhook_id)
        if not turn.cancelled() and turn.exception() is None:
            self.loops[1].wake()

    async def _take_up(self) -> None:
        """Give back what an earlier life of this worker held."""
        async with self._units.write(ACTOR) as work:
            mine = WebhookQueueRow.leased_by == self._worker
            await work.session.execute(update(WebhookQueueRow).where(mine).values(leased_by=None, leased_until=None))

    async def _claim(self, room: int) -> Sequence[str]:
        """Take the webhooks that have waited longest for their turn."""
        due = _due(self._units.clock.now())
        async with self._units.read(ACTOR) as work:
            if await work.session.scalar(select(WebhookQueueRow.webhook_id).where(due).limit(1)) is None:
                return ()
        async with self._units.write(ACTOR) as work:
            free = select(WebhookQueueRow).where(due).order_by(WebhookQueueRow.due_at).limit(room)
            rows = (await work.session.scalars(free.with_for_update(skip_locked=True))).all()
            for row in rows:
                row.leased_by, row.leased_until = self._worker, self._lease_end(work)
            return [row.webhook_id for row in rows]

    async def _turn(self, webhook_id: str) -> None:
        """Send to one webhook until nothing is due, it fails, or others want their turn."""
        began_s = self._units.clock.monotonic_s()
        going_on = True
        while going_on:
            wave = await self._next(webhook_id)
            if wave is None:
                break
            answers = await asyncio.gather(*(self._send(wave, message) for message in wave.messages))
            healthy = await self._record(webhook_id, wave.messages, answers)
            going_on = healthy and self._units.clock.monotonic_s() - began_s < TURN_S
        await self._give_back(webhook_id)

    async def _next(self, webhook_id: str) -> Wave | None:
        """Return what is to be sent now: nothing when it is disabled, or its holder's right has been withdrawn."""
        async with self._units.read(ACTOR) as work:
            webhook = await work.session.get(WebhookRow, webhook_id)
            queue = await work.session.get(WebhookQueueRow, webhook_id)
            if webhook is None or queue is None or not webhook.enabled or queue.leased_by != self._worker:
                return None
            right = await entitled(work, webhook)
            if right:
                limit = 1 if queue.failures else PER_ENDPOINT
                rows = (await work.session.scalars(_heads(webhook_id, work.clock.now(), limit))).all()
                messages = [Message(row.id, row.event_id, row.attempts + 1, row.body.encode()) for row in rows]
                return Wave(webhook.url, keys_of(work, webhook), messages) if messages else None
        async with self._units.write(ACTOR) as work:
            await disable(
                work, await work.session.get_one(WebhookRow, webhook_id), WebhookDisabledReason.RIGHT_WITHDRAWN
            )
        return None

    async def _send(self, wave: Wave, message: Message) -> Answer:
        async with self._slots:
            headers = signed_headers(message.event_id, message.body, self._units.clock.now(), wave.keys)
            answer = await self._sender.send(wave.url, headers, message.body)
        self._metrics.webhook_attempts.labels("taken" if answer.taken else answer.error or "refused").inc()
        return answer

    async def _record(self, webhook_id: str, messages: Sequence[Message], answers: Sequence[Answer]) -> bool:
        """Write down what came of a wave; returns whether the endpoint takes what it is sent."""
        async with self._units.write(ACTOR) as work:
            queue = await work.session.get(WebhookQueueRow, webhook_id, with_for_update=True)
            if queue is None:
                return False  # it was deleted meanwhile, and its deliveries with it
            for message, answer in zip(messages, answers, strict=True):
                await self._write_down(work, message, answer)
            now = work.clock.now()
            taken = all(answer.taken for answer in answers)
            if taken:
                queue.failures, queue.failing_since, queue.last_success_at = 0, None, now
            else:
                queue.failures, queue.last_failure_at = queue.failures + 1, now
                queue.failing_since = queue.failing_since or now
            queue.leased_until = self._lease_end(work)
            reason = self._reason_to_stop(queue, answers, now)
            webhook = await work.session.get(WebhookRow, webhook_id)
            if reason is not None and webhook is not None:
                await disable(work, webhook, reason)
            return taken

    async def _write_down(self, work: UnitOfWork, message: Message, answer: Answer) -> None:
        now = work.clock.now()
        values: dict[str, object] = {
            "attempts": message.attempt,
            "last_attempt_at": now,
            "status": answer.status,
            "error": answer.error,
            "duration_ms": answer.duration_ms,
            "excerpt": answer.excerpt,
        }
        if answer.taken:
            values |= {"state": DeliveryState.DELIVERED, "finished_at": now}
        elif message.attempt >= self._settings.attempts:
            values |= {"state": DeliveryState.FAILED, "finished_at": now}
        else:
            values["due_at"] = now + timedelta(seconds=self._pause_s(message.attempt))
        this = WebhookDeliveryRow.id == message.delivery_id
        await work.session.execute(update(WebhookDeliveryRow).where(this).values(values))

    def _pause_s(self, attempt: int) -> float:
        """Return how long to wait after an attempt: longer each time, and never quite the same."""
        pause_s = min(self._settings.retry_base_s * 3 ** (attempt - 1), LONGEST_PAUSE_S)
        return pause_s * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - jitter

    def _reason_to_stop(
        self, queue: WebhookQueueRow, answers: Sequence[Answer], now: datetime
    ) -> WebhookDisabledReason | None:
        if any(answer.gone for answer in answers):
            return WebhookDisabledReason.GONE
        limit = timedelta(seconds=self._settings.disable_after_s)
        failing = queue.failing_since is not None and now - queue.failing_since >= limit
        return WebhookDisabledReason.FAILING if failing else None

    async def _give_back(self, webhook_id: str) -> None:
        """End a turn, and say when the next one is due."""
        async with self._units.write(ACTOR) as work:
            queue = await work.session.get(WebhookQueueRow, webhook_id, with_for_update=True, populate_existing=True)
            if queue is None or queue.leased_by != self._worker:
                return
            webhook = await work.session.get_one(WebhookRow, webhook_id)
            queue.leased_by = queue.leased_until = None
            queue.due_at = await self._next_due(work, queue) if webhook.enabled else None

    async def _next_due(self, work: UnitOfWork, queue: WebhookQueueRow) -> datetime | None:
        """Return when the first delivery that waits for no other is due; an endpoint that fails is given a rest."""
        first = select(func.min(WebhookDeliveryRow.due_at)).where(*_first_of_resource(queue.webhook_id))
        due: datetime | None = await work.session.scalar(first)
        if due is None or not queue.failures:
            return due
        rest_s = min(self._settings.retry_base_s * 2 ** (min(queue.failures, 10) - 1), LONGEST_ENDPOINT_PAUSE_S)
        return max(due, work.clock.now() + timedelta(seconds=rest_s))

    def _lease_end(self, work: UnitOfWork) -> datetime:
        return work.clock.now() + timedelta(seconds=LEASE_S)


def _due(now: datetime) -> ColumnElement[bool]:
    free = or_(WebhookQueueRow.leased_until.is_(None), WebhookQueueRow.leased_until < now)
    return and_(WebhookQueueRow.due_at <= now, free)


def _first_of_resource(webhook_id: str) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions for a webhook's deliveries that wait, and before which no other of their resource does."""
    earlier = aliased(WebhookDeliveryRow)
    before = (
        earlier.webhook_id == WebhookDeliveryRow.webhook_id,
        earlier.resource_id == WebhookDeliveryRow.resource_id,
        earlier.state == DeliveryState.PENDING,
        earlier.position < WebhookDeliveryRow.position,
    )
    return (
        WebhookDeliveryRow.webhook_id == webhook_id,
        WebhookDeliveryRow.state == DeliveryState.PENDING,
        ~exists().where(*before),
    )


def _heads(webhook_id: str, now: datetime, limit: int) -> Select[WebhookDeliveryRow]:
    statement = select(WebhookDeliveryRow).where(WebhookDeliveryRow.due_at <= now, *_first_of_resource(webhook_id))
    return statement.order_by(WebhookDeliveryRow.position).limit(limit)
