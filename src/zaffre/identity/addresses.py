"""Addresses of accounts: proved by a link that is sent there, which also opens the way back when a password is lost."""

from dataclasses import dataclass

from zaffre.foundation.errors import Conflict, Forbidden
from zaffre.foundation.mail import Mail, Outbox
from zaffre.foundation.work import UnitOfWork
from zaffre.identity.account_links import LIFETIMES, AccountLinks, LinkPurpose
from zaffre.identity.accounts import Accounts, AccountState, EmailTaken, is_service
from zaffre.identity.messages import Message, message
from zaffre.identity.tables import AccountRow


class AddressNotVerified(Forbidden):
    """It was not proved that mail to the caller's address reaches them."""

    code = "account.address_not_verified"
    title = "Verify your e-mail address first"

    def __init__(self) -> None:
        super().__init__(
            "It is not proved yet that the account's e-mail address is yours.",
            remedy="Open the link that was sent there, or have it sent again: POST /accounts/me/address-verification.",
        )


class NoMail(Conflict):
    """The site cannot send what this needs."""

    code = "identity.no_mail"
    title = "This site sends no mail"

    def __init__(self) -> None:
        super().__init__("No link can be sent.", remedy="Ask an administrator of the site.")


class LinksExhausted(Conflict):
    """Enough links were sent within the hour."""

    code = "identity.links_exhausted"
    title = "Enough mail was sent"

    def __init__(self) -> None:
        super().__init__(
            "Several links were sent within the last hour.", remedy="Look for them, also among spam; or wait an hour."
        )


@dataclass(frozen=True)
class Reader:
    """How somebody who asks for mail reads it."""

    portal_url: str
    language: str
    """`en` or `de`."""


class Addresses:
    """Rules for accounts' addresses inside one unit of work."""

    def __init__(self, work: UnitOfWork, reader: Reader) -> None:
        self._work = work
        self._reader = reader
        self._links = AccountLinks(work)
        self._accounts = Accounts(work)

    async def send_verification(self, account: AccountRow, email: str | None = None) -> None:
        """Send a link that proves an address: the account's, or the one that it shall have.

        Raises:
            EmailTaken: another account has the address.
            LinksExhausted: enough were sent within the hour.
        """
        wanted = (email or account.email).lower()
        if wanted != account.email and await self._accounts.by_email(wanted) is not None:
            raise EmailTaken(wanted)
        secret = await self._links.issue(account.id, LinkPurpose.VERIFY, wanted)
        if secret is None:
            raise LinksExhausted
        await self._send(wanted, Message.VERIFY, f"/verify-email#{secret}", LinkPurpose.VERIFY)

    async def verify(self, secret: str) -> AccountRow:
        """Take a link as the proof of the address it was sent to. The old address is told when it is a new one.

        Raises:
            LinkNotGood: it proves nothing.
            EmailTaken: another account got the address meanwhile.
        """
        link = await self._links.use(secret, LinkPurpose.VERIFY)
        account = await self._accounts.get(link.account_id)
        previous = account.email
        await self._accounts.verify(account, link.email)
        if previous != link.email:
            await self._send(previous, Message.MOVED)
        return account

    async def send_reset(self, email: str) -> None:
        """Send a link that sets a new password, if the address has an active account and got few lately."""
        account = await self._accounts.by_email(email)
        if account is None or account.state != AccountState.ACTIVE or is_service(account):
            return
        secret = await self._links.issue(account.id, LinkPurpose.RESET, account.email)
        if secret is not None:
            await self._send(account.email, Message.RESET, f"/reset-password#{secret}", LinkPurpose.RESET)

    async def reset(self, secret: str, password_hash: str) -> AccountRow:
        """Set a new password with a link. Every session ends; the address is proved along with it.

        Raises:
            LinkNotGood: it allows nothing.
        """
        link = await self._links.use(secret, LinkPurpose.RESET)
        account = await self._accounts.get(link.account_id)
        await self._accounts.set_password(account, password_hash, keep_session_id=None)
        if account.verified_at is None and account.email == link.email:
            await self._accounts.verify(account, link.email)
        await self._send(account.email, Message.PASSWORD_SET)
        return account

    async def _send(self, to: str, kind: Message, path: str = "", purpose: LinkPurpose | None = None) -> None:
        subject, text = message(kind, self._reader.language, f"{self._reader.portal_url}{path}")
        good_until = self._work.clock.now() + LIFETIMES[purpose] if purpose is not None else None
        await Outbox.put(self._work, Mail(to, subject, text, good_until))
