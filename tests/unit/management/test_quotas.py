"""Quotas inside units of work: exact under every race, and proved against their claims."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from support.records import ACTOR, subscription
from zaffre.foundation.database import Database
from zaffre.foundation.errors import Conflict
from zaffre.foundation.events import EventCursor, EventLog, EventScope
from zaffre.foundation.telemetry.metrics import Metrics
from zaffre.foundation.work import UnitsOfWork
from zaffre.management.quotas import NotInPlan, QuotaExceeded, Quotas, SubscriptionClosed
from zaffre.management.reconcile import prove_quotas
from zaffre.management.tables import QuotaClaimRow, QuotaCounterRow


async def claim(units: UnitsOfWork, subscription_id: str, **amounts: int) -> str:
    """Claim for a new resource; returns its id."""
    resource_id = units.ids.new()
    async with units.write(ACTOR) as work:
        await Quotas(work).claim(subscription_id, resource_id, amounts)
    return resource_id


async def release(units: UnitsOfWork, resource_id: str) -> None:
    async with units.write(ACTOR) as work:
        await Quotas(work).release(resource_id)


async def used(units: UnitsOfWork, subscription_id: str) -> dict[str, int]:
    async with units.read(ACTOR) as work:
        return {usage.dimension: usage.used for usage in await Quotas(work).usage(subscription_id)}


async def claimed(units: UnitsOfWork, subscription_id: str) -> dict[str, int]:
    """Add up what resources claim: what the counters must say."""
    total: Counter[str] = Counter()
    async with units.read(ACTOR) as work:
        rows = select(QuotaClaimRow).where(QuotaClaimRow.subscription_id == subscription_id)
        for row in await work.session.scalars(rows):
            total[row.dimension] += row.amount
    return dict(total)


async def attempt(units: UnitsOfWork, subscription_id: str, **amounts: int) -> str:
    """Claim; returns how it ended: `claimed` or the problem's code."""
    try:
        await claim(units, subscription_id, **amounts)
    except Conflict as refusal:
        return refusal.code
    return "claimed"


async def test_two_hundred_racing_claims_against_fifty_left_give_exactly_fifty(units: UnitsOfWork) -> None:
    subscription_id = await subscription(units, machines=50, memory=None, ports=1000)
    results = await asyncio.gather(
        *(attempt(units, subscription_id, machines=1, memory=512, ports=2) for _ in range(200))
    )
    assert Counter(results) == {"claimed": 50, "quota.exceeded": 150}
    expected = {"machines": 50, "memory": 50 * 512, "ports": 100}
    assert await used(units, subscription_id) == expected == await claimed(units, subscription_id)


async def test_racing_claims_of_different_sizes_never_pass_any_limit_and_refuse_only_what_does_not_fit(
    units: UnitsOfWork,
) -> None:
    subscription_id = await subscription(units, vcpus=37, memory=1000)
    sizes = [(1 + n % 7, 10 + 13 * (n % 11)) for n in range(60)]
    results = await asyncio.gather(
        *(attempt(units, subscription_id, vcpus=vcpus, memory=memory) for vcpus, memory in sizes)
    )
    taken = [size for size, result in zip(sizes, results, strict=True) if result == "claimed"]
    counters = await used(units, subscription_id)
    assert counters == {"vcpus": sum(v for v, _ in taken), "memory": sum(m for _, m in taken)}
    assert counters == await claimed(units, subscription_id)
    assert counters["vcpus"] <= 37
    assert counters["memory"] <= 1000
    for vcpus, memory in set(sizes) - set(taken):
        fits = counters["vcpus"] + vcpus <= 37 and counters["memory"] + memory <= 1000
        assert fits == (await attempt(units, subscription_id, vcpus=vcpus, memory=memory) == "claimed")
        counters = await used(units, subscription_id)


async def test_claims_and_releases_that_race_leave_the_counters_equal_to_the_claims(units: UnitsOfWork) -> None:
    subscription_id = await subscription(units, machines=10, vcpus=40, memory=10_000, disks=None)
    overshot: list[dict[str, int]] = []
    done = asyncio.Event()

    async def watch() -> None:
        while not done.is_set():
            seen = await used(units, subscription_id)
            if seen["machines"] > 10 or seen["vcpus"] > 40 or min(seen.values()) < 0:
                overshot.append(seen)
            await asyncio.sleep(0)

    async def come_and_go(number: int) -> None:
        for turn in range(6):
            with suppress(QuotaExceeded):
                amounts = {"machines": 1, "vcpus": 1 + (number + turn) % 5, "memory": 100, "disks": 3}
                resource_id = await claim(units, subscription_id, **amounts)
                await release(units, resource_id)
                if turn % 2:
                    await release(units, resource_id)

    watching = asyncio.create_task(watch())
    await asyncio.gather(*(come_and_go(number) for number in range(20)))
    done.set()
    await watching
    assert overshot == []
    assert await used(units, subscription_id) == {"machines": 0, "vcpus": 0, "memory": 0, "disks": 0}
    assert await claimed(units, subscription_id) == {}


