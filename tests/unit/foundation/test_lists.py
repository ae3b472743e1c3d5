"""Collections: paging by key, sorting, searching, counting; over a table of operations."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.cloud import SimulatedCloud
from zaffre.foundation.actor import system_actor
from zaffre.foundation.errors import InvalidQuery
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.work import UnitsOfWork

ACTOR = system_actor("test")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LISTING = Listing(
    OperationRow,
    {
        "kind": Field(OperationRow.kind, FieldType.TEXT, searchable=True),
        "name": Field(OperationRow.resource_name, FieldType.TEXT, searchable=True, sortable=False),
        "percent": Field(OperationRow.progress_percent, FieldType.INTEGER),
        "cancelled": Field(OperationRow.cancel_requested, FieldType.BOOLEAN),
        "created": Field(OperationRow.created_at, FieldType.INSTANT),
        "resource": Field(OperationRow.resource_id, FieldType.ID),
    },
    key=OperationRow.id,
    order="kind",
)
ORDERS = [
    *("kind", "kind desc", "percent,kind", "percent desc,kind asc", "cancelled,percent desc", "created desc"),
    *("resource", "kind,percent,cancelled,created desc", " kind  desc , percent "),
]
KINDS = ["a", "A", "b", "é", "z", "Ä", "日本", "🙂", "a b", "a'b", ""]


def an_id(number: int) -> str:
    return str(UUID(int=number))


def operation(number: int, **fields: Any) -> OperationRow:
    """Make a row; most of its fields equal those of other rows."""
    values = {
        "id": an_id(number),
        "kind": KINDS[number % len(KINDS)],
        "state": "queued",
        "queue": "site",
        "resource_type": "thing",
        "resource_id": an_id(number // 2),
        "resource_name": f"thing {number}",
        "parameters": {},
        "progress_percent": number % 3,
        "cancel_requested": number % 2 == 0,
        "created_at": NOON + timedelta(microseconds=number % 5),
    }
    return OperationRow(**values | fields)


async def fill(units: UnitsOfWork, *rows: OperationRow) -> None:
    async with units.write(ACTOR) as work:
        work.add(*rows)


async def page(units: UnitsOfWork, **query: Any) -> Rows[OperationRow]:
    async with units.read(ACTOR) as work:
        return await LISTING.rows(work.session, ListQuery(**query))


async def pages(units: UnitsOfWork, **query: Any) -> list[str]:
    """Follow a list to its end; returns the ids."""
    ids: list[str] = []
    token = None
    for _ in range(1000):
        found = await page(units, skiptoken=token, **query)
        ids += [row.id for row in found.rows]
        token = found.skiptoken
        if token is None:
            return ids
    raise AssertionError("the list never ended")


async def refused(units: UnitsOfWork, **query: Any) -> str:
    with pytest.raises(InvalidQuery) as caught:
        await page(units, **query)
    return f"{caught.value.target} {caught.value.detail}"


async def test_pages_of_any_size_in_any_order_show_every_row_once_and_in_order(units: UnitsOfWork) -> None:
    await fill(units, *(operation(n) for n in range(23)))
    for orderby in ORDERS:
        whole = await pages(units, orderby=orderby, top=1000)
        assert sorted(whole) == [an_id(n) for n in range(23)]
        for top in (1, 2, 7, 22, 23, 24):
            assert await pages(units, orderby=orderby, top=top) == whole, (orderby, top)


async def test_orders_are_what_they_say(units: UnitsOfWork) -> None:
    await fill(units, *(operation(n) for n in range(23)))
    rows = [operation(n) for n in range(23)]
    by_percent = sorted(rows, key=lambda row: (-row.progress_percent, row.created_at, row.id))
    assert await pages(units, orderby="percent desc,created", top=4) == [row.id for row in by_percent]
    # A descending order ends with a descending id, so that it is the exact reverse of the ascending one.
    assert await pages(units, orderby="cancelled desc", top=5) == (await pages(units, orderby="cancelled", top=5))[::-1]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), top=st.integers(1, 5), orderby=st.sampled_from(ORDERS))
async def test_rows_that_come_and_go_between_pages_neither_repeat_nor_hide_the_others(
    units: UnitsOfWork, data: st.DataObject, top: int, orderby: str
) -> None:
    async with units.write(ACTOR) as work:
        await work.session.execute(OperationRow.__table__.delete())
        work.add(*(operation(2 * n) for n in range(12)))
    survivors = {an_id(2 * n) for n in range(12)}
    seen: list[str] = []
    token, fresh = None, list(range(1, 24, 2))
    for _ in range(30):
        found = await page(units, skiptoken=token, top=top, orderby=orderby)
        seen += [row.id for row in found.rows]
        token = found.skiptoken
        if token is None:
            break
        gone = data.draw(st.sets(st.sampled_from(sorted(survivors)), max_size=2)) if survivors else set()
        survivors -= gone
        async with units.write(ACTOR) as work:
            await work.session.execute(OperationRow.__table__.delete().where(OperationRow.id.in_(gone)))
            work.add(*(operation(fresh.pop()) for _ in range(min(len(fresh), data.draw(st.integers(0, 2))))))
    assert token is None
    assert len(seen) == len(set(seen))
    assert survivors <= set(seen)


async def test_the_count_is_of_all_that_match_whatever_the_page(units: UnitsOfWork) -> None:
    await fill(units, *(operation(n) for n in range(10)))
    assert (await page(units, top=3)).count is None
    first = await page(units, top=3, count=True, filter="percent lt 2")
    assert (len(first.rows), first.count) == (3, 7)
    second = await page(units, top=3, count=True, filter="percent lt 2", skiptoken=first.skiptoken)
    assert (len(second.rows), second.count) == (3, 7)


async def test_a_search_finds_rows_with_all_words_wherever_they_are_and_takes_wildcards_literally(
    units: UnitsOfWork,
) -> None:
    numbers = {"Blue Whale": 1, "blue fish": 2, "red whale": 3, "100% blue": 4, "under_score": 5}
    await fill(units, *(operation(n, kind=f"kind{n}", resource_name=name) for name, n in numbers.items()))

    async def hits(search: str) -> list[int]:
        return sorted(numbers[row.resource_name or ""] for row in (await page(units, search=search)).rows)

    assert await hits("blue") == [1, 2, 4]
    assert await hits("WHALE blue") == [1]
    assert await hits("kind3") == [3]
    assert await hits("kind2 fish") == [2]
    assert await hits("%") == [4]
    assert await hits("_") == [5]
    assert await hits("   ") == [1, 2, 3, 4, 5]
    assert await hits("nothing") == []
    assert "at most 8 words" in await refused(units, search="a b c d e f g h i")
    assert "at most 8 words" in await refused(units, search="a\0")


async def test_an_order_that_cannot_be_understood_is_refused_with_what_can(units: UnitsOfWork) -> None:
    known = "fields to sort by are cancelled, created, kind, percent, resource"
    for wrong in ("color", "name", "kind up", "kind desc asc", "kind,", ",", "kind;drop table", "kind desc percent"):
        detail = await refused(units, orderby=wrong)
        assert detail.startswith("$orderby ")
        assert known in detail, wrong
    assert "at most 4 fields" in await refused(units, orderby="kind,percent,cancelled,created,resource")


def token(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


async def test_a_token_that_was_tampered_with_or_belongs_to_another_order_is_refused(units: UnitsOfWork) -> None:
    await fill(units, *(operation(n) for n in range(5)))
    by_kind = (await page(units, top=2)).skiptoken
    assert "same query" in await refused(units, skiptoken=by_kind, orderby="kind desc")
    assert "same query" in await refused(units, skiptoken=by_kind, orderby="percent")
    some = an_id(1)
    for orderby, bad in [
        ("kind", token()),
        ("kind", token("kind,id", "a")),
        ("kind", token("kind,id", "a", some, some)),
        ("kind", token("kind,id", 5, some)),
        ("kind", token("kind,id", None, some)),
        ("kind", token("kind,id", "a\0", some)),
        ("kind", token("kind,id", "\ud800", some)),
        ("kind", token("kind,id", "a", "no id")),
        ("kind", token("kind,id", ["a"], some)),
        ("percent", token("percent,id", "1", some)),
        ("percent", token("percent,id", True, some)),
        ("percent", token("percent,id", 1.5, some)),
        ("percent", token("percent,id", 2**63, some)),
        ("cancelled", token("cancelled,id", 1, some)),
        ("created", token("created,id", "yesterday", some)),
        ("created", token("created,id", "0001-01-01T00:00:00+14:00", some)),
        ("created", token("created,id", "9999-12-31T23:59:59-14:00", some)),
        ("kind", base64.urlsafe_b64encode(b"[" * 1200).decode()),
        ("kind", base64.urlsafe_b64encode(b"\xff\xfe").decode()),
        ("kind", "!"),
        ("kind", "é"),
        ("kind", ""),
    ]:
        assert "$skiptoken" in await refused(units, skiptoken=bad, orderby=orderby), bad
    # A well-formed one that no page ended with is as good as a real one: it only says where to go on.
    for place, expected in ((2**62, 0), (-(2**62), 5)):
        beyond = await page(units, orderby="percent", skiptoken=token("percent,id", place, some))
        assert len(beyond.rows) == expected


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(max_size=30) | st.binary(max_size=30).map(lambda raw: base64.urlsafe_b64encode(raw).decode()),
    values=st.lists(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5), max_size=5),
    orderby=st.sampled_from(ORDERS),
)
async def test_no_token_makes_a_list_fail(units: UnitsOfWork, text: str, values: list[Any], orderby: str) -> None:
    shape = ",".join(f"{p.split()[0]}{'-' if 'desc' in p else ''}" for p in orderby.split(","))
    last = "-" if "desc" in orderby.rsplit(",", maxsplit=1)[-1] else ""
    for attempt in (text, token(f"{shape},id{last}", *values)):
        try:
            await page(units, skiptoken=attempt, orderby=orderby)
        except InvalidQuery as refusal:
            assert refusal.target == "$skiptoken"  # noqa: PT017 - either outcome is fine


async def test_a_page_links_to_the_next_with_all_its_options(api: SimulatedCloud) -> None:
    for n in range(5):
        await api.admin.post("/stamps", {"name": f"stamp & {n}?"})
    query = {"$filter": "startswith(name,'stamp &')", "$orderby": "name desc", "$top": "2", "$count": "true"}
    first = await api.admin.get("/stamps", params=query)
    assert ([stamp["name"] for stamp in first["value"]], first["@odata.count"]) == (["stamp & 4?", "stamp & 3?"], 5)
    second = await api.admin.get(first["@odata.nextLink"])
    third = await api.admin.get(second["@odata.nextLink"])
    assert [stamp["name"] for stamp in second["value"] + third["value"]] == ["stamp & 2?", "stamp & 1?", "stamp & 0?"]
    assert (second["@odata.count"], third["@odata.nextLink"]) == (5, None)


async def test_options_that_do_not_exist_or_are_out_of_range_are_refused_by_name(api: SimulatedCloud) -> None:
    for option, value in [
        *(("$top", "0"), ("$top", "1001"), ("$top", "-1"), ("$top", "many"), ("$top", "")),
        *(("$skip", "5"), ("$apply", "name"), ("$Filter", "x"), ("$count", "perhaps")),
        *(("$filter", "x" * 2001), ("$orderby", "x" * 201), ("$search", "x" * 201), ("$skiptoken", "x" * 2001)),
    ]:
        answer = await api.admin.ask("GET", "/stamps", params={option: value})
        assert (answer.status, answer.body["code"]) == (400, "request.invalid"), option
        assert answer.body["target"] == option
