"""Keeping the guests of a group on different hosts, inside units of work."""

import asyncio
from collections import Counter

import pytest
from sqlalchemy import select

from support.records import ACTOR, host, stamp
from zaffre.fabric.placement import Demand, NoCapacity, Placement, Separation
from zaffre.fabric.tables import HostRow, ReservationRow
from zaffre.foundation.work import UnitsOfWork

SMALL = Demand(1, 1024, 10)
MINE = "0190c1a0-0000-7000-8000-0000000000aa"
GROUP = "0190c1a0-0000-7000-8000-0000000000cc"
STRICT = Separation(GROUP, "pair", strict=True)
PREFERRED = Separation(GROUP, "pair", strict=False)


async def reserve(
    units: UnitsOfWork, stamp_id: str, apart: Separation | None, *, guest: str | None = None, among: str | None = None
) -> str:
    wanted = frozenset([among]) if among is not None else None
    async with units.write(ACTOR) as work:
        return await Placement(work).reserve(guest or units.ids.new(), MINE, stamp_id, SMALL, apart=apart, among=wanted)


async def books_balance(units: UnitsOfWork) -> bool:
    async with units.read(ACTOR) as work:
        held = Counter(await work.session.scalars(select(ReservationRow.host_id)))
        return all(row.vcpus_reserved == held[row.id] for row in await work.session.scalars(select(HostRow)))


async def test_racing_guests_of_a_strict_group_never_share_a_host(units: UnitsOfWork) -> None:
    stamp_id = await stamp(units)
    hosts = [await host(units, stamp_id) for _ in range(4)]

    async def attempt() -> str | None:
        try:
            return await reserve(units, stamp_id, STRICT)
        except NoCapacity:
            return None

    results = await asyncio.gather(*(attempt() for _ in range(12)))
    assert sorted(each for each in results if each is not None) == sorted(hosts)
    assert await books_balance(units)


async def test_a_strict_refusal_counts_the_hosts_that_hold_the_group(units: UnitsOfWork) -> None:
    stamp_id = await stamp(units)
    await host(units, stamp_id)
    await host(units, stamp_id, memory_capacity_mib=10)
    await reserve(units, stamp_id, STRICT)
    with pytest.raises(NoCapacity) as refused:
        await reserve(units, stamp_id, STRICT)
    assert "1 of 2 hosts lack memory" in refused.value.detail
    assert "1 of 2 hosts hold a machine of the availability set already" in refused.value.detail
    assert refused.value.remedy is not None
    assert "policy `preferred`" in refused.value.remedy
    await reserve(units, stamp_id, None)


async def test_a_preferred_group_shares_hosts_only_when_each_has_one(units: UnitsOfWork) -> None:
    stamp_id = await stamp(units)
    for _ in range(3):
        await host(units, stamp_id)
    for _ in range(4):
        await reserve(units, stamp_id, None)
    placed = [await reserve(units, stamp_id, PREFERRED) for _ in range(7)]
    assert len(set(placed[:3])) == len(set(placed[3:6])) == 3
    assert await books_balance(units)


async def test_a_named_host_is_the_only_one(units: UnitsOfWork) -> None:
    stamp_id = await stamp(units)
    first, _ = [await host(units, stamp_id) for _ in range(2)]
    assert {await reserve(units, stamp_id, None, among=first) for _ in range(3)} == {first}
    with pytest.raises(NoCapacity, match="1 of 1 hosts hold a machine"):
        await reserve(units, stamp_id, STRICT, among=await reserve(units, stamp_id, STRICT))


async def test_room_is_handed_over_once_and_completely(units: UnitsOfWork) -> None:
    stamp_id = await stamp(units)
    first, second = [await host(units, stamp_id) for _ in range(2)]
    guest, move = units.ids.new(), units.ids.new()
    await reserve(units, stamp_id, STRICT, guest=guest, among=first)
    await reserve(units, stamp_id, STRICT, guest=move, among=second)
    for _ in range(2):
        async with units.write(ACTOR) as work:
            await Placement(work).hand_over(move, guest)
            assert await Placement(work).host_of(guest) == second
            assert await Placement(work).host_of(move) is None
    assert await books_balance(units)
