"""The history of fees: what a plan or an add-on costs lives with the offer; here is only since when it does.

Whoever writes an offer's fee calls `note_fee` in the same transaction, so that what was owed for a time can always be
calculated. A fee that changes counts from the next full hour on.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, select

from zaffre.foundation.work import UnitOfWork
from zaffre.management.money.months import hour_of, next_hour
from zaffre.management.money.tables import OfferFeeRow


async def note_fee(work: UnitOfWork, offer_id: str, name: str, fee: Mapping[str, Any] | None) -> None:
    """Note what an offer costs from now on: at once when it never cost anything else, or from the next full hour."""
    latest = await work.session.scalar(
        select(OfferFeeRow).where(OfferFeeRow.offer_id == offer_id).order_by(OfferFeeRow.effective_from.desc()).limit(1)
    )
    now = work.clock.now()
    if latest is not None and latest.fee == fee:
        return
    instant = next_hour(now) if latest is not None else hour_of(now)
    # One that has not taken effect yet is replaced; no more than one is ever to come.
    ahead = (OfferFeeRow.offer_id == offer_id, OfferFeeRow.effective_from >= instant)
    await work.session.execute(delete(OfferFeeRow).where(*ahead))
    work.add(OfferFeeRow(offer_id=offer_id, effective_from=instant, offer_name=name, fee=dict(fee) if fee else None))
    await work.session.flush()
