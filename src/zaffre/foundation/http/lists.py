"""OData-shaped collections: filtered, sorted and searched by the database, paged by key.

A page is continued from the values of its last row rather than from a row count, so page 400 costs what page 1 does and
rows that come or go meanwhile neither repeat nor vanish.
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, NoReturn, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict
from pydantic import Field as WireField
from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from zaffre.foundation.database import Table
from zaffre.foundation.errors import InvalidQuery
from zaffre.foundation.http.filters import MAX_INTEGER, Field, FieldType, instant, parse_filter, whole_number

DEFAULT_TOP = 50
MAX_TOP = 1000
MAX_ORDERINGS = 4
MAX_SEARCH_WORDS = 8

Row = TypeVar("Row", bound=Table)
View = TypeVar("View")
Key = InstrumentedAttribute[Any]


class ListQuery(BaseModel):
    """The system query options of a list request."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    filter: Annotated[str | None, WireField(alias="$filter", max_length=2000, description="OData v4 expression")] = None
    orderby: Annotated[
        str | None, WireField(alias="$orderby", max_length=200, description="`field [asc|desc], ...`")
    ] = None
    top: Annotated[int, WireField(alias="$top", ge=1, le=MAX_TOP, description="Largest number of items")] = DEFAULT_TOP
    skiptoken: Annotated[str | None, WireField(alias="$skiptoken", max_length=2000, description="From a nextLink")] = (
        None
    )
    count: Annotated[bool, WireField(alias="$count", description="Also count all matching items")] = False
    search: Annotated[
        str | None, WireField(alias="$search", max_length=200, description="Words that all must occur")
    ] = None
    select: Annotated[
        str | None, WireField(alias="$select", max_length=2000, description="Only these fields: `name,state`")
    ] = None
    """Read by the route, not by the collection; so is `expand`."""
    expand: Annotated[
        str | None,
        WireField(alias="$expand", max_length=2000, description="With these related resources: `plan($select=name)`"),
    ] = None


Listed = Annotated[ListQuery, Query()]


class Page(BaseModel, Generic[View]):
    """One page of a collection."""

    model_config = ConfigDict(populate_by_name=True)

    value: list[View]
    next_link: Annotated[str | None, WireField(alias="@odata.nextLink")] = None
    count: Annotated[int | None, WireField(alias="@odata.count")] = None


@dataclass(frozen=True)
class Rows(Generic[Row]):
    """One page of rows before they are shaped for the wire."""

    rows: Sequence[Row]
    skiptoken: str | None
    """Where the next page starts; None on the last one."""
    count: int | None

    def page(self, request: Request, values: Sequence[View]) -> Page[View]:
        """Return the answer: the rows' views with the link to the next page."""
        link = None
        if self.skiptoken is not None:
            options = {**request.query_params, "$skiptoken": self.skiptoken}
            link = f"{request.url.path}?{urlencode(options)}"
        return Page[View](value=list(values), next_link=link, count=self.count)


@dataclass(frozen=True)
class _Ordering:
    name: str
    field: Field
    descending: bool


