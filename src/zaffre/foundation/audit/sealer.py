"""The sealer: numbers what has been committed and chains it.

Requests do not wait for the chain: they write their records side by side, and one sealer at a time, whoever holds the
head's row, appends them. A batch is one transaction, so a sealer that is killed has sealed all of it or nothing.
"""

from sqlalchemy import select

from zaffre.foundation.actor import system_actor
from zaffre.foundation.audit.chain import BEGINNING, ChainEnd, record_hash
from zaffre.foundation.audit.content import content_of
from zaffre.foundation.audit.tables import AuditChainRow, AuditRecordRow
from zaffre.foundation.background import Loop
from zaffre.foundation.database import insert_of
from zaffre.foundation.telemetry.metrics import Metrics
from zaffre.foundation.work import UnitOfWork, UnitsOfWork

INTERVAL_S = 1.0
BATCH = 500
BATCHES_PER_RUN = 20
HEAD = "head"
ANCHOR = "anchor"


class Sealer:
    """Seals the records of a site; any number of processes may run one."""

    def __init__(self, units: UnitsOfWork, metrics: Metrics) -> None:
        self._units = units
        self.loop = Loop("audit sealer", INTERVAL_S, self.run, units.clock, metrics)

    async def run(self) -> None:
        """Seal what waits, a bounded amount."""
        for _ in range(BATCHES_PER_RUN):
            if not await self._waiting() or await self.seal() < BATCH:
                return

    async def seal(self) -> int:
        """Seal a batch; returns how many records, which is none when another sealer is at it."""
        async with self._units.write(system_actor("audit")) as work:
            head = await _held_head(work)
            if head is None:
                return 0
            unsealed = select(AuditRecordRow).where(AuditRecordRow.hash.is_(None))
            # In the order of writing: of two changes of one row, the later is written, and seen, after the earlier.
            rows = (await work.session.scalars(unsealed.order_by(AuditRecordRow.position).limit(BATCH))).all()
            end = ChainEnd(head.sequence, head.hash)
            for row in rows:
                sequence = end.sequence + 1
                row.sequence, row.previous_hash = sequence, end.hash
                row.hash = record_hash(content_of(row))
                end = ChainEnd(sequence, row.hash)
            if rows:
                head.sequence, head.hash, head.moved_at = end.sequence, end.hash, work.clock.now()
            return len(rows)

    async def _waiting(self) -> bool:
        """Look without writing: an idle site has nothing to seal."""
        async with self._units.read(system_actor("audit")) as work:
            found = select(AuditRecordRow.position).where(AuditRecordRow.hash.is_(None)).limit(1)
            return await work.session.scalar(found) is not None


async def _held_head(work: UnitOfWork) -> AuditChainRow | None:
    """Return the head of the chain, held until the transaction ends; None while somebody else holds it."""
    held = select(AuditChainRow).where(AuditChainRow.name == HEAD).with_for_update(skip_locked=True)
    head = await work.session.scalar(held)
    if head is not None:
        return head
    beginning = {"name": HEAD, "sequence": 0, "hash": BEGINNING, "moved_at": work.clock.now()}
    insert = insert_of(work.session)
    await work.session.execute(insert(AuditChainRow).values(beginning).on_conflict_do_nothing())
    return await work.session.scalar(held)
