"""API tokens: how programs sign in."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from zaffre.foundation.errors import Conflict, NotFound
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.identity.tables import ApiTokenRow
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


class ApiTokens:
    """Rules for one account's API tokens inside one unit of work."""

    def __init__(self, work: UnitOfWork, account_id: str) -> None:
        self._work = work
        self._session = work.session
        self._account_id = account_id

    async def create(self, name: str, expires_at: datetime | None) -> tuple[ApiTokenRow, str]:
        """Make a token; its text is returned this once and kept nowhere.

        Raises:
            TooManyTokens: the account has as many as it may.
        """
        held = select(func.count()).select_from(ApiTokenRow).where(ApiTokenRow.account_id == self._account_id)
        if (await self._session.scalar(held) or 0) >= TOKENS_PER_ACCOUNT:
            raise TooManyTokens
        secret = new_secret()
        row = ApiTokenRow(
            id=self._work.ids.new(),
            account_id=self._account_id,
            name=name,
            token_hash=hash_secret(secret),
            expires_at=expires_at,
            created_at=self._work.clock.now(),
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
