"""Sign-in sessions: from a password to tokens, and on from there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select

from zaffre.foundation.errors import NotFound, Unauthenticated
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.identity.accounts import AccountState
from zaffre.identity.permissions import Role
from zaffre.identity.tables import AccountRow, SessionRow
from zaffre.identity.tokens import AccessClaims, AccessTokens, hash_secret, new_secret

SESSIONS_PER_ACCOUNT = 100
"""The oldest goes when one more is made."""


class SignInFailed(Unauthenticated):
    """Wrong address or password, or the account is suspended; which of these is not told."""

    code = "identity.sign_in_failed"
    title = "Sign-in failed"

    def __init__(self) -> None:
        super().__init__(
            "The e-mail address and the password do not belong to an active account.",
            remedy="Check both; sign up if you have no account yet.",
        )


class RefreshFailed(Unauthenticated):
    """The refresh token is not good any more."""

    code = "identity.refresh_failed"
    title = "The session has ended"

    def __init__(self) -> None:
        super().__init__(
            "The refresh token is unknown, expired, revoked or was used before.",
            remedy="Sign in again with POST /sessions.",
        )


@dataclass(frozen=True)
class IssuedTokens:
    """What a client gets at sign-in and at each refresh."""

    session_id: str
    account_id: str
    role: Role
    access_token: str
    access_expires_at: datetime
    refresh_token: str
    refresh_expires_at: datetime


class Sessions:
    """Rules for sign-in sessions inside one unit of work."""

    def __init__(self, work: UnitOfWork, access_tokens: AccessTokens, refresh_lifetime_s: int) -> None:
        self._work = work
        self._session = work.session
        self._access_tokens = access_tokens
        self._lifetime = timedelta(seconds=refresh_lifetime_s)

    async def open(self, account: AccountRow, client: str) -> IssuedTokens:
        """Begin a session for an account whose password was right."""
        await self._make_room(account.id)
        now = self._work.clock.now()
        secret = new_secret()
        row = SessionRow(
            id=self._work.ids.new(),
            account_id=account.id,
            refresh_hash=hash_secret(secret),
            client=client[:200],
            created_at=now,
            refreshed_at=now,
            expires_at=now + self._lifetime,
        )
        self._session.add(row)
        self._work.emit("session.opened", _reference(row), client=row.client)
        return self._issue(row, account, secret)

    async def refresh(self, refresh_token: str) -> IssuedTokens | None:
        """Exchange a refresh token for new tokens; each is good once.

        Returns None when the token is not good. A token that was exchanged before ends its session: either it or its
        successor is in the wrong hands. (Not an exception, because the ending must be committed.)
        """
        presented = hash_secret(refresh_token)
        row = await self._session.scalar(
            select(SessionRow)
            .where(or_(SessionRow.refresh_hash == presented, SessionRow.spent_refresh_hash == presented))
            .with_for_update()
        )
        if row is None:
            return None
        account = await self._session.get_one(AccountRow, row.account_id)
        if row.spent_refresh_hash == presented:
            await self._session.delete(row)
            self._work.emit("session.token_reused", _reference(row))
            return None
        now = self._work.clock.now()
        if row.expires_at <= now or account.state != AccountState.ACTIVE:
            return None
        secret = new_secret()
        row.spent_refresh_hash, row.refresh_hash = presented, hash_secret(secret)
        row.refreshed_at, row.expires_at = now, now + self._lifetime
        return self._issue(row, account, secret)

    async def of(self, account_id: str) -> Sequence[SessionRow]:
        """Return an account's live sessions, newest first."""
        statement = select(SessionRow).where(
            SessionRow.account_id == account_id, SessionRow.expires_at > self._work.clock.now()
        )
        return (await self._session.scalars(statement.order_by(SessionRow.created_at.desc()))).all()

    async def revoke(self, account_id: str, session_id: str) -> None:
        """End a session of the account.

        Raises:
            NotFound: it has no such session.
        """
        row = await self._session.get(SessionRow, session_id)
        if row is None or row.account_id != account_id:
            raise NotFound("session", session_id)
        await self._session.delete(row)
        self._work.emit("session.revoked", _reference(row))

    async def forget_expired(self, limit: int) -> int:
        """Delete up to `limit` expired sessions."""
        old = select(SessionRow.id).where(SessionRow.expires_at < self._work.clock.now()).limit(limit)
        result = await self._session.execute(delete(SessionRow).where(SessionRow.id.in_(old)))
        return int(getattr(result, "rowcount", 0))

    async def _make_room(self, account_id: str) -> None:
        newest_first = select(SessionRow.id).where(SessionRow.account_id == account_id)
        surplus = newest_first.order_by(SessionRow.created_at.desc()).offset(SESSIONS_PER_ACCOUNT - 1)
        ids = (await self._session.scalars(surplus)).all()
        if ids:
            await self._session.execute(delete(SessionRow).where(SessionRow.id.in_(ids)))

    def _issue(self, row: SessionRow, account: AccountRow, secret: str) -> IssuedTokens:
        role = Role(account.role)
        token, expires_at = self._access_tokens.issue(AccessClaims(account.id, role, row.id))
        return IssuedTokens(row.id, account.id, role, token, expires_at, secret, row.expires_at)


def _reference(row: SessionRow) -> ResourceRef:
    return ResourceRef("session", row.id, account_id=row.account_id)
