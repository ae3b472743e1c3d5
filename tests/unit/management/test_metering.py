"""Metering: what machines use in each state, to the instant, each moment once."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select, update

from support.records import ACTOR
from support.records import plan as plan_record
from support.records import subscription as subscription_record
from zaffre.foundation.clock import ManualClock
from zaffre.foundation.settings import MeteringSettings
from zaffre.foundation.telemetry.metrics import Metrics
from zaffre.foundation.work import UnitsOfWork
from zaffre.management.metering import Meter, Meters, ResourceUsage, Watched
from zaffre.management.metering.cursors import CursorExpired, RecordCursor
from zaffre.management.metering.journal import UsageJournal, change
from zaffre.management.metering.loops import Metering
from zaffre.management.metering.records import UsageRecords
from zaffre.management.metering.spans import Spans
from zaffre.management.metering.subscription_meter import SubscriptionMetering
from zaffre.management.metering.tables import UsageDayRow, UsageHourRow, UsageRecordRow, UsageSpanRow
from zaffre.management.tables import SubscriptionRow

HOUR = timedelta(hours=1)
THING_HOURS = Meter("thing_hours", "Things", "hour")


class Things:
    """A provider whose resources are only in the journal, changed by the test."""

    name = "things"
    meters: Sequence[Meter] = (THING_HOURS,)
    watched: Sequence[Watched] = ()

    def __init__(self) -> None:
        self.usages: dict[str, ResourceUsage] = {}

    async def measure(self, work: Any, after: str, limit: int) -> Sequence[ResourceUsage]:
        return [self.usages[key] for key in sorted(self.usages) if key > after][:limit]


class Shop:
    """A site's metering without anything else."""

    def __init__(self, units: UnitsOfWork, clock: ManualClock, **settings: int) -> None:
        self.units, self.clock = units, clock
        self.things = Things()
        self.meters = Meters([SubscriptionMetering(), self.things])
        self.settings = MeteringSettings(**settings)
        units.watchers.append(UsageJournal(self.meters).note)
        self.metering = self.fresh()

    def fresh(self) -> Metering:
        """Return metering as a process that has just begun has it."""
        return Metering(self.units, self.meters, Metrics(), self.settings)

    def usage(self, subscription_id: str, thing: str, state: str, amount: int = 1) -> ResourceUsage:
        return ResourceUsage("thing", thing, "thing", subscription_id, state=state, amounts={"thing_hours": amount})

    async def turn(self, usage: ResourceUsage) -> None:
        async with self.units.write(ACTOR) as work:
            work.add(change(work, "things", usage.resource_id, usage))
        self.things.usages[usage.resource_id] = usage

    async def end(self, thing: str) -> None:
        async with self.units.write(ACTOR) as work:
            work.add(change(work, "things", thing, None))
        del self.things.usages[thing]

    async def records(self, meter: str = "thing_hours") -> Sequence[UsageRecordRow]:
        async with self.units.read(ACTOR) as work:
            found = select(UsageRecordRow).where(UsageRecordRow.meter == meter)
            return (await work.session.scalars(found.order_by(UsageRecordRow.began_at))).all()


@pytest.fixture
def shop(units: UnitsOfWork, clock: ManualClock) -> Shop:
    return Shop(units, clock)


def whole(records: Sequence[UsageRecordRow]) -> dict[str, list[UsageRecordRow]]:
    """Return records by resource, after checking that each resource's have neither gaps nor overlaps."""
    found: dict[str, list[UsageRecordRow]] = defaultdict(list)
    for record in records:
        found[record.resource_id].append(record)
    for mine in found.values():
        for one, following in pairwise(mine):
            assert one.ended_at == following.began_at
        assert all(record.began_at < record.ended_at for record in mine)
        assert all(record.ended_at - record.began_at <= HOUR for record in mine)
    return found


def hours(records: Sequence[UsageRecordRow]) -> dict[str, Decimal]:
    total: dict[str, Decimal] = defaultdict(Decimal)
    for record in records:
        total[record.state] += record.quantity
    return dict(total)


