"""Tables of the audit trail."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from zaffre.foundation.database import Table, id_column


def _unsealed() -> dict[str, Any]:
    """Return the condition of the index in which the sealer finds its work, empty nearly always."""
    condition = text("hash IS NULL")
    return {"sqlite_where": condition, "postgresql_where": condition}


class AuditRecordRow(Table):
    """One deed. Inserted with the change it tells of, sealed once, and deleted only behind the chain's anchor."""

    __tablename__ = "audit_records"

    position: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
    """The order of writing, which is the order of sealing among what has been committed."""
    id: Mapped[str] = id_column()
    occurred_at: Mapped[datetime]
    action: Mapped[str]
    """What was done, in the words of lifecycle events and operations."""
    change: Mapped[str | None]
    """`created`, `changed` or `deleted`; None when no record of a resource changed."""
    resource_type: Mapped[str]
    resource_id: Mapped[str]
    resource_name: Mapped[str | None]
    subscription_id: Mapped[str | None] = id_column()
    account_id: Mapped[str | None] = id_column()
    """The account that sees it apart from its subscription's members."""
    actor_kind: Mapped[str]
    actor_id: Mapped[str]
    asked_by_id: Mapped[str | None] = id_column()
    """The account behind it: the actor's, or that of whoever asked for the operation."""
    asked_by_email: Mapped[str | None]
    """Its address at the time."""
    operator: Mapped[bool]
    """Whether that account was one of the provider's at the time."""
    acting_for_id: Mapped[str | None] = id_column()
    acting_for_email: Mapped[str | None]
    face: Mapped[str | None]
    address: Mapped[str | None]
    user_agent: Mapped[str | None]
    credential: Mapped[str | None]
    credential_id: Mapped[str | None]
    credential_name: Mapped[str | None]
    operation_id: Mapped[str | None] = id_column()
    request_id: Mapped[str | None]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    internal: Mapped[list[str] | None]
    """Which of the values before and after are the provider's business only."""
    detail: Mapped[dict[str, Any] | None]
    sequence: Mapped[int | None] = mapped_column(BigInteger, unique=True, default=None)
    """Its number in the chain, from 1 without a gap; None until it is sealed."""
    previous_hash: Mapped[str | None] = mapped_column(default=None)
    hash: Mapped[str | None] = mapped_column(default=None)

    __table_args__ = (
        Index(None, "occurred_at", "id"),
        Index(None, "subscription_id", "occurred_at", "id"),
        Index(None, "account_id", "occurred_at", "id"),
        Index(None, "asked_by_id", "occurred_at", "id"),
        Index(None, "resource_id", "occurred_at", "id"),
        Index("ix_audit_records_unsealed", "position", **_unsealed()),
    )


class AuditChainRow(Table):
    """An end of the chain: `head`, the last record sealed, or `anchor`, the last one that was taken off."""

    __tablename__ = "audit_chain"

    name: Mapped[str] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str]
    moved_at: Mapped[datetime]
