"""Table of lifecycle events."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.functions import FunctionElement

from zaffre.foundation.database import Table, id_column


class CurrentTransaction(FunctionElement[int]):
    """The id of the writing transaction where the database runs several at once; 0 on SQLite."""

    type = BigInteger()
    inherit_cache = True


@compiles(CurrentTransaction)
def _on_postgresql(_element: CurrentTransaction, _compiler: Any, **_options: Any) -> str:
    return "CAST(CAST(pg_current_xact_id() AS text) AS bigint)"


@compiles(CurrentTransaction, "sqlite")
def _on_sqlite(_element: CurrentTransaction, _compiler: Any, **_options: Any) -> str:
    return "0"


class LifecycleEventRow(Table):
    """One fact. Rows are only ever inserted, and deleted when older than the retention setting.

    `transaction_id` and `position` together order the log. On PostgreSQL sequence numbers are handed out before commit,
    so `position` alone would let a reader step over an event whose transaction is still open; the writing transaction's
    id (filled in by the database) lets the reader stop short of every open transaction. On SQLite, where writers queue,
    it is always 0.
    """

    __tablename__ = "lifecycle_events"

    position: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
    transaction_id: Mapped[int] = mapped_column(BigInteger, server_default=CurrentTransaction())
    id: Mapped[str] = id_column()
    kind: Mapped[str]
    occurred_at: Mapped[datetime]
    actor_kind: Mapped[str]
    actor_id: Mapped[str]
    acting_for_id: Mapped[str | None] = id_column()
    """The account that the actor, an administrator, acted for."""
    account_id: Mapped[str | None] = id_column()
    subscription_id: Mapped[str | None] = id_column()
    resource_type: Mapped[str]
    resource_id: Mapped[str]
    resource_name: Mapped[str | None]
    operation_id: Mapped[str | None] = id_column()
    request_id: Mapped[str | None]
    data: Mapped[dict[str, Any]]

    __table_args__ = (
        Index(None, "transaction_id", "position"),
        Index(None, "subscription_id", "transaction_id", "position"),
        Index(None, "resource_id", "transaction_id", "position"),
        Index(None, "kind", "occurred_at"),
        Index(None, "occurred_at"),
    )
    __mapper_args__ = {"eager_defaults": False}  # noqa: RUF012 - SQLAlchemy's documented declaration