class Listing(Generic[Row]):
    """How one collection can be queried: its fields, its key and its usual order."""

    def __init__(
        self, table: type[Row], fields: Mapping[str, Field], *, key: Key | tuple[Key, ...], order: str
    ) -> None:
        """Declare the collection.

        Args:
            table: the mapped table.
            fields: what queries may name, by wire name.
            key: the primary key, of one or several UUIDs; completes every order so that it is total.
            order: the order when none is asked for, as `$orderby` would say it.
        """
        self.fields = fields
        self._table = table
        self._fields = fields
        self._keys = key if isinstance(key, tuple) else (key,)
        self._order = order
        self._searchable = [field.column for field in fields.values() if field.searchable]

    async def rows(self, session: AsyncSession, query: ListQuery, *scope: ColumnElement[bool]) -> Rows[Row]:
        """Read one page of the rows within `scope`.

        Raises:
            InvalidQuery: an option cannot be understood.
        """
        matching = [*scope, *self._matching(query)]
        orderings = self._orderings(query.orderby or self._order)
        statement: Select[Any] = select(self._table).where(*matching)
        if query.skiptoken is not None:
            statement = statement.where(self._beyond(orderings, query.skiptoken))
        columns = [o.field.column.desc() if o.descending else o.field.column.asc() for o in orderings]
        found = (await session.scalars(statement.order_by(*columns).limit(query.top + 1))).all()
        rows = found[: query.top]
        skiptoken = _encode(orderings, rows[-1]) if len(found) > query.top else None
        count = None
        if query.count:
            count = await session.scalar(select(func.count()).select_from(self._table).where(*matching))
        return Rows(rows, skiptoken, count)

    def matching(self, filter_: str | None, search: str | None) -> list[ColumnElement[bool]]:
        """Return the conditions of a `$filter` and a `$search`, for what is read whole.

        Raises:
            InvalidQuery: one cannot be understood.
        """
        return self._matching(ListQuery.model_validate({"$filter": filter_, "$search": search}))

    def _matching(self, query: ListQuery) -> list[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = []
        if query.filter is not None:
            conditions.append(parse_filter(query.filter, self._fields))
        if query.search is not None:
            conditions.extend(self._search(query.search))
        return conditions

    def _search(self, text: str) -> list[ColumnElement[bool]]:
        words = text.split()
        if not self._searchable:
            _refuse("$search", "this collection cannot be searched")
        if len(words) > MAX_SEARCH_WORDS or "\0" in text:
            _refuse("$search", f"use at most {MAX_SEARCH_WORDS} words")
        return [or_(*(column.icontains(word, autoescape=True) for column in self._searchable)) for word in words]

    def _orderings(self, text: str) -> list[_Ordering]:
        orderings: list[_Ordering] = []
        for part in text.split(","):
            name, *direction = part.split() or [""]
            field = self._fields.get(name)
            if field is None or not field.sortable or direction not in ([], ["asc"], ["desc"]):
                known = ", ".join(sorted(name for name, field in self._fields.items() if field.sortable))
                _refuse("$orderby", f"{part.strip()!r} is not `field [asc|desc]`; fields to sort by are {known}")
            orderings.append(_Ordering(name, field, direction == ["desc"]))
        if len(orderings) > MAX_ORDERINGS:
            _refuse("$orderby", f"use at most {MAX_ORDERINGS} fields")
        keys = [_Ordering("id", Field(key, FieldType.ID), orderings[-1].descending) for key in self._keys]
        return [*orderings, *keys]

    def _beyond(self, orderings: Sequence[_Ordering], token: str) -> ColumnElement[bool]:
        """Return the condition for rows that sort after the token's: the lexicographic comparison, spelt out."""
        values = _decode(orderings, token)
        alternatives: list[ColumnElement[bool]] = []
        equal: list[ColumnElement[bool]] = []
        for ordering, value in zip(orderings, values, strict=True):
            column = ordering.field.column
            alternatives.append(and_(*equal, column < value if ordering.descending else column > value))
            equal.append(column == value)
        return or_(*alternatives)


def _refuse(option: str, reason: str) -> NoReturn:
    raise InvalidQuery(f"{option}: {reason}.", remedy="Correct the option or leave it out.", target=option)


def _encode(orderings: Sequence[_Ordering], row: Table) -> str:
    values: list[Any] = []
    for ordering in orderings:
        value = getattr(row, ordering.field.column.key)
        values.append(value.isoformat() if isinstance(value, datetime) else value)
    content = json.dumps([_shape(orderings), *values], separators=(",", ":"))
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def _decode(orderings: Sequence[_Ordering], token: str) -> list[Any]:
    try:
        content: Any = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        shape, *values = content
        typed = [_typed(ordering.field.type, value) for ordering, value in zip(orderings, values, strict=True)]
    except (ValueError, TypeError, binascii.Error, RecursionError):
        shape, typed = None, []
    if shape != _shape(orderings):
        _refuse("$skiptoken", "this is not a token from a nextLink of the same query")
    return typed


def _typed(field_type: FieldType, value: Any) -> Any:
    """Check a value from a token, which anybody can have written; ValueError when it is not of the field's type."""
    match field_type, value:
        case FieldType.BOOLEAN, bool():
            return literal(value)
        case FieldType.INTEGER, int() if not isinstance(value, bool) and abs(value) <= MAX_INTEGER:
            return whole_number(value)
        case FieldType.TEXT, str() if "\0" not in value:
            return value.encode().decode()  # a lone surrogate, which no database stores, fails here
        case FieldType.ID, str():
            return str(UUID(value))
        case FieldType.INSTANT, str():
            return instant(datetime.fromisoformat(value))
        case _:
            raise ValueError(value)


def _shape(orderings: Sequence[_Ordering]) -> str:
    """Name the order a token belongs to, so that it is not used with another."""
    return ",".join(f"{o.name}{'-' if o.descending else ''}" for o in orderings)
