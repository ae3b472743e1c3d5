"""Keeps simulated planes in a file, so that they outlive the process and can be looked at, and changed, by others.

One SQLite file holds any number of planes. It is in WAL mode without waiting for the disk: what is written survives
the death of the process, though not of the machine, and costs microseconds, which is why it is written on the event
loop.
"""

import json
import sqlite3
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

EntryKey = tuple[str, str]
"""An entry's kind and id."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    plane TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (plane, kind, id)
) WITHOUT ROWID
"""


class PlaneStore(Protocol):
    """Where a simulated plane's entries are kept."""

    @contextmanager
    def exclusively(self) -> Generator[None]:
        """Keep other processes from changing anything until the end of the block; undo what an exception interrupts."""
        ...

    def version(self) -> int:
        """Return a number that others' changes change, and those made through this store do not."""
        ...

    def load(self, plane: str) -> dict[EntryKey, Any]:
        """Return all entries of a plane."""
        ...

    def save(self, plane: str, changes: Mapping[EntryKey, Any]) -> None:
        """Write entries; None deletes one."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class NoFile:
    """A store that keeps nothing: the plane lives as long as the process."""

    @contextmanager
    def exclusively(self) -> Generator[None]:
        """There is nobody else."""
        yield

    def version(self) -> int:
        """Return the same number always: there is nobody else."""
        return 0

    def load(self, plane: str) -> dict[EntryKey, Any]:  # noqa: ARG002 - nothing is kept of any plane
        """Return nothing."""
        return {}

    def save(self, plane: str, changes: Mapping[EntryKey, Any]) -> None:
        """Keep nothing."""

    def close(self) -> None:
        """Do nothing."""


class PlaneFile:
    """A store in a SQLite file."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = OFF", _SCHEMA):
            self._connection.execute(statement)

    @contextmanager
    def exclusively(self) -> Generator[None]:
        """Keep other processes from changing anything until the end of the block; undo what an exception interrupts."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def version(self) -> int:
        """Return a number that other connections' commits change and this one's do not."""
        return self._connection.execute("PRAGMA data_version").fetchone()[0]

    def load(self, plane: str) -> dict[EntryKey, Any]:
        """Return all entries of a plane."""
        rows = self._connection.execute("SELECT kind, id, value FROM entries WHERE plane = ?", (plane,))
        return {(kind, identifier): json.loads(value) for kind, identifier, value in rows}

    def save(self, plane: str, changes: Mapping[EntryKey, Any]) -> None:
        """Write entries; None deletes one."""
        kept = [(plane, *key, json.dumps(value)) for key, value in changes.items() if value is not None]
        gone = [(plane, *key) for key, value in changes.items() if value is None]
        self._connection.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?)", kept)
        self._connection.executemany("DELETE FROM entries WHERE plane = ? AND kind = ? AND id = ?", gone)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
