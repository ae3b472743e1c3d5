"""The journal: each change of what is used, written in the transaction that changes it.

Whoever changes a row needs to know nothing of metering: the session tells what is about to be written. Statements that
change rows without loading them are not seen; the proof finds what they did.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from zaffre.foundation.database import Table
from zaffre.foundation.work import UnitOfWork
from zaffre.management.metering.meters import Meters, ResourceUsage, Watched
from zaffre.management.metering.quantities import billionths
from zaffre.management.metering.tables import UsageChangeRow


class UsageJournal:
    """Writes down what changes."""

    def __init__(self, meters: Meters) -> None:
        self._watched: dict[type[Table], tuple[str, Watched]] = {
            watched.table: (provider.name, watched)
            for provider in meters.providers.values()
            for watched in provider.watched
        }

    def note(self, work: UnitOfWork, session: Session) -> None:
        """Note what of the rows that are about to be written changes what is used."""
        rows: Any
        for rows, note in ((session.new, self._begun), (session.dirty, self._changed), (session.deleted, self._gone)):
            for row in rows:
                provider, watched = self._watched.get(row.__class__, _NONE)
                if watched is not None:
                    note(work, provider, watched, row)

    @staticmethod
    def _begun(work: UnitOfWork, provider: str, watched: Watched, row: Any) -> None:
        usage = watched.usage(row)
        if usage is not None:
            work.add(change(work, provider, usage.resource_id, usage))

    @staticmethod
    def _changed(work: UnitOfWork, provider: str, watched: Watched, row: Any) -> None:
        before = _Before(row, watched)
        if before.differs:
            usage = watched.usage(row)
            if before.unknown or usage != watched.usage(before):
                work.add(change(work, provider, row.id, usage))

    @staticmethod
    def _gone(work: UnitOfWork, provider: str, watched: Watched, row: Any) -> None:
        before = _Before(row, watched)
        if before.unknown or watched.usage(before) is not None:
            work.add(change(work, provider, row.id, None))


class _Before:
    """A row as it was before it was changed, as far as metering looks at it."""

    def __init__(self, row: Any, watched: Watched) -> None:
        attributes: Mapping[str, Any] = inspect(row).attrs
        self._row = row
        self._old: dict[str, Any] = {}
        self.unknown = False
        """A column was set that had not been loaded."""
        for column in watched.columns:
            history = attributes[column].history
            if history.has_changes():
                self.unknown = self.unknown or not history.deleted
                self._old[column] = history.deleted[0] if history.deleted else None

    @property
    def differs(self) -> bool:
        """Whether anything that matters has changed."""
        return bool(self._old)

    def __getattr__(self, name: str) -> Any:
        return self._old[name] if name in self._old else getattr(self._row, name)


_NONE: tuple[str, Watched | None] = ("", None)


def change(work: UnitOfWork, provider: str, resource_id: str, usage: ResourceUsage | None) -> UsageChangeRow:
    """Return the row of a change that happens now; no usage: the resource is gone."""
    return UsageChangeRow(
        provider=provider,
        resource_id=resource_id,
        occurred_at=work.clock.now(),
        usage=as_json(usage) if usage is not None else {},
    )


def as_json(usage: ResourceUsage) -> dict[str, Any]:
    """Return a usage as the journal keeps it: amounts in billionths."""
    amounts = usage.amounts
    return asdict(usage) | {
        "amounts": None if amounts is None else {meter: billionths(amount) for meter, amount in amounts.items()},
        "dimensions": dict(usage.dimensions),
        "tags": dict(usage.tags or {}),
    }
