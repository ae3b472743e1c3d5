"""What is on the simulated hosts, in SQLite: in memory, or in a file that outlives the process.

Every question goes to SQLite, no answer is kept, so a second process that opens the file sees the same hosts and may
change them. Calls block the event loop on purpose: each takes some ten microseconds, less than handing it to a thread
would. The file is not synchronised to the disk, which survives the end of a process though not of the machine.

What one process changes the others learn from the table `changes`, which keeps the newest few thousand.
"""

import json
import secrets
import sqlite3
import zlib
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from zaffre.fabric.drivers.hypervisor import (
    Accelerator,
    GuestDisk,
    GuestPort,
    GuestSpec,
    GuestState,
    StopReason,
    VolumeFacts,
)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS guests (
    host TEXT NOT NULL, id TEXT NOT NULL, defined TEXT NOT NULL, live TEXT, live_memory_mib INTEGER NOT NULL,
    state TEXT NOT NULL, stop_reason TEXT, ready_at_s REAL, booted INTEGER NOT NULL,
    PRIMARY KEY (host, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS booting_guests ON guests (ready_at_s) WHERE booted = 0;
CREATE TABLE IF NOT EXISTS volumes (
    host TEXT NOT NULL, name TEXT NOT NULL, format TEXT NOT NULL, backing TEXT,
    capacity_bytes INTEGER NOT NULL, allocation_bytes INTEGER NOT NULL, content BLOB, source TEXT,
    PRIMARY KEY (host, name)
);
CREATE TABLE IF NOT EXISTS checkpoint_parts (
    host TEXT NOT NULL, volume TEXT NOT NULL, id TEXT NOT NULL, content BLOB, memory_bytes INTEGER NOT NULL,
    memory TEXT, PRIMARY KEY (host, volume, id)
);
CREATE TABLE IF NOT EXISTS changes (
    number INTEGER PRIMARY KEY AUTOINCREMENT, writer TEXT NOT NULL, host TEXT NOT NULL, guest_id TEXT NOT NULL
);
"""

_KEPT_CHANGES = 4096

# Seeds are mostly zeros: even the quickest setting makes them a hundredth of their size.
_COMPRESSION = 1


@dataclass(frozen=True)
class StoredGuest:
    """A guest on a simulated host."""

    host: str
    defined: GuestSpec
    """What it is at its next start."""
    live: GuestSpec | None = None
    """What it was when it was started; None while it is off."""
    state: GuestState = GuestState.STOPPED
    stop_reason: StopReason | None = StopReason.UNKNOWN
    ready_at_s: float | None = None
    """Unix time at which it is, or will be, ready; None while it is off."""
    booted: bool = True
    """Its readiness has been announced and logged, or it is off."""

    @property
    def id(self) -> str:
        """The guest's UUID."""
        return self.defined.id


@dataclass(frozen=True)
class StoredVolume:
    """A volume on a simulated host."""

    host: str
    name: str
    format: str
    backing: str | None
    capacity_bytes: int
    allocation_bytes: int
    content: bytes | None = None
    """Its bytes, when it is small enough to keep."""
    source: Path | None = None
    """The file it was uploaded from, when it is not."""


@dataclass(frozen=True)
class StoredPart:
    """What a volume keeps of a checkpoint."""

    id: str
    volume: str
    content: bytes | None = None
    """The volume's bytes as they were, when it is small enough to keep them."""
    memory_bytes: int = 0
    memory: StoredGuest | None = None
    """The guest as it was, when it was on; in one of its volumes."""


class SimulatedStore:
    """The guests and volumes of all hosts."""

    def __init__(self, path: Path | None = None) -> None:
        self._database = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=5.0)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.executescript(_SCHEMA)
        self._shared = path is not None
        self._writer = secrets.token_hex(8)
        self._seen_version = 0
        self._seen_change = self._newest_change()

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Make what happens inside visible to other processes at once, or not at all."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    # Others ------------------------------------------------------------------------------------------------------

    def changes_by_others(self) -> list[tuple[str, str]]:
        """Return host and id of the guests that other processes have changed since this was last asked."""
        version = self._database.execute("PRAGMA data_version").fetchone()[0]
        if version == self._seen_version:
            return []
        self._seen_version = version
        since, self._seen_change = self._seen_change, self._newest_change()
        query = "SELECT DISTINCT host, guest_id FROM changes WHERE number > ? AND number <= ? AND writer != ?"
        return self._database.execute(query, (since, self._seen_change, self._writer)).fetchall()

    def _newest_change(self) -> int:
        return self._database.execute("SELECT coalesce(max(number), 0) FROM changes").fetchone()[0]

    def _record_change(self, host: str, guest_id: str) -> None:
        if self._shared:
            insert = "INSERT INTO changes (writer, host, guest_id) VALUES (?, ?, ?) RETURNING number"
            number = self._database.execute(insert, (self._writer, host, guest_id)).fetchone()[0]
            self._database.execute("DELETE FROM changes WHERE number <= ?", (number - _KEPT_CHANGES,))

    # Guests ------------------------------------------------------------------------------------------------------

    def guest(self, host: str, guest_id: str) -> StoredGuest | None:
        """Return one guest, None when the host has no such guest."""
        row = self._database.execute("SELECT * FROM guests WHERE host = ? AND id = ?", (host, guest_id)).fetchone()
        return None if row is None else _guest(row)

    def guests(self, host: str) -> list[StoredGuest]:
        """Return all guests of the host, in the order of their ids."""
        rows = self._database.execute("SELECT * FROM guests WHERE host = ? ORDER BY id", (host,))
        return [_guest(row) for row in rows]

    def booting_guests(self) -> list[StoredGuest]:
        """Return the guests of all hosts whose readiness is still to come, or to be announced."""
        return [_guest(row) for row in self._database.execute("SELECT * FROM guests WHERE booted = 0")]

    def live_memory_mib(self, host: str) -> int:
        """Return the memory that running and paused guests hold."""
        query = "SELECT coalesce(sum(live_memory_mib), 0) FROM guests WHERE host = ?"
        return self._database.execute(query, (host,)).fetchone()[0]

    def put_guest(self, guest: StoredGuest) -> None:
        """Insert or replace the guest."""
        values = (
            guest.host,
            guest.id,
            _spec_text(guest.defined),
            None if guest.live is None else _spec_text(guest.live),
            0 if guest.live is None else guest.live.memory_mib,
            guest.state,
            guest.stop_reason,
            guest.ready_at_s,
            guest.booted,
        )
        self._database.execute("INSERT OR REPLACE INTO guests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
        self._record_change(guest.host, guest.id)

    def mark_booted(self, host: str, guest_id: str) -> bool:
        """Record that the guest's readiness has been announced; False when another process was first."""
        query = "UPDATE guests SET booted = 1 WHERE host = ? AND id = ? AND booted = 0"
        marked = self._database.execute(query, (host, guest_id)).rowcount == 1
        self._record_change(host, guest_id)
        return marked

    def remove_guest(self, host: str, guest_id: str) -> bool:
        """Remove the guest; False when there was none."""
        query = "DELETE FROM guests WHERE host = ? AND id = ?"
        removed = self._database.execute(query, (host, guest_id)).rowcount == 1
        self._record_change(host, guest_id)
        return removed

    # Volumes -----------------------------------------------------------------------------------------------------

    def volume(self, host: str, name: str) -> StoredVolume | None:
        """Return one volume with its content, None when the host has none of that name."""
        row = self._database.execute("SELECT * FROM volumes WHERE host = ? AND name = ?", (host, name)).fetchone()
        return None if row is None else _volume(row)

    def has_volume(self, host: str, name: str) -> bool:
        """Tell whether the host has a volume of that name."""
        query = "SELECT 1 FROM volumes WHERE host = ? AND name = ?"
        return self._database.execute(query, (host, name)).fetchone() is not None

    def backing(self, host: str, name: str) -> str | None:
        """Return the name of the volume's backing volume; None for a volume without, or no volume."""
        query = "SELECT backing FROM volumes WHERE host = ? AND name = ?"
        row = self._database.execute(query, (host, name)).fetchone()
        return None if row is None else row[0]

    def volumes(self, host: str) -> list[VolumeFacts]:
        """Return the facts of all volumes of the host, in the order of their names."""
        query = "SELECT name, capacity_bytes, allocation_bytes FROM volumes WHERE host = ? ORDER BY name"
        return [VolumeFacts(*row) for row in self._database.execute(query, (host,))]

    def used_bytes(self, host: str) -> int:
        """Return the bytes that the host's volumes take up."""
        query = """
            SELECT (SELECT coalesce(sum(allocation_bytes), 0) FROM volumes WHERE host = :host)
                 + (SELECT coalesce(sum(memory_bytes), 0) FROM checkpoint_parts WHERE host = :host)
        """
        return self._database.execute(query, {"host": host}).fetchone()[0]

    def put_volume(self, volume: StoredVolume) -> None:
        """Insert or replace the volume."""
        values = (
            volume.host,
            volume.name,
            volume.format,
            volume.backing,
            volume.capacity_bytes,
            volume.allocation_bytes,
            None if volume.content is None else zlib.compress(volume.content, _COMPRESSION),
            None if volume.source is None else str(volume.source),
        )
        self._database.execute("INSERT OR REPLACE INTO volumes VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)

    def remove_volume(self, host: str, name: str) -> bool:
        """Remove the volume; False when there was none."""
        self._database.execute("DELETE FROM checkpoint_parts WHERE host = ? AND volume = ?", (host, name))
        query = "DELETE FROM volumes WHERE host = ? AND name = ?"
        return self._database.execute(query, (host, name)).rowcount == 1

    # Checkpoints -------------------------------------------------------------------------------------------------

    def parts(self, host: str, volumes: Sequence[str]) -> list[StoredPart]:
        """Return what some volumes keep of checkpoints, oldest first."""
        places = ", ".join("?" * len(volumes))
        query = f"SELECT * FROM checkpoint_parts WHERE host = ? AND volume IN ({places}) ORDER BY rowid"  # noqa: S608
        return [_part(row) for row in self._database.execute(query, (host, *volumes))]

    def put_part(self, host: str, part: StoredPart) -> None:
        """Insert or replace a volume's part of a checkpoint."""
        values = (
            host,
            part.volume,
            part.id,
            None if part.content is None else zlib.compress(part.content, _COMPRESSION),
            part.memory_bytes,
            None if part.memory is None else json.dumps(asdict(part.memory), separators=(",", ":")),
        )
        self._database.execute("INSERT OR REPLACE INTO checkpoint_parts VALUES (?, ?, ?, ?, ?, ?)", values)

    def remove_parts(self, host: str, volumes: Sequence[str], checkpoint_id: str) -> None:
        """Remove what some volumes keep of a checkpoint."""
        query = "DELETE FROM checkpoint_parts WHERE host = ? AND volume = ? AND id = ?"
        self._database.executemany(query, [(host, volume, checkpoint_id) for volume in volumes])


def _part(row: tuple[Any, ...]) -> StoredPart:
    _host, volume, checkpoint_id, content, memory_bytes, memory = row
    return StoredPart(
        id=checkpoint_id,
        volume=volume,
        content=None if content is None else zlib.decompress(content),
        memory_bytes=memory_bytes,
        memory=None if memory is None else _remembered(json.loads(memory)),
    )


def _remembered(values: dict[str, Any]) -> StoredGuest:
    values["defined"] = _spec_of(values["defined"])
    values["live"] = None if values["live"] is None else _spec_of(values["live"])
    values["state"] = GuestState(values["state"])
    values["stop_reason"] = None if values["stop_reason"] is None else StopReason(values["stop_reason"])
    return StoredGuest(**values)


def _guest(row: tuple[Any, ...]) -> StoredGuest:
    host, _id, defined, live, _memory, state, stop_reason, ready_at_s, booted = row
    return StoredGuest(
        host=host,
        defined=_spec(defined),
        live=None if live is None else _spec(live),
        state=GuestState(state),
        stop_reason=None if stop_reason is None else StopReason(stop_reason),
        ready_at_s=ready_at_s,
        booted=bool(booted),
    )


def _volume(row: tuple[Any, ...]) -> StoredVolume:
    host, name, volume_format, backing, capacity_bytes, allocation_bytes, content, source = row
    return StoredVolume(
        host=host,
        name=name,
        format=volume_format,
        backing=backing,
        capacity_bytes=capacity_bytes,
        allocation_bytes=allocation_bytes,
        content=None if content is None else zlib.decompress(content),
        source=None if source is None else Path(source),
    )


def _spec_text(spec: GuestSpec) -> str:
    return json.dumps(asdict(spec), separators=(",", ":"))


@lru_cache(maxsize=8192)
def _spec(text: str) -> GuestSpec:
    return _spec_of(json.loads(text))


def _spec_of(values: dict[str, Any]) -> GuestSpec:
    values["accelerator"] = Accelerator(values["accelerator"])
    values["disks"] = tuple(GuestDisk(**disk) for disk in values["disks"])
    values["ports"] = tuple(GuestPort(**port) for port in values["ports"])
    return GuestSpec(**values)
