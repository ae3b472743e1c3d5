"""Tables of approvals."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from zaffre.foundation.audit.declaration import Audited
from zaffre.foundation.database import Table, id_column


class ApprovalProgramRow(Table):
    """A program that decides on changes."""

    __tablename__ = "approval_programs"
    __audited__ = Audited(
        "approval_program",
        ("name", "url", "timeout_s", "when_silent", "ca_certificates"),
        secret=("sealed_secret",),
    )

    id: Mapped[str] = id_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    url: Mapped[str]
    ca_certificates: Mapped[str | None]
    """Certificates that vouch for it, in PEM; None: those that this system trusts."""
    timeout_s: Mapped[int]
    """How long it has for an answer."""
    when_silent: Mapped[str]
    """What happens when it gives none."""
    sealed_secret: Mapped[bytes]
    sealed_previous: Mapped[bytes | None] = mapped_column(default=None)
    """The secret before the last rotation, which signs beside the new one for a while."""
    previous_until: Mapped[datetime | None] = mapped_column(default=None)
    last_asked_at: Mapped[datetime | None] = mapped_column(default=None)
    last_answered_at: Mapped[datetime | None] = mapped_column(default=None)
    silent_since: Mapped[datetime | None] = mapped_column(default=None)
    """Since when it has answered nothing; None: its last answer was one."""
    created_at: Mapped[datetime]
    generation: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": generation}  # noqa: RUF012 - SQLAlchemy's documented declaration


class ApprovalAskRow(Table):
    """One question to a program, and what came of it."""

    __tablename__ = "approval_asks"

    id: Mapped[str] = id_column(primary_key=True)
    program_id: Mapped[str] = mapped_column(ForeignKey("approval_programs.id", ondelete="CASCADE"))
    request_id: Mapped[str | None]
    """The change request that was asked about; None: it was a trial."""
    trigger: Mapped[str]
    outcome: Mapped[str]
    status: Mapped[int | None]
    """What it answered; None: nothing."""
    error: Mapped[str | None]
    """Why there was no answer that counts."""
    reason: Mapped[str]
    """What it said."""
    duration_ms: Mapped[int]
    created_at: Mapped[datetime]

    __table_args__ = (Index(None, "program_id", "created_at", "id"),)


class ApprovalRuleRow(Table):
    """A kind of change that needs an approval."""

    __tablename__ = "approval_rules"
    __audited__ = Audited(
        "approval_rule", ("name", "change", "plan_id", "dimension", "above", "valid_hours", "program_id")
    )

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
    program_id: Mapped[str | None] = mapped_column(
        ForeignKey("approval_programs.id", ondelete="RESTRICT"), default=None, index=True
    )
    """The program that decides; None: people do."""
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
    limits: Mapped[dict[str, Any]]
    """The quota limits `before` and `after` it, as they were when it was asked for."""
    programs: Mapped[list[str]]
    """The programs that have yet to approve it, in the order in which they are asked."""
    needs_person: Mapped[bool]
    """Whether somebody has to approve it besides."""
    asks: Mapped[int] = mapped_column(default=0)
    """How often its first program has been asked in vain."""
    ask_due_at: Mapped[datetime | None] = mapped_column(default=None, index=True)
    """When programs are to be asked on, or the change to be made, unless that is under way; None: never."""
    asked_until: Mapped[datetime | None] = mapped_column(default=None)
    """Until when nobody else goes on with it."""
    generation: Mapped[int] = mapped_column(default=1)

    __table_args__ = (Index(None, "state", "expires_at"),)
    __mapper_args__ = {"version_id_col": generation}  # noqa: RUF012 - SQLAlchemy's documented declaration
