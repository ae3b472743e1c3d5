"""What one transaction changes, on its way into the trail.

The session tells of every flush and of every statement that changes many rows at once; what it had loaded is how things
were before. Several changes of one row in a transaction are one deed. The records are written just before the commit,
in one statement, so a transaction that fails leaves none.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, cast

from sqlalchemy import Insert, bindparam, column, event, func, insert, inspect, select, table, tuple_
from sqlalchemy.orm import InstanceState, ORMExecuteState, Session

from zaffre.foundation.actor import Actor, ActorKind
from zaffre.foundation.audit.declaration import SECRET, Audited
from zaffre.foundation.audit.tables import AuditRecordRow
from zaffre.foundation.clock import Clock
from zaffre.foundation.database import Id, RecordedSession, Table
from zaffre.foundation.ids import IdSource
from zaffre.foundation.operations.tables import OperationRow

CAPTURE = "audit capture"
"""Under which a session's `info` keeps its capture."""
LARGEST_VALUE_BYTES = 8192
"""A longer value is recorded by its hash."""
RECORDS_PER_STATEMENT = 500


class Change(StrEnum):
    """What became of a resource's record."""

    CREATED = "created"
    CHANGED = "changed"
    DELETED = "deleted"


@dataclass(frozen=True)
class About:
    """The resource that a record is about, and who may see that."""

    type: str
    id: str
    name: str | None = None
    subscription_id: str | None = None
    account_id: str | None = None


@dataclass(frozen=True)
class Deed:
    """Something that was done, told rather than seen."""

    action: str
    about: About
    detail: Mapping[str, Any]
    operation_id: str | None = None
    observed: bool = False
    """Told by a lifecycle event: what the system's own events tell is what it saw, not what it did."""


@dataclass
class _RowChange:
    """The change of one row since the transaction began."""

    declaration: Audited
    change: Change
    values: dict[str, Any] = field(default_factory=dict[str, Any])
    """Every value that was seen last."""
    before: dict[str, Any] = field(default_factory=dict[str, Any])
    after: dict[str, Any] = field(default_factory=dict[str, Any])

    def about(self) -> About:
        declared = self.declaration
        named = [declared.name, declared.subscription, declared.account]
        name, subscription, account = (self.values.get(key) if key is not None else None for key in named)
        return About(declared.type, declared.id_of(self.values), _text(name), _text(subscription), _text(account))


class Capture:
    """Collects what a transaction does."""

    def __init__(self, actor: Actor, clock: Clock, ids: IdSource) -> None:
        self.actor = actor
        self._clock = clock
        self._ids = ids
        self._rows: dict[tuple[type[Table], str], _RowChange] = {}
        self._deeds: list[Deed] = []
        self._otherwise: Deed | None = None
        self._started: list[OperationRow] = []

    def tell(self, deed: Deed) -> None:
        """Take note of a deed that changes no record of a resource, or that names the change of one."""
        self._deeds.append(deed)

    def otherwise(self, deed: Deed) -> None:
        """Take note of what to record if nothing else is: that somebody asked for something."""
        self._otherwise = deed

    def started(self, operation: OperationRow) -> None:
        """Take note of an operation that the transaction starts."""
        self._started.append(operation)

    def row(
        self,
        kind: type[Table],
        change: Change,
        values: Mapping[str, Any],
        before: Mapping[str, Any] | None = None,
    ) -> None:
        """Take note of the change of a row.

        Args:
            kind: its table.
            change: what became of it.
            values: what it has, or had before it was deleted.
            before: what changed columns had before.
        """
        declaration = kind.__audited__
        if declaration is None:
            return
        key = kind, declaration.id_of(values)
        known = self._rows.get(key)
        if known is None:
            known = self._rows[key] = _RowChange(declaration, change)
            if change is Change.DELETED:
                known.before = {name: values[name] for name in declaration.all if name in values}
        elif change is Change.DELETED:
            if known.change is Change.CREATED:
                del self._rows[key]
                return
            known.before = {name: values[name] for name in declaration.all if name in values} | known.before
            known.after, known.change = {}, change
        known.values.update(values)
        if change is Change.CREATED:
            known.after = {name: values[name] for name in declaration.all if name in values}
        elif change is Change.CHANGED and before is not None:
            known.after.update({name: values.get(name) for name in before})
            if known.change is Change.CHANGED:
                known.before = {**before, **known.before}

    def records(self) -> list[dict[str, Any]]:
        """Return the transaction's records."""
        system = self.actor.kind is ActorKind.SYSTEM
        told = _by_resource(deed for deed in self._deeds if not (system and deed.observed))
        started = {} if system else {operation.resource_id: operation for operation in self._started}
        records: list[dict[str, Any]] = []
        for row in self._rows.values():
            record = _row_record(row, told)
            if record is not None:
                records.append(record)
        recorded = {record["resource_id"] for record in records}
        for deeds in told.values():
            records += [_deed_record(deed) for deed in deeds if deed.about.id not in recorded]
        recorded = {record["resource_id"] for record in records}
        records += [_operation_record(row) for key, row in started.items() if key not in recorded]
        if not records and self._otherwise is not None:
            records.append(_deed_record(self._otherwise))
        return [self._completed(record, records, started) for record in records]

    def _completed(
        self, record: dict[str, Any], records: Sequence[Mapping[str, Any]], started: Mapping[str, OperationRow]
    ) -> dict[str, Any]:
        """Add who, when and from where, and what only the records together tell."""
        actor, origin = self.actor, self.actor.origin
        operation = started.get(record["resource_id"]) or (next(iter(started.values())) if len(started) == 1 else None)
        subscriptions = {other["subscription_id"] for other in records} - {None}
        if record["subscription_id"] is None and record["account_id"] is None and len(subscriptions) == 1:
            record["subscription_id"] = next(iter(subscriptions))
        return record | {
            "id": self._ids.new(),
            "occurred_at": self._clock.now(),
            "actor_kind": actor.kind.value,
            "actor_id": actor.id,
            "b_account": actor.id if actor.kind is ActorKind.ACCOUNT else None,
            "b_operation": actor.operation_id if actor.kind is ActorKind.SYSTEM else None,
            "b_acting_for": actor.acting_for,
            "operation_id": record["operation_id"] or actor.operation_id or (operation.id if operation else None),
            "request_id": actor.request_id,
            "face": origin.face if origin else None,
            "address": origin.address if origin else None,
            "user_agent": origin.user_agent if origin else None,
            "credential": origin.credential if origin else None,
            "credential_id": origin.credential_id if origin else None,
            "credential_name": origin.credential_name if origin else None,
        }


