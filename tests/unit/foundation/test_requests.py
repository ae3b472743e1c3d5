"""Around every request: one transaction, problems, limits, ids, metrics, versions, waiting."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from support.cloud import ADMIN_PASSWORD, SimulatedCloud
from support.shop import Shop, SoldOut
from support.waiting import until
from zaffre.foundation.actor import system_actor
from zaffre.foundation.errors import RaceLost
from zaffre.foundation.events.tables import LifecycleEventRow
from zaffre.foundation.http.routing import COMMIT_ATTEMPTS
from zaffre.foundation.http.waiting import preferred_wait_s
from zaffre.foundation.ids import is_uuid
from zaffre.foundation.operations.operation import OperationState
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.work import ResourceRef, UnitOfWork, UnitsOfWork

ACTOR = system_actor("test")
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def shop(units: UnitsOfWork) -> Shop:
    return Shop(units)


async def events(units: UnitsOfWork) -> int:
    async with units.read(ACTOR) as work:
        return await work.session.scalar(select(func.count()).select_from(LifecycleEventRow)) or 0


# One transaction -------------------------------------------------------------------------------------------------


async def test_a_failing_endpoint_leaves_nothing(shop: Shop) -> None:
    async def refuse(work: UnitOfWork) -> None:
        await work.session.flush()
        raise SoldOut("no hats left", remedy="come tomorrow")

    shop.happening = refuse
    answer = await shop.buy()
    assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (
        409,
        "shop.sold_out",
        "no hats left",
    )
    assert await events(shop.units) == 0
    assert shop.units.events_written.count == 0


async def test_no_answer_is_sent_for_a_change_that_does_not_commit(shop: Shop) -> None:
    async def spoil_the_commit(work: UnitOfWork) -> None:
        work.emit("x", ResourceRef("order", "1"))
        event = next(row for row in work.session.new if isinstance(row, LifecycleEventRow))
        event.kind = None  # type: ignore[assignment] - noticed by the database, at the flush that precedes the commit

    shop.happening = spoil_the_commit
    answer = await shop.buy()
    assert (answer.status_code, answer.json()["code"]) == (500, "internal.error")
    assert await events(shop.units) == 0


async def test_reading_requests_cannot_change_anything(shop: Shop) -> None:
    async def write(work: UnitOfWork) -> None:
        work.emit("order.looked_at", ResourceRef("order", "1"))

    shop.happening = write
    assert (await shop.ask("GET", "/orders/1")).status_code == 200
    assert await events(shop.units) == 0


class _Sacrificed(Exception):
    sqlstate = "40P01"


async def test_a_transaction_that_the_database_sacrifices_or_that_loses_a_race_is_run_again(shop: Shop) -> None:
    def sacrificed() -> Exception:
        return DBAPIError("INSERT secret", {}, _Sacrificed("deadlock"))

    for failure in (sacrificed, lambda: RaceLost("the hat")):
        shop.sold, failures = 0, [failure() for _ in range(COMMIT_ATTEMPTS - 1)]

        async def fail_at_first(_work: UnitOfWork, failures: list[Exception] = failures) -> None:
            if failures:
                raise failures.pop()

        shop.happening = fail_at_first
        before = await events(shop.units)
        answer = await shop.buy()
        assert (answer.status_code, answer.json()["number"]) == (201, COMMIT_ATTEMPTS)
        assert await events(shop.units) == before + 1


async def test_running_again_is_bounded(shop: Shop) -> None:
    async def deadlock(_work: UnitOfWork) -> None:
        raise DBAPIError("INSERT secret", {}, _Sacrificed("deadlock"))

    async def lose(_work: UnitOfWork) -> None:
        raise RaceLost("the hat")

    for happening, status in ((deadlock, 500), (lose, 503)):
        shop.sold, shop.happening = 0, happening
        assert (await shop.buy()).status_code == status
        assert shop.sold == COMMIT_ATTEMPTS


# Problems --------------------------------------------------------------------------------------------------------


async def test_a_fault_of_ours_says_nothing_but_its_request_id(shop: Shop) -> None:
    async def leak(work: UnitOfWork) -> None:
        await work.session.execute(text("SELECT secret_column FROM nowhere WHERE password = 'hunter2'"))

    shop.happening = leak
    answer = await shop.buy()
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "application/problem+json")
    body = answer.json()
    assert (body["code"], body["request_id"]) == ("internal.error", answer.headers["X-Request-Id"])
    assert set(body) == {"type", "title", "status", "code", "detail", "remedy", "request_id"}
    for secret in ("hunter2", "SELECT", "secret", "nowhere", "sqlalchemy", "Traceback"):
        assert secret not in answer.text


async def test_an_answer_that_breaks_off_half_way_is_cut_rather_than_ended(shop: Shop) -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "path": "/broken-stream",
        "raw_path": b"/broken-stream",
        "query_string": b"",
        "root_path": "",
        "headers": [],
        "scheme": "http",
        "server": ("shop", 80),
        "client": ("127.0.0.1", 1),
    }
    with pytest.raises(RuntimeError, match="the other half"):
        await shop.app(scope, receive, send)  # type: ignore[arg-type]
    assert [m["type"] for m in sent if m["type"] == "http.response.start"] == ["http.response.start"]
    assert all(message.get("more_body", True) for message in sent if message["type"] == "http.response.body")


FIELDS = {
    b'{"name": "hat", "amount": "many", "color": "red"}': ["amount", "color"],
    b"{}": ["name"],
    b'{"name": ""}': ["name"],
    b'{"name": "\\ud800"}': ["name"],
    b'{"name": "a\\u0000b"}': ["name"],
    b'{"name": "hat", "amount": NaN}': ["amount"],
    b'{"name": null}': ["name"],
    b"[]": ["body"],
    b"null": ["body"],
    b'"hat"': ["body"],
    b"": ["body"],
}


async def test_a_body_that_is_wrong_is_told_by_field(shop: Shop) -> None:
    for path in ("/orders", "/plain"):
        for content, targets in FIELDS.items():
            answer = await shop.ask("POST", path, headers=JSON, content=content)
            body = answer.json()
            assert (answer.status_code, body["code"]) == (400, "request.invalid"), content
            assert [error["target"] for error in body["errors"]] == targets, content
            assert body["target"] == targets[0]
            assert all(error["detail"] for error in body["errors"])
    many = await shop.ask("POST", "/orders", {f"field{n}": n for n in range(200)})
    assert len(many.json()["errors"]) == 20
    assert shop.sold == 0


async def test_what_cannot_be_read_as_json_is_told_apart_from_what_is_wrong(shop: Shop) -> None:
    for path in ("/orders", "/plain"):
        for content in (b"{", b'{"name": "hat",}', b"{'name': 'hat'}", b'{"name": "hat"} and more'):
            answer = await shop.ask("POST", path, headers=JSON, content=content)
            assert answer.status_code == 400
            assert re.match(r"body: not valid JSON at character \d+\.", answer.json()["detail"]), content
        for content in (b"[" * 9_000, b'{"a":' * 1_500, b"\xff\xfe\x00", b'{"amount": 1' + b"0" * 5_000 + b"}"):
            answer = await shop.ask("POST", path, headers=JSON, content=content)
            assert (answer.status_code, answer.json()["code"]) == (400, "request.invalid"), content[:10]
        for sent_as in ("text/plain", "application/xml", "application/x-www-form-urlencoded", "nonsense", ""):
            headers = {"Content-Type": sent_as} if sent_as else {}
            answer = await shop.ask("POST", path, headers=headers, content=b'{"name": "hat"}')
            assert (answer.status_code, answer.json()["code"]) == (415, "request.not_json"), sent_as
            assert "application/json" in answer.json()["remedy"]
    headers = {"Content-Type": "application/json; charset=utf-8"}
    answer = await shop.ask("POST", "/orders", headers=headers, content=b'{"name": "hat"}')
    assert answer.status_code == 201


async def test_a_body_beyond_the_limit_is_refused_however_it_is_sent(shop: Shop) -> None:
    async def dripping() -> AsyncIterator[bytes]:
        yield b'{"name": "'
        for _ in range(100):
            yield b"x" * 1000

    for path in ("/orders", "/plain"):
        for content in (b'{"name": "' + b"x" * 20_000 + b'"}', dripping()):
            answer = await shop.ask("POST", path, headers=JSON, content=content)
            body = answer.json()
            assert (answer.status_code, body["code"], body["target"]) == (413, "request.too_large", "body")
            assert "10000 bytes" in body["detail"]
    assert shop.sold == 0


async def test_paths_methods_and_headers_that_do_not_exist_are_problems_too(shop: Shop) -> None:
    nowhere = await shop.ask("GET", "/nowhere")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "route.not_found")
    for method in ("PUT", "DELETE", "PATCH", "FROBNICATE"):
        answer = await shop.ask(method, "/orders")
        assert (answer.status_code, answer.json()["code"]) == (405, "route.method_not_allowed")
        assert answer.headers["Allow"] == "POST"
    header = await shop.ask("GET", "/echo", headers={"X-Number": "many"})
    assert (header.status_code, header.json()["target"]) == (400, "x-number")
    for answer in (nowhere, header):
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["request_id"] == answer.headers["X-Request-Id"]
        assert answer.json()["type"] == f"urn:zaffre:problem:{answer.json()['code']}"


async def test_one_request_too_many_is_told_to_come_back_and_the_others_go_on(units: UnitsOfWork) -> None:
    shop = Shop(units, concurrent=2)
    slow = [asyncio.create_task(shop.ask("GET", "/slow")) for _ in range(2)]
    while (refused := await shop.ask("GET", "/echo")).status_code == 200:
        await asyncio.sleep(0)
    assert (refused.status_code, refused.json()["code"]) == (503, "service.too_busy")
    assert refused.headers["Retry-After"] == "1"
    shop.slowly.set()
    assert [answer.status_code for answer in await asyncio.gather(*slow)] == [200, 200]
    assert (await shop.ask("GET", "/echo")).status_code == 200


async def test_problems_of_the_real_faces_never_repeat_a_password(api: SimulatedCloud) -> None:
    guess = "correct horse battery staple"
    bodies = [
        {"email": "not an address", "password": guess},
        {"email": "somebody@zaffre.example", "password": guess},
        {"email": "somebody@zaffre.example", "password": guess * 100},
        {"email": "somebody@zaffre.example", "password": guess, "passwrd": guess},
        {"email": guess, "password": {"value": guess}},
    ]
    for body in bodies:
        for path in ("/sessions", "/accounts"):
            answer = await api.client().ask("POST", path, body | ({"name": ""} if path == "/accounts" else {}))
            assert answer.status >= 400
            assert guess not in str(answer.body).replace(str(body["email"]), "")
    assert ADMIN_PASSWORD not in str(await api.admin.get("/accounts"))


# Ids, versions, metrics ------------------------------------------------------------------------------------------


async def test_a_request_has_an_id_which_is_the_clients_when_it_is_a_decent_one(shop: Shop) -> None:
    mine = await shop.buy(headers={"X-Request-Id": "Mine-1.2_3"})
    assert mine.headers["X-Request-Id"] == "Mine-1.2_3"
    for indecent in ("", "two words", "x" * 101, "new\tline", '"quoted"', "é".encode("latin-1")):
        answer = await shop.buy(headers={"X-Request-Id": indecent})  # type: ignore[dict-item]
        assert is_uuid(answer.headers["X-Request-Id"])
    async with shop.units.read(ACTOR) as work:
        ids = list(
            await work.session.scalars(select(LifecycleEventRow.request_id).order_by(LifecycleEventRow.position))
        )
    assert ids[0] == "Mine-1.2_3"
    assert len(set(ids)) == 7


async def test_answers_are_not_to_be_cached_or_sniffed(shop: Shop) -> None:
    for answer in (await shop.buy(), await shop.ask("GET", "/nowhere"), await shop.ask("GET", "/orders/1")):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_stale_writer_is_refused_with_what_is_there(shop: Shop) -> None:
    async def change(tag: str | None) -> Any:
        headers = {"If-Match": tag} if tag is not None else {}
        return await shop.ask("PUT", "/orders/1", {"name": "hat"}, headers=headers)

    stale = await change('"2"')
    assert (stale.status_code, stale.json()["code"], stale.json()["target"]) == (412, "resource.stale", "If-Match")
    assert '"2"' in stale.json()["detail"]
    assert '"3"' in stale.json()["detail"]
    assert shop.sold == 0
    for fresh in ('"3"', 'W/"3"', "*", None, ' "3" '):
        assert (await change(fresh)).status_code == 200, fresh
    for nonsense in ("3", '"three"', '""', '"-3"', '"3", "4"', '"9999999999999999999"'):
        answer = await change(nonsense)
        assert (answer.status_code, answer.json()["target"]) == (400, "If-Match"), nonsense


async def test_a_reader_who_has_the_version_is_told_that_nothing_is_new(shop: Shop) -> None:
    first = await shop.ask("GET", "/orders/1")
    assert first.headers["ETag"] == '"3"'
    again = await shop.ask("GET", "/orders/1", headers={"If-None-Match": '"3"'})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", '"3"')
    shop.generation = 4
    assert (await shop.ask("GET", "/orders/1", headers={"If-None-Match": '"3"'})).status_code == 200


async def test_metrics_are_labelled_by_the_route_and_not_by_what_was_asked_for(shop: Shop) -> None:
    for number in range(3):
        await shop.ask("GET", f"/orders/{number}-secret")
        await shop.ask("GET", f"/nowhere/{number}-secret")
    await shop.ask("FROBNICATE", "/orders")
    exposed = shop.metrics.render().decode()
    assert 'zaffre_http_requests_total{face="shop",method="GET",route="/orders/{order_id}",status="200"} 3.0' in exposed
    assert 'zaffre_http_requests_total{face="shop",method="GET",route="(none)",status="404"} 3.0' in exposed
    assert 'method="OTHER"' in exposed
    assert "secret" not in exposed
    assert "FROBNICATE" not in exposed
    assert 'zaffre_http_request_seconds_count{face="shop",method="GET",route="/orders/{order_id}"} 3.0' in exposed


# Prefer: wait ----------------------------------------------------------------------------------------------------


async def finish(units: UnitsOfWork, state: OperationState) -> None:
    async with units.write(ACTOR) as work:
        row = (await work.session.scalars(select(OperationRow))).one()
        row.state = state
        work.emit("operation.ended", ResourceRef("order", row.resource_id))


async def test_an_accepted_request_can_be_held_until_its_operation_has_ended(live_units: UnitsOfWork) -> None:
    shop = Shop(live_units)
    held = asyncio.create_task(shop.ask("POST", "/deliveries", headers={"Prefer": "respond-async, wait=30"}))

    async def accepted() -> str | None:
        async with live_units.read(ACTOR) as work:
            return await work.session.scalar(select(OperationRow.id))

    await until(accepted)
    assert not held.done()
    await finish(live_units, OperationState.FAILED)
    async with asyncio.timeout(60):
        answer = await held
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (202, "wait=30")
    assert answer.headers["Operation-State"] == "failed"
    assert answer.headers["Operation-Location"] == f"/operations/{answer.json()['operation']}"


async def test_holding_ends_when_the_time_is_over_and_is_never_longer_than_a_minute(live_units: UnitsOfWork) -> None:
    shop = Shop(live_units)
    async with asyncio.timeout(60):
        answer = await shop.ask("POST", "/deliveries", headers={"Prefer": "wait=1"})
    assert (answer.status_code, answer.headers["Operation-State"]) == (202, "queued")
    for prefer, expected in (("wait=100000", 60), ("wait=0", 0), ("wait=-1", 0), ("wait=x", 0), ("return=minimal", 0)):
        assert preferred_wait_s(prefer) == expected
    unheld = await shop.ask("POST", "/deliveries", headers={"Prefer": "wait=0"})
    assert "Preference-Applied" not in unheld.headers
