"""The RFB server of simulated guests' screens (RFC 6143, version 3.8), for any viewer that knows raw pixels.

It is small and strict: a viewer that sends what it does not understand is cut off.
"""

import asyncio
import contextlib
import struct
from collections.abc import Callable

from zaffre.fabric.drivers.simulated_font import HEIGHT
from zaffre.fabric.drivers.simulated_screen import PixelFormat, SimulatedScreen, changed_rows, row_pixels

_VERSION = b"RFB 003.008\n"
_NO_PASSWORD = 1
_RAW = 0
_LONGEST_CLIPPING = 1 << 20
_CONTROL_KEYS = {0xFF0D: b"\r", 0xFF8D: b"\r", 0xFF08: b"\x7f"}
"""X11's Return, the keypad's Enter and BackSpace."""


class RfbUnfit(Exception):
    """The viewer does not speak as this server does."""


class RfbServer:
    """Serves one viewer of one screen."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        screen: SimulatedScreen,
        type_key: Callable[[bytes], None],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._screen = screen
        self._type_key = type_key
        self._format = PixelFormat()
        self._seen: list[str] | None = None
        self._wanted = asyncio.Event()

    async def serve(self, title: str) -> None:
        """Serve until the viewer leaves, or does what it should not."""
        changed = self._screen.watch()
        painting = None
        try:
            await self._say_hello(title)
            painting = asyncio.create_task(self._paint(changed), name="simulated-screen")
            while True:
                await self._listen()
        except (OSError, asyncio.IncompleteReadError, RfbUnfit):
            return
        finally:
            self._screen.leave(changed)
            self._writer.transport.abort()
            if painting is not None:
                painting.cancel()

    async def _say_hello(self, title: str) -> None:
        self._writer.write(_VERSION)
        if await self._reader.readexactly(12) != _VERSION:
            reason = b"only RFB 3.8 is spoken here"
            self._writer.write(struct.pack(">BI", 0, len(reason)) + reason)
            raise RfbUnfit
        self._writer.write(bytes((1, _NO_PASSWORD)))
        if (await self._reader.readexactly(1))[0] != _NO_PASSWORD:
            raise RfbUnfit
        self._writer.write(bytes(4))
        await self._reader.readexactly(1)
        name = title.encode()
        head = struct.pack(">HH", self._screen.width, self._screen.height) + self._format.packed()
        self._writer.write(head + struct.pack(">I", len(name)) + name)

    async def _listen(self) -> None:
        """Take one message."""
        kind = (await self._reader.readexactly(1))[0]
        if kind == 0:
            self._format = _pixel_format((await self._reader.readexactly(19))[3:])
            self._seen = None
        elif kind == 2:
            [count] = struct.unpack(">xH", await self._reader.readexactly(3))
            await self._reader.readexactly(4 * count)
        elif kind == 3:
            if not (await self._reader.readexactly(9))[0]:
                self._seen = None
            self._wanted.set()
        elif kind == 4:
            down, key = struct.unpack(">BxxI", await self._reader.readexactly(7))
            if down:
                self._press(key)
        elif kind == 5:
            await self._reader.readexactly(5)
        elif kind == 6:
            [length] = struct.unpack(">xxxI", await self._reader.readexactly(7))
            if length > _LONGEST_CLIPPING:
                raise RfbUnfit
            await self._reader.readexactly(length)
        else:
            raise RfbUnfit

    def _press(self, key: int) -> None:
        if key in _CONTROL_KEYS:
            self._type_key(_CONTROL_KEYS[key])
        elif 0x20 <= key < 0x7F:
            self._type_key(bytes((key,)))

    async def _paint(self, changed: asyncio.Event) -> None:
        """Send what a viewer has asked for as soon as there is something that it has not seen."""
        with contextlib.suppress(OSError):  # the listener notices as well
            while True:
                await self._wanted.wait()
                self._wanted.clear()
                changed.clear()
                rows = self._screen.rows()
                fresh = list(changed_rows(self._seen, rows))
                if not fresh:
                    await changed.wait()
                    self._wanted.set()
                    continue
                self._seen = rows
                self._writer.write(struct.pack(">BxH", 0, len(fresh)))
                for number, row in fresh:
                    place = struct.pack(">HHHHi", 0, number * HEIGHT, self._screen.width, HEIGHT, _RAW)
                    self._writer.write(place + row_pixels(number, row, self._format))
                await self._writer.drain()


def _pixel_format(packed: bytes) -> PixelFormat:
    bits, _depth, big_endian, true_colour, *rest = struct.unpack(">BBBBHHHBBBxxx", packed)
    if bits not in (8, 16, 32) or not true_colour or max(rest[3:]) >= bits:
        raise RfbUnfit
    return PixelFormat(bits, bool(big_endian), (rest[0], rest[1], rest[2]), (rest[3], rest[4], rest[5]))
