"""`$select` and `$expand`: which fields an answer has, and which related resources are put into it.

Both work on every collection and every single resource, because they are applied to the finished answer: what a caller
may see has been decided by then. What is expanded is read from its own collection, as the caller, so that it shows what
the caller would see there and nothing else.
"""

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, cast, get_args

from fastapi import Request, Response
from pydantic import BaseModel

from zaffre.foundation.errors import InvalidQuery
from zaffre.foundation.http.lists import Page

SELECT, EXPAND = "$select", "$expand"
VERSIONS = ("OData-Version", "OData-MaxVersion")
CONTROLS = ("@odata.nextLink", "@odata.count")
MAX_CHARACTERS = 2000
EXPANDED_AT_ONCE = 100
"""As many ids as a `$filter` may list."""
_ITEM = re.compile(r"\s*([A-Za-z_*][A-Za-z0-9_]*|\*)\s*")
_NESTED = re.compile(r"\(\s*\$select\s*=([^()]*)\)\s*")

RELATED: Mapping[str, str] = {
    "account_id": "accounts",
    "availability_set_id": "availability-sets",
    "cloud_id": "clouds",
    "host_id": "hosts",
    "image_id": "images",
    "logical_network_id": "logical-networks",
    "plan_id": "plans",
    "stamp_id": "stamps",
    "subscription_id": "subscriptions",
    "virtual_machine_id": "virtual-machines",
    "vm_network_id": "vm-networks",
}
"""The collections that fields refer to. The relation is called as the field without `_id`."""

Reader = Callable[[str, Sequence[str]], Awaitable[Sequence[Mapping[str, Any]]]]
"""Reads resources (the collection's name, ids) as the caller; those that they may not see are left out."""


@dataclass(frozen=True)
class Relation:
    """A relation that shall be expanded."""

    name: str
    select: Sequence[str] | None
    """None: all fields."""

    @property
    def field(self) -> str:
        """The field that holds the other's id."""
        return f"{self.name}_id"


@dataclass(frozen=True)
class Wishes:
    """What a request says of the answer's shape."""

    select: Sequence[str] | None
    expand: Sequence[Relation]
    strict: bool = False
    """Whether the client speaks of OData's version: then what is nothing on a last page is left out, not null."""


def element_of(model: Any) -> type[BaseModel] | None:
    """Return the model of a resource that a route answers with, or of a collection's items; None: something else."""
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return None
    if not issubclass(model, Page):
        return model
    arguments: tuple[Any, ...] = model.__pydantic_generic_metadata__["args"] or get_args(model)
    return arguments[0] if arguments and isinstance(arguments[0], type) else None


def relations_of(model: type[BaseModel], collections: frozenset[str]) -> list[str]:
    """Return the relations of a resource to collections that there are."""
    fields = [name for name in model.model_fields if RELATED.get(name) in collections]
    return [name.removesuffix("_id") for name in fields]


def wishes_of(request: Request, model: type[BaseModel], collections: frozenset[str]) -> Wishes | None:
    """Read a request's options; None when it has none.

    Raises:
        InvalidQuery: one cannot be understood, or names what there is not; it points at the character.
    """
    select, expand = request.query_params.get(SELECT), request.query_params.get(EXPAND)
    strict = any(name in request.headers for name in VERSIONS)
    if select is None and expand is None and not strict:
        return None
    names = tuple(model.model_fields)
    chosen = _names(SELECT, select, names) if select is not None else None
    relations = _relations(expand, relations_of(model, collections)) if expand is not None else ()
    return Wishes(chosen, relations, strict)


