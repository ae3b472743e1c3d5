"""Tables of money."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from zaffre.foundation.audit.declaration import Audited
from zaffre.foundation.database import Table, id_column
from zaffre.management.metering.quantities import Quantity


class RateCardRow(Table):
    """A list of prices in one currency."""

    __tablename__ = "rate_cards"
    __audited__ = Audited("rate_card", ("name", "description", "currency"))

    id: Mapped[str] = id_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str]
    currency: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(index=True)
    generation: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": generation}  # noqa: RUF012 - SQLAlchemy's documented declaration


class RateRow(Table):
    """What a meter costs on a card from an instant on. Never changed: another price is another row."""

    __tablename__ = "rates"
    __audited__ = Audited("rate", ("rate_card_id", "meter", "state", "tiers", "effective_from"), name="meter")

    id: Mapped[str] = id_column(primary_key=True)
    rate_card_id: Mapped[str] = mapped_column(ForeignKey("rate_cards.id"))
    meter: Mapped[str]
    state: Mapped[str]
    """Only of resources in this state; empty for all that have no price of their own."""
    tiers: Mapped[list[dict[str, Any]]]
    """Graduated: each with a price for the quantity above the tier before. Empty: it costs nothing."""
    effective_from: Mapped[datetime]
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("rate_card_id", "meter", "state", "effective_from"),)


class RateCardUseRow(Table):
    """Which card prices a plan's subscriptions from an instant on; of no plan, which prices all others."""

    __tablename__ = "rate_card_uses"
    __audited__ = Audited("rate_card_use", ("scope", "plan_id", "rate_card_id", "effective_from"), name=None)

    id: Mapped[str] = id_column(primary_key=True)
    scope: Mapped[str]
    """The plan's id, or `default`: unlike an absent plan it can be a part of a unique key."""
    plan_id: Mapped[str | None] = id_column()
    rate_card_id: Mapped[str | None] = mapped_column(ForeignKey("rate_cards.id"))
    """None: a plan follows the default again; for the default, nothing is priced."""
    effective_from: Mapped[datetime]
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("scope", "effective_from"),)


class OfferFeeRow(Table):
    """What a plan or an add-on cost from an instant on: written with each change of its fee, and never changed."""

    __tablename__ = "offer_fees"

    offer_id: Mapped[str] = id_column(primary_key=True)
    effective_from: Mapped[datetime] = mapped_column(primary_key=True)
    offer_name: Mapped[str]
    """At that time; the offer may be gone when it is billed."""
    fee: Mapped[dict[str, Any] | None]


class DiscountRow(Table):
    """A part of the price that somebody does not pay for a time."""

    __tablename__ = "discounts"
    __audited__ = Audited(
        "discount", ("name", "scope", "scope_id", "percent", "amount", "currency", "begins_at", "ends_at")
    )

    id: Mapped[str] = id_column(primary_key=True)
    name: Mapped[str]
    scope: Mapped[str]
    scope_id: Mapped[str] = id_column(index=True)
    """A subscription, an account or a plan."""
    percent: Mapped[Decimal | None] = mapped_column(Quantity)
    amount: Mapped[Decimal | None] = mapped_column(Quantity)
    """For a month; instead of a percentage."""
    currency: Mapped[str | None]
    """Of the amount."""
    begins_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(index=True)
    generation: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": generation}  # noqa: RUF012 - SQLAlchemy's documented declaration


class CreditRow(Table):
    """An amount that statements use up."""

    __tablename__ = "credits"
    __audited__ = Audited(
        "credit",
        ("name", "account_id", "subscription_id", "amount", "currency", "expires_at"),
        subscription="subscription_id",
    )

    id: Mapped[str] = id_column(primary_key=True)
    name: Mapped[str]
    """What it is for."""
    account_id: Mapped[str] = id_column(index=True)
    subscription_id: Mapped[str | None] = id_column(index=True)
    """Only for this one; None: for all of the account's."""
    amount: Mapped[Decimal] = mapped_column(Quantity)
    left: Mapped[Decimal] = mapped_column(Quantity)
    """Of the amount, not used yet."""
    currency: Mapped[str]
    expires_at: Mapped[datetime | None]
    """Statements of months that begin then or later do not use it."""
    created_at: Mapped[datetime]
    generation: Mapped[int] = mapped_column(default=1)

    __table_args__ = (Index(None, "created_at", "id"),)
    __mapper_args__ = {"version_id_col": generation}  # noqa: RUF012 - SQLAlchemy's documented declaration


class StatementRunRow(Table):
    """The closing of a month: begun once, and gone on with until every statement is there."""

    __tablename__ = "statement_runs"

    id: Mapped[str] = id_column(primary_key=True)
    month: Mapped[str] = mapped_column(unique=True)
    """As in `2026-11`."""
    operation_id: Mapped[str] = id_column()
    """The latest that works on it."""
    began_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class StatementRow(Table):
    """What a subscription's month comes to in one currency, for good: rows are only ever inserted."""

    __tablename__ = "statements"

    id: Mapped[str] = id_column(primary_key=True)
    number: Mapped[int] = mapped_column(unique=True)
    """One after the other, without gaps."""
    month: Mapped[str]
    currency: Mapped[str]
    subscription_id: Mapped[str] = id_column()
    subscription_name: Mapped[str]
    account_id: Mapped[str] = id_column(index=True)
    account_name: Mapped[str]
    account_email: Mapped[str]
    lines: Mapped[list[dict[str, Any]]]
    """Amounts in billionths, rounded to what can be paid; they add up to the total."""
    total: Mapped[Decimal] = mapped_column(Quantity)
    closed_at: Mapped[datetime] = mapped_column(index=True)

    __table_args__ = (UniqueConstraint("subscription_id", "month", "currency"), Index(None, "month", "id"))
