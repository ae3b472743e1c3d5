"""A console channel over a pair of asyncio streams, whose buffers hold back whoever is too fast."""

import asyncio
import contextlib
import socket

from zaffre.fabric.drivers.console import READ_BYTES


class StreamChannel:
    """A `ConsoleChannel` over a connected stream socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, connected: socket.socket) -> "StreamChannel":
        """Take over a connected socket."""
        return cls(*await asyncio.open_connection(sock=connected, limit=READ_BYTES))

    async def read(self) -> bytes:
        """Return what comes, at most `READ_BYTES`; nothing at the end."""
        try:
            return await self._reader.read(READ_BYTES)
        except OSError:  # the other side went without a word, which is an end like any other
            return b""

    async def write(self, content: bytes) -> None:
        """Send; returns when no more than a buffer's worth is waiting."""
        with contextlib.suppress(OSError):  # `read` tells of the end
            self._writer.write(content)
            await self._writer.drain()

    async def close(self) -> None:
        """Close the socket, without waiting for the other side to take what is left."""
        self._writer.transport.abort()
