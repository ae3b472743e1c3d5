"""How a feature describes durable work: a saga is a list of named steps, each with a way to do and to undo it."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from zaffre.foundation.actor import Actor, system_actor
from zaffre.foundation.clock import Clock
from zaffre.foundation.errors import DomainError
from zaffre.foundation.operations.operation import Operation
from zaffre.foundation.work import UnitOfWork, UnitsOfWork


class Cancelled(Exception):
    """The owner asked for the operation to be cancelled; the engine unwinds it."""


class StepTimedOut(DomainError):
    """A step took longer than it may."""

    code = "operation.step_timed_out"
    title = "A step took too long"
    status = 504

    def __init__(self, step: str, deadline_s: float) -> None:
        super().__init__(
            f"Step {step!r} did not finish within {deadline_s:g} s.",
            remedy="Try again; if it repeats, ask the operator to look at the host's health.",
            target=step,
        )


class Run:
    """What a step may use while it runs."""

    def __init__(
        self,
        operation: Operation,
        units: UnitsOfWork,
        report: Callable[[float, str | None], None],
        cancel_requested: Callable[[], Awaitable[bool]],
    ) -> None:
        self.operation = operation
        self.units = units
        self._report = report
        self._cancel_requested = cancel_requested

    @property
    def clock(self) -> Clock:
        """The clock."""
        return self.units.clock

    @property
    def actor(self) -> Actor:
        """The party that events of this operation name."""
        return system_actor("operations", operation_id=self.operation.id)

    @asynccontextmanager
    async def work(self) -> AsyncGenerator[UnitOfWork]:
        """Open a transaction for a part of the step.

        A step may use several, so each must leave a state from which the step can run again.
        """
        async with self.units.write(self.actor) as work:
            yield work

    def report(self, fraction: float, sentence: str | None = None) -> None:
        """Tell how far the present step is, from 0 to 1, and what it is doing."""
        self._report(fraction, sentence)

    async def check_cancelled(self) -> None:
        """Leave a long wait when the owner has asked for it.

        Raises:
            Cancelled: cancellation was requested; let it pass through.
        """
        if await self._cancel_requested():
            raise Cancelled


StepAction = Callable[[Run], Awaitable[None]]


async def nothing(_run: Run) -> None:
    """Do nothing: for a step whose work was already done in the intent's transaction, or that needs no undoing."""


@dataclass(frozen=True)
class Step:
    """One step of a saga.

    `do` and `undo` are idempotent: either may be interrupted anywhere and run again, and `undo` may be called when `do`
    never ran. An error marked `transient` is tried again with growing pauses before it counts as a failure.
    """

    name: str
    sentence: str
    """For people, in the progressive: `Choosing a host`."""
    do: StepAction
    undo: StepAction = nothing
    deadline_s: float = 60.0
    """For one attempt."""
    attempts: int = 4
    cancellable: bool = True
    """False for a step after the point from which nothing can be undone: a cancellation comes too late for it."""


class Saga(Protocol):
    """Durable work of one kind."""

    kind: str
    """What operations of this saga say in `kind`."""
    cancellable: bool
    """Whether the owner may stop it half-way. Deletions are not: there is nothing sensible to unwind to."""

    def steps(self) -> Sequence[Step]:
        """Return the steps in order. The same operation must get the same steps in every process that runs it."""
        ...
