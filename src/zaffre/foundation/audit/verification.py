"""Verifying the trail as it is in the database, from the anchor to the head."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from sqlalchemy import select

from zaffre.foundation.actor import Actor
from zaffre.foundation.audit.chain import ChainEnd, ChainFault, ChainWalk
from zaffre.foundation.audit.content import exported
from zaffre.foundation.audit.sealer import ANCHOR, HEAD
from zaffre.foundation.audit.tables import AuditChainRow, AuditRecordRow
from zaffre.foundation.work import UnitOfWork, UnitsOfWork

STRETCH = 1000
"""Records that are read at a time."""


@dataclass(frozen=True)
class Ends:
    """Where the chain begins and ends."""

    anchor: ChainEnd
    """The last record that was taken off; verification starts behind it."""
    head: ChainEnd
    unsealed: int
    """Records that wait for the sealer."""


@dataclass(frozen=True)
class VerificationProgress:
    """How far a verification is."""

    checked: int
    up_to: int
    """The number of the last record that it goes to."""
    fault_count: int
    anchor: ChainEnd
    head: ChainEnd
    faults: list[ChainFault] = field(default_factory=list[ChainFault])
    """The first of them, at the end."""
    done: bool = False


async def ends_of_chain(work: UnitOfWork) -> Ends:
    """Return where the chain begins and ends now."""
    rows = {row.name: row for row in await work.session.scalars(select(AuditChainRow))}
    head, anchor = (ChainEnd(row.sequence, row.hash) if (row := rows.get(name)) else None for name in (HEAD, ANCHOR))
    waiting = select(AuditRecordRow.position).where(AuditRecordRow.hash.is_(None)).limit(STRETCH)
    unsealed = len((await work.session.scalars(waiting)).all())
    return Ends(anchor or ChainEnd(), head or anchor or ChainEnd(), unsealed)


class Verification:
    """Walks the whole chain, a stretch per transaction, while the site goes on."""

    def __init__(self, units: UnitsOfWork, actor: Actor, known: ChainEnd | None = None) -> None:
        """Prepare; `known` is a record's number and hash that were noted outside the database."""
        self._units = units
        self._actor = actor
        self._known = known

    async def run(self) -> AsyncIterator[VerificationProgress]:
        """Verify; yields after every stretch, and at last what was found."""
        async with self._units.read(self._actor) as work:
            ends = await ends_of_chain(work)
        anchor, walk = ends.anchor, ChainWalk(ends.anchor)
        while walk.end is not None and walk.end.sequence < ends.head.sequence:
            async with self._units.read(self._actor) as work:
                found = await _stretch(work, walk.end.sequence, ends.head.sequence)
                if not found or found[0].sequence != walk.end.sequence + 1:
                    # The beginning may have been taken off meanwhile, which moves the anchor.
                    moved = (await ends_of_chain(work)).anchor
                    if moved.sequence > walk.end.sequence:
                        anchor = walk.end = moved
                        continue
            if not found:
                walk.missing(walk.end.sequence + 1, ends.head.sequence)
                break
            walk.follow(exported(row) for row in found)
            yield VerificationProgress(walk.checked, ends.head.sequence, walk.fault_count, anchor, ends.head)
        await self._check_ends(walk, anchor, ends.head)
        yield VerificationProgress(
            walk.checked, ends.head.sequence, walk.fault_count, anchor, ends.head, walk.faults, done=True
        )

    async def _check_ends(self, walk: ChainWalk, anchor: ChainEnd, head: ChainEnd) -> None:
        """Compare the head, and what was noted outside, with the records; find what lies beyond the head."""
        async with self._units.read(self._actor) as work:
            for known in (head, self._known):
                if known is None or known.sequence < anchor.sequence or known.sequence == 0:
                    continue
                if known.sequence == anchor.sequence:
                    walk.expect(known, anchor.hash)
                    continue
                at = select(AuditRecordRow.hash).where(AuditRecordRow.sequence == known.sequence)
                walk.expect(known, await work.session.scalar(at))
            now = (await ends_of_chain(work)).head
            beyond = select(AuditRecordRow.sequence).where(AuditRecordRow.sequence > max(now.sequence, head.sequence))
            for sequence in await work.session.scalars(beyond.order_by(AuditRecordRow.sequence).limit(STRETCH)):
                walk.stray(sequence or 0)


async def _stretch(work: UnitOfWork, after: int, up_to: int) -> list[AuditRecordRow]:
    statement = select(AuditRecordRow).where(AuditRecordRow.sequence > after, AuditRecordRow.sequence <= up_to)
    rows = (await work.session.scalars(statement.order_by(AuditRecordRow.sequence).limit(STRETCH))).all()
    return list(rows)
