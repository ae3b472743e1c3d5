"""Metering of network traffic, from guests' counters.

Hosts are asked every half minute anyway. What has grown since the counters were last recorded becomes a usage record
every few minutes, in one transaction with the counters it was made from: a process that is killed loses nothing, as the
next one goes on from there, and no byte is recorded twice. Counters begin anew when a guest is started, and on each
host that it moves to; looks in between keep what they said before that.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import delete, select

from zaffre.compute.meters import NETWORK_IN, NETWORK_OUT
from zaffre.compute.tables import TrafficReadingRow
from zaffre.fabric.measurements.rates import Look
from zaffre.foundation.actor import system_actor
from zaffre.foundation.batches import batches
from zaffre.foundation.work import UnitOfWork, UnitsOfWork
from zaffre.management.metering import CountedUsage, Meters, UsageRecords
from zaffre.management.metering.cursors import held_cursor

ACTOR = system_actor("traffic metering")
LOCK = "traffic"
GUESTS_AT_ONCE = 250
FIRST = timedelta(seconds=30)
"""The first record of a guest begins so long before it was first seen: one round of measuring."""
KEPT = timedelta(days=30)
"""For how long counters are remembered of a guest that is not seen."""
GB = Decimal(10**9)


@dataclass(frozen=True)
class _Counters:
    """A guest's counters at one time."""

    received: int
    sent: int
    processor_ns: int

    def since(self, before: "_Counters") -> tuple[int, int]:
        """Return what was received and sent since `before`; all of it when the counters began anew in between."""
        anew = self.received < before.received or self.sent < before.sent or self.processor_ns < before.processor_ns
        return (self.received, self.sent) if anew else (self.received - before.received, self.sent - before.sent)


_ZERO = _Counters(0, 0, 0)


@dataclass(frozen=True)
class _Seen:
    """What has been seen of a guest on a host since it was last recorded."""

    first: _Counters
    first_at: datetime
    last: _Counters
    last_at: datetime
    received: int = 0
    """Between the first look and the last one."""
    sent: int = 0

    def and_then(self, counters: _Counters, at: datetime) -> "_Seen":
        received, sent = counters.since(self.last)
        return replace(self, last=counters, last_at=at, received=self.received + received, sent=self.sent + sent)

    def since(self, row: TrafficReadingRow | None) -> tuple[int, int]:
        """Return what was received and sent since the counters were recorded, maybe by another process."""
        before = _ZERO if row is None else _Counters(row.received, row.sent, row.processor_ns)
        if row is not None and self.first_at <= row.counted_to:
            return self.last.since(before)
        received, sent = self.first.since(before)
        return received + self.received, sent + self.sent


class TrafficMetering:
    """Turns guests' network counters into usage records."""

    def __init__(self, units: UnitsOfWork, meters: Meters) -> None:
        self._units = units
        self._meters = meters
        self._seen: dict[str, dict[str, _Seen]] = defaultdict(dict)
        """By guest and host."""

    @property
    def waiting(self) -> int:
        """How many guests have been seen and not recorded."""
        return len(self._seen)

    def look(self, looks: Mapping[str, Look]) -> None:
        """Take note of a round of looks at hosts."""
        now = self._units.clock.now()
        for host_id, look in looks.items():
            for guest in look.counters.guests:
                counters = _Counters(guest.network_receive_bytes, guest.network_transmit_bytes, guest.processor_ns)
                before = self._seen[guest.guest_id].get(host_id)
                seen = before.and_then(counters, now) if before else _Seen(counters, now, counters, now)
                self._seen[guest.guest_id][host_id] = seen

    async def record(self) -> None:
        """Record what has been seen since the last time."""
        for guest_ids in batches(sorted(self._seen), GUESTS_AT_ONCE):
            taken = {guest_id: dict(self._seen[guest_id]) for guest_id in guest_ids}
            async with self._units.write(ACTOR) as work:
                done = await self._record(work, taken)
            for guest_id in done:
                self._forget(guest_id, taken[guest_id])
            await asyncio.sleep(0)
        async with self._units.write(ACTOR) as work:
            old = work.clock.now() - KEPT
            await work.session.execute(delete(TrafficReadingRow).where(TrafficReadingRow.counted_to < old))

    async def _record(self, work: UnitOfWork, taken: Mapping[str, Mapping[str, _Seen]]) -> Sequence[str]:
        """Record some guests; returns those that are. One whose clock was put back waits until it has caught up."""
        await held_cursor(work, LOCK)
        rows: dict[str, dict[str, TrafficReadingRow]] = defaultdict(dict)
        found = select(TrafficReadingRow).where(TrafficReadingRow.virtual_machine_id.in_(taken))
        for row in await work.session.scalars(found):
            rows[row.virtual_machine_id][row.host_id] = row
        counted: list[CountedUsage] = []
        done: list[str] = []
        for guest_id, hosts in taken.items():
            known = rows[guest_id]
            ended_at = max(seen.last_at for seen in hosts.values())
            began_at = max(
                (row.counted_to for row in known.values()),
                default=min(seen.first_at for seen in hosts.values()) - FIRST,
            )
            if ended_at <= began_at:
                continue
            growths = [seen.since(known.get(host_id)) for host_id, seen in hosts.items()]
            for meter, total in zip((NETWORK_IN, NETWORK_OUT), map(sum, zip(*growths, strict=True)), strict=True):
                counted.append(CountedUsage(meter.name, guest_id, total / GB, began_at, ended_at))
            await _remember(work, guest_id, hosts, known, ended_at)
            done.append(guest_id)
        await UsageRecords(work, self._meters).count(counted)
        return done

    def _forget(self, guest_id: str, recorded: Mapping[str, _Seen]) -> None:
        """Forget what is recorded, unless more was seen meanwhile: that begins from there."""
        hosts = self._seen[guest_id]
        for host_id, seen in recorded.items():
            if hosts[host_id] is seen:
                del hosts[host_id]
            else:
                later = hosts[host_id]
                hosts[host_id] = replace(
                    later,
                    first=seen.last,
                    first_at=later.last_at,
                    received=later.received - seen.received,
                    sent=later.sent - seen.sent,
                )
        if not hosts:
            del self._seen[guest_id]


async def _remember(
    work: UnitOfWork,
    guest_id: str,
    hosts: Mapping[str, _Seen],
    known: Mapping[str, TrafficReadingRow],
    counted_to: datetime,
) -> None:
    """Write down the counters that are recorded. On a host where the guest is no more they begin anew."""
    for host_id, seen in hosts.items():
        row = known.get(host_id)
        if row is None:
            row = TrafficReadingRow(virtual_machine_id=guest_id, host_id=host_id)
            work.add(row)
        row.received, row.sent, row.processor_ns = seen.last.received, seen.last.sent, seen.last.processor_ns
        row.counted_to = counted_to
    for host_id, row in known.items():
        if host_id not in hosts:
            await work.session.delete(row)
