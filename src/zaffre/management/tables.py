"""Tables of management."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from zaffre.foundation.audit.declaration import Audited
from zaffre.foundation.database import Table, id_column, search_key
from zaffre.foundation.tags import Tagged


class PlanRow(Table):
    """What a provider offers."""

    __tablename__ = "plans"
    __audited__ = Audited(
        "plan",
        (
            "name",
            "description",
            "state",
            "services",
            "subscriptions_per_account",
            "texts",
            "fee",
            "suspend_policy",
            "deletion_grace_days",
        ),
        secret=("sealed_code",),
    )

    id: Mapped[str] = id_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str]
    state: Mapped[str] = mapped_column(index=True)
    services: Mapped[list[dict[str, Any]]]
    """One entry per provider: its name, its settings and its quota limits."""
    subscriptions_per_account: Mapped[int | None]
    """None: as many as they like."""
    texts: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    """What tenants read of it, one entry per language."""
    fee: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    """What it costs for each period; None when no amount is given."""
    sealed_code: Mapped[bytes | None] = mapped_column(default=None)
    """The invitation code that subscribing takes, encrypted; None when none is needed."""
    suspend_policy: Mapped[str] = mapped_column(default="access_only")
    """What suspending one of its subscriptions does with what runs in it."""
    deletion_grace_days: Mapped[int] = mapped_column(default=0)
    """How long its subscriptions can be restored once they are to be deleted; 0: not at all."""
    created_at: Mapped[datetime] = mapped_column(index=True)
    generation: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": generation}  # noqa: RUF012 - SQLAlchemy's documented declaration


class AddOnRow(Table):
    """What can be had on top of a plan."""

    __tablename__ = "add_ons"
    __audited__ = Audited("add_on", ("name", "description", "state", "services", "texts", "fee"))

    id: Mapped[str] = id_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str]
    state: Mapped[str] = mapped_column(index=True)
    services: Mapped[list[dict[str, Any]]]
    """As a plan's; a quota is what one occurrence adds, and settings may be absent where the plan has the service."""
    texts: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    fee: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    created_at: Mapped[datetime] = mapped_column(index=True)
    generation: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": generation}  # noqa: RUF012 - SQLAlchemy's documented declaration


class PlanAddOnRow(Table):
    """An add-on that subscriptions to a plan may acquire."""

    __tablename__ = "plan_add_ons"
    __audited__ = Audited("plan_add_on", ("plan_id", "add_on_id", "maximum"), key=("plan_id", "add_on_id"), name=None)

    plan_id: Mapped[str] = mapped_column(ForeignKey("plans.id"), primary_key=True)
    add_on_id: Mapped[str] = mapped_column(ForeignKey("add_ons.id"), primary_key=True, index=True)
    maximum: Mapped[int | None]
    """How many of it one subscription may hold; None: as many as it likes."""


class SubscriptionAddOnRow(Table):
    """One occurrence of an add-on that a subscription holds."""

    __tablename__ = "subscription_add_ons"
    __audited__ = Audited("subscription_add_on", ("add_on_id",), name=None, subscription="subscription_id")

    id: Mapped[str] = id_column(primary_key=True)
    subscription_id: Mapped[str] = mapped_column(ForeignKey("subscriptions.id"))
    add_on_id: Mapped[str] = mapped_column(ForeignKey("add_ons.id"))
    acquired_at: Mapped[datetime]

    __table_args__ = (Index(None, "subscription_id", "add_on_id"), Index(None, "add_on_id", "subscription_id"))


class SubscriptionRow(Tagged, Table):
    """A tenant's right to use a plan, and the parent of everything they make with it."""

    __tablename__ = "subscriptions"
    __audited__ = Audited(
        "subscription",
        ("name", "account_id", "plan_id", "state", "ends_at", "suspended_by", "tags"),
        subscription="id",
        account="account_id",
    )

    id: Mapped[str] = id_column(primary_key=True)
    name: Mapped[str]
    name_key: Mapped[str] = search_key("name")
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    """The owner."""
    plan_id: Mapped[str] = mapped_column(ForeignKey("plans.id"), index=True)
    state: Mapped[str] = mapped_column(index=True)
    ends_at: Mapped[datetime | None] = mapped_column(default=None, index=True)
    """When it will be deleted, while it is expiring."""
    restores_to: Mapped[str | None] = mapped_column(default=None)
    """The state it gets back when it is restored, while it is expiring."""
    ended_by_provider: Mapped[bool] = mapped_column(default=False)
    """An administrator had it expire: its owner cannot restore it."""
    suspended_by: Mapped[str | None] = mapped_column(default=None)
    """Why it is suspended, while it is."""
    suspended_budget_id: Mapped[str | None] = id_column()
    """The budget that suspended it; it may be gone."""
    created_at: Mapped[datetime] = mapped_column(index=True)
    generation: Mapped[int] = mapped_column(default=1)

    __table_args__ = (UniqueConstraint("account_id", "name"), Index(None, "name_key", "id"))
    __mapper_args__ = {"version_id_col": generation}  # noqa: RUF012 - SQLAlchemy's documented declaration


