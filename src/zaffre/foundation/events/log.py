"""Reading the event log by cursor."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, delete, false, literal_column, or_, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from zaffre.foundation.errors import InvalidInput
from zaffre.foundation.events.tables import LifecycleEventRow

READ_LIMIT = 500
LAST_POSITION = 2**63 - 1
"""What a database's largest integer can hold."""


@dataclass(frozen=True, order=True)
class EventCursor:
    """A place in the log; also the event id that clients resume from."""

    transaction_id: int = 0
    position: int = 0

    def __str__(self) -> str:
        return f"{self.transaction_id}.{self.position}"

    @classmethod
    def parse(cls, value: str) -> "EventCursor":
        """Read a cursor that this log handed out.

        Raises:
            InvalidInput: it is not one.
        """
        transaction_id, dot, position = value.partition(".")
        digits = transaction_id.isdecimal() and position.isdecimal() and len(value) <= 40
        if not (dot and digits and value.isascii() and max(int(transaction_id), int(position)) <= LAST_POSITION):
            raise InvalidInput(
                f"{value[:40]!r} is not an event id.",
                remedy="Send the id of the last event you received, or leave the header out to start from now.",
                target="Last-Event-ID",
            )
        return cls(int(transaction_id), int(position))


@dataclass(frozen=True)
class EventScope:
    """Which events a reader may see."""

    everything: bool = False
    account_id: str | None = None
    subscription_ids: tuple[str, ...] = ()
    resource_id: str | None = None
    """Narrow to one resource."""

    def condition(self) -> ColumnElement[bool]:
        """Return the scope as a filter on the table."""
        visible: list[ColumnElement[bool]] = []
        if self.account_id is not None:
            visible.append(LifecycleEventRow.account_id == self.account_id)
        if self.subscription_ids:
            visible.append(LifecycleEventRow.subscription_id.in_(self.subscription_ids))
        seen = or_(*visible) if visible else false()
        parts = [] if self.everything else [seen]
        if self.resource_id is not None:
            parts.append(LifecycleEventRow.resource_id == self.resource_id)
        return and_(true(), *parts)


@dataclass(frozen=True)
class LifecycleEvent:
    """One fact as its readers see it."""

    cursor: EventCursor
    id: str
    kind: str
    """What happened: `<resource type>.<past participle>`, for example `virtual_machine.started`."""
    occurred_at: datetime
    actor_kind: str
    actor_id: str
    acting_for_id: str | None
    account_id: str | None
    subscription_id: str | None
    resource_type: str
    resource_id: str
    resource_name: str | None
    operation_id: str | None
    request_id: str | None
    data: dict[str, Any]


class EventLog:
    """Reads the log inside one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._sqlite = session.get_bind().dialect.name == "sqlite"

    async def after(self, cursor: EventCursor, scope: EventScope, limit: int = READ_LIMIT) -> Sequence[LifecycleEvent]:
        """Return up to `limit` events of `scope` that follow `cursor`, in order."""
        statement = select(LifecycleEventRow).where(self._settled(), _key() > _values(cursor), scope.condition())
        rows = await self._session.scalars(statement.order_by(*_columns()).limit(limit))
        return [_to_event(row) for row in rows]

    async def before(
        self, cursor: EventCursor | None, scope: EventScope, limit: int = READ_LIMIT
    ) -> Sequence[LifecycleEvent]:
        """Return up to `limit` events of `scope` that precede `cursor` (or the end), newest first."""
        statement = select(LifecycleEventRow).where(self._settled(), scope.condition())
        if cursor is not None:
            statement = statement.where(_key() < _values(cursor))
        rows = await self._session.scalars(statement.order_by(*(c.desc() for c in _columns())).limit(limit))
        return [_to_event(row) for row in rows]

    async def end(self) -> EventCursor:
        """Return the cursor of the newest settled event: the place from which only new events follow."""
        newest_first = (column.desc() for column in _columns())
        statement = select(LifecycleEventRow).where(self._settled()).order_by(*newest_first).limit(1)
        row = await self._session.scalar(statement)
        return EventCursor(row.transaction_id, row.position) if row else EventCursor()

    async def forget_before(self, instant: datetime, limit: int) -> int:
        """Delete up to `limit` events older than `instant`; returns how many went."""
        old = select(LifecycleEventRow.position).where(LifecycleEventRow.occurred_at < instant).limit(limit)
        result = await self._session.execute(delete(LifecycleEventRow).where(LifecycleEventRow.position.in_(old)))
        return int(getattr(result, "rowcount", 0))

    def _settled(self) -> ColumnElement[bool]:
        """Stop short of transactions that are still open, whose events might sort before visible ones."""
        if self._sqlite:
            return true()
        horizon = literal_column("CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)", BigInteger())
        return LifecycleEventRow.transaction_id < horizon


def _columns() -> tuple[Any, Any]:
    return LifecycleEventRow.transaction_id, LifecycleEventRow.position


def _key() -> Any:
    return tuple_(*_columns())


def _values(cursor: EventCursor) -> Any:
    return cursor.transaction_id, cursor.position


def _to_event(row: LifecycleEventRow) -> LifecycleEvent:
    return LifecycleEvent(
        cursor=EventCursor(row.transaction_id, row.position),
        id=row.id,
        kind=row.kind,
        occurred_at=row.occurred_at,
        actor_kind=row.actor_kind,
        actor_id=row.actor_id,
        acting_for_id=row.acting_for_id,
        account_id=row.account_id,
        subscription_id=row.subscription_id,
        resource_type=row.resource_type,
        resource_id=row.resource_id,
        resource_name=row.resource_name,
        operation_id=row.operation_id,
        request_id=row.request_id,
        data=row.data,
    )
