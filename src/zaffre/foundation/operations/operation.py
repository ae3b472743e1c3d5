"""What an operation is, for those who start one or look at one."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from zaffre.foundation.errors import ProblemBody

SITE_QUEUE = "site"
"""The queue of operations that belong to no stamp."""


class OperationState(StrEnum):
    """Where an operation stands."""

    QUEUED = "queued"
    RUNNING = "running"
    UNWINDING = "unwinding"
    """A step failed or cancellation was asked for: what was done is being undone."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """A step failed; everything done before it was undone."""
    CANCELLED = "cancelled"
    """Cancelled on request; everything done was undone."""
    STUCK = "stuck"
    """Undoing failed as well; it needs the operator, who retries it when the cause is gone."""


FINISHED = frozenset({OperationState.SUCCEEDED, OperationState.FAILED, OperationState.CANCELLED, OperationState.STUCK})


@dataclass(frozen=True)
class NewOperation:
    """An intent to run a saga."""

    kind: str
    queue: str = SITE_QUEUE
    parameters: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Operation:
    """An operation as its readers see it."""

    id: str
    kind: str
    state: OperationState
    queue: str
    account_id: str | None
    subscription_id: str | None
    resource_type: str
    resource_id: str
    resource_name: str | None
    parameters: dict[str, Any]
    progress_percent: int
    step: str | None
    sentence: str
    steps: list[dict[str, Any]]
    problem: ProblemBody | None
    cancel_requested: bool
    attempt: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    generation: int
