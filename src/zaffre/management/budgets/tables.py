"""Tables of budgets."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from zaffre.foundation.audit.declaration import Audited
from zaffre.foundation.database import Table, id_column, search_key
from zaffre.management.metering.quantities import Quantity


class BudgetRow(Table):
    """What a month of a subscription, or of what has a tag in it, may cost."""

    __tablename__ = "budgets"
    __audited__ = Audited(
        "budget",
        ("name", "amount", "currency", "tag_key", "tag_value", "thresholds", "recipients", "by_provider"),
        subscription="subscription_id",
    )

    id: Mapped[str] = id_column(primary_key=True)
    subscription_id: Mapped[str] = mapped_column(ForeignKey("subscriptions.id", ondelete="CASCADE"))
    name: Mapped[str]
    name_key: Mapped[str] = search_key("name")
    amount: Mapped[Decimal] = mapped_column(Quantity)
    """For a month."""
    currency: Mapped[str]
    tag_key: Mapped[str | None] = mapped_column(default=None)
    """Only what has this tag, with the value; None: everything in the subscription."""
    tag_value: Mapped[str | None] = mapped_column(default=None)
    thresholds: Mapped[list[dict[str, Any]]]
    """Each with `percent`, `basis` and `suspend`."""
    recipients: Mapped[list[str]]
    """Addresses, in lower case; mail goes to those that are verified when there is something to tell."""
    by_provider: Mapped[bool]
    """An administrator made it: nobody else changes it."""
    revision: Mapped[int] = mapped_column(default=1)
    """Grows when what is compared changes; each threshold is told of once in a month and revision."""
    revised_at: Mapped[datetime]
    month: Mapped[str | None] = mapped_column(default=None)
    """Of the figures; None: nobody has looked yet."""
    actual: Mapped[Decimal] = mapped_column(Quantity, default=Decimal(0))
    forecast: Mapped[Decimal] = mapped_column(Quantity, default=Decimal(0))
    evaluated_at: Mapped[datetime | None] = mapped_column(default=None)
    """When the figures were right."""
    due_at: Mapped[datetime] = mapped_column(index=True)
    """When somebody should look again; whoever does moves it on first."""
    created_at: Mapped[datetime]
    generation: Mapped[int] = mapped_column(default=1)
    """Of what people set. Figures do not change it, so that looking does not spoil their changes."""

    __table_args__ = (
        UniqueConstraint("subscription_id", "name"),
        Index(None, "created_at", "id"),
        Index(None, "name_key", "id"),
    )


class BudgetAlertRow(Table):
    """A threshold that was reached in a month: told of once, and the unique key is the proof."""

    __tablename__ = "budget_alerts"

    id: Mapped[str] = id_column(primary_key=True)
    budget_id: Mapped[str] = mapped_column(ForeignKey("budgets.id", ondelete="CASCADE"))
    month: Mapped[str]
    revision: Mapped[int]
    basis: Mapped[str]
    percent: Mapped[int]
    amount: Mapped[Decimal] = mapped_column(Quantity)
    """Of the budget, then."""
    cost: Mapped[Decimal] = mapped_column(Quantity)
    """What reached it: the actual cost or the forecast."""
    currency: Mapped[str]
    suspended: Mapped[bool]
    """Whether it suspended the subscription."""
    told: Mapped[list[str]]
    """The addresses that mail was written to."""
    occurred_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("budget_id", "month", "revision", "basis", "percent"),
        Index(None, "budget_id", "occurred_at"),
    )