async def test_claims_and_releases_never_wait_for_one_another_in_a_circle(units: UnitsOfWork) -> None:
    """PostgreSQL finds rows by index or as they lie, as it sees fit; the order must not decide what waits for what."""
    if units.database.is_sqlite:
        pytest.skip("SQLite has one writer at a time, so the question does not arise")
    subscription_id = await subscription(units, machines=None, vcpus=None, memory=None, disks=None)
    no_index = " ".join(f"-c enable_{kind}scan=off" for kind in ("index", "bitmap", "indexonly"))
    database = Database(f"{units.database.url}&options={quote(no_index)}")
    elsewhere = UnitsOfWork(database, units.clock, units.ids, units.keyring)

    dimensions = ("machines", "vcpus", "memory", "disks")

    async def come_and_go(number: int) -> None:
        for turn in range(6):
            some = dimensions if number % 2 else (dimensions[(number // 2 + turn) % 4],)  # these move rows about
            await release(elsewhere, await claim(elsewhere, subscription_id, **dict.fromkeys(some, 1)))

    try:
        await asyncio.gather(*(come_and_go(number) for number in range(20)))
    finally:
        await database.close()
    assert set((await used(units, subscription_id)).values()) == {0}


async def test_a_refused_claim_counts_in_no_dimension_and_says_which_is_full(units: UnitsOfWork) -> None:
    subscription_id = await subscription(units, machines=5, memory=1000)
    await claim(units, subscription_id, machines=2, memory=900)
    with pytest.raises(QuotaExceeded) as refused:
        await claim(units, subscription_id, machines=1, memory=101)
    assert (refused.value.dimension, refused.value.target) == ("memory", "memory")
    assert refused.value.detail == "The quota for memory is 1000; 900 are used and 101 more were asked for."
    assert await used(units, subscription_id) == {"machines": 2, "memory": 900}
    await claim(units, subscription_id, machines=1, memory=100)


async def test_a_limit_of_nothing_allows_nothing_and_no_limit_allows_everything(units: UnitsOfWork) -> None:
    subscription_id = await subscription(units, machines=0, memory=None)
    assert await attempt(units, subscription_id, machines=1) == "quota.exceeded"
    assert await attempt(units, subscription_id, memory=2**53) == "claimed"
    assert await attempt(units, subscription_id, memory=2**53) == "claimed"
    assert (await used(units, subscription_id))["memory"] == 2**54


async def test_what_the_plan_does_not_include_cannot_be_claimed(units: UnitsOfWork) -> None:
    subscription_id = await subscription(units, machines=5)
    with pytest.raises(NotInPlan, match="no quota for gateways"):
        await claim(units, subscription_id, machines=1, gateways=1)
    assert await used(units, subscription_id) == {"machines": 0}


async def test_subscriptions_do_not_share_their_quota(units: UnitsOfWork) -> None:
    mine, theirs = await subscription(units, machines=1), await subscription(units, machines=1)
    await claim(units, mine, machines=1)
    assert await attempt(units, theirs, machines=1) == "claimed"


async def close(units: UnitsOfWork, subscription_id: str) -> bool:
    async with units.write(ACTOR) as work:
        return await Quotas(work).close(subscription_id)


async def test_a_subscription_closes_only_while_nothing_is_claimed_and_then_takes_nothing(units: UnitsOfWork) -> None:
    subscription_id = await subscription(units, machines=5, memory=5)
    resource_id = await claim(units, subscription_id, machines=1)
    assert not await close(units, subscription_id)
    assert await attempt(units, subscription_id, memory=1) == "claimed"
    async with units.write(ACTOR) as work:
        await work.session.execute(delete(QuotaClaimRow).where(QuotaClaimRow.dimension == "memory"))
        await work.session.execute(update(QuotaCounterRow).where(QuotaCounterRow.dimension == "memory").values(used=0))
    await release(units, resource_id)
    assert await close(units, subscription_id)
    with pytest.raises(SubscriptionClosed):
        await claim(units, subscription_id, machines=1)


async def test_closing_that_races_with_claims_either_sees_them_or_stops_them(units: UnitsOfWork) -> None:
    for _ in range(12):
        subscription_id = await subscription(units, machines=5, memory=None)
        closed, *results = await asyncio.gather(
            close(units, subscription_id),
            *(attempt(units, subscription_id, machines=1, memory=1) for _ in range(3)),
        )
        if closed:
            assert set(results) == {"subscription.closed"}
            assert await used(units, subscription_id) == {"machines": 0, "memory": 0}
        else:
            assert "claimed" in results
            assert await attempt(units, subscription_id, machines=1) == "claimed"


async def test_a_spoilt_counter_is_repaired_with_an_event_and_a_true_one_is_left_alone(units: UnitsOfWork) -> None:
    spoilt, sound = await subscription(units, machines=5, memory=None), await subscription(units, machines=5)
    await claim(units, spoilt, machines=2, memory=7)
    await claim(units, sound, machines=3)
    async with units.write(ACTOR) as work:
        of_spoilt = QuotaCounterRow.subscription_id == spoilt
        machines = of_spoilt & (QuotaCounterRow.dimension == "machines")
        await work.session.execute(update(QuotaCounterRow).where(machines).values(used=5))
    assert await attempt(units, spoilt, machines=1) == "quota.exceeded"
    metrics = Metrics()
    await prove_quotas(units, metrics)
    await prove_quotas(units, metrics)
    assert await used(units, spoilt) == {"machines": 2, "memory": 7}
    assert await used(units, sound) == {"machines": 3}
    async with units.read(ACTOR) as work:
        events = await EventLog(work.session).after(EventCursor(), EventScope(everything=True))
    assert [(e.kind, e.resource_id, e.subscription_id, e.data) for e in events] == [
        ("quota.repaired", spoilt, spoilt, {"dimension": "machines", "counted": 5, "claimed": 2})
    ]
    assert 'zaffre_drift_total{kind="quota"} 1.0' in metrics.render().decode()


async def test_proving_while_claims_come_and_go_repairs_nothing(units: UnitsOfWork) -> None:
    subscription_id = await subscription(units, machines=100, memory=None)
    metrics = Metrics()
    done = asyncio.Event()

    async def keep_proving() -> None:
        while not done.is_set():
            await prove_quotas(units, metrics)

    async def come_and_go() -> None:
        for _ in range(8):
            await release(units, await claim(units, subscription_id, machines=1, memory=5))

    proving = asyncio.create_task(keep_proving())
    await asyncio.gather(*(come_and_go() for _ in range(8)))
    done.set()
    await proving
    async with units.read(ACTOR) as work:
        assert await EventLog(work.session).after(EventCursor(), EventScope(everything=True)) == []
    assert await used(units, subscription_id) == {"machines": 0, "memory": 0}


# Any sequence of claims, releases, spoiling and proving, against a model ------------------------------------------


@dataclass
class Model:
    """What the counters must say."""

    limits: dict[str, int | None]
    holds: dict[int, dict[str, int]] = field(default_factory=dict)
    closed: bool = False

    def used(self, dimension: str) -> int:
        return sum(amounts.get(dimension, 0) for amounts in self.holds.values())

    def allows(self, amounts: dict[str, int]) -> bool:
        if self.closed:
            return False
        return all(
            d in self.limits and ((limit := self.limits[d]) is None or self.used(d) + n <= limit)
            for d, n in amounts.items()
        )


AMOUNTS = st.dictionaries(st.sampled_from(["machines", "memory", "disks", "foreign"]), st.integers(1, 4), min_size=1)
ACTIONS = st.one_of(
    st.tuples(st.just("claim"), st.integers(0, 9), AMOUNTS),
    st.tuples(
        st.just("claim"), st.integers(0, 9), AMOUNTS.map(lambda a: {k: v for k, v in a.items() if k != "foreign"} or a)
    ),
    st.tuples(st.just("release"), st.integers(0, 9), st.none()),
    st.tuples(st.just("spoil"), st.integers(-3, 9), st.sampled_from(["machines", "memory", "disks"])),
    st.tuples(st.just("prove"), st.none(), st.none()),
    st.tuples(st.just("close"), st.none(), st.none()),
)


async def act(units: UnitsOfWork, subscription_id: str, model: Model, action: Sequence) -> None:
    match action:
        case ("claim", number, amounts) if number not in model.holds:
            resource_id = f"00000000-0000-0000-0000-{subscription_id[-11:]}{number}"
            allowed = model.allows(amounts)
            try:
                async with units.write(ACTOR) as work:
                    await Quotas(work).claim(subscription_id, resource_id, amounts)
            except Conflict:
                assert not allowed
            else:
                assert allowed
                model.holds[number] = amounts
        case ("release", number, _):
            await release(units, f"00000000-0000-0000-0000-{subscription_id[-11:]}{number}")
            model.holds.pop(number, None)
        case ("spoil", wrong, dimension):
            # Always followed by a proof: nobody can count on a counter that was spoilt by hand.
            async with units.write(ACTOR) as work:
                counter = await work.session.get_one(QuotaCounterRow, (subscription_id, dimension))
                counter.used = wrong
            await prove_quotas(units, Metrics())
        case ("prove", _, _):
            await prove_quotas(units, Metrics())
        case ("close", _, _):
            empty = not any(model.used(d) for d in model.limits)
            assert await close(units, subscription_id) == empty
            model.closed = model.closed or empty
        case _:
            pass


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    limits=st.fixed_dictionaries(dict.fromkeys(["machines", "memory", "disks"], st.none() | st.integers(0, 8))),
    actions=st.lists(ACTIONS, max_size=14),
)
async def test_any_sequence_leaves_what_a_model_says(
    units: UnitsOfWork, limits: dict[str, int | None], actions: Sequence
) -> None:
    subscription_id, model = await subscription(units, **limits), Model(limits)
    for action in actions:
        await act(units, subscription_id, model, action)
        assert await used(units, subscription_id) == {d: model.used(d) for d in limits}
    assert await claimed(units, subscription_id) == {d: n for d in limits if (n := model.used(d))}
