"""How long API tokens live, and when they were last used."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import or_, update
from sqlalchemy.exc import DBAPIError

from zaffre.foundation.actor import system_actor
from zaffre.foundation.work import UnitsOfWork
from zaffre.identity.tables import ApiTokenRow

log = structlog.get_logger(__name__)

AGAIN_AFTER = timedelta(minutes=1)
"""A use is written down at most this often per token."""
TOKENS_IN_MIND = 10_000


class TokenLife:
    """The site's longest life of API tokens."""

    def __init__(self, longest_days: int) -> None:
        self.longest = timedelta(days=longest_days) if longest_days else None
        """None: for ever."""

    def ends(self, token: ApiTokenRow) -> datetime | None:
        """Return when a token stops being good by itself; None: never."""
        if self.longest is None:
            return token.expires_at
        end = token.created_at + self.longest
        return end if token.expires_at is None else min(end, token.expires_at)


class TokenUses:
    """Writes down when and from where tokens are used, so rarely that requests do not pay for it."""

    def __init__(self, units: UnitsOfWork) -> None:
        self._units = units
        self._noted: dict[str, datetime] = {}
        """When this process last wrote of a token: of a hundred requests at once, one writes."""

    async def note(self, token: ApiTokenRow, address: str | None) -> None:
        """Note that a token is used now, unless that was noted a moment ago."""
        now = self._units.clock.now()
        latest = max(filter(None, (token.last_used_at, self._noted.get(token.id))), default=None)
        if latest is not None and now - latest < AGAIN_AFTER:
            return
        if len(self._noted) >= TOKENS_IN_MIND:
            self._noted.clear()
        self._noted[token.id] = now
        stale = or_(ApiTokenRow.last_used_at.is_(None), ApiTokenRow.last_used_at <= now - AGAIN_AFTER)
        values = {"last_used_at": now, "last_used_from": address}
        try:
            async with self._units.write(system_actor("identity")) as work:
                await work.session.execute(
                    update(ApiTokenRow).where(ApiTokenRow.id == token.id, stale).values(**values)
                )
        except DBAPIError:
            # A busy database must not cost the request, which is in order; the next minute notes it.
            log.warning("use of an API token not noted", token_id=token.id, exc_info=True)
