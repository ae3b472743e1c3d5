"""`$filter` over a table of operations, which has every type of field, some of them nullable."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from zaffre.foundation.actor import system_actor
from zaffre.foundation.errors import InvalidQuery
from zaffre.foundation.http.filters import MAX_COMPARISONS, MAX_DEPTH, Field, FieldType, parse_filter
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.work import UnitsOfWork

ACTOR = system_actor("test")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FIELDS = {
    "id": Field(OperationRow.id, FieldType.ID),
    "subscription": Field(OperationRow.subscription_id, FieldType.ID),
    "kind": Field(OperationRow.kind, FieldType.TEXT),
    "name": Field(OperationRow.resource_name, FieldType.TEXT),
    "percent": Field(OperationRow.progress_percent, FieldType.INTEGER),
    "cancelled": Field(OperationRow.cancel_requested, FieldType.BOOLEAN),
    "created": Field(OperationRow.created_at, FieldType.INSTANT),
    "finished": Field(OperationRow.finished_at, FieldType.INSTANT),
}


@dataclass(frozen=True)
class Thing:
    """A row as Python sees it."""

    id: str
    kind: str = "a"
    name: str | None = None
    percent: int = 0
    cancelled: bool = False
    created: datetime = NOON
    finished: datetime | None = None
    subscription: str | None = None

    def row(self) -> OperationRow:
        return OperationRow(
            id=self.id,
            kind=self.kind,
            state="queued",
            queue="site",
            subscription_id=self.subscription,
            resource_type="thing",
            resource_id=self.id,
            resource_name=self.name,
            parameters={},
            progress_percent=self.percent,
            cancel_requested=self.cancelled,
            created_at=self.created,
            finished_at=self.finished,
        )


def an_id(number: int) -> str:
    return str(UUID(int=number))


async def fill(units: UnitsOfWork, *things: Thing) -> None:
    async with units.write(ACTOR) as work:
        work.add(*(thing.row() for thing in things))


async def found(units: UnitsOfWork, text: str) -> list[str]:
    async with units.read(ACTOR) as work:
        return list(
            await work.session.scalars(
                select(OperationRow.id).where(parse_filter(text, FIELDS)).order_by(OperationRow.id)
            )
        )


async def names(units: UnitsOfWork, text: str) -> str:
    async with units.read(ACTOR) as work:
        statement = select(OperationRow.kind).where(parse_filter(text, FIELDS)).order_by(OperationRow.kind)
        return "".join(await work.session.scalars(statement))


def refused(text: str) -> str:
    with pytest.raises(InvalidQuery) as caught:
        parse_filter(text, FIELDS)
    return caught.value.detail


@pytest.fixture
async def alphabet(units: UnitsOfWork) -> UnitsOfWork:
    """Five things called a to e, at one to five percent, a minute apart; c has no name and has not finished."""
    things = [
        Thing(
            an_id(n),
            kind=kind,
            name=f"Web-{kind}",
            percent=n,
            cancelled=n % 2 == 0,
            created=NOON + timedelta(minutes=n),
            finished=NOON + timedelta(hours=n),
            subscription=an_id(100 + n),
        )
        for n, kind in enumerate("abcde", start=1)
    ]
    things[2] = replace(things[2], name=None, finished=None, subscription=None)
    await fill(units, *things)
    return units


SELECTED = {
    "kind eq 'b'": "b",
    "kind ne 'b'": "acde",
    "kind lt 'c'": "ab",
    "kind ge 'd'": "de",
    "kind in ('a','e','x')": "ae",
    "kind in ('a')": "a",
    "kind in ( 'a' ) or kind in ('b', 'c')": "abc",
    "percent eq 3": "c",
    "percent ne 3": "abde",
    "percent gt -1 and percent le 2": "ab",
    "percent lt 9223372036854775807": "abcde",
    "percent in (1,3)": "ac",
    "cancelled": "bd",
    "not cancelled": "ace",
    "cancelled eq true": "bd",
    "cancelled ne true": "ace",
    "created lt 2026-03-01T12:02:00Z": "a",
    "created le 2026-03-01T14:02:00+02:00": "ab",
    "created gt 2026-03-01T12:04:00": "e",
    "created eq 2026-03-01T12:01:00.000Z": "a",
    f"id eq {an_id(2)}": "b",
    f"id eq '{an_id(2).upper()}'": "b",
    f"id in ({an_id(1)},{an_id(3)})": "ac",
    "finished eq null": "c",
    "finished ne null": "abde",
    "contains(name,'b-d')": "d",
    "startswith(name,'Web')": "abde",
    "endswith(name,'-e')": "e",
    "endswith(name,'longer than any name')": "",
    "contains(name,'')": "abde",
    "tolower(name) eq 'web-a'": "a",
    "toupper(name) eq 'WEB-A'": "a",
    "startswith(tolower(name),'web')": "abde",
    # Case counts unless it is folded.
    "contains(name,'web')": "",
    "startswith(name,'web')": "",
    "endswith(name,'-E')": "",
    # `and` binds more tightly than `or`.
    "kind eq 'a' or kind eq 'b' and percent eq 5": "a",
    "(kind eq 'a' or kind eq 'b') and percent eq 2": "b",
    "not (kind eq 'a' or cancelled) and percent lt 5": "c",
    "not contains(kind,'a') and cancelled": "bd",
    "KIND eq 'a'".lower(): "a",
    "kind EQ 'a' OR kind EQ 'b'": "ab",
}


async def test_expressions_select_the_rows_they_say(alphabet: UnitsOfWork) -> None:
    assert {text: await names(alphabet, text) for text in SELECTED} == SELECTED


async def test_not_selects_exactly_what_its_operand_does_not_also_where_values_are_absent(
    alphabet: UnitsOfWork,
) -> None:
    for text in (
        "name eq 'Web-a'",
        "name ne 'Web-a'",
        "name in ('Web-a','Web-b')",
        "contains(name,'b')",
        "finished gt 2026-03-01T14:00:00Z",
        f"subscription eq {an_id(101)}",
        f"subscription ne {an_id(101)}",
    ):
        selected, others = await names(alphabet, text), await names(alphabet, f"not ({text})")
        assert sorted(selected + others) == list("abcde"), text


async def test_an_absent_value_is_unequal_to_every_value(alphabet: UnitsOfWork) -> None:
    assert await names(alphabet, f"subscription ne {an_id(101)}") == "bcde"
    assert await names(alphabet, "name ne 'Web-a'") == "bcde"


async def test_quotes_wildcards_and_other_letters_mean_themselves(units: UnitsOfWork) -> None:
    odd = [
        "it's",
        "100%",
        "100 percent",
        "under_score",
        "underXscore",
        "back\\slash",
        'quo"te',
        "Grüße",
        "日本",
        "[a-z]*",
    ]
    await fill(units, *(Thing(an_id(n), name=name) for n, name in enumerate(odd)))
    for n, name in enumerate(odd):
        quoted = name.replace("'", "''")
        assert await found(units, f"name eq '{quoted}'") == [an_id(n)]
        assert await found(units, f"contains(name,'{quoted[1:]}')") == [an_id(n)]
    assert await found(units, "contains(name,'%')") == [an_id(1)]
    assert await found(units, "contains(name,'_')") == [an_id(3)]
    assert await found(units, "startswith(name,'_')") == []
    assert await found(units, "contains(name,'\\')") == [an_id(5)]
    assert await found(units, "endswith(name,'üße')") == [an_id(7)]
    assert await found(units, "startswith(name,'日')") == [an_id(8)]
    assert await found(units, "name eq '1'' or ''1''=''1'") == []


@pytest.mark.parametrize(
    ("text", "character", "reason"),
    [
        ("", 1, "cannot be understood"),
        ("kind eq", 5, "cannot be understood"),
        ("kind eq 'a", 9, "unexpected character"),
        ("kind eq 'a' and", 12, "cannot be understood"),
        ("kind eq eq 'a'", 11, "cannot be understood"),
        ("kind = 'a'", 5, "cannot be understood"),
        ("(kind eq 'a'", 13, "cannot be understood"),
        ("kind eq 'a' and color eq 'red'", 17, "there is no field color; known are cancelled, created"),
        ("kind eq 'a' and kind eq 5", 25, "kind must be compared with a text"),
        ("percent eq '5'", 12, "percent must be compared with a whole number"),
        ("percent eq 5.5", 12, "percent must be compared with a whole number"),
        ("percent eq 9223372036854775808", 12, "percent must be compared with a whole number"),
        ("cancelled eq 1", 14, "cancelled must be compared with true or false"),
        ("created gt 'today'", 12, "created must be compared with an instant"),
        ("created gt 2026-03-01", 12, "created must be compared with an instant"),
        ("created gt 2026-02-30T00:00:00Z", 12, "created must be compared with an instant"),
        ("created gt 9999-12-31T23:59:59-14:00", 12, "created must be compared with an instant"),
        ("id eq 'zz'", 7, "id must be compared with an id"),
        ("id in (5,6)", 8, "id must be compared with an id"),
        ("kind eq null and percent gt null", 29, "null can only be compared with eq and ne"),
        ("kind", 1, "kind is not a condition"),
        ("cancelled and kind", 15, "kind is not a condition"),
        ("cancelled and 'a'", 15, "this is not a condition"),
        ("'a' eq kind", 1, "a comparison starts with a field"),
        ("cancelled and 5 lt percent", 15, "a comparison starts with a field"),
        ("percent add 5 eq 6", 1, "a comparison starts with a field"),
        ("kind/part eq 'a'", 1, "a comparison starts with a field"),
        ("cancelled and contains(percent,'5')", 24, "percent is not text"),
        ("contains(kind,5)", 15, "kind must be compared with a text"),
        ("contains(kind)", 1, "takes 2 arguments"),
        ("x.contains(kind,'a')", 1, "this is not a condition"),
        ("x.kind eq 'a'", 1, "there is no field x.kind"),
        ("frob(kind)", 1, "Unknown function"),
        ("concat(kind,'a') eq 'aa'", 1, "a comparison starts with a field"),
        ("kind eq kind", 9, "kind must be compared with a text"),
        ("kind in 'a'", 9, "cannot be understood"),
        ("kind/any(x: x eq 'a')", 1, "only tags have conditions on their parts"),
        ("contains(a=1,b=2,c=3)", 1, "cannot be understood"),
        ("kind eq 'a\0b'", 9, "kind must be compared with a text"),
        ("kind eq 'a\ud800b'", 9, "kind must be compared with a text"),
    ],
)
def test_an_error_points_at_its_character(text: str, character: int, reason: str) -> None:
    detail = refused(text)
    assert detail.startswith(f"$filter, character {character}: "), detail
    assert reason in detail


def test_expressions_are_bounded() -> None:
    assert "longer than 2000" in refused("kind eq '" + "a" * 2000 + "'")
    assert f"more than {MAX_COMPARISONS} comparisons" in refused(" or ".join(["percent eq 1"] * (MAX_COMPARISONS + 1)))
    assert f"more than {MAX_COMPARISONS} comparisons" in refused(" or ".join(["cancelled"] * (MAX_COMPARISONS + 1)))
    assert "at most 100 literals" in refused(f"percent in ({','.join('1' * 101)})")
    parse_filter(" or ".join(["percent eq 1"] * MAX_COMPARISONS), FIELDS)
    parse_filter(f"percent in ({','.join('1' * 100)})", FIELDS)


def nested(depth: int) -> str:
    text = "cancelled"
    for level in range(depth):
        text = f"cancelled {'and' if level % 2 else 'or'} ({text})"
    return text


async def test_nesting_is_bounded_where_every_database_still_understands_it(units: UnitsOfWork) -> None:
    assert await found(units, nested(MAX_DEPTH)) == []
    assert await found(units, "not (" * MAX_DEPTH + "name eq 'a'" + ")" * MAX_DEPTH) == []
    for bomb in (nested(MAX_DEPTH + 1), "not " * 400 + "cancelled", "not (" * 300 + "cancelled" + ")" * 300):
        assert f"nested more than {MAX_DEPTH} deep" in refused(bomb)
    assert await found(units, "(" * 900 + "cancelled" + ")" * 900) == []


# Any well-typed expression means the same to the database as to Python -------------------------------------------

Check = Callable[[Thing], bool]
Expression = tuple[str, Check]
"""An expression and what it means."""

ORDERED_TEXT = st.text("abc", min_size=1, max_size=3)
"""Letters that every collation sorts alike."""
ODD_TEXT = st.text("aA%_\\'\"é🙂 ()", max_size=4)
PERCENTS = st.integers(-3, 3)
INSTANTS = st.integers(-3, 3).map(lambda minutes: NOON + timedelta(minutes=minutes))
IDS = st.integers(1, 6).map(an_id)
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a is not None and a < b,
    "le": lambda a, b: a is not None and a <= b,
    "gt": lambda a, b: a is not None and a > b,
    "ge": lambda a, b: a is not None and a >= b,
}
TEXT_TESTS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda a, b: b in a,
    "startswith": str.startswith,
    "endswith": str.endswith,
}


def quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def write_instant(instant: datetime) -> str:
    shifted = instant.astimezone(timezone(timedelta(hours=instant.minute % 5 - 2)))
    return shifted.isoformat() if instant.minute % 2 else instant.isoformat().replace("+00:00", "Z")


LITERALS: dict[str, tuple[st.SearchStrategy[Any], Callable[[Any], str]]] = {
    "kind": (ORDERED_TEXT, quote),
    "percent": (PERCENTS, str),
    "created": (INSTANTS, write_instant),
    "finished": (INSTANTS, write_instant),
}
EQUALS = LITERALS | {"name": (ODD_TEXT, quote), "id": (IDS, str), "subscription": (IDS, quote)}


def ordered(field: str) -> st.SearchStrategy[Expression]:
    values, write = LITERALS[field]

    def make(operator: str, value: Any) -> Expression:
        return f"{field} {operator} {write(value)}", lambda t: COMPARISONS[operator](getattr(t, field), value)

    return st.builds(make, st.sampled_from(sorted(COMPARISONS)), values)


def equal(field: str) -> st.SearchStrategy[Expression]:
    values, write = EQUALS[field]

    def make(operator: str, value: Any) -> Expression:
        return f"{field} {operator} {write(value)}", lambda t: COMPARISONS[operator](getattr(t, field), value)

    def among(chosen: list[Any]) -> Expression:
        return f"{field} in ({', '.join(map(write, chosen))})", lambda t: getattr(t, field) in chosen

    def absent(operator: str) -> Expression:
        return f"{field} {operator} null", lambda t: (getattr(t, field) is None) == (operator == "eq")

    return (
        st.builds(make, st.sampled_from(["eq", "ne"]), values)
        | st.builds(among, st.lists(values, min_size=1, max_size=4))
        | st.builds(absent, st.sampled_from(["eq", "ne"]))
    )


def text_test(test: str, text: str) -> Expression:
    return f"{test}(name,{quote(text)})", lambda t: t.name is not None and TEXT_TESTS[test](t.name, text)


def flag(written: str) -> Expression:
    return written, lambda t: t.cancelled is (written != "cancelled eq false")


LEAVES: st.SearchStrategy[Expression] = st.one_of(
    *(ordered(field) for field in LITERALS),
    *(equal(field) for field in EQUALS),
    st.builds(text_test, st.sampled_from(sorted(TEXT_TESTS)), ODD_TEXT),
    st.sampled_from(["cancelled", "cancelled eq true", "cancelled eq false"]).map(flag),
)


def joined(operands: list[Expression], word: str) -> Expression:
    """Join without needless brackets, so that precedence is tested, too."""
    together = all if word == "and" else any
    text = f" {word} ".join(f"({text})" if word == "and" and " or " in text else text for text, _ in operands)
    return text, lambda t: together(check(t) for _, check in operands)


def negated(operand: Expression) -> Expression:
    text, check = operand
    return f"not ({text})", lambda t: not check(t)


EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: (
        st.builds(joined, st.lists(inner, min_size=2, max_size=3), st.sampled_from(["and", "or"])) | inner.map(negated)
    ),
    max_leaves=8,
)
THINGS = st.builds(
    Thing,
    st.just(""),
    kind=ORDERED_TEXT,
    name=st.none() | ODD_TEXT,
    percent=PERCENTS,
    cancelled=st.booleans(),
    created=INSTANTS,
    finished=st.none() | INSTANTS,
    subscription=st.none() | IDS,
)


@asynccontextmanager
async def a_table(units: UnitsOfWork, things: list[Thing]) -> AsyncIterator[list[Thing]]:
    """Fill the table with these rows, each with an id of its own, instead of what was there."""
    numbered = [replace(thing, id=an_id(n)) for n, thing in enumerate(things, start=1)]
    async with units.write(ACTOR) as work:
        await work.session.execute(OperationRow.__table__.delete())
        work.add(*(thing.row() for thing in numbered))
    yield numbered


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(things=st.lists(THINGS, min_size=1, max_size=12), expressions=st.lists(EXPRESSIONS, min_size=1, max_size=6))
async def test_any_expression_means_the_same_to_the_database_as_to_python(
    units: UnitsOfWork, things: list[Thing], expressions: list[Expression]
) -> None:
    async with a_table(units, things) as table:
        for text, check in expressions:
            assert await found(units, text) == [thing.id for thing in table if check(thing)], text


WORDS = st.sampled_from(
    [
        *("kind", "name", "percent", "cancelled", "created", "id", "nothing", "contains", "tolower", "geo.length"),
        *("'a'", "''", "5", "-1", "1.5", "null", "true", "any", "all", "2026-01-01", "12:00:00", "duration'P1D'"),
        *(" eq ", " ne ", " gt ", " in ", " and ", " or ", "not ", "(", ")", ",", "/", ":", "=", " ", "-"),
        *("2026-01-01T00:00:00Z", "00000000-0000-0000-0000-000000000001"),
    ]
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=40) | st.lists(WORDS, max_size=14).map("".join))
async def test_any_text_at_all_gives_rows_or_a_refusal(units: UnitsOfWork, text: str) -> None:
    with suppress(InvalidQuery):
        await found(units, text)
