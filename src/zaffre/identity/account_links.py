"""Links that are sent to an address: whoever can read mail there may do one thing, once, for a while."""

from datetime import timedelta
from enum import StrEnum

from sqlalchemy import delete, func, select

from zaffre.foundation.errors import DomainError
from zaffre.foundation.work import UnitOfWork
from zaffre.identity.tables import AccountLinkRow
from zaffre.identity.tokens import hash_secret, new_secret

LINKS_PER_HOUR = 5
"""Of one account and purpose: nobody's mailbox is filled from here."""


class LinkPurpose(StrEnum):
    """What a link allows."""

    VERIFY = "verify"
    """To say that the address is theirs."""
    RESET = "reset"
    """To set a new password."""


LIFETIMES = {LinkPurpose.VERIFY: timedelta(days=3), LinkPurpose.RESET: timedelta(hours=1)}


class LinkNotGood(DomainError):
    """The link was used, has expired or never was; which of these is not told."""

    code = "identity.link_not_good"
    title = "The link is not good any more"
    status = 410

    def __init__(self) -> None:
        super().__init__(
            "The link was used already, is too old, or is not complete.", remedy="Ask for a new one.", target="token"
        )


class AccountLinks:
    """Rules for links inside one unit of work."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._session = work.session

    async def issue(self, account_id: str, purpose: LinkPurpose, email: str) -> str | None:
        """Return the key of a new link; None when the account got enough of them within the hour."""
        now = self._work.clock.now()
        of_account = (AccountLinkRow.account_id == account_id, AccountLinkRow.purpose == purpose)
        lately = select(func.count()).select_from(AccountLinkRow)
        lately = lately.where(*of_account, AccountLinkRow.created_at > now - timedelta(hours=1))
        if (await self._session.scalar(lately) or 0) >= LINKS_PER_HOUR:
            return None
        secret = new_secret()
        self._work.add(
            AccountLinkRow(
                id=self._work.ids.new(),
                account_id=account_id,
                purpose=purpose,
                email=email.lower(),
                secret_hash=hash_secret(secret),
                created_at=now,
                expires_at=now + LIFETIMES[purpose],
            )
        )
        return secret

    async def find(self, secret: str, purpose: LinkPurpose) -> AccountLinkRow:
        """Return the link that a key opens.

        Raises:
            LinkNotGood: it opens none.
        """
        row = await self._session.scalar(
            select(AccountLinkRow).where(
                AccountLinkRow.secret_hash == hash_secret(secret),
                AccountLinkRow.purpose == purpose,
                AccountLinkRow.expires_at > self._work.clock.now(),
            )
        )
        if row is None:
            raise LinkNotGood
        return row

    async def use(self, secret: str, purpose: LinkPurpose) -> AccountLinkRow:
        """Use a link up, with all of its account: what is proved or changed makes the others stale.

        Raises:
            LinkNotGood: it is none, or somebody used it at the same moment.
        """
        row = await self.find(secret, purpose)
        used = await self._session.execute(
            delete(AccountLinkRow).where(AccountLinkRow.id == row.id).execution_options(synchronize_session=False)
        )
        if int(getattr(used, "rowcount", 0)) != 1:
            raise LinkNotGood
        self._session.expunge(row)
        await self.forget(row.account_id)
        return row

    async def forget(self, account_id: str) -> None:
        """Make an account's links void."""
        statement = delete(AccountLinkRow).where(AccountLinkRow.account_id == account_id)
        await self._session.execute(statement)

    async def forget_expired(self, limit: int) -> None:
        """Delete up to `limit` expired links."""
        old = select(AccountLinkRow.id).where(AccountLinkRow.expires_at < self._work.clock.now()).limit(limit)
        await self._session.execute(delete(AccountLinkRow).where(AccountLinkRow.id.in_(old)))
