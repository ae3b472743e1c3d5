"""The approval desk: asks programs about change requests, in line or later, and makes what they approve.

Nothing of it happens while a transaction is open. A change request is written down first; then its programs are asked,
one after another; what each says is written down; then the change is made, in the transaction that closes the request.
Whoever does so holds the request for a time (`asked_until`). When a process is killed, the courier of another, or of
its next life, goes on once that is over: a program may be asked again under the same id, and a change is made once.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any, TypeVar

import structlog
from fastapi import Response
from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.exc import DBAPIError

from zaffre.foundation.actor import Actor, system_actor
from zaffre.foundation.background import Loop
from zaffre.foundation.database import sacrificed
from zaffre.foundation.errors import Conflict, DomainError, Forbidden, RaceLost
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.settings import ProviderSettings
from zaffre.foundation.telemetry.metrics import Metrics
from zaffre.foundation.work import UnitOfWork, UnitsOfWork
from zaffre.identity import Caller
from zaffre.management.approvals.asking import Asking, AskOutcome, AskTrigger, Question, Verdict
from zaffre.management.approvals.change_requests import (
    ChangeRequests,
    ChangeRequestState,
    NotWaiting,
    decide,
    hold,
    note_made,
    tell,
)
from zaffre.management.approvals.descriptions import describe, trial
from zaffre.management.approvals.programs import ApprovalPrograms, WhenSilent, keys_of, reference
from zaffre.management.approvals.rules import NeededApproval
from zaffre.management.approvals.tables import ApprovalAskRow, ApprovalProgramRow, ChangeRequestRow
from zaffre.management.metering.meters import Meters
from zaffre.management.providers import ProviderRegistry

log = structlog.get_logger(__name__)
Result = TypeVar("Result")

ACTOR = system_actor("approval programs")
LONGEST_IN_LINE_S = 10.0
"""As long does whoever wants a change wait for the answers of all its programs."""
IN_LINE_AT_ONCE = 32
"""More wait as change requests instead, so that slow programs do not use up what serves everybody."""
HELD_MARGIN_S = 5.0
"""Beyond it, whoever holds a request may be dead. If not, its program is asked twice, and the change made once."""
EACH_AT_ONCE = 4
"""Requests about which the courier asks one program at once."""
TURN_S = 5.0
FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 300.0
JITTER = 0.2
ATTEMPTS = 4
ASKS_KEPT = 200
"""Questions of which each program's log tells."""
QUIETLY = {"synchronize_session": False}
MAKING = "making"
"""Stands for the program of requests that all programs have approved."""


class ApprovalRefused(Forbidden):
    """A program refuses the change."""

    code = "approval.refused"
    title = "The change was not approved"

    def __init__(self, row: ChangeRequestRow) -> None:
        super().__init__(
            row.decision_reason or "It was not approved.",
            remedy="Ask the provider; the change request tells what was wanted and why it was refused.",
            target=row.id,
        )


class ApprovalWaits(Conflict):
    """There is no answer yet."""

    code = "approval.waiting"
    title = "The change waits for an approval"

    def __init__(self, request_id: str) -> None:
        super().__init__(
            f"There is no answer yet. Change request {request_id} waits for it.",
            remedy="Do not send it again: the change is made when it is approved. See the change request.",
            target=request_id,
        )


class Step(StrEnum):
    """How far a change request has come."""

    ASK = "ask"
    """There is another program to ask."""
    MAKE = "make"
    """All have approved it."""
    WAIT = "wait"
    """Nothing can be done now."""
    OVER = "over"


@dataclass(frozen=True)
class Approval:
    """A change that programs have approved, to be made by the request that wants it."""

    request_id: str
    reason: str

    async def make(self, work: UnitOfWork, endpoint: Callable[[], Awaitable[Response]]) -> Response:
        """Make the change with `endpoint`, and close the change request: both or neither.

        Raises:
            NotWaiting: somebody has decided meanwhile.
        """
        row = await hold(work, self.request_id)
        response = await endpoint()
        operation_id = response.headers.get("Operation-Location", "").rpartition("/")[2]
        operation = await work.session.get(OperationRow, operation_id) if operation_id else None
        if operation is not None:
            note_made(row, operation)
        await decide(work, row, ChangeRequestState.APPROVED, self.reason)
        return response