async def shaped(response: Response, wishes: Wishes, read: Reader) -> Response:
    """Return an answer as it is wished for."""
    content = cast("dict[str, Any]", json.loads(cast("bytes", response.body)))
    is_list = isinstance(content.get("value"), list)
    items = cast("list[dict[str, Any]]", content["value"]) if is_list else [content]
    expanded = {relation.name: await _expanded(items, relation, read) for relation in wishes.expand}
    made = [_one(item, wishes, expanded) for item in items]
    body: dict[str, Any] = {**content, "value": made} if is_list else made[0]
    if wishes.strict:
        body = {name: value for name, value in body.items() if name not in CONTROLS or value is not None}
        response.headers["OData-Version"] = "4.0"
    headers = {name: value for name, value in response.headers.items() if name.lower() != "content-length"}
    answer = Response(json.dumps(body, separators=(",", ":"), ensure_ascii=False), response.status_code, headers)
    answer.background = response.background
    return answer


def _one(item: dict[str, Any], wishes: Wishes, expanded: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    kept = item if wishes.select is None else {name: item[name] for name in wishes.select if name in item}
    related = {relation.name: expanded[relation.name].get(item.get(relation.field) or "") for relation in wishes.expand}
    return {**kept, **related}


async def _expanded(items: Sequence[Mapping[str, Any]], relation: Relation, read: Reader) -> dict[str, Any]:
    """Return the resources that items refer to, by id; those that the caller may not see are left out."""
    ids = list(dict.fromkeys(item[relation.field] for item in items if item.get(relation.field)))
    found: dict[str, Any] = {}
    for start in range(0, len(ids), EXPANDED_AT_ONCE):
        some = ids[start : start + EXPANDED_AT_ONCE]
        for each in await read(RELATED[relation.field], some):
            kept = each if relation.select is None else {name: each[name] for name in relation.select if name in each}
            found[each["id"]] = dict(kept)
    return found


def _names(option: str, text: str, known: Sequence[str]) -> Sequence[str] | None:
    """Read a list of fields; None for all of them."""
    chosen: list[str] = []
    for name, position in _items(option, text):
        if name == "*":
            chosen += known
        elif name not in known:
            _refuse(option, text, position, f"there is no field {name!r}; there are {', '.join(sorted(known))}")
        else:
            chosen.append(name)
    return list(dict.fromkeys(chosen))


def _items(option: str, text: str) -> list[tuple[str, int]]:
    if len(text) > MAX_CHARACTERS:
        _refuse(option, text, MAX_CHARACTERS, f"the expression is longer than {MAX_CHARACTERS} characters")
    items: list[tuple[str, int]] = []
    position = 0
    while True:
        found = _ITEM.match(text, position)
        if found is None:
            _refuse(option, text, position, "a name is expected")
        items.append((found[1], found.start(1)))
        position = found.end()
        if position == len(text):
            return items
        if text[position] != ",":
            _refuse(option, text, position, "a comma is expected")
        position += 1


def _relations(text: str, known: Sequence[str]) -> Sequence[Relation]:
    if len(text) > MAX_CHARACTERS:
        _refuse(EXPAND, text, MAX_CHARACTERS, f"the expression is longer than {MAX_CHARACTERS} characters")
    relations: list[Relation] = []
    position = 0
    while True:
        found = _ITEM.match(text, position)
        if found is None or found[1] not in known:
            choice = f"there are {', '.join(sorted(known))}" if known else "there are none here"
            _refuse(EXPAND, text, found.start(1) if found else position, f"a relation is expected; {choice}")
        position = found.end()
        nested = _NESTED.match(text, position)
        select = None
        if nested is not None:
            select = [name for name, _ in _items(EXPAND, nested[1]) if name != "*"] or None
            position = nested.end()
        relations.append(Relation(found[1], select))
        if position == len(text):
            return relations
        if text[position] != ",":
            _refuse(EXPAND, text, position, "a comma is expected; options other than $select cannot be given")
        position += 1


def _refuse(option: str, text: str, position: int, reason: str) -> NoReturn:
    raise InvalidQuery(
        f"{option}, character {position + 1}: {reason} (near {text[max(position - 20, 0) : position + 20]!r}).",
        remedy="Correct the option or leave it out; $metadata says what there is.",
        target=option,
    )
