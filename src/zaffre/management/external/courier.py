"""The courier: carries to programs what they have to be told, and writes down what they answer.

Each program has turns of its own, so one that is slow or away holds up nobody else. A message under way is leased;
when its process is killed, it is told again after the lease, which programs take as what they know already. Whoever
notes the answer also notes whether the subscription is in sync, so that a program which was away is healed when it is
back.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, and_, or_, select, update

from zaffre.foundation.actor import system_actor
from zaffre.foundation.background import Loop
from zaffre.foundation.errors import DomainError
from zaffre.foundation.settings import ProviderSettings
from zaffre.foundation.telemetry.metrics import Metrics
from zaffre.foundation.work import UnitOfWork, UnitsOfWork
from zaffre.management.external.catalog import Catalog
from zaffre.management.external.external_provider import ExternalProvider, failures_of
from zaffre.management.external.lines import Answer, Line, Lines, ProviderRefused, ProviderUnreachable
from zaffre.management.external.messages import PATIENT_ATTEMPTS, NotTold, is_quota_only
from zaffre.management.external.registrations import check_health, reference
from zaffre.management.external.reservations import release_all
from zaffre.management.external.tables import ProviderMessageRow, ResourceProviderConditionRow, ResourceProviderRow
from zaffre.management.limits import hold_subscriptions
from zaffre.management.providers import ChangeKind, ProviderRegistry
from zaffre.management.subscriptions import SubscriptionState, SyncState
from zaffre.management.syncs import note_out_of_sync, tell_one
from zaffre.management.tables import SubscriptionRow, SubscriptionSyncRow

log = structlog.get_logger(__name__)

ACTOR = system_actor("provider courier")
AT_ONCE = 8
"""Changes that one program is told of at once."""
LEASE_MARGIN_S = 20.0
TURN_S = 5.0
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 60.0
JITTER = 0.2
USUAL_PENDING_S = 2.0
CAUSE_CHARACTERS = 400


@dataclass(frozen=True)
class Message:
    """What a program is told of one subscription."""

    subscription_id: str
    number: int
    attempts: int
    content: Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What came of telling."""

    known: bool = False
    sentence: str = ""
    """What the program still does, when it does not know yet and has not failed."""
    again_s: float = USUAL_PENDING_S
    error: str | None = None
    refused: bool = False
    """Whether it was the program that said no: trying at once again is no use."""


