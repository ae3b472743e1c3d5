"""Sign-ins on their way through an identity provider: each belongs to one browser, and comes back once."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import timedelta

from pydantic import SecretStr
from sqlalchemy import delete, select, update

from zaffre.foundation.secrets import SealedSecret
from zaffre.foundation.work import UnitOfWork
from zaffre.identity.federation.problems import SignInNotGood
from zaffre.identity.federation.tables import FederatedSignInRow
from zaffre.identity.tokens import hash_secret, new_secret

GOOD_FOR = timedelta(minutes=10)
"""How long somebody has for signing in at the provider."""


@dataclass(frozen=True)
class Begun:
    """A sign-in that has begun."""

    state: str
    browser: str
    """The secret that only this browser gets."""
    nonce: str
    challenge: str
    """Of the code verifier (PKCE, S256)."""


@dataclass(frozen=True)
class Pending:
    """A sign-in that came back."""

    id: str
    provider_id: str
    account_id: str | None
    """Whoever wants the identity linked; None: somebody signs in."""
    nonce: str
    verifier: SecretStr
    proved_id: str | None
    """Whose second factor is still to be shown; None: the provider has not been asked yet."""


class FederatedSignIns:
    """Rules for federated sign-ins inside one unit of work."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._session = work.session

    async def begin(self, provider_id: str, face: str, account_id: str | None) -> Begun:
        """Begin one; `account_id` is who wants an identity linked."""
        state, browser, nonce, verifier = (new_secret() for _ in range(4))
        now = self._work.clock.now()
        self._work.add(
            FederatedSignInRow(
                id=self._work.ids.new(),
                provider_id=provider_id,
                face=face,
                account_id=account_id,
                state_hash=hash_secret(state),
                browser_hash=hash_secret(browser),
                nonce=nonce,
                sealed_verifier=self._work.keyring.seal(SecretStr(verifier)),
                created_at=now,
                expires_at=now + GOOD_FOR,
            )
        )
        digest = hashlib.sha256(verifier.encode()).digest()
        return Begun(state, browser, nonce, base64.urlsafe_b64encode(digest).rstrip(b"=").decode())

    async def claim(self, state: str, browser: str, face: str) -> Pending:
        """Take a sign-in that came back, once; again only where a second factor is still to be shown.

        Raises:
            SignInNotGood: there is none, it came back before, or it belongs to another browser.
        """
        row = await self._session.scalar(
            select(FederatedSignInRow).where(
                FederatedSignInRow.state_hash == hash_secret(state),
                FederatedSignInRow.browser_hash == hash_secret(browser),
                FederatedSignInRow.face == face,
                FederatedSignInRow.expires_at > self._work.clock.now(),
            )
        )
        if row is None or (row.proved_id is None and not await self._first(row.id)):
            raise SignInNotGood
        verifier = self._work.keyring.open(SealedSecret(row.sealed_verifier))
        return Pending(row.id, row.provider_id, row.account_id, row.nonce, verifier, row.proved_id)

    async def await_code(self, sign_in_id: str, account_id: str) -> None:
        """Note that the provider's word was good, and that the account's second factor is still to be shown."""
        statement = update(FederatedSignInRow).where(FederatedSignInRow.id == sign_in_id)
        await self._session.execute(statement.values(proved_id=account_id))

    async def finish(self, sign_in_id: str) -> None:
        """Use a sign-in up.

        Raises:
            SignInNotGood: somebody did at the same moment.
        """
        used = await self._session.execute(delete(FederatedSignInRow).where(FederatedSignInRow.id == sign_in_id))
        if int(getattr(used, "rowcount", 0)) != 1:
            raise SignInNotGood

    async def forget_expired(self, limit: int) -> None:
        """Delete up to `limit` that took too long."""
        old = select(FederatedSignInRow.id).where(FederatedSignInRow.expires_at < self._work.clock.now()).limit(limit)
        await self._session.execute(delete(FederatedSignInRow).where(FederatedSignInRow.id.in_(old)))

    async def _first(self, sign_in_id: str) -> bool:
        """Tell whether it comes back for the first time; one conditional statement says so to one of many."""
        claimed = (
            update(FederatedSignInRow)
            .where(FederatedSignInRow.id == sign_in_id, FederatedSignInRow.claimed_at.is_(None))
            .values(claimed_at=self._work.clock.now())
            .execution_options(synchronize_session=False)
        )
        return int(getattr(await self._session.execute(claimed), "rowcount", 0)) == 1
