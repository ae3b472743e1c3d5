"""Choosing hosts and keeping their room, inside units of work."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from support.records import ACTOR, host, stamp
from zaffre.fabric.hosts import Hosts, HostState
from zaffre.fabric.placement import Demand, NoCapacity, Placement
from zaffre.fabric.tables import HostRow, ReservationRow
from zaffre.foundation.errors import InUse
from zaffre.foundation.work import UnitsOfWork

SMALL = Demand(1, 1024, 10)
MINE = "0190c1a0-0000-7000-8000-0000000000aa"
THEIRS = "0190c1a0-0000-7000-8000-0000000000bb"


async def reserve(
    units: UnitsOfWork, stamp_id: str, demand: Demand = SMALL, subscription: str = MINE, guest: str | None = None
) -> str:
    """Reserve room for a guest; returns the host's id."""
    async with units.write(ACTOR) as work:
        return await Placement(work).reserve(guest or units.ids.new(), subscription, stamp_id, demand)


async def release(units: UnitsOfWork, guest: str) -> None:
    async with units.write(ACTOR) as work:
        await Placement(work).release(guest)


async def rows(units: UnitsOfWork) -> dict[str, HostRow]:
    async with units.read(ACTOR) as work:
        return {row.id: row for row in await work.session.scalars(select(HostRow))}


async def reserved(units: UnitsOfWork) -> dict[str, tuple[int, int, int]]:
    """Return what each host says is reserved, having checked it against the reservations and the capacity."""
    held: dict[str, list[ReservationRow]] = {}
    async with units.read(ACTOR) as work:
        for row in await work.session.scalars(select(ReservationRow)):
            held.setdefault(row.host_id, []).append(row)
    books: dict[str, tuple[int, int, int]] = {}
    for host_id, row in (await rows(units)).items():
        mine = held.get(host_id, [])
        summed = (sum(r.vcpus for r in mine), sum(r.memory_mib for r in mine), sum(r.storage_gib for r in mine))
        books[host_id] = (row.vcpus_reserved, row.memory_reserved_mib, row.storage_reserved_gib)
        assert books[host_id] == summed
        assert summed[0] <= row.vcpus_capacity
        assert summed[1] <= row.memory_capacity_mib
        assert summed[2] <= row.storage_capacity_gib
    return books


async def why_not(units: UnitsOfWork, stamp_id: str, demand: Demand = SMALL) -> str:
    with pytest.raises(NoCapacity) as refused:
        await reserve(units, stamp_id, demand)
    return refused.value.detail


async def set_host(units: UnitsOfWork, host_id: str, **values: object) -> None:
    async with units.write(ACTOR) as work:
        await work.session.execute(update(HostRow).where(HostRow.id == host_id).values(**values))


async def test_a_subscriptions_guests_are_spread_over_hosts_before_any_gets_a_second(units: UnitsOfWork) -> None:
    stamp_id = await stamp(units)
    hosts = [await host(units, stamp_id) for _ in range(3)]
    first, second = (
        [await reserve(units, stamp_id) for _ in range(3)],
        [await reserve(units, stamp_id) for _ in range(3)],
    )
    assert set(first) == set(hosts) == set(second)


async def test_the_emptier_host_comes_first_measured_by_its_share_of_memory(units: UnitsOfWork) -> None:
    stamp_id = await stamp(units)
    large = await host(units, stamp_id, memory_capacity_mib=100_000)
    small = await host(units, stamp_id, memory_capacity_mib=10_000)
    await set_host(units, large, memory_reserved_mib=20_000)  # a fifth
    await set_host(units, small, memory_reserved_mib=3_000)  # nearly a third
    assert await reserve(units, stamp_id, subscription=THEIRS) == large
    # Spreading a subscription counts for more than free room.
    assert await reserve(units, stamp_id, subscription=THEIRS) == small


