"""Table of operations."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from zaffre.foundation.database import Table, id_column
from zaffre.foundation.errors import ProblemBody


class OperationRow(Table):
    """A durable unit of work. The row is written with the intent; a worker then runs its saga."""

    __tablename__ = "operations"

    id: Mapped[str] = id_column(primary_key=True)
    kind: Mapped[str]
    """Names the saga: `<resource type>.<verb>`, for example `virtual_machine.create`."""
    state: Mapped[str]
    queue: Mapped[str]
    """The stamp whose workers run it, or `site` for work that belongs to none."""
    account_id: Mapped[str | None] = id_column(index=True)
    subscription_id: Mapped[str | None] = id_column()
    resource_type: Mapped[str]
    resource_id: Mapped[str] = id_column()
    resource_name: Mapped[str | None]
    parameters: Mapped[dict[str, Any]]
    """What the saga needs beyond the resource's own row. Never a secret."""
    progress_percent: Mapped[int] = mapped_column(default=0)
    step: Mapped[str | None] = mapped_column(default=None)
    sentence: Mapped[str] = mapped_column(default="Waiting for its turn")
    """What is happening, for people."""
    steps: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    problem: Mapped[ProblemBody | None] = mapped_column(default=None)
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    attempt: Mapped[int] = mapped_column(default=1)
    worker: Mapped[str | None] = mapped_column(default=None)
    request_id: Mapped[str | None] = mapped_column(default=None)
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None] = mapped_column(default=None)
    finished_at: Mapped[datetime | None] = mapped_column(default=None)
    generation: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        Index(None, "queue", "state", "id"),
        Index(None, "subscription_id", "id"),
        Index(None, "resource_id", "id"),
        Index(None, "finished_at"),
    )
