"""Sending what is in the outbox.

Several workers may send at once. Before a message is handed over, its next attempt is moved into the future: whoever
managed that (one conditional statement) sends it, and if they die on the way it is tried again then. So a message may
go out twice, with the same id, but it is never lost.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr

import structlog
from sqlalchemy import delete, select, update

from zaffre.foundation.actor import system_actor
from zaffre.foundation.mail.drivers import NotDelivered, PostOffice, Refused
from zaffre.foundation.mail.drivers.post_office import ConnectionLost, Counter
from zaffre.foundation.mail.outbox import reference
from zaffre.foundation.mail.tables import MailRow
from zaffre.foundation.secrets import SealedSecret
from zaffre.foundation.settings import MailSettings
from zaffre.foundation.work import UnitOfWork, UnitsOfWork

log = structlog.get_logger(__name__)

ACTOR = system_actor("mail")
BATCH = 50
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=30)
NO_SERVER = "The site has no mail server."


@dataclass(frozen=True)
class _Claimed:
    """A message that is ours to send until its next attempt."""

    id: str
    recipient: str
    message: EmailMessage
    attempts: int


class Delivery:
    """Takes mail from the outbox to the post office."""

    def __init__(self, units: UnitsOfWork, settings: MailSettings, post_office: PostOffice | None) -> None:
        self._units = units
        self._settings = settings
        self._post_office = post_office

    async def run(self) -> None:
        """Give up what is too old, and try to send what is due: a batch of each."""
        await self._give_up_old()
        if self._post_office is None:
            return
        due = await self._due()
        if not due:
            return
        try:
            async with self._post_office.open() as counter:
                while due and await self._send(due.pop(0), counter):
                    pass
        except NotDelivered as error:
            # Only the first one counts the attempt: nothing was learned about the others.
            await self._note_failure(due[0], str(error))
            log.warning("mail server does not take mail", reason=str(error))

    async def _due(self) -> list[str]:
        async with self._units.read(ACTOR) as work:
            due = select(MailRow.id).where(MailRow.next_attempt_at <= work.clock.now())
            return list(await work.session.scalars(due.order_by(MailRow.next_attempt_at, MailRow.id).limit(BATCH)))

    async def _send(self, mail_id: str, counter: Counter) -> bool:
        """Send one message; returns whether the connection is good for another."""
        claimed = await self._claim(mail_id)
        if claimed is None:
            return True
        try:
            await counter.hand_over(claimed.message, claimed.recipient)
        except Refused as error:
            await self._finish(claimed.id, given_up=str(error))
            return True
        except NotDelivered as error:
            await self._note_error(claimed.id, str(error))
            return not isinstance(error, ConnectionLost)
        await self._finish(claimed.id)
        return True

    async def _claim(self, mail_id: str) -> _Claimed | None:
        async with self._units.write(ACTOR) as work:
            row = await work.session.get(MailRow, mail_id)
            if row is None or row.next_attempt_at > work.clock.now() or not await _postpone(work, row):
                return None
            try:
                return _Claimed(row.id, row.recipient, self._message(work, row), row.attempts)
            except (MessageError, ValueError, IndexError) as error:
                await _give_up(work, row, f"It makes no message: {error}")
                return None

    async def _finish(self, mail_id: str, given_up: str | None = None) -> None:
        async with self._units.write(ACTOR) as work:
            row = await work.session.get(MailRow, mail_id)
            if row is not None and given_up is not None:
                await _give_up(work, row, given_up)
            elif row is not None:
                await work.session.execute(delete(MailRow).where(MailRow.id == mail_id))

    async def _note_failure(self, mail_id: str, reason: str) -> None:
        """Count an attempt that did not get as far as the message."""
        async with self._units.write(ACTOR) as work:
            row = await work.session.get(MailRow, mail_id)
            if row is not None and await _postpone(work, row):
                await _set_error(work, mail_id, reason)

    async def _note_error(self, mail_id: str, reason: str) -> None:
        async with self._units.write(ACTOR) as work:
            await _set_error(work, mail_id, reason)

    async def _give_up_old(self) -> None:
        async with self._units.read(ACTOR) as work:
            statement = select(MailRow.id).where(MailRow.give_up_at <= work.clock.now())
            old = list(await work.session.scalars(statement.order_by(MailRow.id).limit(BATCH)))
        if not old:
            return
        async with self._units.write(ACTOR) as work:
            for row in await work.session.scalars(select(MailRow).where(MailRow.id.in_(old))):
                await _give_up(work, row, row.last_error or (NO_SERVER if self._post_office is None else "Too late."))

    def _message(self, work: UnitOfWork, row: MailRow) -> EmailMessage:
        name, sender = parseaddr(self._settings.sender)
        message = EmailMessage()
        message["From"] = Address(display_name=name, addr_spec=sender)
        message["To"] = Address(addr_spec=row.recipient)
        message["Subject"] = row.subject
        message["Date"] = row.created_at
        message["Message-ID"] = f"<{row.id}@{sender.partition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(work.keyring.open(SealedSecret(row.sealed_text)).get_secret_value(), cte="quoted-printable")
        return message


def pause_after(attempts: int) -> timedelta:
    """Return how long to wait after the nth attempt: twice as long each time, up to a bound."""
    return min(FIRST_PAUSE * 2 ** min(attempts - 1, 10), LONGEST_PAUSE)


async def _postpone(work: UnitOfWork, row: MailRow) -> bool:
    """Move the next attempt into the future; False when another sender was faster, or gave up."""
    next_attempt_at: datetime = work.clock.now() + pause_after(row.attempts + 1)
    claim = update(MailRow).where(MailRow.id == row.id, MailRow.attempts == row.attempts)
    claim = claim.values(attempts=row.attempts + 1, next_attempt_at=next_attempt_at)
    result = await work.session.execute(claim.execution_options(synchronize_session=False))
    return int(getattr(result, "rowcount", 0)) == 1


async def _set_error(work: UnitOfWork, mail_id: str, reason: str) -> None:
    statement = update(MailRow).where(MailRow.id == mail_id).values(last_error=reason)
    await work.session.execute(statement.execution_options(synchronize_session=False))


async def _give_up(work: UnitOfWork, row: MailRow, reason: str) -> None:
    """Delete a message that will not be sent; whoever deletes it tells."""
    gone = await work.session.execute(delete(MailRow).where(MailRow.id == row.id))
    if int(getattr(gone, "rowcount", 0)) == 1:
        work.emit("mail.given_up", reference(row), subject=row.subject, attempts=row.attempts, reason=reason)