def _by_resource(deeds: Iterable[Deed]) -> dict[tuple[str, str], list[Deed]]:
    found: dict[tuple[str, str], list[Deed]] = {}
    for deed in deeds:
        found.setdefault((deed.about.type, deed.about.id), []).append(deed)
    return found


def _row_record(row: _RowChange, told: dict[tuple[str, str], list[Deed]]) -> dict[str, Any] | None:
    """Return the record of a row's change; None when nothing is different in the end."""
    if row.change is Change.CHANGED:
        same = [name for name, value in row.before.items() if value == row.after.get(name)]
        for name in same:
            del row.before[name]
            row.after.pop(name, None)
        if not row.before and not row.after:
            return None
    about = row.about()
    deeds = told.pop((about.type, about.id), [])
    named = deeds[0] if deeds else None
    changed = row.before.keys() | row.after.keys()
    return {
        "action": named.action if named else f"{about.type}.{row.change}",
        "change": row.change.value,
        "resource_type": about.type,
        "resource_id": about.id,
        "resource_name": about.name or (named.about.name if named else None),
        "subscription_id": about.subscription_id or (named.about.subscription_id if named else None),
        "account_id": about.account_id or (named.about.account_id if named else None),
        "operation_id": named.operation_id if named else None,
        "before": _shown(row.declaration, row.before) if row.change is not Change.CREATED else None,
        "after": _shown(row.declaration, row.after) if row.change is not Change.DELETED else None,
        "internal": sorted(changed & set(row.declaration.internal)) or None,
        "detail": None,
    }


def _deed_record(deed: Deed) -> dict[str, Any]:
    about = deed.about
    return {
        "action": deed.action,
        "change": None,
        "resource_type": about.type,
        "resource_id": about.id,
        "resource_name": about.name,
        "subscription_id": about.subscription_id,
        "account_id": about.account_id,
        "operation_id": deed.operation_id,
        "before": None,
        "after": None,
        "internal": None,
        "detail": {name: _bounded(value) for name, value in deed.detail.items()} or None,
    }


def _operation_record(row: OperationRow) -> dict[str, Any]:
    about = About(row.resource_type, row.resource_id, row.resource_name, row.subscription_id)
    return _deed_record(Deed(row.kind, about, {}, row.id))