async def test_only_hosts_of_the_stamp_that_are_enabled_and_answer_are_used(units: UnitsOfWork) -> None:
    stamp_id, other = await stamp(units), await stamp(units)
    await host(units, other)
    await host(units, stamp_id, state=HostState.DISABLED)
    await host(units, stamp_id, state=HostState.ADDING)
    await host(units, stamp_id, state=HostState.REMOVING)
    await host(units, stamp_id, connected=False)
    assert "1 of 4 hosts do not answer" in await why_not(units, stamp_id)
    good = await host(units, stamp_id)
    assert [await reserve(units, stamp_id) for _ in range(3)] == [good] * 3


async def test_what_lacks_is_told_in_numbers(units: UnitsOfWork) -> None:
    stamp_id = await stamp(units)
    assert "the stamp has no hosts" in await why_not(units, stamp_id)
    await host(units, stamp_id, memory_capacity_mib=512)
    await host(units, stamp_id, memory_capacity_mib=1000)
    await host(units, stamp_id, vcpus_capacity=0)
    await host(units, stamp_id, storage_capacity_gib=9)
    await host(units, stamp_id, state=HostState.DISABLED)
    detail = await why_not(units, stamp_id)
    assert detail.startswith("No host can take 1 vCPUs, 1024 MiB of memory and 10 GiB of disk: ")
    for reason in ("2 of 5 hosts lack memory", "1 of 5 hosts lack processors", "1 of 5 hosts lack disk"):
        assert reason in detail
    assert "1 of 5 hosts are disabled" in detail
    assert "most memory free on one host: 16384 MiB" in detail


async def test_a_guest_that_fits_exactly_is_taken_and_one_more_is_not(units: UnitsOfWork) -> None:
    stamp_id = await stamp(units)
    await host(units, stamp_id, vcpus_capacity=2, memory_capacity_mib=2048, storage_capacity_gib=20)
    for demand in (Demand(3, 1, 1), Demand(1, 2049, 1), Demand(1, 1, 21)):
        await why_not(units, stamp_id, demand)
    await reserve(units, stamp_id, Demand(2, 2048, 20))
    await why_not(units, stamp_id, Demand(1, 1, 1))


async def test_asking_again_for_the_same_guest_gives_the_same_host_and_takes_nothing_more(units: UnitsOfWork) -> None:
    stamp_id = await stamp(units)
    for _ in range(3):
        await host(units, stamp_id)
    guest = units.ids.new()
    first = await reserve(units, stamp_id, guest=guest)
    await set_host(units, first, state=HostState.DISABLED, connected=False)
    assert await reserve(units, stamp_id, guest=guest) == first
    assert sum(memory for _, memory, _ in (await reserved(units)).values()) == 1024


async def test_room_that_is_given_back_can_be_taken_again_and_only_once(units: UnitsOfWork) -> None:
    stamp_id, guest = await stamp(units), units.ids.new()
    only = await host(units, stamp_id, memory_capacity_mib=1024)
    await reserve(units, stamp_id, guest=guest)
    await why_not(units, stamp_id)
    await release(units, guest)
    await release(units, guest)
    assert await reserved(units) == {only: (0, 0, 0)}
    await reserve(units, stamp_id)


async def test_racing_reservations_never_overbook_and_leave_no_room_unused(units: UnitsOfWork) -> None:
    stamp_id = await stamp(units)
    for memory_mib in (3 * 1024, 5 * 1024 + 1, 1023, 4 * 1024):
        await host(units, stamp_id, memory_capacity_mib=memory_mib, vcpus_capacity=100)

    async def attempt() -> str | None:
        try:
            return await reserve(units, stamp_id)
        except NoCapacity:
            return None

    results = await asyncio.gather(*(attempt() for _ in range(40)))
    per_host = Counter(result for result in results if result is not None)
    assert sorted(per_host.values()) == [3, 4, 5]
    await reserved(units)


