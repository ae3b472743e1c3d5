"""Output of a serial line that waits to be read."""

import asyncio
from collections import deque

KEPT_BYTES = 1024 * 1024


class ConsoleBacklog:
    """Keeps what a guest wrote until it is read, up to a bound; belongs to one event loop.

    A serial line cannot be told to hold back, so beyond the bound the oldest output is skipped, and the reader is told
    how much. All of it is in the serial log.
    """

    def __init__(self) -> None:
        self.ended = False
        """Whether nothing more comes."""
        self._parts: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._skipped_bytes = 0
        self._news = asyncio.Event()

    def put(self, part: bytes) -> None:
        """Add output."""
        if self.ended or not part:
            return
        self._parts.append(part)
        self._waiting_bytes += len(part)
        while self._waiting_bytes > KEPT_BYTES:
            oldest = self._parts.popleft()
            self._waiting_bytes -= len(oldest)
            self._skipped_bytes += len(oldest)
        self._news.set()

    def end(self) -> None:
        """Take note that nothing more comes."""
        self.ended = True
        self._news.set()

    async def get(self) -> bytes:
        """Return the next part, waiting for it; nothing at the end."""
        while not self._parts and not self.ended:
            self._news.clear()
            await self._news.wait()
        if self._skipped_bytes:
            skipped, self._skipped_bytes = self._skipped_bytes, 0
            return f"\r\n[{skipped} bytes came too fast and are skipped]\r\n".encode()
        if not self._parts:
            return b""
        part = self._parts.popleft()
        self._waiting_bytes -= len(part)
        return part
