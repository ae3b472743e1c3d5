"""What surrounds every request: its id, its limits, its log line and its metrics (a plain ASGI middleware)."""

import contextlib
import re
import time
from collections.abc import Iterable

import structlog
from fastapi import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from zaffre.foundation.errors import Unavailable
from zaffre.foundation.http.problems import problem_response, unexpected_response
from zaffre.foundation.ids import IdSource
from zaffre.foundation.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)

_REQUEST_ID = re.compile(r"^[A-Za-z0-9._-]{1,100}$")
UNMETERED_BODIES = ("/content",)
"""Path endings whose bodies the route bounds itself while it streams them."""
KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
)


class TooBusy(Unavailable):
    """As many requests are being answered as the server allows."""

    code = "service.too_busy"
    title = "Too many requests at once"


class BodyTooLarge(HTTPException):
    """Raised through the application when a body exceeds its bound while being read.

    An `HTTPException`, because that is all FastAPI lets through from under its reading of bodies.
    """

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(413, f"The body is larger than {limit_bytes} bytes.")


class RequestScope:
    """Wraps an ASGI application."""

    def __init__(
        self, app: ASGIApp, *, face: str, ids: IdSource, metrics: Metrics, body_limit_bytes: int, concurrent: int
    ) -> None:
        self._app = app
        self._face = face
        self._ids = ids
        self._metrics = metrics
        self._body_limit_bytes = body_limit_bytes
        self._concurrent = concurrent
        self._active = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "websocket":
            await self._converse(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = self._request_id(scope["headers"])
        scope.setdefault("state", {})["request_id"] = request_id
        answer = _Answer(send, request_id)
        started_s = time.perf_counter()
        with bound_contextvars(request_id=request_id):
            await self._serve(scope, receive, answer)
            self._record(scope, answer.status, time.perf_counter() - started_s)

    async def _converse(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a WebSocket. How many may be open is its feature's to bound: they are no requests under way."""
        request_id = self._request_id(scope["headers"])
        scope.setdefault("state", {})["request_id"] = request_id
        answer = _Handshake(send, request_id)
        started_s = time.perf_counter()
        with bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, answer)
            except Exception:
                log.exception("conversation met a fault", path=scope["path"])
                await answer.break_off()
            self._record_conversation(scope, answer.status, time.perf_counter() - started_s)

    def _record_conversation(self, scope: Scope, status: int | None, seconds: float) -> None:
        """Write down how a WebSocket was answered; its path only, because its query may hold a secret."""
        route = getattr(scope.get("route"), "path", "(none)")
        self._metrics.requests.labels(self._face, "WEBSOCKET", route, str(status)).inc()
        level = log.warning if status is None or status >= 500 else log.info
        actor = scope["state"].get("actor")
        level(
            "conversation",
            face=self._face,
            path=scope["path"],
            status=status,
            seconds=round(seconds, 1),
            actor=actor.id if actor else None,
        )

    async def _serve(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        if self._active >= self._concurrent:
            busy = TooBusy(f"{self._concurrent} requests are being answered already.", remedy="Try again in a moment.")
            await problem_response(busy, answer.request_id)(scope, receive, answer)
            return
        self._active += 1
        try:
            await self._app(scope, self._bounded(scope, receive), answer)
        except ClientDisconnect:
            log.info("client went away", method=scope["method"], path=scope["path"])
        except Exception:
            log.exception("request met a fault", method=scope["method"], path=scope["path"])
            if answer.status is None:
                await unexpected_response(answer.request_id)(scope, receive, answer)
            elif not answer.complete:
                raise  # the server cuts the connection, so that nobody takes half an answer for a whole one
        finally:
            self._active -= 1

    def _request_id(self, headers: Iterable[tuple[bytes, bytes]]) -> str:
        given = next((value.decode("latin-1") for name, value in headers if name == b"x-request-id"), "")
        return given if _REQUEST_ID.match(given) else self._ids.new()

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        if scope["path"].endswith(UNMETERED_BODIES):
            return receive
        left = self._body_limit_bytes

        async def bounded() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise BodyTooLarge(self._body_limit_bytes)
            return message

        return bounded

    def _record(self, scope: Scope, status: int | None, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "(none)")
        method = scope["method"] if scope["method"] in KNOWN_METHODS else "OTHER"
        self._metrics.requests.labels(self._face, method, route, str(status)).inc()
        self._metrics.request_seconds.labels(self._face, method, route).observe(seconds)
        level = log.warning if status is None or status >= 500 else log.debug
        actor = getattr(Request(scope).state, "actor", None)
        level(
            "request",
            face=self._face,
            method=scope["method"],
            path=scope["path"],
            status=status,
            milliseconds=round(seconds * 1000, 1),
            actor=actor.id if actor else None,
        )


class _Answer:
    """Passes the answer on, noting its status and adding headers that every answer has."""

    def __init__(self, send: Send, request_id: str) -> None:
        self.request_id = request_id
        self.status: int | None = None
        self.complete = False
        self._send = send

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [
                *message.get("headers", []),
                (b"x-request-id", self.request_id.encode()),
                *SECURITY_HEADERS,
            ]
        await self._send(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self.complete = True


class _Handshake:
    """Passes the messages of a WebSocket on, noting how the handshake was answered and adding the answer's headers."""

    def __init__(self, send: Send, request_id: str) -> None:
        self.status: int | None = None
        self._request_id = request_id
        self._send = send

    async def __call__(self, message: Message) -> None:
        headers = [*message.get("headers", []), (b"x-request-id", self._request_id.encode())]
        if message["type"] == "websocket.accept":
            self.status = 101
            message["headers"] = headers
        elif message["type"] == "websocket.http.response.start":
            self.status = message["status"]
            message["headers"] = [*headers, *SECURITY_HEADERS]
        elif message["type"] == "websocket.close" and self.status is None:
            self.status = 403
        await self._send(message)

    async def break_off(self) -> None:
        """End the conversation after a fault of ours: refuse the handshake, or close."""
        with contextlib.suppress(RuntimeError, OSError):  # it is over already
            await self._send({"type": "websocket.close", "code": 1011, "reason": "Something went wrong inside Zaffre."})
