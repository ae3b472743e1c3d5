"""Tables of webhooks."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from zaffre.foundation.audit.declaration import Audited
from zaffre.foundation.database import Table, id_column

POSITION = BigInteger().with_variant(Integer(), "sqlite")


class WebhookRow(Table):
    """An address that events are sent to."""

    __tablename__ = "webhooks"
    __audited__ = Audited(
        "webhook",
        ("name", "url", "kinds", "filter", "enabled", "disabled_reason"),
        secret=("sealed_secret",),
        internal=("holder_id",),
        subscription="subscription_id",
    )

    id: Mapped[str] = id_column(primary_key=True)
    subscription_id: Mapped[str | None] = mapped_column(
        ForeignKey("subscriptions.id", ondelete="CASCADE"), default=None, index=True
    )
    """Whose events are sent; None: the site's."""
    owner_key: Mapped[str]
    """The subscription's id, or `site`: within it, names are unique."""
    name: Mapped[str]
    url: Mapped[str]
    kinds: Mapped[list[str]]
    """Which kinds of events: `virtual_machine.started`, `virtual_machine.*` or `*`."""
    filter: Mapped[str | None] = mapped_column(default=None)
    """Which of them, as an OData expression; None: all."""
    holder_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"), default=None)
    """Who made it or changed it last: nothing is sent that they may not see any more."""
    enabled: Mapped[bool] = mapped_column(default=True)
    disabled_reason: Mapped[str | None] = mapped_column(default=None)
    since: Mapped[datetime]
    """Events before this are not sent by themselves."""
    sealed_secret: Mapped[bytes]
    sealed_previous: Mapped[bytes | None] = mapped_column(default=None)
    """The secret before the last rotation, which signs beside the new one for a while."""
    previous_until: Mapped[datetime | None] = mapped_column(default=None)
    created_at: Mapped[datetime]
    generation: Mapped[int] = mapped_column(default=1)

    __table_args__ = (UniqueConstraint("owner_key", "name"), Index(None, "holder_id"))
    __mapper_args__ = {"version_id_col": generation}  # noqa: RUF012 - SQLAlchemy's documented declaration


class WebhookQueueRow(Table):
    """When a webhook has something to send, who is sending it, and how its endpoint has been of late."""

    __tablename__ = "webhook_queues"

    webhook_id: Mapped[str] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"), primary_key=True)
    due_at: Mapped[datetime | None] = mapped_column(default=None, index=True)
    """None: nothing waits."""
    leased_by: Mapped[str | None] = mapped_column(default=None)
    """The worker whose turn it is: one at a time, or the order of what is sent would be lost."""
    leased_until: Mapped[datetime | None] = mapped_column(default=None)
    failures: Mapped[int] = mapped_column(default=0)
    """Attempts that failed since the last that did not."""
    failing_since: Mapped[datetime | None] = mapped_column(default=None)
    last_success_at: Mapped[datetime | None] = mapped_column(default=None)
    last_failure_at: Mapped[datetime | None] = mapped_column(default=None)


class WebhookDeliveryRow(Table):
    """One event on its way to one webhook, and what came of it."""

    __tablename__ = "webhook_deliveries"

    position: Mapped[int] = mapped_column(POSITION, primary_key=True)
    """The order in which deliveries were written down."""
    id: Mapped[str] = id_column()
    webhook_id: Mapped[str] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    event_id: Mapped[str] = id_column()
    """The message's id for the receiver: the same however often it is sent."""
    kind: Mapped[str]
    resource_type: Mapped[str]
    resource_id: Mapped[str]
    resource_name: Mapped[str | None]
    occurred_at: Mapped[datetime]
    trigger: Mapped[str]
    body: Mapped[str]
    """What is sent, to the byte."""
    state: Mapped[str]
    due_at: Mapped[datetime]
    """When it is tried next, while it is pending."""
    attempts: Mapped[int] = mapped_column(default=0)
    last_attempt_at: Mapped[datetime | None] = mapped_column(default=None)
    status: Mapped[int | None] = mapped_column(default=None)
    """What the endpoint answered to the last attempt; None: nothing."""
    error: Mapped[str | None] = mapped_column(default=None)
    """Why the last attempt got no answer."""
    duration_ms: Mapped[int | None] = mapped_column(default=None)
    excerpt: Mapped[str | None] = mapped_column(default=None)
    """The beginning of the answer."""
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None] = mapped_column(default=None)

    __table_args__ = (
        UniqueConstraint("id"),
        Index(None, "webhook_id", "state", "due_at"),
        Index("ix_webhook_deliveries_order", "webhook_id", "resource_id", "state", "position"),
        Index("ix_webhook_deliveries_list", "webhook_id", "created_at", "id"),
        Index(None, "created_at"),
    )
    __mapper_args__ = {"eager_defaults": False}  # noqa: RUF012 - SQLAlchemy's documented declaration


class WebhookCursorRow(Table):
    """Up to where the event log has been read: one row, held by whoever reads on."""

    __tablename__ = "webhook_cursors"

    name: Mapped[str] = mapped_column(primary_key=True)
    transaction_id: Mapped[int] = mapped_column(BigInteger)
    position: Mapped[int] = mapped_column(BigInteger)
