"""Recording what was refused, without letting anybody fill the trail with it."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from zaffre.foundation.actor import Actor
from zaffre.foundation.audit.capture import About
from zaffre.foundation.work import UnitsOfWork

WINDOW_S = 60.0
PER_MINUTE_EACH = 10
PER_MINUTE = 300
REMEMBERED = 10_000


class Refusals:
    """Records refusals of one process: at most so many a minute of each party, and of all together.

    What goes beyond is counted, and the count is part of the next record.
    """

    def __init__(self, units: UnitsOfWork) -> None:
        self._units = units
        self._all: list[float] = []
        self._each: OrderedDict[str, list[float]] = OrderedDict()
        self._left_out = 0

    async def note(self, actor: Actor, party: str, action: str, about: About, detail: Mapping[str, Any]) -> None:
        """Record a refusal, unless `party` or everybody together had too many of them lately."""
        if not self._room(party):
            self._left_out += 1
            return
        left_out, self._left_out = self._left_out, 0
        async with self._units.write(actor) as work:
            work.note(action, about, {**detail, **({"left_out": left_out} if left_out else {})})

    def _room(self, party: str) -> bool:
        now = self._units.clock.monotonic_s()
        self._all = _recent(self._all, now)
        mine = _recent(self._each.get(party, []), now)
        if len(self._all) >= PER_MINUTE or len(mine) >= PER_MINUTE_EACH:
            return False
        self._all.append(now)
        self._each[party] = [*mine, now]
        self._each.move_to_end(party)
        while len(self._each) > REMEMBERED:
            self._each.popitem(last=False)
        return True


def _recent(instants: list[float], now: float) -> list[float]:
    return [instant for instant in instants if instant > now - WINDOW_S]
