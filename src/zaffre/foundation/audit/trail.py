"""Reading the trail: as lists, and whole as an export."""

import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Sequence
from enum import StrEnum

from sqlalchemy import ColumnElement, select

from zaffre.foundation.actor import Actor
from zaffre.foundation.audit.content import FIELDS, exported
from zaffre.foundation.audit.tables import AuditRecordRow
from zaffre.foundation.errors import Unavailable
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing
from zaffre.foundation.work import UnitsOfWork

STRETCH = 1000
"""Records of an export that are in memory at a time."""
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")

LISTING = Listing(
    AuditRecordRow,
    {
        "id": Field(AuditRecordRow.id, FieldType.ID),
        "occurred_at": Field(AuditRecordRow.occurred_at, FieldType.INSTANT),
        "action": Field(AuditRecordRow.action, FieldType.TEXT, searchable=True),
        "change": Field(AuditRecordRow.change, FieldType.TEXT, sortable=False),
        "resource_type": Field(AuditRecordRow.resource_type, FieldType.TEXT),
        "resource_id": Field(AuditRecordRow.resource_id, FieldType.TEXT, searchable=True),
        "resource_name": Field(AuditRecordRow.resource_name, FieldType.TEXT, searchable=True, sortable=False),
        "subscription_id": Field(AuditRecordRow.subscription_id, FieldType.ID, sortable=False),
        "account_id": Field(AuditRecordRow.account_id, FieldType.ID, sortable=False),
        "actor_kind": Field(AuditRecordRow.actor_kind, FieldType.TEXT),
        "actor_id": Field(AuditRecordRow.actor_id, FieldType.TEXT),
        "asked_by_id": Field(AuditRecordRow.asked_by_id, FieldType.ID, sortable=False),
        "asked_by_email": Field(AuditRecordRow.asked_by_email, FieldType.TEXT, searchable=True, sortable=False),
        "operator": Field(AuditRecordRow.operator, FieldType.BOOLEAN),
        "acting_for_id": Field(AuditRecordRow.acting_for_id, FieldType.ID, sortable=False),
        "face": Field(AuditRecordRow.face, FieldType.TEXT, sortable=False),
        "address": Field(AuditRecordRow.address, FieldType.TEXT, sortable=False),
        "credential": Field(AuditRecordRow.credential, FieldType.TEXT, sortable=False),
        "credential_id": Field(AuditRecordRow.credential_id, FieldType.TEXT, sortable=False),
        "operation_id": Field(AuditRecordRow.operation_id, FieldType.ID, sortable=False),
        "request_id": Field(AuditRecordRow.request_id, FieldType.TEXT, sortable=False),
        "sequence": Field(AuditRecordRow.sequence, FieldType.INTEGER, sortable=False),
    },
    key=AuditRecordRow.id,
    order="occurred_at desc",
)
"""For the provider."""

OWN_LISTING = Listing(
    AuditRecordRow,
    {
        name: field
        for name, field in LISTING.fields.items()
        # A tenant may not find out by asking what is not shown to them.
        if name in ("id", "occurred_at", "action", "change", "operation_id") or name.startswith("resource_")
    },
    key=AuditRecordRow.id,
    order="occurred_at desc",
)
"""For tenants."""


class ExportFormat(StrEnum):
    """How an export is written."""

    NDJSON = "ndjson"
    """One record a line, as it is hashed: what `zaffre audit verify --file` reads."""
    CSV = "csv"
    """For spreadsheets."""


class TooManyExports(Unavailable):
    """As many exports and verifications are running as the server allows."""

    code = "audit.busy"
    title = "Too many exports of the audit trail"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"{limit} exports and verifications of the audit trail are running already.",
            remedy="Wait for one to end; the operator sets audit.exports.",
        )


class ReadingDesk:
    """Bounds how many read the whole trail at once."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken = 0

    def take(self) -> Callable[[], None]:
        """Take a place; returns the way to give it back, which may be called again.

        Raises:
            TooManyExports: no place is free.
        """
        if self._taken >= self._limit:
            raise TooManyExports(self._limit)
        self._taken += 1
        places = [self]

        def give_back() -> None:
            if places:
                places.pop()._taken -= 1  # noqa: SLF001 - itself

        return give_back


async def sealed_records(
    units: UnitsOfWork, actor: Actor, *conditions: ColumnElement[bool]
) -> AsyncIterator[Sequence[AuditRecordRow]]:
    """Yield the sealed records that fit, in the order of the chain, a stretch at a time."""
    after = 0
    while True:
        async with units.read(actor) as work:
            statement = select(AuditRecordRow).where(AuditRecordRow.sequence > after, *conditions)
            rows = (await work.session.scalars(statement.order_by(AuditRecordRow.sequence).limit(STRETCH))).all()
        if not rows:
            return
        yield rows
        after = rows[-1].sequence or 0
        if len(rows) < STRETCH:
            return


async def export_lines(
    units: UnitsOfWork, actor: Actor, form: ExportFormat, *conditions: ColumnElement[bool]
) -> AsyncIterator[str]:
    """Write an export, some lines at a time."""
    if form is ExportFormat.CSV:
        yield _csv([(*FIELDS, "hash")])
    async for rows in sealed_records(units, actor, *conditions):
        contents = [exported(row) for row in rows]
        if form is ExportFormat.CSV:
            yield _csv([[_cell(value) for value in content.values()] for content in contents])
        else:
            yield "".join(json.dumps(content, separators=(",", ":"), ensure_ascii=False) + "\n" for content in contents)


def _csv(rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _cell(value: object) -> object:
    """Return a value that a spreadsheet shows and does not run."""
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False)
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULAS) else value
