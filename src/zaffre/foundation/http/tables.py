"""Table of idempotency keys."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from zaffre.foundation.database import Table


class IdempotencyKeyRow(Table):
    """What a request with an `Idempotency-Key` was answered, so that its repetition gets the same answer."""

    __tablename__ = "idempotency_keys"

    actor_id: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    """SHA-256 of method, path, query and body: a key names one request, not one caller's mood."""
    status: Mapped[int | None] = mapped_column(default=None)
    headers: Mapped[dict[str, str] | None] = mapped_column(default=None)
    sealed_body: Mapped[bytes | None] = mapped_column(default=None)
    """Encrypted: an answer may hold a token that is shown once."""
    created_at: Mapped[datetime]

    __table_args__ = (Index(None, "created_at"),)
