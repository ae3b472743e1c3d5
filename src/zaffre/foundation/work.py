"""The unit of work: one transaction with everything a rule needs while it runs.

A request or a saga step opens one, hands it to services, and commits. Whatever must follow a commit (waking readers of
the event log, dispatching operations) is registered on it and happens only if the commit did.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from zaffre.foundation.actor import Actor, ActorKind
from zaffre.foundation.audit.capture import CAPTURE, About, Capture, Deed
from zaffre.foundation.clock import Clock
from zaffre.foundation.database import Database, Table, watch
from zaffre.foundation.errors import DomainError
from zaffre.foundation.events.stream import Signal
from zaffre.foundation.events.tables import LifecycleEventRow
from zaffre.foundation.ids import IdSource
from zaffre.foundation.operations.operation import NewOperation, OperationState
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.secrets import Keyring

_writing: ContextVar[bool] = ContextVar("writing", default=False)


@dataclass(frozen=True)
class ResourceRef:
    """Names the resource that an event or an operation is about, and who may see that."""

    type: str
    id: str
    name: str | None = None
    subscription_id: str | None = None
    account_id: str | None = None
    """The account that sees events about it apart from its subscription's members."""


@dataclass
class UnitOfWork:
    """One transaction, with the clock, the id source and the party it acts for."""

    session: AsyncSession
    clock: Clock
    ids: IdSource
    keyring: Keyring
    actor: Actor
    started: list[str] = field(default_factory=list[str])
    """Queues that got a new operation in this transaction."""
    emitted: int = 0
    capture: Capture | None = None
    """What the transaction changes, for the audit trail; None in one that only reads."""

    def add(self, *rows: Table) -> None:
        """Insert rows when the transaction is flushed."""
        self.session.add_all(rows)

    async def save(self, row: Table, refuse: Callable[[IntegrityError], DomainError]) -> None:
        """Insert or update a row now, so that a constraint it violates is known here.

        The transaction is lost then, which is why `refuse` says what to raise: nothing else can follow, and the row
        cannot be read any more. Without a savepoint around it, saving costs one statement instead of three.

        Raises:
            DomainError: what `refuse` made of the violation.
        """
        self.session.add(row)
        await self._flush(refuse)

    async def remove(self, row: Table, refuse: Callable[[IntegrityError], DomainError]) -> None:
        """Delete a row now, so that what still refers to it is known here; see `save`.

        Raises:
            DomainError: what `refuse` made of the violation.
        """
        await self.session.delete(row)
        await self._flush(refuse)

    def emit(self, kind: str, resource: ResourceRef, *, operation_id: str | None = None, **data: Any) -> None:
        """Record a lifecycle event; `data` must be JSON and free of secrets.

        `operation_id` names the operation it belongs to when that is not the one the actor runs.
        """
        self.emitted += 1
        if self.capture is not None:
            about = About(resource.type, resource.id, resource.name, resource.subscription_id, resource.account_id)
            self.capture.tell(Deed(kind, about, data, operation_id, observed=True))
        self.add(
            LifecycleEventRow(
                id=self.ids.new(),
                kind=kind,
                occurred_at=self.clock.now(),
                actor_kind=self.actor.kind,
                actor_id=self.actor.id,
                acting_for_id=self.actor.acting_for,
                account_id=resource.account_id,
                subscription_id=resource.subscription_id,
                resource_type=resource.type,
                resource_id=resource.id,
                resource_name=resource.name,
                operation_id=operation_id or self.actor.operation_id,
                request_id=self.actor.request_id,
                data=data,
            )
        )

    def note(self, action: str, about: About, detail: Mapping[str, Any]) -> None:
        """Record in the audit trail what changes no row and is no event; `detail` must be JSON and free of secrets."""
        if self.capture is not None:
            self.capture.tell(Deed(action, about, detail))

    def start(self, operation: NewOperation, resource: ResourceRef) -> OperationRow:
        """Record that `operation` shall run; a worker takes it up after the commit."""
        row = OperationRow(
            id=self.ids.new(),
            kind=operation.kind,
            state=OperationState.QUEUED,
            queue=operation.queue,
            account_id=self.actor.id if self.actor.kind is ActorKind.ACCOUNT else None,
            subscription_id=resource.subscription_id,
            resource_type=resource.type,
            resource_id=resource.id,
            resource_name=resource.name,
            parameters=operation.parameters,
            request_id=self.actor.request_id,
            created_at=self.clock.now(),
        )
        self.add(row)
        self.started.append(operation.queue)
        if self.capture is not None:
            self.capture.started(row)
        return row

    async def _flush(self, refuse: Callable[[IntegrityError], DomainError]) -> None:
        try:
            await self.session.flush()
        except IntegrityError as error:
            raise refuse(error) from None


class UnitsOfWork:
    """Opens units of work on one database."""

    def __init__(self, database: Database, clock: Clock, ids: IdSource, keyring: Keyring) -> None:
        self.database = database
        self.clock = clock
        self.ids = ids
        self.keyring = keyring
        self.events_written = Signal()
        """Woken after every commit that wrote events."""
        self.on_operations_started: list[Callable[[set[str]], None]] = []
        """Called after every commit that started operations, with their queues."""
        self.watchers: list[Callable[[UnitOfWork, Session], None]] = []
        """Called before rows are written, with those in the session; what they add is written in the same go."""

    @asynccontextmanager
    async def write(self, actor: Actor) -> AsyncGenerator[UnitOfWork]:
        """Open a transaction that may change things; commits when the block ends without an exception.

        Raises:
            RuntimeError: the same task is already writing (two write transactions of one task would wait for each other
                for ever on SQLite, and would not be atomic anywhere).
        """
        if _writing.get():
            raise RuntimeError("a unit of work is already open for writing in this task; pass it on instead")
        token = _writing.set(True)
        try:
            async with self.database.transaction(write=True) as session:
                capture = session.info[CAPTURE] = Capture(actor, self.clock, self.ids)
                work = UnitOfWork(session, self.clock, self.ids, self.keyring, actor, capture=capture)
                watch(session, [partial(watcher, work) for watcher in self.watchers])
                yield work
        finally:
            _writing.reset(token)
        self._committed(work)

    @asynccontextmanager
    async def read(self, actor: Actor) -> AsyncGenerator[UnitOfWork]:
        """Open a transaction that only reads."""
        async with self.database.transaction(write=False) as session:
            yield UnitOfWork(session, self.clock, self.ids, self.keyring, actor)

    def _committed(self, work: UnitOfWork) -> None:
        if work.emitted:
            self.events_written.wake()
        if work.started:
            for notify in self.on_operations_started:
                notify(set(work.started))
