"""The chain: each record's hash covers its content, its number and the hash before it.

SHA-256 over canonical JSON: sorted keys, no spaces, UTF-8. Pure functions, so that an export can be verified where
there is no site.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

BEGINNING = "0" * 64
"""Stands before the first record."""
FAULTS_KEPT = 100
"""More faults than these have the same cause; they are only counted."""
LINKS = ("hash", "sealed")
"""Fields of an exported record that its hash does not cover."""


class FaultKind(StrEnum):
    """What is wrong with the chain at a place."""

    CHANGED = "changed"
    """The record's content does not have the hash that was sealed."""
    BROKEN = "broken"
    """It does not follow the record before it: one was exchanged, moved or put in."""
    MISSING = "missing"
    """Records are not there."""
    HEAD = "head"
    """The chain does not end as it is known to."""


@dataclass(frozen=True)
class ChainFault:
    """Something that is wrong with the chain."""

    kind: FaultKind
    sequence: int
    detail: str


@dataclass(frozen=True)
class ChainEnd:
    """A place in the chain: a record's number and hash."""

    sequence: int = 0
    hash: str = BEGINNING

    def __str__(self) -> str:
        return f"{self.sequence}:{self.hash}"


def record_hash(content: Mapping[str, Any]) -> str:
    """Return the hash of a record's content, in which `sequence` and `previous_hash` are."""
    covered = {key: value for key, value in content.items() if key not in LINKS}
    text = json.dumps(covered, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def timestamp(instant: datetime) -> str:
    """Write an instant the one way that is hashed."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class ChainWalk:
    """Walks along the chain, record by record, and notes what is wrong."""

    def __init__(self, start: ChainEnd | None, *, gaps_allowed: bool = False) -> None:
        """Begin behind `start`; None: behind whatever comes before the first record that is met.

        `gaps_allowed` is for what was selected: each record must still be what was sealed, and neighbours must fit.
        """
        self.end = start
        self.checked = 0
        self.faults: list[ChainFault] = []
        self.fault_count = 0
        self._gaps_allowed = gaps_allowed

    def follow(self, contents: Iterable[Mapping[str, Any]]) -> None:
        """Check the records that follow."""
        for content in contents:
            self._check(content)

    def expect(self, known: ChainEnd, found_hash: str | None) -> None:
        """Compare what is known of one place with what is there."""
        if found_hash is None:
            self._note(FaultKind.HEAD, known.sequence, f"Record {known.sequence} is known to exist and is not there.")
        elif found_hash != known.hash:
            self._note(FaultKind.HEAD, known.sequence, f"Record {known.sequence} has another hash than is known of it.")

    def missing(self, first: int, last: int) -> None:
        """Note that records are not there."""
        which = f"Record {first} is" if first == last else f"Records {first} to {last} are"
        self._note(FaultKind.MISSING, first, f"{which} not there.")

    def stray(self, sequence: int) -> None:
        """Note a record that lies beyond the head: no sealer put it there."""
        self._note(FaultKind.HEAD, sequence, f"Record {sequence} lies beyond the head.")

    def _check(self, content: Mapping[str, Any]) -> None:
        sequence, sealed, previous = int(content["sequence"]), str(content["hash"]), str(content["previous_hash"])
        self.checked += 1
        if record_hash(content) != sealed:
            self._note(FaultKind.CHANGED, sequence, f"Record {sequence} is not what was sealed.")
        if self.end is not None:
            self._check_link(sequence, previous, self.end)
        self.end = ChainEnd(sequence, sealed)

    def _check_link(self, sequence: int, previous: str, end: ChainEnd) -> None:
        if sequence > end.sequence + 1:
            if not self._gaps_allowed:
                self.missing(end.sequence + 1, sequence - 1)
        elif sequence <= end.sequence:
            self._note(FaultKind.BROKEN, sequence, f"Record {sequence} comes after record {end.sequence}.")
        elif previous != end.hash:
            self._note(FaultKind.BROKEN, sequence, f"Record {sequence} does not follow record {end.sequence}.")

    def _note(self, kind: FaultKind, sequence: int, detail: str) -> None:
        self.fault_count += 1
        if len(self.faults) < FAULTS_KEPT:
            self.faults.append(ChainFault(kind, sequence, detail))
