"""Taking the oldest records off the trail, when they need not be kept any longer.

The anchor remembers the last of them, number and hash: what is left can be verified from there on. That a beginning was
taken off is itself a record of the trail.
"""

from datetime import datetime

from sqlalchemy import delete, func, select

from zaffre.foundation.audit.capture import About
from zaffre.foundation.audit.sealer import ANCHOR
from zaffre.foundation.audit.tables import AuditChainRow, AuditRecordRow
from zaffre.foundation.database import insert_of
from zaffre.foundation.work import UnitOfWork


async def take_off(work: UnitOfWork, older_than: datetime, limit: int) -> int:
    """Delete up to `limit` records from the chain's beginning that are all older than an instant; returns how many."""
    anchor = await work.session.get(AuditChainRow, ANCHOR, with_for_update=True)
    start = anchor.sequence if anchor is not None else 0
    within = AuditRecordRow.sequence > start, AuditRecordRow.sequence <= start + limit
    young = select(func.min(AuditRecordRow.sequence)).where(*within, AuditRecordRow.occurred_at >= older_than)
    kept = await work.session.scalar(young)
    old = select(AuditRecordRow).where(*within, AuditRecordRow.sequence < (kept or start + limit + 1))
    last = await work.session.scalar(old.order_by(AuditRecordRow.sequence.desc()).limit(1))
    if last is None or last.sequence is None or last.hash is None:
        return 0
    insert = insert_of(work.session)
    moved = {"sequence": last.sequence, "hash": last.hash, "moved_at": work.clock.now()}
    moving = insert(AuditChainRow).values({"name": ANCHOR, **moved})
    await work.session.execute(moving.on_conflict_do_update(index_elements=["name"], set_=moved))
    await work.session.execute(delete(AuditRecordRow).where(AuditRecordRow.sequence <= last.sequence))
    count = last.sequence - start
    detail = {"up_to": last.sequence, "hash": last.hash, "count": count}
    work.note("audit.taken_off", About("audit", "audit"), detail)
    return count