class ApprovalDesk:
    """One process's share of asking."""

    def __init__(
        self,
        units: UnitsOfWork,
        providers: ProviderRegistry,
        meters: Meters,
        settings: ProviderSettings,
        metrics: Metrics,
    ) -> None:
        self._units = units
        self._providers = providers
        self._meters = meters
        self._metrics = metrics
        self.asking = Asking(settings)
        self._in_line = 0
        self._turns: dict[str, asyncio.Task[None]] = {}
        self.loop = Loop("approval programs", settings.look_interval_s, self.look, units.clock, metrics)

    async def stop(self) -> None:
        """End all turns; what was under way is taken up again."""
        turns = list(self._turns.values())
        for turn in turns:
            turn.cancel()
        await asyncio.gather(*turns, return_exceptions=True)
        await self.asking.close()

    # In line -------------------------------------------------------------------------------------------------------

    async def approval(self, needed: NeededApproval, actor: Actor, caller: Caller) -> Approval:
        """Ask the programs that a change needs, while whoever wants it waits.

        Raises:
            ApprovalRefused: one refuses.
            ApprovalWaits: one has not answered, and that is to be waited for.
            DomainError: whatever asking for the change is refused for.
        """
        in_line = self._in_line < IN_LINE_AT_ONCE
        held_s = LONGEST_IN_LINE_S + HELD_MARGIN_S if in_line else 0

        async def ask(work: UnitOfWork) -> str:
            return (await ChangeRequests(work, caller, self._providers).ask(needed.wish, "", held_s)).id

        request_id = await self._written(actor, ask)
        if not in_line:
            raise ApprovalWaits(request_id)
        self._in_line += 1
        try:
            return await self._approved(request_id)
        finally:
            self._in_line -= 1

    async def close(self, request_id: str, refusal: DomainError) -> None:
        """Close a request whose change was approved and is refused all the same."""

        async def decline(work: UnitOfWork) -> None:
            row = await hold(work, request_id)
            await decide(work, row, ChangeRequestState.DECLINED, f"It was approved, but cannot be: {refusal.detail}")

        try:
            await self._written(ACTOR, decline)
        except NotWaiting:
            return

    async def _approved(self, request_id: str) -> Approval:
        deadline_s = self._units.clock.monotonic_s() + LONGEST_IN_LINE_S
        while True:
            left_s = deadline_s - self._units.clock.monotonic_s()
            if left_s <= 0:
                await self._let_go(request_id)
                raise ApprovalWaits(request_id)
            step = await self._go_on(request_id, AskTrigger.IN_LINE, left_s)
            if step is Step.ASK:
                continue
            async with self._units.read(ACTOR) as work:
                row = await work.session.get_one(ChangeRequestRow, request_id)
            if step is Step.MAKE:
                return Approval(request_id, row.decision_reason or "")
            if row.state == ChangeRequestState.DECLINED:
                raise ApprovalRefused(row)
            if row.state != ChangeRequestState.WAITING:
                raise NotWaiting(row)
            raise ApprovalWaits(request_id)

    async def _let_go(self, request_id: str) -> None:
        """Leave a request to the courier."""
        async with self._units.write(ACTOR) as work:
            mine = update(ChangeRequestRow).where(ChangeRequestRow.id == request_id).execution_options(**QUIETLY)
            await work.session.execute(mine.values(asked_until=None))

    # The courier ---------------------------------------------------------------------------------------------------

    async def look(self) -> None:
        """Give every program a turn about which requests are due and that has none."""
        async with self._units.read(ACTOR) as work:
            rows = await work.session.execute(
                select(ChangeRequestRow.id, ChangeRequestRow.programs)
                .where(_due(work.clock.now()))
                .order_by(ChangeRequestRow.ask_due_at)
                .limit(1000)
            )
            due: dict[str, list[str]] = {}
            for request_id, programs in rows.all():
                due.setdefault(programs[0] if programs else MAKING, []).append(request_id)
        for program_id, request_ids in due.items():
            if program_id not in self._turns:
                turn = self._turns[program_id] = asyncio.create_task(self._turn(request_ids))
                turn.add_done_callback(partial(self._ended, program_id))

    def _ended(self, program_id: str, turn: asyncio.Task[None]) -> None:
        del self._turns[program_id]
        if turn.cancelled():
            return
        failure = turn.exception()
        if failure is not None:
            log.error("asking an approval program failed", program=program_id, error=repr(failure))
        else:
            self.loop.wake()

    async def _turn(self, request_ids: Sequence[str]) -> None:
        """Go on with the requests of one program, a few at once, until its time is over."""
        began_s = self._units.clock.monotonic_s()
        for start in range(0, len(request_ids), EACH_AT_ONCE):
            if self._units.clock.monotonic_s() - began_s > TURN_S:
                return
            async with asyncio.TaskGroup() as dealing:
                for each in request_ids[start : start + EACH_AT_ONCE]:
                    dealing.create_task(self._deal(each))

    async def _deal(self, request_id: str) -> None:
        """Go on with one request that is due."""
        if not await self._claim(request_id):
            return
        step = Step.ASK
        while step is Step.ASK:
            step = await self._go_on(request_id, AskTrigger.COURIER)
        if step is Step.MAKE:
            await self._make(request_id)

    async def _claim(self, request_id: str) -> bool:
        async with self._units.write(ACTOR) as work:
            now = work.clock.now()
            mine = update(ChangeRequestRow).where(ChangeRequestRow.id == request_id, _due(now))
            until = now + timedelta(seconds=LONGEST_IN_LINE_S + HELD_MARGIN_S)
            taken = mine.values(asked_until=until).returning(ChangeRequestRow.id).execution_options(**QUIETLY)
            return await work.session.scalar(taken) is not None

    async def _make(self, request_id: str) -> None:
        """Make a change that all programs have approved."""

        async def make(work: UnitOfWork) -> None:
            row = await hold(work, request_id)
            reason = row.decision_reason or ""
            await ChangeRequests(work, _nobody(row), self._providers).make(row)
            await decide(work, row, ChangeRequestState.APPROVED, reason)
            await tell(work, row)

        try:
            await self._written(ACTOR, make)
        except NotWaiting:
            return
        except DomainError as refusal:
            if refusal.transient:
                await self._again(request_id)
            else:
                await self.close(request_id, refusal)

    async def _again(self, request_id: str) -> None:
        """Try to make the change once more, later."""
        async with self._units.write(ACTOR) as work:
            row = await hold(work, request_id)
            row.ask_due_at, row.asked_until = work.clock.now() + timedelta(seconds=FIRST_PAUSE_S), None

    # One step ------------------------------------------------------------------------------------------------------

    async def _go_on(self, request_id: str, trigger: AskTrigger, within_s: float | None = None) -> Step:
        """Ask the next program about a request that is held, and write down what it says."""
        async with self._units.write(ACTOR) as work:
            try:
                row = await hold(work, request_id)
            except NotWaiting:
                return Step.OVER
            question = await self._question(work, row)
            if question is None:
                return _next_step(row)
        verdict = await self.asking.ask(question, self._units.clock.now(), within_s)
        async with self._units.write(ACTOR) as work:
            await self._log(work, question, verdict, trigger, request_id)
            try:
                row = await hold(work, request_id)
            except NotWaiting:
                return Step.OVER
            return await self._follow(work, row, question, verdict, trigger)

    async def _question(self, work: UnitOfWork, row: ChangeRequestRow) -> Question | None:
        """Return what the next program is asked; one that is not there any more leaves it to people."""
        while row.programs:
            program = await work.session.get(ApprovalProgramRow, row.programs[0])
            if program is not None:
                return _question(work, program, row.id, await describe(work, self._meters, row))
            row.programs, row.needs_person = row.programs[1:], True
        return None

    async def _follow(
        self, work: UnitOfWork, row: ChangeRequestRow, question: Question, verdict: Verdict, trigger: AskTrigger
    ) -> Step:
        """Do with a request what the verdict says, or what is to be done when there is none."""
        name = question.program_name
        said = f" It said: {verdict.reason}" if verdict.reason else ""
        if verdict.outcome is AskOutcome.REFUSED:
            return await self._decline(work, row, f"{name} does not approve it.{said}", trigger)
        if verdict.outcome is AskOutcome.SILENT and question.when_silent == WhenSilent.REFUSE:
            sentence = f"{name} did not answer ({verdict.error}), and nothing is approved without its answer."
            return await self._decline(work, row, sentence, trigger)
        if verdict.outcome is AskOutcome.SILENT and question.when_silent == WhenSilent.ASK_A_PERSON:
            # Past the row's generation: whoever is about to decide has read nothing that has changed.
            due_at = work.clock.now() + timedelta(seconds=_pause_s(row.asks + 1))
            mine = update(ChangeRequestRow).where(ChangeRequestRow.id == row.id).execution_options(**QUIETLY)
            await work.session.execute(mine.values(asks=row.asks + 1, ask_due_at=due_at, asked_until=None))
            return Step.WAIT
        sentence = f"{name} approves it.{said}"
        if verdict.outcome is AskOutcome.SILENT:
            sentence = f"{name} did not answer ({verdict.error}), which counts as a yes."
        row.decision_reason = f"{row.decision_reason or ''} {sentence}".strip()
        row.programs, row.asks = row.programs[1:], 0
        return _next_step(row)

    async def _decline(self, work: UnitOfWork, row: ChangeRequestRow, reason: str, trigger: AskTrigger) -> Step:
        await decide(work, row, ChangeRequestState.DECLINED, reason)
        if trigger is not AskTrigger.IN_LINE:
            await tell(work, row)
        return Step.OVER

    # Trials and the log --------------------------------------------------------------------------------------------

    async def trial(self, program_id: str, actor: Actor) -> ApprovalAskRow:
        """Ask a program about a change that nobody wants; returns what the log tells of it."""
        async with self._units.read(actor) as work:
            program = await ApprovalPrograms(work, self.asking.targets).get(program_id)
            message_id = work.ids.new()
            question = _question(work, program, message_id, trial(work, message_id))
        verdict = await self.asking.ask(question, self._units.clock.now())
        async with self._units.write(actor) as work:
            row = await self._log(work, question, verdict, AskTrigger.TRIAL, None)
            await ApprovalPrograms(work, self.asking.targets).get(program_id)
            work.emit("approval_program.tested", reference(program), outcome=verdict.outcome)
            return row

    async def _log(
        self, work: UnitOfWork, question: Question, verdict: Verdict, trigger: AskTrigger, request_id: str | None
    ) -> ApprovalAskRow:
        """Write down a question, forget the oldest, and tell when a program falls silent or answers again."""
        self._metrics.approval_asks.labels(verdict.outcome).inc()
        now = work.clock.now()
        row = ApprovalAskRow(
            id=work.ids.new(),
            program_id=question.program_id,
            request_id=request_id,
            trigger=trigger,
            outcome=verdict.outcome,
            status=verdict.status,
            error=verdict.error,
            reason=verdict.reason,
            duration_ms=verdict.duration_ms,
            created_at=now,
        )
        program = await work.session.get(
            ApprovalProgramRow, question.program_id, with_for_update=True, populate_existing=True
        )
        if program is None:
            return row  # it was deleted meanwhile
        work.add(row)
        silent = verdict.outcome is AskOutcome.SILENT
        if silent != (program.silent_since is not None):
            kind = "approval_program.silent" if silent else "approval_program.recovered"
            work.emit(kind, reference(program), error=verdict.error)
        noted: Mapping[str, datetime | None] = (
            {"silent_since": program.silent_since or now} if silent else {"silent_since": None, "last_answered_at": now}
        )
        # What is observed is written past the row's generation: it is nobody's change.
        this = update(ApprovalProgramRow).where(ApprovalProgramRow.id == program.id).execution_options(**QUIETLY)
        await work.session.execute(this.values(last_asked_at=now, **noted))
        await work.session.flush()
        of_program = ApprovalAskRow.program_id == program.id
        newest = select(ApprovalAskRow.created_at).where(of_program).order_by(ApprovalAskRow.created_at.desc())
        oldest_kept = await work.session.scalar(newest.offset(ASKS_KEPT).limit(1))
        if oldest_kept is not None:
            old = delete(ApprovalAskRow).where(of_program, ApprovalAskRow.created_at <= oldest_kept)
            await work.session.execute(old)
        return row

    async def _written(self, actor: Actor, change: Callable[[UnitOfWork], Awaitable[Result]]) -> Result:
        """Do something in a transaction, again if it lost a race or the database had to sacrifice it."""
        for attempt in range(ATTEMPTS):
            try:
                async with self._units.write(actor) as work:
                    return await change(work)
            except (DBAPIError, RaceLost) as error:
                lost = isinstance(error, RaceLost) or sacrificed(error)
                if not lost or attempt == ATTEMPTS - 1:
                    raise
            await asyncio.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - jitter
        raise AssertionError("unreachable")


