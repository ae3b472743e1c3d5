"""Traffic: every byte of a guest's counters becomes usage once, however often it starts anew or moves."""

import random
from collections import defaultdict
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import select

from support.records import ACTOR, subscription
from zaffre.compute.meters import METERS
from zaffre.compute.traffic import TrafficMetering
from zaffre.fabric.drivers.measurements import GuestCounters, HostCounters
from zaffre.fabric.measurements.rates import Look
from zaffre.foundation.clock import ManualClock
from zaffre.foundation.settings import MeteringSettings
from zaffre.foundation.telemetry.metrics import Metrics
from zaffre.foundation.work import UnitsOfWork
from zaffre.management.metering import Meters, ResourceUsage
from zaffre.management.metering.journal import change
from zaffre.management.metering.loops import Metering
from zaffre.management.metering.tables import UsageRecordRow

GUESTS = 4


async def recorded(units: UnitsOfWork) -> dict[tuple[str, str], Decimal]:
    total: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    async with units.read(ACTOR) as work:
        for row in await work.session.scalars(select(UsageRecordRow).order_by(UsageRecordRow.began_at)):
            if row.meter.startswith("network"):
                total[row.resource_id, row.meter] += row.quantity
    return total


def shown(counters: dict[tuple[str, str], list[int]]) -> dict[str, Look]:
    """Return what hosts show: their guests with processor time, bytes received and sent."""
    hosts: dict[str, list[GuestCounters]] = defaultdict(list)
    for (guest, host), (processor, received, sent) in counters.items():
        hosts[host].append(GuestCounters(guest, 1, processor, None, None, 0, 0, 0, 0, received, sent))
    return {host: Look(0.0, HostCounters(1, 0, 0, 0, tuple(guests))) for host, guests in hosts.items()}


def grow(
    counters: dict[tuple[str, str], list[int]], expected: dict[tuple[str, str], int], chance: random.Random
) -> None:
    """Let every guest compute, receive and send something."""
    for (guest, _host), values in counters.items():
        for place, meter in ((1, "network_in_gb"), (2, "network_out_gb")):
            grown = chance.choice([0, 1, 1500, 10**9])
            values[place] += grown
            expected[guest, meter] += grown
        values[0] += 10**9


@pytest.mark.parametrize("seed", range(3))
async def test_guests_that_restart_and_move_under_killed_processes_are_counted_to_the_byte(
    units: UnitsOfWork, clock: ManualClock, seed: int
) -> None:
    chance = random.Random(seed)
    provider = cast("Any", SimpleNamespace(name="virtual_machines", meters=METERS, watched=()))
    meters = Meters([provider])
    subscription_id = await subscription(units)
    guests, hosts = [units.ids.new() for _ in range(GUESTS)], [units.ids.new() for _ in range(2)]
    async with units.write(ACTOR) as work:
        for guest in guests:
            usage = ResourceUsage("virtual_machine", guest, "vm", subscription_id, "running", {})
            work.add(change(work, "virtual_machines", guest, usage))
    await Metering(units, meters, Metrics(), MeteringSettings()).record()
    traffic = TrafficMetering(units, meters)
    counters = {(guest, hosts[0]): [1, 0, 0] for guest in guests}
    expected: dict[tuple[str, str], int] = defaultdict(int)
    for _ in range(120):
        clock.advance(30)
        grow(counters, expected, chance)
        traffic.look(shown(counters))
        fate = chance.random()
        guest, host = chance.choice(list(counters))
        if fate < 0.2 and counters[guest, host][0] < 3 * 10**9:
            continue  # one that starts anew within its first moments cannot be told from one that did not
        if fate < 0.1:  # started anew
            counters[guest, host] = [0, 0, 0]
        elif fate < 0.2:  # moved, right after it was looked at
            del counters[guest, host]
            counters[guest, chance.choice(hosts)] = [0, 0, 0]
        elif fate < 0.5:
            await traffic.record()
            if chance.random() < 0.5 and not traffic.waiting:
                traffic = TrafficMetering(units, meters)
        elif fate < 0.55:
            clock.advance(-45)
    clock.advance(300)
    traffic.look(shown(counters))
    await traffic.record()
    assert await recorded(units) == {key: Decimal(total) / 10**9 for key, total in expected.items() if total}


async def test_a_process_that_is_killed_before_it_records_loses_nothing(units: UnitsOfWork, clock: ManualClock) -> None:
    provider = cast("Any", SimpleNamespace(name="virtual_machines", meters=METERS, watched=()))
    meters = Meters([provider])
    guest, host = units.ids.new(), units.ids.new()
    subscription_id = await subscription(units)
    async with units.write(ACTOR) as work:
        usage = ResourceUsage("virtual_machine", guest, "vm", subscription_id, "running", {})
        work.add(change(work, "virtual_machines", guest, usage))
    await Metering(units, meters, Metrics(), MeteringSettings()).record()
    first, other = TrafficMetering(units, meters), TrafficMetering(units, meters)
    for number in range(1, 20):
        clock.advance(30)
        look = shown({(guest, host): [number, number * 1000, number * 10]})
        first.look(look)
        other.look(look)
        if number % 5 == 0:
            first = TrafficMetering(units, meters)
            first.look(look)
        if number % 3 == 0:
            await first.record()
            await other.record()
    clock.advance(30)
    first.look(shown({(guest, host): [20, 20_000, 200]}))
    await first.record()
    await other.record()
    assert await recorded(units) == {
        (guest, "network_in_gb"): Decimal("0.00002"),
        (guest, "network_out_gb"): Decimal("0.0000002"),
    }
