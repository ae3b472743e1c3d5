"""Slows down guessing: attempts to prove who one is are counted per account and per source address.

An attempt is counted before the proof is looked at and given back when it was right, so that a thousand guesses at the
same moment are no better than a thousand in a row. The counts are in the database: every process sees those of all
others, and a restart forgives nothing.
"""

from sqlalchemy import and_, case, delete, or_, select, update

from zaffre.foundation.actor import system_actor
from zaffre.foundation.database import insert_of
from zaffre.foundation.errors import DomainError
from zaffre.foundation.work import UnitOfWork, UnitsOfWork
from zaffre.identity.tables import AttemptRow
from zaffre.identity.tokens import hash_secret

ACTOR = system_actor("identity")
MINUTE_MS = 60_000
HOUR_MS = 3_600_000


class TooManyAttempts(DomainError):
    """Too many attempts lately."""

    code = "identity.too_many_attempts"
    title = "Too many attempts"
    status = 429

    def __init__(self) -> None:
        super().__init__(
            "Too many attempts for this account or from this address.", remedy="Wait a while, then try again."
        )


class Attempts:
    """Allows a number of attempts in a window of time, all at once or spread.

    For each key an instant is kept that each attempt moves on by its share of the window; an attempt that would move it
    more than a window ahead of now is refused, and does not count (the generic cell rate algorithm). Checking and
    counting are one statement.
    """

    def __init__(self, units: UnitsOfWork, allowed: int, window_ms: int = MINUTE_MS) -> None:
        self._units = units
        self._window_ms = window_ms
        self._cost_ms = window_ms // allowed

    async def take(self, *keys: str) -> None:
        """Count an attempt against each key.

        Raises:
            TooManyAttempts: there were too many for one of them; nothing is counted then.
        """
        async with self._units.write(ACTOR) as work:
            for key in sorted(keys):
                if not await self._count(work, key):
                    raise TooManyAttempts

    async def give_back(self, *keys: str) -> None:
        """Take back an attempt that was right."""
        async with self._units.write(ACTOR) as work:
            for key in sorted(keys):
                moved = update(AttemptRow).where(AttemptRow.key_hash == hash_secret(key))
                await work.session.execute(moved.values(until_ms=AttemptRow.until_ms - self._cost_ms))

    async def _count(self, work: UnitOfWork, key: str) -> bool:
        now_ms = int(work.clock.now().timestamp() * 1000)
        latest_ms = now_ms + self._window_ms
        until = AttemptRow.until_ms
        # An instant further ahead than any attempt can move it comes from a clock that was put back.
        current = case((and_(until > now_ms, until <= latest_ms), until), else_=now_ms)
        allowed = or_(until <= latest_ms - self._cost_ms, until > latest_ms)
        insert = insert_of(work.session)
        counting = (
            insert(AttemptRow)
            .values(key_hash=hash_secret(key), until_ms=now_ms + self._cost_ms)
            .on_conflict_do_update(
                index_elements=["key_hash"], set_={"until_ms": current + self._cost_ms}, where=allowed
            )
            .returning(AttemptRow.key_hash)
        )
        return await work.session.scalar(counting) is not None


async def forget_attempts(work: UnitOfWork, limit: int) -> None:
    """Delete up to `limit` counts that say nothing any more."""
    now_ms = int(work.clock.now().timestamp() * 1000)
    old = select(AttemptRow.key_hash).where(AttemptRow.until_ms < now_ms).limit(limit)
    await work.session.execute(delete(AttemptRow).where(AttemptRow.key_hash.in_(old)))
