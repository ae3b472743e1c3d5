"""Tables of metering."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from zaffre.foundation.database import Table, id_column
from zaffre.foundation.events.tables import CurrentTransaction
from zaffre.management.metering.quantities import Quantity

POSITION = BigInteger().with_variant(Integer(), "sqlite")


class UsageChangeRow(Table):
    """Something uses more, less or nothing from an instant on.

    Written with the change itself, and gone once it is in the resource's span.
    """

    __tablename__ = "usage_changes"

    position: Mapped[int] = mapped_column(POSITION, primary_key=True)
    provider: Mapped[str]
    resource_id: Mapped[str] = id_column(index=True)
    occurred_at: Mapped[datetime]
    usage: Mapped[dict[str, Any]]
    """Empty: it uses nothing any more."""

    __mapper_args__ = {"eager_defaults": False}  # noqa: RUF012 - SQLAlchemy's documented declaration


class UsageSpanRow(Table):
    """What a resource uses, and up to when that has been recorded."""

    __tablename__ = "usage_spans"

    resource_id: Mapped[str] = id_column(primary_key=True)
    provider: Mapped[str]
    resource_type: Mapped[str]
    resource_name: Mapped[str]
    subscription_id: Mapped[str] = id_column(index=True)
    account_id: Mapped[str] = id_column()
    plan_id: Mapped[str] = id_column()
    state: Mapped[str]
    amounts: Mapped[dict[str, int]]
    """Billionths by meter."""
    dimensions: Mapped[dict[str, Any]]
    tags: Mapped[dict[str, str]]
    metered_to: Mapped[datetime]
    """Everything before has its records."""
    position: Mapped[int] = mapped_column(BigInteger)
    """Of the last change that is in it."""
    ended: Mapped[bool] = mapped_column(default=False)
    """It is gone; kept for a while for what is still to be counted."""

    __table_args__ = (Index(None, "ended", "metered_to"), Index(None, "provider", "resource_id"))


class UsageRecordRow(Table):
    """What was used of one meter by one resource over a time. Rows are only ever inserted, and deleted by age.

    `transaction_id` and `position` order the records as those of lifecycle events do.
    """

    __tablename__ = "usage_records"

    position: Mapped[int] = mapped_column(POSITION, primary_key=True)
    transaction_id: Mapped[int] = mapped_column(BigInteger, server_default=CurrentTransaction())
    id: Mapped[str] = id_column()
    meter: Mapped[str]
    subscription_id: Mapped[str] = id_column()
    account_id: Mapped[str] = id_column()
    plan_id: Mapped[str] = id_column()
    """The subscription's at that time."""
    resource_type: Mapped[str]
    resource_id: Mapped[str] = id_column()
    resource_name: Mapped[str]
    state: Mapped[str]
    quantity: Mapped[Decimal] = mapped_column(Quantity)
    unit: Mapped[str]
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    dimensions: Mapped[dict[str, Any]]
    tags: Mapped[dict[str, str]]
    kind: Mapped[str]
    corrects: Mapped[str | None] = id_column()
    """The record that this one is to be added to."""
    recorded_at: Mapped[datetime]

    __table_args__ = (
        Index(None, "transaction_id", "position"),
        Index(None, "id", unique=True),
        Index(None, "subscription_id", "began_at", "id"),
        Index(None, "began_at", "id"),
        Index(
            "uq_usage_records_once",
            "meter",
            "resource_id",
            "began_at",
            "kind",
            unique=True,
            sqlite_where=text("corrects IS NULL"),
            postgresql_where=text("corrects IS NULL"),
        ),
    )
    __mapper_args__ = {"eager_defaults": False}  # noqa: RUF012 - SQLAlchemy's documented declaration


class _Sum:
    """What sums of hours and of days have in common."""

    subscription_id: Mapped[str] = id_column(primary_key=True)
    began_at: Mapped[datetime] = mapped_column(primary_key=True)
    meter: Mapped[str] = mapped_column(primary_key=True)
    resource_id: Mapped[str] = id_column(primary_key=True)
    variant: Mapped[str] = mapped_column(primary_key=True)
    """Stands for plan, owner, state, unit and dimensions: what prices may depend on is never added up."""
    account_id: Mapped[str] = id_column()
    plan_id: Mapped[str] = id_column()
    resource_type: Mapped[str]
    resource_name: Mapped[str]
    state: Mapped[str]
    unit: Mapped[str]
    quantity: Mapped[Decimal] = mapped_column(Quantity)
    dimensions: Mapped[dict[str, Any]]
    tags: Mapped[dict[str, str]]


class UsageHourRow(_Sum, Table):
    """What was used in an hour."""

    __tablename__ = "usage_hours"
    __table_args__ = (Index(None, "began_at"),)


class UsageDayRow(_Sum, Table):
    """What was used in a day of UTC."""

    __tablename__ = "usage_days"
    __table_args__ = (Index(None, "began_at"),)


class UsageCursorRow(Table):
    """How far a part of metering is, and the lock that lets one process at a time go on from there."""

    __tablename__ = "usage_cursors"

    name: Mapped[str] = mapped_column(primary_key=True)
    transaction_id: Mapped[int] = mapped_column(BigInteger, default=0)
    position: Mapped[int] = mapped_column(BigInteger, default=0)
