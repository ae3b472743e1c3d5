"""Reading server-sent events from a face, one by one, without a server."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message


@dataclass(frozen=True)
class Sent:
    """One message of a stream."""

    id: str | None
    event: str | None
    data: Any
    comment: str | None


@dataclass
class Reader:
    """An open stream."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    """Of an answer that is not a stream."""
    ended: bool = False
    _messages: asyncio.Queue[Sent | None] = field(default_factory=asyncio.Queue)
    _text: str = ""
    _gone: asyncio.Event = field(default_factory=asyncio.Event)
    _started: asyncio.Event = field(default_factory=asyncio.Event)

    async def next(self, deadline_s: float = 60.0) -> Sent:
        """Return the next message, comments included."""
        async with asyncio.timeout(deadline_s):
            message = await self._messages.get()
        assert message is not None, "the stream has ended"
        return message

    async def event(self, deadline_s: float = 60.0) -> Sent:
        """Return the next message that is not a comment."""
        while (message := await self.next(deadline_s)).event is None:
            pass
        return message

    async def events(self, count: int, deadline_s: float = 60.0) -> list[Sent]:
        return [await self.event(deadline_s) for _ in range(count)]

    async def end(self, deadline_s: float = 60.0) -> None:
        """Wait until the server ends the stream."""
        async with asyncio.timeout(deadline_s):
            while await self._messages.get() is not None:
                pass

    def silent(self) -> bool:
        """Tell whether nothing has arrived that was not read."""
        return self._messages.empty()

    async def receive(self) -> Message:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            self._started.set()
            return
        self.body += message.get("body", b"")
        self._text += message.get("body", b"").decode()
        *whole, self._text = self._text.split("\n\n")
        for text in whole:
            self._messages.put_nowait(_parse(text))
        if not message.get("more_body", False):
            self.ended = True
            self._messages.put_nowait(None)


def _parse(text: str) -> Sent:
    fields = {name: value for name, _, value in (line.partition(": ") for line in text.split("\n"))}
    data = json.loads(fields["data"]) if "data" in fields else None
    return Sent(fields.get("id"), fields.get("event"), data, fields.get(""))


@asynccontextmanager
async def reading(app: ASGIApp, path: str, token: str | None = None, **headers: str) -> AsyncIterator[Reader]:
    """Open a stream, and go away at the end of the block."""
    url = urlsplit(path)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if token is not None:
        sent["authorization"] = f"Bearer {token}"
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "path": url.path,
        "raw_path": url.path.encode(),
        "query_string": url.query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "scheme": "http",
        "server": ("zaffre", 80),
        "client": ("127.0.0.1", 1),
    }
    reader = Reader()
    serving = asyncio.create_task(app(scope, reader.receive, reader.send))
    try:
        starting = asyncio.create_task(reader._started.wait())
        await asyncio.wait([starting, serving], timeout=60, return_when=asyncio.FIRST_COMPLETED)
        starting.cancel()
        assert reader.status, "there was no answer"
        yield reader
    finally:
        reader._gone.set()
        async with asyncio.timeout(60):
            with suppress(asyncio.CancelledError):
                await serving
