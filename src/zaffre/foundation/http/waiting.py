"""`Prefer: wait=N`: hold the answer to a mutation until its operation has ended, at most N seconds."""

import re

from sqlalchemy import select

from zaffre.foundation.actor import system_actor
from zaffre.foundation.operations.operation import FINISHED
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.work import UnitsOfWork

MAX_WAIT_S = 60
POLL_INTERVAL_S = 1.0
_WAIT = re.compile(r"(?:^|[,;]\s*)wait=(\d{1,6})(?:$|[,;\s])", re.IGNORECASE)


def preferred_wait_s(prefer: str | None) -> int:
    """Return the seconds a `Prefer` header asks to wait; 0 when it does not."""
    found = _WAIT.search(prefer) if prefer else None
    return min(int(found[1]), MAX_WAIT_S) if found else 0


async def wait_for_operation(units: UnitsOfWork, operation_id: str, timeout_s: float) -> str:
    """Wait until the operation has ended or the time is over; returns the state it is in then."""
    deadline_s = units.clock.monotonic_s() + timeout_s
    while True:
        seen = units.events_written.count
        async with units.read(system_actor("api")) as work:
            state = await work.session.scalar(select(OperationRow.state).where(OperationRow.id == operation_id))
        remaining_s = deadline_s - units.clock.monotonic_s()
        if state is None or state in FINISHED or remaining_s <= 0:
            return state or "absent"
        await units.events_written.wait(seen, min(remaining_s, POLL_INTERVAL_S))