def _question(work: UnitOfWork, program: ApprovalProgramRow, message_id: str, content: Mapping[str, Any]) -> Question:
    return Question(
        program.id,
        program.name,
        program.url,
        program.ca_certificates,
        program.timeout_s,
        program.when_silent,
        keys_of(work, program),
        message_id,
        content,
    )


def _next_step(row: ChangeRequestRow) -> Step:
    """Return what is next for a request that is held, and note whether the courier has to do with it."""
    if row.programs:
        return Step.ASK
    if row.needs_person:
        row.ask_due_at = row.asked_until = None
        return Step.WAIT
    return Step.MAKE


def _nobody(row: ChangeRequestRow) -> Caller:
    """Return a caller for rules that make the change as the one who asked, whatever the caller may."""
    return Caller(row.account_id, "", frozenset())


def _due(now: datetime) -> ColumnElement[bool]:
    row = ChangeRequestRow
    free = or_(row.asked_until.is_(None), row.asked_until < now)
    return and_(row.state == ChangeRequestState.WAITING, row.ask_due_at <= now, row.expires_at > now, free)


def _pause_s(asks: int) -> float:
    pause_s = min(FIRST_PAUSE_S * 2 ** min(asks - 1, 10), LONGEST_PAUSE_S)
    return pause_s * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - jitter
