"""API tokens: how programs sign in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from zaffre.foundation.errors import Conflict, Forbidden, InvalidInput, NotFound
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.identity.callers import Caller
from zaffre.identity.scopes import EVERYTHING, Scope
from zaffre.identity.tables import ApiTokenRow
from zaffre.identity.token_uses import TokenLife
from zaffre.identity.tokens import api_token, hash_secret, new_secret

TOKENS_PER_ACCOUNT = 50


class TooManyTokens(Conflict):
    """The account has as many API tokens as it may."""

    code = "api_token.too_many"
    title = "Too many API tokens"

    def __init__(self) -> None:
        super().__init__(
            f"An account may have {TOKENS_PER_ACCOUNT} API tokens and this one has.",
            remedy="Delete a token that is no longer used.",
        )


class MoreThanHeld(Forbidden):
    """A credential was to be for more than the one that makes it."""

    code = "api_token.more_than_held"
    title = "Nobody hands on what they have not"


class LivesTooLong(InvalidInput):
    """A credential was to live for longer than it may."""

    code = "api_token.lives_too_long"
    title = "It would live too long"


@dataclass(frozen=True)
class NewApiToken:
    """A wish for a token."""

    name: str
    expires_at: datetime | None = None
    """None: as late as the site, and the token that makes it, allow."""
    scope: Scope = EVERYTHING


class ApiTokens:
    """Rules for one account's API tokens inside one unit of work."""

    def __init__(self, work: UnitOfWork, account_id: str, life: TokenLife) -> None:
        self._work = work
        self._session = work.session
        self._account_id = account_id
        self._life = life

    async def create(self, draft: NewApiToken, maker: Caller) -> tuple[ApiTokenRow, str]:
        """Make a token; its text is returned this once and kept nowhere.

        Raises:
            TooManyTokens: the account has as many as it may.
            MoreThanHeld: it was to be for more than the maker's own credential.
            LivesTooLong: it was to live longer than the site allows, or than the token that makes it.
            InvalidInput: it was to be good until an instant that has passed.
        """
        check_hands_on(maker, draft.scope)
        now = self._work.clock.now()
        held = select(func.count()).select_from(ApiTokenRow).where(ApiTokenRow.account_id == self._account_id)
        if (await self._session.scalar(held) or 0) >= TOKENS_PER_ACCOUNT:
            raise TooManyTokens
        secret = new_secret()
        row = ApiTokenRow(
            id=self._work.ids.new(),
            account_id=self._account_id,
            name=draft.name,
            token_hash=hash_secret(secret),
            expires_at=end_of(draft.expires_at, now, self._life, maker),
            scopes=listed(draft.scope.permissions),
            subscription_ids=listed(draft.scope.subscription_ids),
            created_at=now,
        )
        self._session.add(row)
        self._work.emit("api_token.created", self._reference(row))
        return row, api_token(row.id, secret)

    async def list(self) -> Sequence[ApiTokenRow]:
        """Return the account's tokens, newest first."""
        statement = select(ApiTokenRow).where(ApiTokenRow.account_id == self._account_id)
        return (await self._session.scalars(statement.order_by(ApiTokenRow.id.desc()))).all()

    async def delete(self, token_id: str) -> None:
        """Revoke a token, at once.

        Raises:
            NotFound: the account has no such token.
        """
        row = await self._session.get(ApiTokenRow, token_id)
        if row is None or row.account_id != self._account_id:
            raise NotFound("API token", token_id)
        await self._session.delete(row)
        self._work.emit("api_token.deleted", self._reference(row))

    def _reference(self, row: ApiTokenRow) -> ResourceRef:
        return ResourceRef("api_token", row.id, row.name, account_id=row.account_id)


def check_hands_on(maker: Caller, scope: Scope) -> None:
    """See that a new credential is for nothing that its maker's own is not for.

    Raises:
        MoreThanHeld: it would be.
    """
    missing = sorted((scope.permissions or frozenset()) - maker.permissions)
    if missing:
        raise MoreThanHeld(
            f"You lack {', '.join(missing)}.", remedy="Ask for what you may do yourself.", target="scopes"
        )
    if not maker.scope.holds(scope):
        raise MoreThanHeld(
            "This is made with a credential that is for certain permissions or subscriptions only.",
            remedy="Name scopes, and subscriptions, of that credential; or sign in to make it.",
            target="scopes",
        )


def end_of(wanted: datetime | None, now: datetime, life: TokenLife, maker: Caller) -> datetime | None:
    """Return when a new credential stops being good; None: never.

    Raises:
        InvalidInput: that was to be in the past.
        LivesTooLong: that was to be later than the site allows, or than the credential that makes it lives.
    """
    if wanted is not None and (wanted.tzinfo is None or wanted <= now):
        raise InvalidInput(
            "expires_at must be in the future and carry a time zone.",
            remedy="Send for example 2030-01-31T00:00:00Z.",
            target="expires_at",
        )
    longest = None if life.longest is None else now + life.longest
    if maker.session_id is None and maker.expires_at is not None:
        longest = maker.expires_at if longest is None else min(longest, maker.expires_at)
    if wanted is not None and longest is not None and wanted > longest:
        raise LivesTooLong(
            f"It can live until {longest:%Y-%m-%dT%H:%M:%SZ} at most.",
            remedy="Ask for less, or leave expires_at out for as long as may be.",
            target="expires_at",
        )
    return wanted or longest


def listed(chosen: frozenset[str] | None) -> list[str] | None:
    """Return a part of a scope as it is recorded."""
    return None if chosen is None else sorted(str(each) for each in chosen)
