"""Tables of the cost overview. All of it can be calculated anew."""

from datetime import datetime

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from zaffre.foundation.database import Table, id_column


class CostTotalRow(Table):
    """What a subscription's month comes to of one thing in one currency, as it was calculated last."""

    __tablename__ = "cost_totals"

    month: Mapped[str] = mapped_column(primary_key=True)
    """As in `2026-11`."""
    subscription_id: Mapped[str] = id_column(primary_key=True)
    line: Mapped[str] = mapped_column(primary_key=True)
    """Stands for currency, plan, kind and title, which together tell it from the subscription's others."""
    currency: Mapped[str]
    plan_id: Mapped[str] = id_column()
    """The subscription's at that time."""
    kind: Mapped[str]
    meter: Mapped[str]
    """Empty for what is of none, as amounts off a month."""
    list_cost: Mapped[int] = mapped_column(BigInteger)
    """Billionths, as all amounts here."""
    cost: Mapped[int] = mapped_column(BigInteger)
    forecast: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (Index(None, "month", "currency"),)


class CostedMonthRow(Table):
    """A subscription's month that was calculated, and when."""

    __tablename__ = "costed_months"

    month: Mapped[str] = mapped_column(primary_key=True)
    subscription_id: Mapped[str] = id_column(primary_key=True)
    subscription_name: Mapped[str]
    account_id: Mapped[str] = id_column()
    as_of: Mapped[datetime]


class CostPassRow(Table):
    """How far processes are that go through subscriptions together: one row for all, and one for those that are new."""

    __tablename__ = "cost_passes"

    name: Mapped[str] = mapped_column(primary_key=True)
    began_at: Mapped[datetime | None]
    """None: never. Of new subscriptions: until when those were made that have been taken up."""
    after: Mapped[str]
    """The last subscription that was taken up; empty: the pass is through."""
