"""When changes of prices take effect: from now on, or as far back as nobody was told another price or billed."""

from datetime import datetime

from sqlalchemy import func, select

from zaffre.foundation.errors import Conflict
from zaffre.foundation.work import UnitOfWork
from zaffre.management.money.months import Month, full_hour, hour_of, next_hour
from zaffre.management.money.tables import StatementRunRow


class PastIsFixed(Conflict):
    """What has been charged for does not get another price."""

    code = "rate.past_is_fixed"
    title = "The past keeps its price"


async def billed_until(work: UnitOfWork) -> datetime | None:
    """Return the end of the last month whose statements were begun to be closed; None: no month's ever were."""
    month = await work.session.scalar(select(func.max(StatementRunRow.month)))
    return Month.parse(month).end if month is not None else None


async def effective_from(work: UnitOfWork, wanted: datetime | None, *, known: bool) -> datetime:
    """Return the instant from which a change counts.

    Args:
        work: tells the time.
        wanted: a full hour; None for as soon as may be.
        known: whether something else counts now. If so, this comes later; else it may begin in what is not billed yet.

    Raises:
        InvalidInput: it is no full hour.
        PastIsFixed: it is too early.
    """
    now = work.clock.now()
    if wanted is None:
        return next_hour(now) if known else hour_of(now)
    instant = full_hour(wanted, "effective_from")
    refuse_before(instant, next_hour(now) if known else await billed_until(work), "effective_from")
    return instant


def refuse_before(instant: datetime, fixed_until: datetime | None, target: str) -> None:
    """Refuse an instant at which everything has its price already.

    Raises:
        PastIsFixed: it is one.
    """
    if fixed_until is not None and instant < fixed_until:
        raise PastIsFixed(
            f"Until {fixed_until.isoformat()} what is used has its price, and {instant.isoformat()} is before that.",
            remedy=f"Send {fixed_until.isoformat()} or later, or leave it out.",
            target=target,
        )