class SubscriptionMemberRow(Table):
    """Somebody whom a subscription's owner lets work in it, or has invited to."""

    __tablename__ = "subscription_members"
    __audited__ = Audited(
        "subscription_member", ("email", "role", "account_id"), name="email", subscription="subscription_id"
    )

    id: Mapped[str] = id_column(primary_key=True)
    subscription_id: Mapped[str] = mapped_column(ForeignKey("subscriptions.id", ondelete="CASCADE"))
    email: Mapped[str]
    """Lower case; whom the invitation is for."""
    account_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), default=None)
    """Who has accepted it; None: nobody yet."""
    role: Mapped[str]
    """Name of a role that is built in, or else the id of one of the subscription's own."""
    created_at: Mapped[datetime]
    generation: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        UniqueConstraint("subscription_id", "email"),
        UniqueConstraint("subscription_id", "account_id"),
        Index(None, "account_id"),
        Index(None, "email"),
    )
    __mapper_args__ = {"version_id_col": generation}  # noqa: RUF012 - SQLAlchemy's documented declaration


class SubscriptionRoleRow(Table):
    """A set of permissions that a subscription's owner has put together."""

    __tablename__ = "subscription_roles"
    __audited__ = Audited("subscription_role", ("name", "description", "permissions"), subscription="subscription_id")

    id: Mapped[str] = id_column(primary_key=True)
    subscription_id: Mapped[str] = mapped_column(ForeignKey("subscriptions.id", ondelete="CASCADE"))
    name: Mapped[str]
    description: Mapped[str]
    permissions: Mapped[list[str]]
    created_at: Mapped[datetime]
    generation: Mapped[int] = mapped_column(default=1)

    __table_args__ = (UniqueConstraint("subscription_id", "name"),)
    __mapper_args__ = {"version_id_col": generation}  # noqa: RUF012 - SQLAlchemy's documented declaration


class SubscriptionSyncRow(Table):
    """Whether a resource provider has taken note of a subscription's present state."""

    __tablename__ = "subscription_syncs"

    subscription_id: Mapped[str] = mapped_column(ForeignKey("subscriptions.id"), primary_key=True)
    provider: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    pending: Mapped[str | None] = mapped_column(default="created")
    """The kind of change that it has not taken note of yet; None when it is in sync."""
    previous: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    """The service it had before, until it has taken note of another plan."""
    last_error: Mapped[str | None] = mapped_column(default=None)
    updated_at: Mapped[datetime]

    __table_args__ = (Index(None, "state", "updated_at"),)


class QuotaCounterRow(Table):
    """How much of one quota dimension a subscription may use and uses."""

    __tablename__ = "quota_counters"

    subscription_id: Mapped[str] = mapped_column(ForeignKey("subscriptions.id"), primary_key=True)
    dimension: Mapped[str] = mapped_column(primary_key=True)
    limit: Mapped[int | None] = mapped_column(BigInteger)
    """None: unlimited."""
    used: Mapped[int] = mapped_column(BigInteger, default=0)
    closed: Mapped[bool] = mapped_column(default=False)
    """Set when the subscription is being deleted: nothing can be claimed any more."""


class QuotaClaimRow(Table):
    """What one resource counts against its subscription. The counters are proved against the sum of these."""

    __tablename__ = "quota_claims"

    resource_id: Mapped[str] = id_column(primary_key=True)
    dimension: Mapped[str] = mapped_column(primary_key=True)
    subscription_id: Mapped[str] = mapped_column(ForeignKey("subscriptions.id"))
    amount: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (Index(None, "subscription_id", "dimension"),)
