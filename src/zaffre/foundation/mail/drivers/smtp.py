"""Mail over SMTP (RFC 5321), submitted to the server in the settings."""

import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import parseaddr

import aiosmtplib

from zaffre.foundation.mail.drivers.post_office import ConnectionLost, NotDelivered, Refused
from zaffre.foundation.settings import MailSettings

PERMANENT = 500
"""Replies from here on mean that the same message would be refused again (RFC 5321, 4.2.1)."""


class SmtpServer:
    """The provider's mail server. Its certificate is verified, unless the connection is plain."""

    def __init__(self, settings: MailSettings, tls: ssl.SSLContext | None = None) -> None:
        self._settings = settings
        self._tls = tls

    @asynccontextmanager
    async def open(self) -> AsyncGenerator["SmtpCounter"]:
        """Connect, secure the connection and sign in, as the settings say."""
        settings = self._settings
        client = aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            username=settings.user or None,
            password=settings.password.get_secret_value() if settings.password is not None else None,
            use_tls=settings.tls == "tls",
            start_tls=settings.tls == "starttls",
            tls_context=self._tls,
            timeout=settings.timeout_s,
        )
        try:
            await client.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            client.close()
            raise NotDelivered(f"{settings.host}:{settings.port}: {_reason(error)}") from None
        try:
            yield SmtpCounter(client, parseaddr(settings.sender)[1])
        finally:
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit()
            client.close()


class SmtpCounter:
    """An open connection to a mail server."""

    def __init__(self, client: aiosmtplib.SMTP, sender: str) -> None:
        self._client = client
        self._sender = sender

    async def hand_over(self, message: EmailMessage, recipient: str) -> None:
        """Deliver a message; see `Counter`."""
        wide = not (recipient.isascii() and self._sender.isascii())
        content = message.as_bytes(policy=SMTP_POLICY.clone(utf8=wide))
        try:
            await self._client.sendmail(
                self._sender, [recipient], content, mail_options=["SMTPUTF8", "BODY=8BITMIME"] if wide else []
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            refusal = error.recipients[0]
            kind = Refused if refusal.code >= PERMANENT else NotDelivered
            raise kind(_reason(refusal)) from None
        except aiosmtplib.SMTPDataError as error:
            raise (Refused if error.code >= PERMANENT else NotDelivered)(_reason(error)) from None
        except aiosmtplib.SMTPNotSupported as error:
            raise Refused(_reason(error)) from None
        except aiosmtplib.SMTPResponseException as error:
            raise NotDelivered(_reason(error)) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise ConnectionLost(_reason(error)) from None


def _reason(error: Exception) -> str:
    """Say what went wrong in one short line of printable text: a server's words come from outside."""
    code = f"{error.code} " if isinstance(error, aiosmtplib.SMTPResponseException) else ""
    text = error.message if isinstance(error, aiosmtplib.SMTPException) else (str(error) or type(error).__name__)
    return "".join(c if c.isprintable() else " " for c in f"{code}{text}")[:300]
