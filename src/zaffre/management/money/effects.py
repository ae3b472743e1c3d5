"""When changes of prices take effect: from now on, or as far back as nobody was told another price."""

from datetime import datetime

from zaffre.foundation.errors import Conflict
from zaffre.foundation.work import UnitOfWork
from zaffre.management.money.months import full_hour, hour_of, next_hour


class PastIsFixed(Conflict):
    """What has been charged for does not get another price."""

    code = "rate.past_is_fixed"
    title = "The past keeps its price"


def effective_from(work: UnitOfWork, wanted: datetime | None, fixed_until: datetime | None) -> datetime:
    """Return the instant from which a change counts.

    Args:
        work: tells the time.
        wanted: a full hour; None for as soon as may be.
        fixed_until: up to when another price counts, or has been billed; None: nothing is fixed yet.

    Raises:
        InvalidInput: it is no full hour.
        PastIsFixed: it is too early.
    """
    if fixed_until is None:
        return full_hour(wanted, "effective_from") if wanted is not None else hour_of(work.clock.now())
    if wanted is None:
        return max(next_hour(work.clock.now()), fixed_until)
    instant = full_hour(wanted, "effective_from")
    if instant < fixed_until:
        raise PastIsFixed(
            f"Until {fixed_until.isoformat()} what was used has its price, and {instant.isoformat()} is before that.",
            remedy=f"Send {fixed_until.isoformat()} or later, or leave it out.",
            target="effective_from",
        )
    return instant
