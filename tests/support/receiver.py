"""A receiver of webhooks on loopback: a real HTTP server that answers as it is told and remembers what it got."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Received:
    """One message as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def kind(self) -> str:
        return self.event["type"]


@dataclass
class Receiver:
    """What was received, and how to answer, by path."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    """What to answer other than 200."""
    pause_s: float = 0
    """How long each answer takes."""
    slow: set[str] = field(default_factory=set)
    """Paths that are never answered."""
    headers: str = ""
    answer: bytes = b"thanks\x00"
    open_now: dict[str, int] = field(default_factory=dict)
    most_open: dict[str, int] = field(default_factory=dict)

    def at(self, path: str) -> list[Received]:
        return [message for message in self.received if message.path == path]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._exchange(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip().split("\r\n")
        path = first.split()[1]
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.open_now[path] = self.open_now.get(path, 0) + 1
        self.most_open[path] = max(self.most_open.get(path, 0), self.open_now[path])
        try:
            if path in self.slow:
                await reader.read()  # until the sender has had enough
                return
            await asyncio.sleep(self.pause_s)
            self.received.append(Received(path, headers, body))
            status = self.statuses.get(path, 200)
            head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(self.answer)}\r\n{self.headers}\r\n"
            writer.write(head.encode() + self.answer)
            await writer.drain()
        finally:
            self.open_now[path] -= 1


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    """Run a receiver until the block ends."""
    it = Receiver()
    server = await asyncio.start_server(it.serve, "127.0.0.1", 0)
    it.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield it
