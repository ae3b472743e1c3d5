import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from support.shop import CUSTOMER, OTHER_CUSTOMER, Shop, SoldOut
from zaffre.foundation.actor import system_actor
from zaffre.foundation.clock import ManualClock
from zaffre.foundation.events.tables import LifecycleEventRow
from zaffre.foundation.http.idempotency import forget_keys
from zaffre.foundation.http.tables import IdempotencyKeyRow
from zaffre.foundation.work import UnitOfWork, UnitsOfWork

ACTOR = system_actor("test")


@pytest.fixture
def shop(units: UnitsOfWork) -> Shop:
    return Shop(units)


async def events(units: UnitsOfWork) -> int:
    async with units.read(ACTOR) as work:
        return await work.session.scalar(select(func.count()).select_from(LifecycleEventRow)) or 0


async def test_a_repeated_request_gets_the_first_answer_and_changes_nothing(shop: Shop) -> None:
    first = await shop.buy(key="k1")
    second = await shop.buy(key="k1")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json() == {"number": 1, "name": "hat", "secret": "voucher-1"}
    assert (second.headers["Location"], second.headers["ETag"]) == ("/orders/1", '"1"')
    assert second.headers["Content-Type"] == first.headers["Content-Type"]
    assert second.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["X-Request-Id"] != first.headers["X-Request-Id"]
    assert (shop.sold, await events(shop.units)) == (1, 1)


async def test_without_a_key_every_request_counts(shop: Shop) -> None:
    assert [(await shop.buy()).json()["number"] for _ in range(2)] == [1, 2]


async def test_a_key_stands_for_one_request_only(shop: Shop) -> None:
    await shop.buy("hat", key="k1")
    keyed = {"Idempotency-Key": "k1"}
    others = [
        await shop.buy("coat", key="k1"),
        await shop.ask("POST", "/orders?gift=1", {"name": "hat"}, headers=keyed),
        await shop.ask("PUT", "/orders/1", {"name": "hat"}, headers=keyed),
        await shop.ask("DELETE", "/orders/1", headers=keyed),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in others] == [(409, "idempotency.key_reused")] * 4
    assert (await shop.buy("hat", key="k1")).json()["number"] == 1
    assert (shop.sold, await events(shop.units)) == (1, 1)


async def test_every_writing_method_can_be_repeated(shop: Shop) -> None:
    for method, body, status in (("PUT", {"name": "hat"}, 200), ("DELETE", None, 204)):
        answers = [
            await shop.ask(method, "/orders/7", body, headers={"Idempotency-Key": f"{method}"}) for _ in range(3)
        ]
        assert [answer.status_code for answer in answers] == [status] * 3
        assert len({answer.content for answer in answers}) == 1
    assert (shop.sold, await events(shop.units)) == (2, 2)


async def test_accounts_do_not_share_keys(shop: Shop) -> None:
    mine = await shop.buy("hat", key="k1", who=CUSTOMER)
    theirs = await shop.buy("coat", key="k1", who=OTHER_CUSTOMER)
    assert (mine.json()["number"], theirs.json()["number"]) == (1, 2)


async def test_nobody_in_particular_has_no_keys(shop: Shop) -> None:
    assert [(await shop.buy(key="k1", who=None)).json()["number"] for _ in range(2)] == [1, 2]


async def test_a_failure_is_not_kept(shop: Shop) -> None:
    async def refuse(_work: UnitOfWork) -> None:
        raise SoldOut("no hats left", remedy="come tomorrow")

    async def break_down(_work: UnitOfWork) -> None:
        raise RuntimeError("fire")

    for happening, status in ((refuse, 409), (break_down, 500)):
        shop.happening = happening
        assert (await shop.buy(key="k1")).status_code == status
    assert (await shop.ask("POST", "/orders", {}, headers={"Idempotency-Key": "k1"})).status_code == 400
    assert await events(shop.units) == 0
    shop.happening = Shop(shop.units).happening
    assert (await shop.buy(key="k1")).status_code == 201
    assert await events(shop.units) == 1


async def test_twins_at_the_same_moment_are_one_request(shop: Shop) -> None:
    async def dawdle(_work: UnitOfWork) -> None:
        await asyncio.sleep(0)

    shop.happening = dawdle
    answers = await asyncio.gather(*(shop.buy(key="k1") for _ in range(12)))
    assert {answer.status_code for answer in answers} == {201}
    assert {answer.json()["number"] for answer in answers} == {1}
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 11
    assert (shop.sold, await events(shop.units)) == (1, 1)


async def test_a_twin_takes_over_when_the_first_fails(shop: Shop) -> None:
    begun, finish = asyncio.Event(), asyncio.Event()

    async def wait_and_refuse_the_first(_work: UnitOfWork) -> None:
        if shop.sold == 1:
            begun.set()
            await finish.wait()
            raise SoldOut("no hats left", remedy="come tomorrow")

    shop.happening = wait_and_refuse_the_first
    first = asyncio.create_task(shop.buy(key="k1"))
    await begun.wait()
    second = asyncio.create_task(shop.buy(key="k1"))
    done, _ = await asyncio.wait([second], timeout=0.05)
    assert not done, "the twin must wait for the first to end"
    finish.set()
    assert ((await first).status_code, (await second).status_code) == (409, 201)
    assert "Idempotency-Replayed" not in (await second).headers
    assert await events(shop.units) == 1


async def test_kept_answers_are_encrypted_at_rest(shop: Shop) -> None:
    assert (await shop.buy(key="k1")).json()["secret"] == "voucher-1"
    async with shop.units.read(ACTOR) as work:
        row = (await work.session.execute(select(IdempotencyKeyRow.__table__))).mappings().one()
    assert "voucher" not in str(dict(row))
    assert row["sealed_body"]
    assert set(row["headers"]) == {"location", "etag", "content-type"}


async def test_a_key_must_be_short_and_printable(shop: Shop) -> None:
    for key in ("", "k" * 201, "schlüssel".encode("latin-1"), "tab\there"):
        answer = await shop.ask("POST", "/orders", {"name": "hat"}, headers={"Idempotency-Key": key})  # type: ignore[dict-item]
        assert (answer.status_code, answer.json()["target"]) == (400, "Idempotency-Key"), key
    assert (await shop.buy(key="k" * 200)).status_code == 201
    assert shop.sold == 1


async def test_keys_are_forgotten_after_a_day_a_bounded_number_at_a_time(shop: Shop, clock: ManualClock) -> None:
    for number in range(5):
        await shop.buy(key=f"old-{number}")
    clock.advance(timedelta(hours=24, seconds=1).total_seconds())
    await shop.buy(key="new")

    async def forget() -> int:
        async with shop.units.write(ACTOR) as work:
            return await forget_keys(work, clock.now(), limit=3)

    assert [await forget(), await forget(), await forget()] == [3, 2, 0]
    assert (await shop.buy(key="new")).headers["Idempotency-Replayed"] == "true"
    assert (await shop.buy(key="old-0")).json()["number"] == 7