async def test_reservations_and_releases_that_race_leave_the_books_balanced(units: UnitsOfWork) -> None:
    stamp_id = await stamp(units)
    for _ in range(2):
        await host(units, stamp_id, memory_capacity_mib=4 * 1024)

    async def come_and_go(number: int) -> None:
        for turn in range(5):
            guest = units.ids.new()
            try:
                await reserve(units, stamp_id, Demand(1 + number % 3, 512 * (1 + turn % 3), 1), guest=guest)
            except NoCapacity:
                continue
            await release(units, guest)

    await asyncio.gather(*(come_and_go(number) for number in range(12)))
    assert set((await reserved(units)).values()) == {(0, 0, 0)}


async def test_a_host_that_is_being_removed_gets_no_guest_however_they_race(units: UnitsOfWork) -> None:
    stamp_id = await stamp(units)
    for _ in range(6):
        contested = await host(units, stamp_id)

        async def remove(host_id: str = contested) -> bool:
            try:
                async with units.write(ACTOR) as work:
                    await Hosts(work).remove(host_id)
            except InUse:
                return False
            return True

        async def place() -> str | None:
            try:
                return await reserve(units, stamp_id)
            except NoCapacity:
                return None

        removed, *placed = await asyncio.gather(remove(), place(), place())
        state = (await rows(units))[contested].state
        assert (state == HostState.REMOVING) == removed
        assert (contested in placed) != removed
        await set_host(units, contested, state=HostState.REMOVING)


# Any sequence of reservations and releases, against a model -------------------------------------------------------


@dataclass
class Model:
    """The room on each host, and who holds what where."""

    capacity: dict[str, Demand]
    holds: dict[int, tuple[str, Demand]] = field(default_factory=dict)

    def free(self, host_id: str) -> Demand:
        held = [demand for where, demand in self.holds.values() if where == host_id]
        whole = self.capacity[host_id]
        return Demand(
            whole.vcpus - sum(d.vcpus for d in held),
            whole.memory_mib - sum(d.memory_mib for d in held),
            whole.storage_gib - sum(d.storage_gib for d in held),
        )

    def fits(self, host_id: str, demand: Demand) -> bool:
        free = self.free(host_id)
        return (
            demand.vcpus <= free.vcpus
            and demand.memory_mib <= free.memory_mib
            and demand.storage_gib <= free.storage_gib
        )


SIZES = st.builds(Demand, st.integers(1, 4), st.integers(1, 8), st.integers(1, 4))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    capacities=st.lists(st.builds(Demand, st.integers(0, 8), st.integers(0, 16), st.integers(0, 8)), max_size=3),
    actions=st.lists(st.tuples(st.integers(0, 7), st.none() | SIZES), max_size=16),
)
async def test_any_sequence_takes_room_exactly_where_there_is_some(
    units: UnitsOfWork, capacities: list[Demand], actions: list[tuple[int, Demand | None]]
) -> None:
    stamp_id = await stamp(units)
    model = Model({})
    for whole in capacities:
        host_id = await host(
            units,
            stamp_id,
            vcpus_capacity=whole.vcpus,
            memory_capacity_mib=whole.memory_mib,
            storage_capacity_gib=whole.storage_gib,
        )
        model.capacity[host_id] = whole
    guests = [units.ids.new() for _ in range(8)]
    for number, demand in actions:
        if demand is None:
            await release(units, guests[number])
            model.holds.pop(number, None)
            continue
        possible = {host_id for host_id in model.capacity if model.fits(host_id, demand)}
        if number in model.holds:
            possible = {model.holds[number][0]}
        try:
            chosen = await reserve(units, stamp_id, demand, guest=guests[number])
        except NoCapacity:
            assert not possible
        else:
            assert chosen in possible
            model.holds.setdefault(number, (chosen, demand))
    books = await reserved(units)
    for host_id, whole in model.capacity.items():
        free = model.free(host_id)
        assert books[host_id] == (
            whole.vcpus - free.vcpus,
            whole.memory_mib - free.memory_mib,
            whole.storage_gib - free.storage_gib,
        )
