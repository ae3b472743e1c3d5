"""Collections: the one way in which all resources are listed, found, read, made and deleted.

A resource group of the client is a subclass that names its path and its models and adds what only it can do.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import httpx

from zaffre.client.connection import Connection, parsed, strange_answer
from zaffre.client.problems import Ambiguous, NotFound, local_problem
from zaffre.client.waiting import Accepted
from zaffre.client.wire import Wire

LARGEST_PAGE = 1000
_ID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")

ItemT = TypeVar("ItemT", bound=Wire)
DetailT = TypeVar("DetailT", bound=Wire)
ViewT = TypeVar("ViewT", bound=Wire)


@dataclass(frozen=True)
class Query:
    """What to list, in the words of OData."""

    filter: str | None = None
    """For example `state eq 'running' and startswith(name,'web')`."""
    order: str | None = None
    """For example `created_at desc`."""
    search: str | None = None
    """Words that all must occur."""

    def parameters(self, top: int | None = None, *, count: bool = False) -> dict[str, str]:
        """Return the query options to send."""
        options = {"$filter": self.filter, "$orderby": self.order, "$search": self.search}
        options["$top"] = str(top) if top is not None else None
        options["$count"] = "true" if count else None
        return {name: value for name, value in options.items() if value is not None}


EVERYTHING = Query()


@dataclass(frozen=True)
class Page(Generic[ItemT]):
    """One page of a collection."""

    items: Sequence[ItemT]
    next_link: str | None
    """Where the next page is; None on the last one."""
    count: int | None
    """How many items match in all, if that was asked for."""


class Listing(Generic[ItemT]):
    """A collection that can be listed and searched by name."""

    noun: str = "resource"
    name_field: str | None = "name"
    """What people call an item by, if they do."""
    filterable: bool = True
    """Whether the server filters it; the small collections that it does not filter are filtered here."""

    def __init__(self, connection: Connection, path: str, item: type[ItemT]) -> None:
        """Look at the collection at `path`."""
        self._connection = connection
        self._path = path
        self._item = item

    def list(self, query: Query = EVERYTHING, *, top: int | None = None, count: bool = False) -> Page[ItemT]:
        """Return one page of the items that match.

        Args:
            query: which items, in which order.
            top: the most items to return, 1000 at most; the server's usual number when left out.
            count: also count all items that match.

        Raises:
            ZaffreError: the query is not understood, or the caller may not look.
        """
        return self._page(self._path, query.parameters(top, count=count))

    def all(self, query: Query = EVERYTHING, *, page_size: int = LARGEST_PAGE) -> Iterator[ItemT]:
        """Yield every item that matches, asking for each page only when it is needed."""
        page = self.list(query, top=page_size)
        yield from page.items
        while page.next_link is not None:
            page = self._page(page.next_link)
            yield from page.items

    def find_item(self, reference: str) -> ItemT:
        """Return the item with that id or, if there is none, that name.

        Raises:
            NotFound: there is none.
            Ambiguous: several have the name.
        """
        found: Sequence[ItemT] = self._matching("id", reference) if is_id(reference) else ()
        if not found and self.name_field is not None:
            found = self._matching(self.name_field, reference)
        if not found:
            raise NotFound(self._no_such(reference))
        if len(found) > 1:
            raise Ambiguous(self._ambiguous(reference, found))
        return found[0]

    def _matching(self, field: str, value: str) -> Sequence[ItemT]:
        if self.filterable:
            literal = value if field == "id" else f"'{value.replace(chr(39), chr(39) * 2)}'"
            return self.list(Query(f"{field} eq {literal}"), top=2).items
        return [item for item in self.all() if getattr(item, field, None) == value]

    def page_of(self, parameters: Mapping[str, str]) -> Page[ItemT]:
        """Return the first page of a collection that is asked for with parameters of its own."""
        return self._page(self._path, parameters)

    def _page(self, path: str, parameters: Mapping[str, str] | None = None) -> Page[ItemT]:
        response = self._connection.ask("GET", path, parameters=parameters)
        try:
            content = response.json()
            items = [self._item.model_validate(value) for value in content["value"]]
        except (ValueError, KeyError, TypeError) as error:
            raise strange_answer(response, error) from None
        return Page(items, _local(response, content.get("@odata.nextLink")), content.get("@odata.count"))

    def _member(self, resource_id: str) -> str:
        """Return the path of one item. Ids are UUIDs; anything else must not reach another path."""
        return f"{self._path}/{checked_id(resource_id)}"

    def _no_such(self, reference: str) -> Any:
        return local_problem(
            "no_such_name",
            "No such resource",
            f"There is no {self.noun} {reference!r} that you may see.",
            "List them to see what exists; names are told apart by upper and lower case.",
            target=reference,
        )

    def _ambiguous(self, reference: str, found: Sequence[ItemT]) -> Any:
        ids = " and ".join(str(getattr(item, "id", "?")) for item in found)
        return local_problem(
            "ambiguous_name",
            "The name is not enough",
            f"Several answer to {reference!r}, among them {ids}.",
            "Use the id instead of the name.",
            target=reference,
        )


class Collection(Listing[ItemT], Generic[ItemT, DetailT]):
    """A collection whose items can also be read one by one, possibly with more detail."""

    def __init__(self, connection: Connection, path: str, item: type[ItemT], detail: type[DetailT]) -> None:
        """Look at the collection at `path`."""
        super().__init__(connection, path, item)
        self._detail = detail

    def get(self, resource_id: str) -> DetailT:
        """Read one by its id.

        Raises:
            NotFound: there is none with this id that the caller may see.
        """
        return self._connection.get(self._member(resource_id), self._detail)

    def find(self, reference: str) -> DetailT:
        """Return the one with that id or, if there is none, that name.

        Raises:
            NotFound: there is none.
            Ambiguous: several have the name.
        """
        if is_id(reference):
            return self.get(reference)
        item = self.find_item(reference)
        if isinstance(item, self._detail):
            return item
        return self.get(cast("Any", item).id)

    def _create(self, body: Wire) -> DetailT:
        return parsed(self._connection.ask("POST", self._path, body), self._detail)

    def _change(self, resource_id: str, body: Wire, view: type[ViewT], if_match: int | None) -> ViewT:
        path = self._member(resource_id)
        return parsed(self._connection.ask("PATCH", path, body, if_match=if_match), view)

    def _delete(self, resource_id: str, if_match: int | None = None) -> None:
        self._connection.ask("DELETE", self._member(resource_id), if_match=if_match)

    def _start_creating(self, body: Wire, view: type[ViewT]) -> Accepted[ViewT]:
        response = self._connection.ask("POST", self._path, body)
        return self._accepted(response, view)

    def _start(
        self,
        resource_id: str,
        verb: str,
        view: type[ViewT],
        *,
        body: Wire | None = None,
        if_match: int | None = None,
        method: str = "POST",
    ) -> Accepted[ViewT]:
        path = f"{self._member(resource_id)}/{verb}"
        response = self._connection.ask(method, path, body, if_match=if_match)
        return self._accepted(response, view)

    def _start_deleting(self, resource_id: str, view: type[ViewT], if_match: int | None) -> Accepted[ViewT]:
        response = self._connection.ask("DELETE", self._member(resource_id), if_match=if_match)
        return self._gone(response, view)

    def _gone(self, response: httpx.Response, view: type[ViewT]) -> Accepted[ViewT]:
        return Accepted(parsed(response, view), operation_of(response), self._connection)

    def _accepted(self, response: httpx.Response, view: type[ViewT]) -> Accepted[ViewT]:
        resource = parsed(response, view)
        path = self._member(cast("Any", resource).id)
        return Accepted(resource, operation_of(response), self._connection, lambda: self._connection.get(path, view))


class LabelledCollection(Collection[ItemT, DetailT]):
    """A collection of things that have names and tags."""

    change_body: type[Wire]
    """How their change is written."""

    def change(
        self,
        resource_id: str,
        *,
        name: str | None = None,
        tags: Mapping[str, str | None] | None = None,
        if_match: int | None = None,
    ) -> ItemT:
        """Give one another name, or change its tags.

        Args:
            resource_id: which one.
            name: the new name; None leaves it.
            tags: merged into those it has; None as a value removes that tag.
            if_match: the generation it must still have.

        Raises:
            ZaffreError: the name is taken, or there would be too many tags.
        """
        wishes = {"name": name, "tags": dict(tags) if tags is not None else None}
        body = self.change_body.model_validate({key: wish for key, wish in wishes.items() if wish is not None})
        return self._change(resource_id, body, self._item, if_match)


def is_id(reference: str) -> bool:
    """Tell whether a reference is a UUID in canonical form."""
    return _ID.match(reference) is not None


def checked_id(reference: str) -> str:
    """Return an id that may be put into a path.

    Raises:
        NotFound: it is none.
    """
    if is_id(reference):
        return reference
    raise NotFound(
        local_problem(
            "not_an_id",
            "That is not an id",
            f"{reference[:60]!r} is not a UUID.",
            "Use the resource's id, or look it up by name with `find`.",
            target=reference[:60],
        )
    )


def _local(response: httpx.Response, link: Any) -> str | None:
    """Return a nextLink; it must stay on the server that the token is for."""
    if link is None:
        return None
    if not isinstance(link, str) or not link.startswith("/") or link.startswith("//"):
        raise strange_answer(response, f"the nextLink {link!r} leads elsewhere")
    return link


def operation_of(response: httpx.Response) -> str:
    """Return the id of the operation that an answer names.

    Raises:
        ZaffreError: it names none.
    """
    location = response.headers.get("Operation-Location", "")
    operation_id = location.rsplit("/", 1)[-1]
    if not is_id(operation_id):
        raise strange_answer(response, "it was accepted without naming its operation")
    return operation_id
