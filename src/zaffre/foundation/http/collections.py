"""The collections of a face: what its list routes are, found from their declarations."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel
from starlette.types import Message

from zaffre.foundation.http.lists import ListQuery, Page
from zaffre.foundation.http.shaping import Reader, element_of

ALONE = 20
"""As many resources as are looked for one by one for an answer."""
INSIDE = "inside"
"""Marks a request that another request makes: it is a part of that one, and not counted by itself."""
FORWARDED = (b"authorization", b"user-agent", b"x-request-id")
OF_SUBSCRIPTION = "/subscriptions/{subscription_id}/"


@dataclass(frozen=True)
class CollectionRoute:
    """A route that lists a collection which takes OData's options."""

    path: str
    element: type[BaseModel]

    @property
    def slug(self) -> str:
        """Its last segment."""
        return self.path.rpartition("/")[2]


class Collections:
    """The collections of one face."""

    def __init__(self, routes: Sequence[CollectionRoute]) -> None:
        self.routes = routes
        self.by_path = {route.path: route for route in routes}
        self.names = frozenset(route.slug for route in routes if _depth(route.path) <= 1)
        """Of the collections that can be reached from anywhere, or from within a subscription."""

    @classmethod
    def of(cls, app: FastAPI) -> Self:
        """Return a face's collections, found once."""
        known: Self | None = getattr(app.state, "collections", None)
        if known is None:
            known = app.state.collections = cls(_found(app))
        return known

    def reader(self, request: Request) -> Reader:
        """Return a way to read this face's collections as the caller of a request."""

        async def read(slug: str, ids: Sequence[str]) -> Sequence[Mapping[str, Any]]:
            path = self._path_of(slug, request.path_params.get("subscription_id"))
            if path is None:
                return ()
            options = {"$filter": f"id in ({','.join(ids)})", "$top": str(len(ids))}
            page = await _read(request, path, options)
            found: list[Mapping[str, Any]] = page["value"] if page is not None else []
            missing = [each for each in ids if each not in {one["id"] for one in found}]
            # Some can be read and are not listed, such as a plan that is no longer on offer.
            alone = [await _read(request, f"{path}/{each}") for each in missing[:ALONE]]
            return [*found, *(one for one in alone if one is not None)]

        return read

    def _path_of(self, slug: str, subscription_id: str | None) -> str | None:
        inner = f"{OF_SUBSCRIPTION}{slug}"
        if subscription_id is not None and inner in self.by_path:
            return inner.replace("{subscription_id}", subscription_id)
        return f"/{slug}" if f"/{slug}" in self.by_path else None


def _depth(path: str) -> int:
    return path.count("{")


def _found(app: FastAPI) -> list[CollectionRoute]:
    found: dict[str, CollectionRoute] = {}
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if not isinstance(route, APIRoute) or "GET" not in (route.methods or ()):
            continue
        element, model = element_of(route.response_model), route.response_model
        takes_options = any(_is_list_query(field.field_info.annotation) for field in route.dependant.query_params)
        if element is not None and isinstance(model, type) and issubclass(model, Page) and takes_options:
            found.setdefault(route.path, CollectionRoute(route.path, element))
    return sorted(found.values(), key=lambda each: each.path)


def _is_list_query(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, ListQuery)


async def _read(request: Request, path: str, options: Mapping[str, str] | None = None) -> dict[str, Any] | None:
    """Ask this face itself, as the caller; None when it refuses."""
    scope = {
        **request.scope,
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": urlencode(options or {}).encode(),
        "headers": [header for header in request.scope["headers"] if header[0] in FORWARDED],
        "path_params": {},
        "state": {"request_id": request.scope["state"].get("request_id"), INSIDE: True},
        "app": request.app,
    }
    for left_over in ("route", "router", "endpoint", "fastapi_inner_astack", "fastapi_function_astack"):
        scope.pop(left_over, None)
    statuses: list[int] = []
    content = bytearray()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        statuses.extend([message["status"]] if "status" in message else [])
        content.extend(message.get("body", b""))

    await request.app(scope, receive, send)
    return json.loads(bytes(content)) if statuses == [200] else None
