"""One portal: its files, its page for every address within it, and its face of the API below `/api`."""

import secrets
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from zaffre.edge.faces import Face
from zaffre.edge.portal.files import ENCODINGS, BuiltFile, PortalFiles

API_PREFIX = "/api"
NONCE_PLACEHOLDER = "__CSP_NONCE__"
"""What the build writes where each answer's own nonce belongs."""
NOT_BUILT = (
    "The portal is not built: its files are missing from {directory}.\n\n"
    "In a clone, build it with scripts/portal and load this page again; the installed package carries it.\n"
    "The API works without it, here below /api and on its own ports.\n"
)
_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    # Components write their style rules at run time (Fluent UI's Griffel, xterm.js), through style elements that carry
    # this answer's nonce; nothing that was injected into the page can style it.
    "style-src": "'self' 'nonce-{nonce}'",
    "img-src": "'self' data: blob:",  # icons in style sheets; pictures drawn by a console or for a download
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "worker-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class PortalApplication:
    """Serves a portal (ASGI)."""

    def __init__(self, face: Face, api: ASGIApp, files: PortalFiles) -> None:
        """Put a portal together.

        Args:
            face: whose portal it is; names the page, `tenant` or `admin`.
            api: the face's application, which is mounted at `/api`.
            files: what has been built.
        """
        self._face = face
        self._api = api
        self._files = files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if _below_api(scope["path"]):
            await self._api(_as_the_face_sees_it(scope), receive, send)
        elif scope["type"] == "http":
            await self._answer(scope)(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    def _answer(self, scope: Scope) -> Response:
        if scope["method"] not in ("GET", "HEAD"):
            return PlainTextResponse("The portal's pages can only be read.\n", 405, {"Allow": "GET, HEAD", **_ALWAYS})
        path = scope["path"]
        built = self._files.find(path)
        if built is not None:
            return _file(built, Headers(scope=scope))
        # A file that is gone must not be answered with the page: a browser would take the page for a script.
        if path.startswith("/assets/"):
            return PlainTextResponse("There is no such file.\n", 404, {"Cache-Control": "no-store", **_ALWAYS})
        return self._page()

    def _page(self) -> Response:
        """Return the portal's page. Which of its views is shown, the page reads from its address by itself."""
        page = self._files.entry(self._face)
        if page is None:
            text = NOT_BUILT.format(directory=self._files.directory)
            return PlainTextResponse(text, 503, {"Cache-Control": "no-store", **_ALWAYS})
        nonce = secrets.token_urlsafe(16)
        headers = {"Cache-Control": "no-store", "Content-Security-Policy": content_security_policy(nonce), **_ALWAYS}
        return HTMLResponse(page.replace(NONCE_PLACEHOLDER, nonce), headers=headers)


def content_security_policy(nonce: str) -> str:
    """Return the policy under which a portal's page runs."""
    return "; ".join(f"{directive} {sources.format(nonce=nonce)}" for directive, sources in _POLICY.items())


def _file(built: BuiltFile, headers: Mapping[str, str]) -> Response:
    accepted = {part.split(";")[0].strip() for part in headers.get("accept-encoding", "").split(",")}
    encoding = next((name for name, _ in ENCODINGS if name in accepted and name in built.encodings), None)
    lifetime = "public, max-age=31536000, immutable" if built.unchanging else "no-cache"
    extra = {"Cache-Control": lifetime, "Vary": "Accept-Encoding", **_ALWAYS}
    if encoding is not None:
        extra["Content-Encoding"] = encoding
    return FileResponse(built.encoded(encoding), headers=extra, media_type=built.media_type)


def _below_api(path: str) -> bool:
    return path == API_PREFIX or path.startswith(f"{API_PREFIX}/")


def _as_the_face_sees_it(scope: Scope) -> Scope:
    """Take the prefix off, so that the face answers here exactly as on its own port; also a WebSocket's handshake."""
    path = scope["path"].removeprefix(API_PREFIX) or "/"
    raw_path = scope.get("raw_path")
    raw = raw_path.removeprefix(API_PREFIX.encode()) or b"/" if raw_path is not None else None
    return {**scope, "path": path, "raw_path": raw}
