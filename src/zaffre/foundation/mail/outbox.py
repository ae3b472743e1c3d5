"""The outbox: mail that is written with its cause and sent later."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.errors import MessageError
from email.headerregistry import Address

from pydantic import SecretStr
from sqlalchemy import func, select

from zaffre.foundation.errors import InvalidInput
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.mail.tables import MailRow
from zaffre.foundation.work import ResourceRef, UnitOfWork

KEEP = timedelta(hours=24)
"""How long delivery is tried: as long as a mail server is expected to be down at worst."""
SUBJECT_CHARACTERS = 200
TEXT_CHARACTERS = 20_000

LISTING = Listing(
    MailRow,
    {
        "id": Field(MailRow.id, FieldType.ID),
        "recipient": Field(MailRow.recipient, FieldType.TEXT),
        "subject": Field(MailRow.subject, FieldType.TEXT),
        "attempts": Field(MailRow.attempts, FieldType.INTEGER),
        "created_at": Field(MailRow.created_at, FieldType.INSTANT),
    },
    key=MailRow.id,
    order="created_at",
)


@dataclass(frozen=True)
class Mail:
    """A message of plain text to one address."""

    to: str
    subject: str
    text: str
    good_until: datetime | None = None
    """When it says nothing of use any more, such as a link that has run out; never sent after that."""


@dataclass(frozen=True)
class Backlog:
    """How much mail waits."""

    waiting: int
    oldest: datetime | None
    failing: int
    """Messages among them that were tried in vain."""
    last_error: str | None


class Outbox:
    """Rules for mail inside one unit of work."""

    @staticmethod
    async def put(work: UnitOfWork, mail: Mail) -> MailRow:
        """Write a message with its cause: it will be sent, at least once, if the transaction commits.

        Raises:
            InvalidInput: the address is none that a mail can be sent to.
        """
        check_address(mail.to)
        now = work.clock.now()
        row = MailRow(
            id=work.ids.new(),
            recipient=mail.to,
            subject=" ".join(mail.subject.split())[:SUBJECT_CHARACTERS],
            sealed_text=work.keyring.seal(SecretStr(mail.text[:TEXT_CHARACTERS])),
            created_at=now,
            give_up_at=min(now + KEEP, mail.good_until or now + KEEP),
            next_attempt_at=now,
            attempts=0,
        )
        work.add(row)
        return row

    @staticmethod
    async def page(work: UnitOfWork, query: ListQuery) -> Rows[MailRow]:
        """Return a page of what waits."""
        return await LISTING.rows(work.session, query)

    @staticmethod
    async def backlog(work: UnitOfWork) -> Backlog:
        """Say how much waits, and why."""
        waiting = select(func.count(), func.min(MailRow.created_at))
        count, oldest = (await work.session.execute(waiting)).one()
        failing = select(func.count()).where(MailRow.last_error.is_not(None))
        latest = select(MailRow.last_error).where(MailRow.last_error.is_not(None)).order_by(MailRow.id.desc()).limit(1)
        return Backlog(count, oldest, await work.session.scalar(failing) or 0, await work.session.scalar(latest))


def check_address(address: str) -> None:
    """Refuse what cannot be an envelope's recipient.

    Raises:
        InvalidInput: it cannot.
    """
    try:
        Address(addr_spec=address)
    except (MessageError, ValueError, IndexError):
        raise InvalidInput(
            f"{address!r} is not an e-mail address.", remedy="Write it as in name@example.org.", target="email"
        ) from None


def reference(row: MailRow) -> ResourceRef:
    """Name a message in events; only the provider sees them."""
    return ResourceRef("mail", row.id, row.recipient)
