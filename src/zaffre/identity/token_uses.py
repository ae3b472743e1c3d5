"""How long API tokens and client certificates live, and when they were last used."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import or_, update
from sqlalchemy.exc import DBAPIError

from zaffre.foundation.actor import system_actor
from zaffre.foundation.work import UnitsOfWork
from zaffre.identity.tables import ApiTokenRow, ClientCertificateRow

log = structlog.get_logger(__name__)

Lasting = ApiTokenRow | ClientCertificateRow
"""A credential that lasts from one sign-in to the next."""
AGAIN_AFTER = timedelta(minutes=1)
"""A use is written down at most this often per credential."""
TOKENS_IN_MIND = 10_000


class TokenLife:
    """The site's longest life of API tokens and client certificates."""

    def __init__(self, longest_days: int) -> None:
        self.longest = timedelta(days=longest_days) if longest_days else None
        """None: for ever."""

    def ends(self, credential: Lasting) -> datetime | None:
        """Return when a credential stops being good by itself; None: never."""
        if self.longest is None:
            return credential.expires_at
        end = credential.created_at + self.longest
        return end if credential.expires_at is None else min(end, credential.expires_at)


class TokenUses:
    """Writes down when and from where credentials are used, so rarely that requests do not pay for it."""

    def __init__(self, units: UnitsOfWork) -> None:
        self._units = units
        self._noted: dict[str, datetime] = {}
        """When this process last wrote of a credential: of a hundred requests at once, one writes."""

    async def note(self, credential: Lasting, address: str | None) -> None:
        """Note that a credential is used now, unless that was noted a moment ago."""
        now = self._units.clock.now()
        latest = max(filter(None, (credential.last_used_at, self._noted.get(credential.id))), default=None)
        if latest is not None and now - latest < AGAIN_AFTER:
            return
        if len(self._noted) >= TOKENS_IN_MIND:
            self._noted.clear()
        self._noted[credential.id] = now
        table = type(credential)
        stale = or_(table.last_used_at.is_(None), table.last_used_at <= now - AGAIN_AFTER)
        values = {"last_used_at": now, "last_used_from": address}
        try:
            async with self._units.write(system_actor("identity")) as work:
                await work.session.execute(update(table).where(table.id == credential.id, stale).values(**values))
        except DBAPIError:
            # A busy database must not cost the request, which is in order; the next minute notes it.
            log.warning("use of a credential not noted", credential_id=credential.id, exc_info=True)
