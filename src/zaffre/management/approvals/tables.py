"""Tables of approvals."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from zaffre.foundation.audit.declaration import Audited
from zaffre.foundation.database import Table, id_column


class ApprovalRuleRow(Table):
    """A kind of change that needs an approval."""

    __tablename__ = "approval_rules"
    __audited__ = Audited("approval_rule", ("name", "change", "plan_id", "dimension", "above", "valid_hours"))

    id: Mapped[str] = id_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    change: Mapped[str] = mapped_column(index=True)
    plan_id: Mapped[str | None] = mapped_column(ForeignKey("plans.id", ondelete="CASCADE"), index=True)
    """The plan whose subscriptions it is about; None: every plan."""
    dimension: Mapped[str | None]
    """Only changes that raise the limit of this dimension above `above`; None: every such change."""
    above: Mapped[int | None] = mapped_column(BigInteger)
    valid_hours: Mapped[int]
    """How long a request waits for an answer before it expires."""
    created_at: Mapped[datetime]
    generation: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": generation}  # noqa: RUF012 - SQLAlchemy's documented declaration


class ChangeRequestRow(Table):
    """A change that somebody wants and somebody else has to approve.

    It refers to nothing by key: it is a record that outlives what it was about.
    """

    __tablename__ = "change_requests"
    __audited__ = Audited(
        "change_request",
        ("change", "state", "decision_reason"),
        secret=("sealed_code",),
        name=None,
        subscription="subscription_id",
        account="account_id",
    )

    id: Mapped[str] = id_column(primary_key=True)
    change: Mapped[str]
    account_id: Mapped[str] = mapped_column(index=True)
    """Who asked."""
    plan_id: Mapped[str]
    """The plan to subscribe or to move to, or the one that the subscription is on."""
    subscription_id: Mapped[str | None] = mapped_column(index=True)
    """None: it would make one."""
    add_on_id: Mapped[str | None]
    wish: Mapped[dict[str, Any]]
    """The rest of what is wanted."""
    names: Mapped[dict[str, str]]
    """What rule, plan, subscription and add-on were called."""
    sealed_code: Mapped[bytes | None]
    """The invitation code that was given, encrypted."""
    reason: Mapped[str]
    """Why it is wanted."""
    state: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(index=True)
    expires_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    """The account that approved or declined."""
    decision_reason: Mapped[str | None]
    result_id: Mapped[str | None]
    """The subscription that came of it, when it was to make one."""
    operation_id: Mapped[str | None]
    """The operation that came of it."""
    generation: Mapped[int] = mapped_column(default=1)

    __table_args__ = (Index(None, "state", "expires_at"),)
    __mapper_args__ = {"version_id_col": generation}  # noqa: RUF012 - SQLAlchemy's documented declaration
