"""Tables of service accounts."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from zaffre.foundation.audit.declaration import Audited
from zaffre.foundation.database import Table


class ServiceAccountRow(Table):
    """An account of a program. What it may do is its account's role, or its membership."""

    __tablename__ = "service_accounts"
    __audited__ = Audited("service_account", ("name",), subscription="subscription_id")

    id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    """The account's."""
    subscription_id: Mapped[str | None] = mapped_column(
        ForeignKey("subscriptions.id", ondelete="CASCADE"), default=None, index=True
    )
    """Where it works, and nowhere else; None: it is the site's."""
    owner_key: Mapped[str]
    """The subscription's id, or `site`: within it, names are unique."""
    name: Mapped[str]
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("owner_key", "name"),)
