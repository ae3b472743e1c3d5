"""Tables of resource providers in other processes."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from zaffre.foundation.audit.declaration import Audited
from zaffre.foundation.database import Table, id_column


class ResourceProviderRow(Table):
    """A program that sells services through plans."""

    __tablename__ = "resource_providers"
    __audited__ = Audited(
        "resource_provider",
        ("name", "url", "ca_certificates", "enabled", "description"),
        secret=("sealed_key", "access_key_hash"),
        internal=("public_key",),
    )

    id: Mapped[str] = id_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    """What plans call it; the beginning of the names of its dimensions and meters."""
    url: Mapped[str]
    """Where it answers: `https://notes.example/zaffre`."""
    ca_certificates: Mapped[str | None]
    """Certificates that vouch for it, in PEM; None: those that this system trusts."""
    enabled: Mapped[bool] = mapped_column(default=True)
    """Whether anything is asked of it."""
    sealed_key: Mapped[bytes]
    """The private key that signs what it is asked, encrypted."""
    public_key: Mapped[dict[str, Any]]
    """Its other half, as a JSON Web Key."""
    access_key_hash: Mapped[str]
    """Of the key with which it proves itself to us."""
    description: Mapped[dict[str, Any]]
    """What it says of itself."""
    created_at: Mapped[datetime]
    generation: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": generation}  # noqa: RUF012 - SQLAlchemy's documented declaration


class ResourceProviderConditionRow(Table):
    """How a program has been of late, and how far its usage has been read."""

    __tablename__ = "resource_provider_conditions"

    provider_id: Mapped[str] = mapped_column(ForeignKey("resource_providers.id", ondelete="CASCADE"), primary_key=True)
    healthy: Mapped[bool] = mapped_column(default=False)
    sentence: Mapped[str] = mapped_column(default="It has not been asked yet")
    checked_at: Mapped[datetime | None] = mapped_column(default=None)
    usage_cursor: Mapped[str] = mapped_column(default="")
    """Behind the last usage record that we have; empty: none."""
    usage_read_at: Mapped[datetime | None] = mapped_column(default=None)
    usage_error: Mapped[str | None] = mapped_column(default=None)
    """Why its usage could not be read the last time."""
    usage_refused: Mapped[int] = mapped_column(default=0)
    """Usage records of it that could not be taken, ever."""


class ProviderMessageRow(Table):
    """What a program has to know of a subscription, and whether it does.

    There is one for each subscription and program, with the newest that is to be known: what was overtaken need not be
    told any more.
    """

    __tablename__ = "provider_messages"

    provider: Mapped[str] = mapped_column(primary_key=True)
    subscription_id: Mapped[str] = mapped_column(ForeignKey("subscriptions.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(default=1)
    """Grows with each other thing that it has to know."""
    content: Mapped[dict[str, Any]]
    """The change, with the subscription's service."""
    answered: Mapped[int] = mapped_column(default=0)
    """The number that it knows."""
    answered_at: Mapped[datetime | None] = mapped_column(default=None)
    sentence: Mapped[str] = mapped_column(default="")
    """What it says is still to be done."""
    error: Mapped[str | None] = mapped_column(default=None)
    """Why it does not know, when it refused or several attempts have failed."""
    attempts: Mapped[int] = mapped_column(default=0)
    """Those that failed since the last that did not."""
    due_at: Mapped[datetime | None] = mapped_column(default=None)
    """When it is told next; None: there is nothing to tell."""
    leased_until: Mapped[datetime | None] = mapped_column(default=None)
    """Until when it is being told."""

    __table_args__ = (Index(None, "due_at"), Index(None, "subscription_id"))


class QuotaReservationRow(Table):
    """Something that a program has made for a subscription, and that counts against its quota."""

    __tablename__ = "quota_reservations"
    __audited__ = Audited("quota_reservation", ("provider", "resource_type", "amounts"), subscription="subscription_id")

    id: Mapped[str] = id_column(primary_key=True)
    """The resource's, chosen by the program."""
    provider: Mapped[str]
    subscription_id: Mapped[str] = mapped_column(ForeignKey("subscriptions.id", ondelete="CASCADE"), index=True)
    resource_type: Mapped[str]
    name: Mapped[str]
    amounts: Mapped[dict[str, int]]
    """By dimension."""
    created_at: Mapped[datetime]

    __table_args__ = (Index(None, "provider", "subscription_id"),)
