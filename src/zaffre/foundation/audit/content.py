"""A record as it is hashed, exported and verified."""

from typing import Any

from zaffre.foundation.audit.chain import timestamp
from zaffre.foundation.audit.tables import AuditRecordRow

FIELDS = tuple(
    column.key for column in AuditRecordRow.__mapper__.column_attrs if column.key not in ("position", "hash")
)


def content_of(row: AuditRecordRow) -> dict[str, Any]:
    """Return what a record's hash covers, as JSON."""
    content = {name: getattr(row, name) for name in FIELDS}
    content["occurred_at"] = timestamp(row.occurred_at)
    return content


def exported(row: AuditRecordRow) -> dict[str, Any]:
    """Return a sealed record with its hash, as exports hold it."""
    return content_of(row) | {"hash": row.hash}
