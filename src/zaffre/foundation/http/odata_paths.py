"""OData's spelling of paths: `/virtual_machines` for `/virtual-machines`, and `/plans(…)` for `/plans/…`.

OData's names have no hyphens, and many of its clients know only keys in parentheses.
"""

import re
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

_KEYED = re.compile(r"^([a-z_-]+)\('?([0-9a-f-]{36})'?\)$")


class ODataPaths:
    """Wraps a face: has it find what OData's clients ask for. Other paths are left as they are."""

    def __init__(self, app: ASGIApp, slugs: Callable[[], frozenset[str]]) -> None:
        self._app = app
        self._slugs = slugs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http" and ("_" in scope["path"] or "(" in scope["path"]):
            path = self._usual(scope["path"])
            scope = {**scope, "path": path, "raw_path": path.encode()}
        await self._app(scope, receive, send)

    def _usual(self, path: str) -> str:
        """Return the path as our routes have it: names and keys take turns in it."""
        segments: list[str] = []
        for segment in path.strip("/").split("/"):
            is_name = len(segments) % 2 == 0
            keyed = _KEYED.match(segment) if is_name else None
            name = keyed[1] if keyed is not None else segment
            slug = name.replace("_", "-")
            segments.append(slug if is_name and slug in self._slugs() else name)
            if keyed is not None:
                segments.append(keyed[2])
        return "/" + "/".join(segments)
