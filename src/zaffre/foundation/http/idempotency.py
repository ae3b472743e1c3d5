"""`Idempotency-Key`: a repeated request gets the first one's answer and changes nothing."""

import hashlib
from datetime import datetime, timedelta

from fastapi import Request, Response
from pydantic import SecretStr
from sqlalchemy import delete, select

from zaffre.foundation.actor import ActorKind
from zaffre.foundation.database import insert_of
from zaffre.foundation.errors import Conflict, InvalidInput
from zaffre.foundation.http.tables import IdempotencyKeyRow
from zaffre.foundation.secrets import SealedSecret
from zaffre.foundation.work import UnitOfWork

HEADER = "Idempotency-Key"
KEPT_FOR = timedelta(hours=24)
MAX_KEY_CHARACTERS = 200
KEPT_HEADERS = ("location", "operation-location", "etag", "content-type")


class KeyReused(Conflict):
    """The key came before with a different request."""

    code = "idempotency.key_reused"
    title = "The idempotency key was used for another request"


class KeyedRequest:
    """A request under its key, inside the request's own transaction.

    Claiming the key, the change and the kept answer commit together. A twin that arrives meanwhile waits at the claim
    until the first has committed or failed.
    """

    def __init__(self, request: Request, work: UnitOfWork, key: str, body: bytes) -> None:
        self._work = work
        self._key = key
        digest = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
        digest.update(f"{work.actor.acting_for or ''}\n".encode())
        digest.update(body)
        self._fingerprint = digest.hexdigest()

    async def claim(self) -> Response | None:
        """Take the key; returns the kept answer when it was taken before by the same request.

        Raises:
            KeyReused: it was taken by another request.
        """
        session = self._work.session
        insert = insert_of(session)
        values = {
            "actor_id": self._work.actor.id,
            "key": self._key,
            "fingerprint": self._fingerprint,
            "created_at": self._work.clock.now(),
        }
        taking = insert(IdempotencyKeyRow).values(values).on_conflict_do_nothing().returning(IdempotencyKeyRow.key)
        if await session.scalar(taking) is not None:
            return None
        row = await session.get_one(IdempotencyKeyRow, (self._work.actor.id, self._key))
        if row.fingerprint != self._fingerprint or row.status is None:
            raise KeyReused(
                f"The key {self._key!r} was used before with a different request.",
                remedy="Use a new key for each new request, and the same key only to repeat one.",
                target=HEADER,
            )
        body = self._work.keyring.open(SealedSecret(row.sealed_body or b"")).get_secret_value()
        headers = {**(row.headers or {}), "Idempotency-Replayed": "true"}
        return Response(body, status_code=row.status, headers=headers)

    async def keep(self, response: Response) -> None:
        """Keep the answer."""
        row = await self._work.session.get_one(IdempotencyKeyRow, (self._work.actor.id, self._key))
        row.status = response.status_code
        row.headers = {name: value for name, value in response.headers.items() if name in KEPT_HEADERS}
        row.sealed_body = self._work.keyring.seal(SecretStr(bytes(response.body).decode()))


def keyed_request(request: Request, work: UnitOfWork, body: bytes) -> KeyedRequest | None:
    """Return the request under its key; None when it has none or nobody is signed in to own it.

    Raises:
        InvalidInput: the key is too long or has characters outside printable ASCII.
    """
    key = request.headers.get(HEADER)
    if key is None or work.actor.kind is not ActorKind.ACCOUNT:
        return None
    if not (0 < len(key) <= MAX_KEY_CHARACTERS and key.isascii() and key.isprintable()):
        raise InvalidInput(
            f"{HEADER} must be 1 to {MAX_KEY_CHARACTERS} printable ASCII characters.",
            remedy="Send a random UUID as the key.",
            target=HEADER,
        )
    return KeyedRequest(request, work, key, body)


async def forget_keys(work: UnitOfWork, now: datetime, limit: int) -> int:
    """Delete up to `limit` keys that are older than they are kept for."""
    old = select(IdempotencyKeyRow.key).where(IdempotencyKeyRow.created_at < now - KEPT_FOR).limit(limit)
    statement = delete(IdempotencyKeyRow).where(
        IdempotencyKeyRow.key.in_(old), IdempotencyKeyRow.created_at < now - KEPT_FOR
    )
    result = await work.session.execute(statement)
    return int(getattr(result, "rowcount", 0))