async def test_a_thing_is_recorded_in_each_of_its_states_for_as_long_as_it_is_in_them(shop: Shop) -> None:
    subscription_id = await subscription_record(shop.units)
    thing = shop.units.ids.new()
    for state, seconds in (("running", 4000), ("suspended", 100), ("running", 3500), ("stopped", 360)):
        await shop.turn(shop.usage(subscription_id, thing, state))
        for _ in range(seconds // 20):
            shop.clock.advance(20)
            await shop.metering.record()
    await shop.end(thing)
    shop.clock.advance(600)
    await shop.metering.record()
    mine = whole(await shop.records())[thing]
    assert hours(mine) == pytest.approx(
        {"running": Decimal(7500) / 3600, "suspended": Decimal(100) / 3600, "stopped": Decimal("0.1")},
        abs=Decimal("0.0000001"),
    )
    assert (mine[-1].ended_at - mine[0].began_at).total_seconds() == 4000 + 100 + 3500 + 360


async def test_records_are_never_more_than_five_minutes_behind(shop: Shop) -> None:
    subscription_id = await subscription_record(shop.units)
    await shop.turn(shop.usage(subscription_id, shop.units.ids.new(), "running"))
    await shop.metering.record()
    for _ in range(200):
        shop.clock.advance(15)
        await shop.metering.record()
        records = await shop.records()
        behind = shop.clock.now() - (records[-1].ended_at if records else datetime(2026, 1, 1, tzinfo=UTC))
        assert behind <= timedelta(minutes=5)


class Killed(Exception):
    """Stands for `kill -9`: whatever was not committed is lost."""


class Dying:
    """A unit of work that is never committed."""

    def __init__(self, opened: Any) -> None:
        self._opened = opened

    async def __aenter__(self) -> Any:
        return await self._opened.__aenter__()

    async def __aexit__(self, *_: object) -> None:
        death = Killed()
        await self._opened.__aexit__(Killed, death, None)
        raise death


async def kill_sometimes(shop: Shop, chance: random.Random) -> None:
    """Record, and break off in the middle of a random transaction; then a new process goes on."""
    write = shop.units.write
    left = chance.randrange(1, 6)

    def perhaps_dying(actor: Any) -> Any:
        nonlocal left
        left -= 1
        return write(actor) if left else Dying(write(actor))

    with pytest.MonkeyPatch.context() as patch, suppress(Killed):
        patch.setattr(shop.units, "write", perhaps_dying)
        await shop.fresh().record()


@dataclass
class Wandering:
    """Things that change at random, and what their records must come to."""

    shop: Shop
    chance: random.Random
    subscription_id: str
    things: list[str]
    seen: datetime
    """The latest that the clock has shown: when it is put back, records stand still until it has caught up."""
    now: dict[str, tuple[str, datetime]] = field(default_factory=dict[str, tuple[str, datetime]])
    expected: dict[tuple[str, str], Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def pass_time(self) -> None:
        clock, chance = self.shop.clock, self.chance
        clock.advance(chance.choice([0.5, 7, 61, 333, 2000]))
        if chance.random() < 0.1:
            put(clock, clock.now() + timedelta(seconds=chance.choice([-4000, -30, 45, 900])))
        self.seen = max(self.seen, clock.now())

    async def change_something(self) -> None:
        """Change a thing, unless the clock is put back: when that counts from is not foretold here."""
        thing, fate = self.chance.choice(self.things), self.chance.random()
        if self.shop.clock.now() < self.seen:
            return
        if fate < 0.6:
            state = self.chance.choice(["running", "stopped", "suspended"])
            self._settle(thing)
            await self.shop.turn(self.shop.usage(self.subscription_id, thing, state))
            self.now[thing] = (state, self.seen)
        elif fate < 0.7 and thing in self.now:
            await self.end(thing)

    async def end(self, thing: str) -> None:
        self._settle(thing)
        await self.shop.end(thing)

    def _settle(self, thing: str) -> None:
        if thing in self.now:
            state, since = self.now.pop(thing)
            self.expected[thing, state] += Decimal((self.seen - since) // timedelta(microseconds=1)) / 3_600_000_000


def put(clock: ManualClock, instant: datetime) -> None:
    clock._now = instant  # pyright: ignore[reportPrivateUsage]


async def wander(shop: Shop, chance: random.Random, steps: int) -> None:
    """Change things, kill metering and put the clock, all at random; then every moment must be recorded once."""
    things = [shop.units.ids.new() for _ in range(6)]
    walk = Wandering(shop, chance, await subscription_record(shop.units), things, shop.clock.now())
    for _ in range(steps):
        walk.pass_time()
        await walk.change_something()
        if chance.random() < 0.5:
            await kill_sometimes(shop, chance)
        if chance.random() < 0.2:
            await asyncio.gather(shop.fresh().record(), shop.fresh().record())
    put(shop.clock, walk.seen)
    for thing in list(walk.now):
        await walk.end(thing)
    await shop.metering.record()
    records = await shop.records()
    found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for record in records:
        found[record.resource_id, record.state] += record.quantity
    for life in by_life(records):
        whole(life)
    for key in set(found) | set(walk.expected):
        assert abs(found[key] - walk.expected[key]) < Decimal("0.000001"), key
    await sums_are_the_records(shop, records)


def by_life(records: Sequence[UsageRecordRow]) -> list[list[UsageRecordRow]]:
    """Return records by resource; one that ended and came back counts as another."""
    lives: list[list[UsageRecordRow]] = []
    last: dict[str, list[UsageRecordRow]] = {}
    for record in sorted(records, key=lambda record: (record.resource_id, record.began_at)):
        life = last.get(record.resource_id)
        if life is None or life[-1].ended_at < record.began_at:
            last[record.resource_id] = life = []
            lives.append(life)
        assert not life or life[-1].ended_at == record.began_at
        life.append(record)
    return lives


async def sums_are_the_records(shop: Shop, records: Sequence[UsageRecordRow]) -> None:
    async with shop.units.read(ACTOR) as work:
        for table in (UsageHourRow, UsageDayRow):
            rows = (await work.session.scalars(select(table).where(table.meter == "thing_hours"))).all()
            assert sum(row.quantity for row in rows) == sum(record.quantity for record in records)
            for row in rows:
                span = HOUR if table is UsageHourRow else timedelta(days=1)
                mine = [
                    record.quantity
                    for record in records
                    if record.resource_id == row.resource_id
                    and record.state == row.state
                    and row.began_at <= record.began_at < row.began_at + span
                ]
                assert row.quantity == sum(mine)


@pytest.mark.parametrize("seed", range(2))
async def test_killed_at_random_metering_records_every_moment_once(shop: Shop, seed: int) -> None:
    await wander(shop, random.Random(seed), 60)


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(100, 120))
async def test_killed_at_random_for_long_metering_records_every_moment_once(shop: Shop, seed: int) -> None:
    await wander(shop, random.Random(seed), 400)


async def test_a_change_of_plan_ends_the_records_of_all_that_is_in_the_subscription(shop: Shop) -> None:
    subscription_id = await subscription_record(shop.units)
    thing = shop.units.ids.new()
    await shop.turn(shop.usage(subscription_id, thing, "running"))
    shop.clock.advance(1000)
    await shop.metering.record()
    shop.clock.advance(80)
    new_plan = await plan_record(shop.units)
    async with shop.units.write(ACTOR) as work:
        row = await work.session.get_one(SubscriptionRow, subscription_id)
        old_plan, row.plan_id = row.plan_id, new_plan
    shop.clock.advance(2000)
    await shop.metering.record()
    for meter in ("thing_hours", "subscription_hours"):
        records = await shop.records(meter)
        whole(records)
        used = {
            plan: sum(record.quantity for record in records if record.plan_id == plan) for plan in (old_plan, new_plan)
        }
        assert float(used[old_plan]) * 3600 == pytest.approx(1080, abs=0.01)
        assert {record.plan_id for record in records} == {old_plan, new_plan}


async def test_the_feed_is_read_by_anybody_at_their_own_pace_and_misses_nothing(shop: Shop) -> None:
    subscription_id = await subscription_record(shop.units)
    cursor, read = RecordCursor(), list[str]()
    for number in range(30):
        await shop.turn(shop.usage(subscription_id, shop.units.ids.new(), "running", number))
        shop.clock.advance(200)
        await shop.metering.record()
        async with shop.units.read(ACTOR) as work:
            rows = await UsageRecords(work, shop.meters).after(cursor, 7)
        read += [row.id for row in rows]
        cursor = RecordCursor(rows[-1].transaction_id, rows[-1].position) if rows else cursor
    async with shop.units.read(ACTOR) as work:
        read += [row.id for row in await UsageRecords(work, shop.meters).after(cursor, 5000)]
        everything = [row.id for row in await UsageRecords(work, shop.meters).after(RecordCursor(), 5000)]
    assert read == everything
    assert len(set(everything)) == len(everything) > 400


async def test_old_records_go_after_they_are_added_up_and_a_reader_who_missed_them_is_told(shop: Shop) -> None:
    subscription_id = await subscription_record(shop.units)
    await shop.turn(shop.usage(subscription_id, shop.units.ids.new(), "running"))
    shop.clock.advance(7200)
    await shop.metering._follow()  # pyright: ignore[reportPrivateUsage]
    async with shop.units.write(ACTOR) as work:
        await Spans(work, shop.meters).cut(shop.clock.now(), 100)
    early = [(row.transaction_id, row.position) for row in await shop.records()]
    shop.clock.advance(41 * 86_400)
    await shop.metering.forget()
    assert len(await shop.records()) == len(early) > 0, "not yet added up"
    await shop.metering.record()
    fresh = len(await shop.records()) - len(early)
    await shop.metering.forget()
    assert len(await shop.records()) == fresh
    async with shop.units.read(ACTOR) as work:
        records = UsageRecords(work, shop.meters)
        assert await records.after(RecordCursor(), 10), "an empty cursor begins with what is left"
        with pytest.raises(CursorExpired):
            await records.after(RecordCursor(early[0][0], early[0][1] - 1 or 1), 10)
        total = sum(
            row.quantity for row in await work.session.scalars(select(UsageDayRow)) if row.meter == "thing_hours"
        )
    assert float(total) == pytest.approx(41 * 24 + 2, abs=0.1)


async def test_the_proof_finds_what_changed_without_being_told(shop: Shop) -> None:
    subscription_id = await subscription_record(shop.units)
    thing = shop.units.ids.new()
    shop.things.usages[thing] = shop.usage(subscription_id, thing, "running")
    await shop.metering.proof.run()
    await shop.metering.record()
    shop.clock.advance(1000)
    shop.things.usages[thing] = shop.usage(subscription_id, thing, "stopped")
    await shop.metering.proof.run()
    shop.clock.advance(500)
    del shop.things.usages[thing]
    await shop.metering.proof.run()
    await shop.metering.proof.run()
    shop.clock.advance(500)
    await shop.metering.record()
    used = hours(whole(await shop.records())[thing])
    assert {state: round(float(quantity) * 3600) for state, quantity in used.items()} == {
        "running": 1000,
        "stopped": 500,
    }


async def test_what_changed_behind_the_sessions_back_is_repaired_when_seen_twice(shop: Shop) -> None:
    subscription_id = await subscription_record(shop.units)
    await shop.metering.record()
    async with shop.units.write(ACTOR) as work:
        await work.session.execute(update(SubscriptionRow).values(state="suspended"))
    for expected in ("active", "suspended"):
        await shop.metering.proof.run()
        await shop.metering.record()
        async with shop.units.read(ACTOR) as work:
            assert (await work.session.get_one(UsageSpanRow, subscription_id)).state == expected