class Courier:
    """One worker's share of the telling."""

    def __init__(
        self,
        units: UnitsOfWork,
        providers: ProviderRegistry,
        catalog: Catalog,
        lines: Lines,
        settings: ProviderSettings,
        metrics: Metrics,
    ) -> None:
        self._units = units
        self._providers = providers
        self._catalog = catalog
        self._lines = lines
        self._settings = settings
        self._turns: dict[str, asyncio.Task[None]] = {}
        clock = units.clock
        self._looking = Loop("provider messages", settings.look_interval_s, self.look, clock, metrics)
        self.loops = [
            self._looking,
            Loop("provider health", settings.health_interval_s, self.ask_all_how_they_are, clock, metrics),
        ]

    async def stop(self) -> None:
        """End all turns; what was under way is told again after its lease."""
        for turn in self._turns.values():
            turn.cancel()
        await asyncio.gather(*self._turns.values(), return_exceptions=True)

    async def look(self) -> None:
        """Give every program a turn for which something is due and that has none."""
        async with self._units.read(ACTOR) as work:
            names = select(ProviderMessageRow.provider).where(_due(work.clock.now())).distinct()
            due = (await work.session.scalars(names)).all()
        for name in due:
            provider = self._catalog.get(name)
            if provider is not None and provider.enabled and name not in self._turns:
                turn = self._turns[name] = asyncio.create_task(self._turn(provider), name=f"messages to {name}")
                turn.add_done_callback(lambda _, name=name: self._ended(name))

    async def ask_all_how_they_are(self) -> None:
        """Ask every program how it is, side by side."""
        await asyncio.gather(*(self._ask_how_it_is(each) for each in self._catalog.all() if each.enabled))

    def _ended(self, name: str) -> None:
        turn = self._turns.pop(name)
        if turn.cancelled():
            return
        failure = turn.exception()
        if failure is not None:
            log.error("telling a resource provider failed", provider=name, error=repr(failure))
        else:
            self._looking.wake()

    async def _turn(self, provider: ExternalProvider) -> None:
        """Tell one program what is due, until nothing is, it fails, or it has had enough time."""
        began_s = self._units.clock.monotonic_s()
        while self._units.clock.monotonic_s() - began_s < TURN_S:
            line, messages = await self._claim(provider)
            if line is None or not messages:
                return
            together = [each for each in messages if is_quota_only(each.content)]
            alone = [each for each in messages if not is_quota_only(each.content)]
            telling = self._tell_together(line, provider, together)
            outcomes, others = await asyncio.gather(
                telling, asyncio.gather(*(self._tell_alone(line, provider, each) for each in alone))
            )
            for message, outcome in zip((*together, *alone), (*outcomes, *others), strict=True):
                await self._note(provider, message, outcome)

    async def _claim(self, provider: ExternalProvider) -> tuple[Line | None, Sequence[Message]]:
        """Take messages that are due: as many changes as are told at once, or a batch of limits."""
        async with self._units.write(ACTOR) as work:
            row = await work.session.get(ResourceProviderRow, provider.id)
            if row is None or not row.enabled:
                return None, ()
            now = work.clock.now()
            due = select(ProviderMessageRow).where(ProviderMessageRow.provider == provider.name, _due(now))
            due = due.order_by(ProviderMessageRow.due_at).limit(provider.quota_batch).with_for_update(skip_locked=True)
            rows = (await work.session.scalars(due)).all()
            limits = [each for each in rows if is_quota_only(each.content)]
            changes = [each for each in rows if not is_quota_only(each.content)][:AT_ONCE]
            until = now + timedelta(seconds=self._settings.timeout_s + LEASE_MARGIN_S)
            for each in (*limits, *changes):
                each.leased_until = until
            messages = [
                Message(each.subscription_id, each.number, each.attempts, dict(each.content))
                for each in (*limits, *changes)
            ]
            return self._lines.to(row), messages

    async def _tell_alone(self, line: Line, provider: ExternalProvider, message: Message) -> Outcome:
        content = {"number": message.number, **message.content}
        try:
            answer = await line.ask("PUT", f"/subscriptions/{message.subscription_id}", content)
        except ProviderUnreachable as error:
            return Outcome(error=error.cause)
        return _outcome(provider.name, answer)

    async def _tell_together(
        self, line: Line, provider: ExternalProvider, messages: Sequence[Message]
    ) -> Sequence[Outcome]:
        """Tell limits in one request; those that are not among its failures are known."""
        if not messages:
            return []
        updates = [
            {
                "subscription_id": each.subscription_id,
                "number": each.number,
                "quota": each.content["service"]["quota"],
            }
            for each in messages
        ]
        try:
            answer = await line.ask("POST", "/quotas", {"validate_only": False, "updates": updates})
        except ProviderUnreachable as error:
            return [Outcome(error=error.cause)] * len(messages)
        if not answer.good:
            return [_outcome(provider.name, answer)] * len(messages)
        failures = failures_of(answer)
        causes = [failures.get(each.subscription_id) for each in messages]
        return [Outcome(known=True) if cause is None else Outcome(error=cause, refused=True) for cause in causes]

    async def _note(self, provider: ExternalProvider, message: Message, outcome: Outcome) -> None:
        """Write down what came of telling, unless something newer is to be told by now."""
        async with self._units.write(ACTOR) as work:
            key = (provider.name, message.subscription_id)
            # In the order in which everybody locks these: the subscription, its sync state, the message.
            await hold_subscriptions(work, [message.subscription_id])
            await work.session.get(SubscriptionSyncRow, key[::-1], with_for_update=True)
            row = await work.session.get(ProviderMessageRow, key, with_for_update=True)
            if row is None:
                return
            row.leased_until = None
            if row.number != message.number:
                return
            now = work.clock.now()
            if outcome.known:
                row.answered, row.answered_at = message.number, now
                row.sentence, row.error, row.attempts, row.due_at = "", None, 0, None
                if message.content["kind"] == ChangeKind.DELETED:
                    await release_all(work, *key)
            elif outcome.error is None:
                row.sentence, row.error, row.attempts = outcome.sentence, None, 0
                row.due_at = now + timedelta(seconds=outcome.again_s)
            else:
                row.attempts += 1
                row.due_at = now + timedelta(seconds=_pause_s(row.attempts))
                if outcome.refused or row.attempts >= PATIENT_ATTEMPTS:
                    row.error = outcome.error[:CAUSE_CHARACTERS]
            await work.session.flush()
            await self._carry_on(work, provider.name, message.subscription_id, row.error)

    async def _carry_on(self, work: UnitOfWork, provider: str, subscription_id: str, error: str | None) -> None:
        """Note on the subscription's sync state what this means for it."""
        sync = await work.session.get(SubscriptionSyncRow, (subscription_id, provider))
        if sync is None or sync.state == SyncState.IN_SYNC:
            return
        if error is not None:
            await note_out_of_sync(work, subscription_id, provider, NotTold(provider, error).detail)
            return
        subscription = await work.session.get(SubscriptionRow, subscription_id)
        if subscription is not None and subscription.state != SubscriptionState.DELETING:
            # Else the deletion asks by itself, in its order.
            await tell_one(work, self._providers, subscription_id, provider)

    async def _ask_how_it_is(self, provider: ExternalProvider) -> None:
        async with self._units.read(ACTOR) as work:
            row = await work.session.get(ResourceProviderRow, provider.id)
        if row is None:
            return
        try:
            healthy, sentence = await check_health(self._lines.to(row), provider.name)
        except DomainError as error:
            healthy, sentence = False, error.detail[:200]
        async with self._units.write(ACTOR) as work:
            condition = await work.session.get(ResourceProviderConditionRow, provider.id)
            if condition is None:
                return
            if condition.checked_at is not None and condition.healthy != healthy:
                if healthy:
                    work.emit("resource_provider.recovered", reference(row), sentence=sentence)
                else:
                    work.emit("resource_provider.failing", reference(row), sentence=sentence)
            condition.healthy, condition.sentence, condition.checked_at = healthy, sentence, work.clock.now()
        if healthy and provider.name not in self._turns:
            await self._try_again(provider.name)

    async def _try_again(self, provider: str) -> None:
        """Let what a program could not be told be due at once: it answers again."""
        now = self._units.clock.now()
        row = ProviderMessageRow
        waiting = and_(row.provider == provider, row.attempts >= PATIENT_ATTEMPTS, row.due_at > now)
        async with self._units.read(ACTOR) as work:
            if await work.session.scalar(select(row.subscription_id).where(waiting).limit(1)) is None:
                return
        async with self._units.write(ACTOR) as work:
            quietly = update(row).where(waiting).execution_options(synchronize_session=False)
            await work.session.execute(quietly.values(due_at=now))
        self._looking.wake()


def _due(now: datetime) -> ColumnElement[bool]:
    row = ProviderMessageRow
    return and_(row.due_at <= now, or_(row.leased_until.is_(None), row.leased_until < now))


def _outcome(name: str, answer: Answer) -> Outcome:
    """Return what an answer to a change means."""
    if not answer.good:
        return Outcome(error=ProviderRefused(name, answer).detail, refused=True)
    told = answer.told
    if told.get("state") != "pending":
        return Outcome(known=True)
    again: Any = told.get("retry_after_s")
    again_s = float(again) if isinstance(again, int | float) and not isinstance(again, bool) else USUAL_PENDING_S
    sentence = str(told.get("sentence") or "It is working on it.")
    return Outcome(sentence=sentence[:200], again_s=min(max(again_s, 0.5), LONGEST_PAUSE_S))


def _pause_s(attempts: int) -> float:
    pause_s = min(FIRST_PAUSE_S * 2 ** min(attempts - 1, 10), LONGEST_PAUSE_S)
    return pause_s * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - jitter
