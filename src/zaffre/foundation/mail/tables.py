"""Table of mail."""

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from zaffre.foundation.database import Table, id_column


class MailRow(Table):
    """A message that waits to be sent. Sending it, or giving it up, deletes the row."""

    __tablename__ = "mail"

    id: Mapped[str] = id_column(primary_key=True)
    """Also the message's own id, by which a recipient's mailbox knows what came twice."""
    recipient: Mapped[str]
    subject: Mapped[str]
    sealed_text: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed, because links in it are keys."""
    created_at: Mapped[datetime]
    give_up_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    """How often somebody has begun to send it; also what two senders race for."""
    last_error: Mapped[str | None] = mapped_column(default=None)
