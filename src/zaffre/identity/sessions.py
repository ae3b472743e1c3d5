"""Sign-in sessions: from a password to tokens, and on from there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select

from zaffre.foundation.errors import Conflict, NotFound, Unauthenticated
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.identity.accounts import AccountState, is_service
from zaffre.identity.permissions import Permission, Role
from zaffre.identity.site_roles import permissions_of
from zaffre.identity.tables import AccountRow, SessionRow
from zaffre.identity.tokens import AccessClaims, AccessTokens, hash_secret, new_secret

ACTING_FOR = timedelta(hours=1)
"""How long an administrator can act for somebody without beginning anew."""
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


class CannotActFor(Conflict):
    """Administrators act for active tenants only."""

    code = "account.cannot_act_for"
    title = "Nobody can act for this account"

    def __init__(self, account: AccountRow) -> None:
        super().__init__(
            f"{account.email} is {account.state} and has the role {account.role}.",
            remedy="Act for an active tenant.",
            target=account.id,
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
    role: str
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

    async def open(self, account: AccountRow, client: str, provider_id: str | None = None) -> IssuedTokens:
        """Begin a session for an account whose password was right, or whose identity a provider has proved."""
        await self._make_room(account.id)
        now = self._work.clock.now()
        secret = new_secret()
        row = SessionRow(
            id=self._work.ids.new(),
            account_id=account.id,
            provider_id=provider_id,
            refresh_hash=hash_secret(secret),
            client=client[:200],
            created_at=now,
            refreshed_at=now,
            expires_at=now + self._lifetime,
        )
        self._session.add(row)
        self._work.emit("session.opened", _reference(row), client=row.client)
        return self._issue(row, account, secret)

    async def act_for(self, parent: SessionRow, account: AccountRow, client: str) -> IssuedTokens:
        """Begin a session in which the administrator whose session `parent` is acts for a tenant.

        Raises:
            CannotActFor: the account is no active tenant's.
        """
        if account.role != Role.TENANT or account.state != AccountState.ACTIVE or is_service(account):
            raise CannotActFor(account)
        await self._make_room(parent.account_id)
        now = self._work.clock.now()
        secret = new_secret()
        row = SessionRow(
            id=self._work.ids.new(),
            account_id=parent.account_id,
            parent_id=parent.id,
            acting_for_id=account.id,
            refresh_hash=hash_secret(secret),
            client=client[:200],
            created_at=now,
            refreshed_at=now,
            expires_at=min(now + ACTING_FOR, parent.expires_at),
        )
        self._session.add(row)
        reference = ResourceRef("session", row.id, account_id=account.id)
        self._work.emit("session.acting_begun", reference, acting_for=account.id)
        return self._issue(row, account, secret)

    async def still_acts(self, session_id: str, actor_id: str, account_id: str) -> bool:
        """Tell whether an administrator may still act for an account in a session."""
        row = await self._session.get(SessionRow, session_id)
        if row is None or (row.account_id, row.acting_for_id) != (actor_id, account_id):
            return False
        administrator = await self._session.get_one(AccountRow, actor_id)
        account = await self._session.get_one(AccountRow, account_id)
        return (
            row.expires_at > self._work.clock.now()
            and Permission.ACCOUNT_ACT_FOR in await permissions_of(self._work, administrator.role)
            and account.role == Role.TENANT
            and {administrator.state, account.state} == {AccountState.ACTIVE}
        )

    async def get(self, session_id: str) -> SessionRow | None:
        """Return a session; None when it has ended."""
        return await self._session.get(SessionRow, session_id)

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
        account = await self._session.get_one(AccountRow, row.acting_for_id or row.account_id)
        if row.spent_refresh_hash == presented:
            await self._session.delete(row)
            self._work.emit("session.token_reused", _reference(row))
            return None
        now = self._work.clock.now()
        if row.expires_at <= now or account.state != AccountState.ACTIVE:
            return None
        acting = row.acting_for_id is not None
        if acting and not await self.still_acts(row.id, row.account_id, account.id):
            return None
        secret = new_secret()
        row.spent_refresh_hash, row.refresh_hash = presented, hash_secret(secret)
        row.refreshed_at, row.expires_at = now, row.expires_at if acting else now + self._lifetime
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
        actor_id = row.account_id if row.acting_for_id is not None else None
        token, expires_at = self._access_tokens.issue(AccessClaims(account.id, account.role, row.id, actor_id))
        return IssuedTokens(row.id, account.id, account.role, token, expires_at, secret, row.expires_at)


def _reference(row: SessionRow) -> ResourceRef:
    return ResourceRef("session", row.id, account_id=row.account_id)
