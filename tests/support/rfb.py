"""A small viewer of RFB 3.8 (RFC 6143) for tests: says hello, reads the screen, presses keys."""

import asyncio
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

RETURN = 0xFF0D
_RAW = 0
_PIXEL_FORMAT = struct.pack(">BBBBHHHBBBxxx", 32, 24, 0, 1, 255, 255, 255, 16, 8, 0)


@dataclass(frozen=True)
class Screen:
    """A picture: rows of 32-bit pixels."""

    width: int
    height: int
    pixels: bytes

    @property
    def colours(self) -> int:
        return len({self.pixels[at : at + 4] for at in range(0, len(self.pixels), 4)})


class Viewer:
    """Speaks RFB over two functions: one that yields bytes as they come (none at the end), and one that sends."""

    def __init__(self, read: Callable[[], Awaitable[bytes]], write: Callable[[bytes], Awaitable[None]]) -> None:
        self._read = read
        self._write = write
        self._buffer = b""
        self.size = (0, 0)
        self.title = ""
        self._picture = bytearray()

    async def say_hello(self) -> None:
        """Go through the handshake, without a password."""
        assert await self._exactly(12) == b"RFB 003.008\n"
        await self._write(b"RFB 003.008\n")
        [count] = await self._exactly(1)
        assert 1 in await self._exactly(count), "a console asks for no password"
        await self._write(b"\x01")
        assert await self._exactly(4) == bytes(4)
        await self._write(b"\x01")
        width, height = struct.unpack(">HH", await self._exactly(4))
        await self._exactly(16)
        [length] = struct.unpack(">I", await self._exactly(4))
        self.title = (await self._exactly(length)).decode()
        self._resize(width, height)
        await self._write(b"\0\0\0\0" + _PIXEL_FORMAT)
        await self._write(struct.pack(">BxHii", 2, 2, _RAW, -223))

    async def screen(self) -> Screen:
        """Ask for the whole screen and return it."""
        await self._write(struct.pack(">BBHHHH", 3, 0, 0, 0, *self.size))
        while await self._message() != 0:
            pass
        return Screen(*self.size, bytes(self._picture))

    async def until(self, seen: Callable[[Screen], bool], within_s: float = 60.0) -> Screen:
        """Look at the screen until it is as wanted."""
        async with asyncio.timeout(within_s):
            while not seen(screen := await self.screen()):
                await asyncio.sleep(0.1)
            return screen

    async def type(self, text: str) -> None:
        for character in text:
            await self.press(RETURN if character == "\n" else ord(character))

    async def press(self, key: int) -> None:
        for down in (1, 0):
            await self._write(struct.pack(">BBxxI", 4, down, key))

    async def _message(self) -> int:
        [kind] = await self._exactly(1)
        if kind == 0:
            [count] = struct.unpack(">xH", await self._exactly(3))
            for _ in range(count):
                await self._rectangle()
        elif kind == 3:
            [length] = struct.unpack(">xxxI", await self._exactly(7))
            await self._exactly(length)
        else:
            assert kind == 2, f"message {kind}"
        return kind

    async def _rectangle(self) -> None:
        left, top, width, height, encoding = struct.unpack(">HHHHi", await self._exactly(12))
        if encoding == -223:
            self._resize(width, height)
            return
        assert encoding == _RAW
        content = await self._exactly(width * height * 4)
        for row in range(height):
            at = ((top + row) * self.size[0] + left) * 4
            self._picture[at : at + width * 4] = content[row * width * 4 : (row + 1) * width * 4]

    def _resize(self, width: int, height: int) -> None:
        self.size = (width, height)
        self._picture = bytearray(width * height * 4)

    async def _exactly(self, length: int) -> bytes:
        async with asyncio.timeout(60):
            while len(self._buffer) < length:
                part = await self._read()
                assert part, "the console ended"
                self._buffer += part
        taken, self._buffer = self._buffer[:length], self._buffer[length:]
        return taken