def _shown(declaration: Audited, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as the trail shows them."""
    secret = declaration.secret
    return {
        name: (None if value is None else SECRET) if name in secret else _bounded(value)
        for name, value in values.items()
    }


def _bounded(value: Any) -> Any:
    """Return a value as JSON; a long one as its size and hash."""
    if isinstance(value, datetime):
        return value.isoformat()
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str) and len(value) * 4 <= LARGEST_VALUE_BYTES:
        return str(value)
    content = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    encoded = content.encode()
    if len(encoded) > LARGEST_VALUE_BYTES:
        return {"bytes": len(encoded), "sha256": sha256(encoded).hexdigest()}
    return json.loads(content)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


# What the session tells -----------------------------------------------------------------------------------------------


def _on_flush(session: Session, _context: object) -> None:
    """Note the rows of a flush, while their history is still known."""
    capture: Capture | None = session.info.get(CAPTURE)
    if capture is None:
        return
    for row in session.new:
        if isinstance(row, Table) and (declaration := row.__audited__) is not None:
            capture.row(type(row), Change.CREATED, _present(inspect(row), declaration))
    for row in session.dirty:
        if isinstance(row, Table) and (declaration := row.__audited__) is not None:
            state = inspect(row)
            before = _past(state, declaration)
            if before:
                capture.row(type(row), Change.CHANGED, _present(state, declaration), before)
    for row in session.deleted:
        if isinstance(row, Table) and (declaration := row.__audited__) is not None:
            state = inspect(row)
            capture.row(type(row), Change.DELETED, _present(state, declaration) | _past(state, declaration))


def _present(state: InstanceState[Any], declaration: Audited) -> dict[str, Any]:
    """Return the values that are loaded; nothing is read for the sake of the record."""
    return {name: state.dict[name] for name in declaration.needed if name in state.dict}


def _past(state: InstanceState[Any], declaration: Audited) -> dict[str, Any]:
    """Return what changed columns had before."""
    before: dict[str, Any] = {}
    for name in declaration.all:
        history = state.attrs[name].history
        if history.has_changes():
            before[name] = history.deleted[0] if history.deleted else None
    return before


def _on_execute(state: ORMExecuteState) -> Any:
    """Note the rows that a statement changes or deletes at once, reading them before it and, if still there, after."""
    capture: Capture | None = state.session.info.get(CAPTURE)
    if capture is None or not (state.is_update or state.is_delete) or state.bind_mapper is None:
        return None
    kind = cast("type[Table]", state.bind_mapper.class_)
    declaration = kind.__audited__
    if declaration is None or (state.is_update and not _touches(state, declaration)):
        return None
    statement: Any = state.statement
    wanted = [getattr(kind, name) for name in declaration.needed]
    chosen = select(*wanted).where(*statement._where_criteria).with_for_update()  # noqa: SLF001 - no other way to it
    session = state.session
    session.flush()
    held = [dict(row) for row in session.execute(chosen, state.parameters or {}).mappings()]
    result = state.invoke_statement()
    if state.is_delete:
        for values in held:
            capture.row(kind, Change.DELETED, values)
        return result
    identity = tuple_(*(getattr(kind, name) for name in declaration.key))
    keys = [tuple(values[name] for name in declaration.key) for values in held]
    now = session.execute(select(*wanted).where(identity.in_(keys)))
    present = {declaration.id_of(values): values for values in (dict(row) for row in now.mappings())}
    for was in held:
        is_now = present.get(declaration.id_of(was), was)
        before = {name: was[name] for name in declaration.all if was[name] != is_now[name]}
        if before:
            capture.row(kind, Change.CHANGED, is_now, before)
    return result


def _touches(state: ORMExecuteState, declaration: Audited) -> bool:
    """Tell whether an update sets an audited column: most only count or observe."""
    statement: Any = state.statement
    columns: list[str] = [getattr(key, "key", key) for key in (statement._values or ())]  # noqa: SLF001 - as above
    return not set(columns).isdisjoint(declaration.all)


_ACCOUNTS = table("accounts", column("id", Id), column("email"), column("role"))
"""Accounts are identity's, a floor up; who somebody was is read from them in the statement that writes the record."""


def _writing() -> Insert:
    of_operation = select(OperationRow.account_id).where(OperationRow.id == bindparam("b_operation", type_=Id))
    asked_by = func.coalesce(bindparam("b_account", type_=Id), of_operation.scalar_subquery(), type_=Id)
    acting_for = bindparam("b_acting_for", type_=Id)
    email = select(_ACCOUNTS.c.email)
    operator = select(_ACCOUNTS.c.role != "tenant").where(_ACCOUNTS.c.id == asked_by)
    return insert(AuditRecordRow.__table__).values(  # pyright: ignore[reportArgumentType] - it is a table
        asked_by_id=asked_by,
        asked_by_email=email.where(_ACCOUNTS.c.id == asked_by).scalar_subquery(),
        operator=func.coalesce(operator.scalar_subquery(), False),
        acting_for_id=acting_for,
        acting_for_email=email.where(_ACCOUNTS.c.id == acting_for).scalar_subquery(),
    )


_WRITING = _writing()


def _on_commit(session: Session) -> None:
    """Write the transaction's records as the last thing it does."""
    capture: Capture | None = session.info.get(CAPTURE)
    if capture is None:
        return
    session.flush()
    records = capture.records()
    for start in range(0, len(records), RECORDS_PER_STATEMENT):
        session.execute(_WRITING, records[start : start + RECORDS_PER_STATEMENT])


LISTENERS = {"after_flush": _on_flush, "before_commit": _on_commit, "do_orm_execute": _on_execute}
"""What listens to the session, by its event."""
for _event, _listener in LISTENERS.items():
    event.listen(RecordedSession, _event, _listener)
