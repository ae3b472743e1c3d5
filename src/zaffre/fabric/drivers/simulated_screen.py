"""The screens of simulated guests: lines of text, and the pixels that they are shown as."""

import asyncio
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from zaffre.fabric.drivers.simulated_font import HEIGHT, WIDTH, dots

COLUMNS = 80
ROWS = 25
_ESCAPE = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])")
_NEWEST_CHARACTERS = 4 * COLUMNS * ROWS
"""What was written before these has scrolled away."""

_TITLE_INK, _TITLE_PAPER = (255, 255, 255), (0, 20, 168)
_INK, _PAPER = (204, 208, 216), (14, 18, 30)

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class PixelFormat:
    """How a viewer wants its pixels (RFC 6143, section 7.4)."""

    bits: int = 32
    big_endian: bool = False
    maxima: tuple[int, int, int] = (255, 255, 255)
    shifts: tuple[int, int, int] = (16, 8, 0)

    def pixel(self, colour: Colour) -> bytes:
        """Return a colour as a pixel."""
        parts = zip(colour, self.maxima, self.shifts, strict=True)
        value = sum((part * maximum // 255) << shift for part, maximum, shift in parts)
        return (value & ((1 << self.bits) - 1)).to_bytes(self.bits // 8, "big" if self.big_endian else "little")

    def packed(self) -> bytes:
        """Return the format as it is sent."""
        return struct.pack(">BBBBHHHBBBxxx", self.bits, 24, self.big_endian, 1, *self.maxima, *self.shifts)


class SimulatedScreen:
    """A title and a terminal of text below it; whoever watches is told of changes."""

    width = COLUMNS * WIDTH
    height = ROWS * HEIGHT

    def __init__(self, title: str) -> None:
        self._title = title
        self._lines = [""]
        self._column = 0
        self._watchers: set[asyncio.Event] = set()

    def entitle(self, title: str) -> None:
        """Change the title."""
        if title != self._title:
            self._title = title
            self._tell()

    def clear(self) -> None:
        """Forget the text."""
        self._lines, self._column = [""], 0
        self._tell()

    def write(self, output: bytes) -> None:
        """Show what a terminal was sent."""
        text = output.decode("latin-1")[-_NEWEST_CHARACTERS:]
        at = 0
        while at < len(text):
            escape = _ESCAPE.match(text, at)
            if escape is not None:
                self._obey(escape[2])
                at = escape.end()
            else:
                self._put(text[at])
                at += 1
        self._lines = self._lines[-(ROWS - 1) :]
        self._tell()

    def rows(self) -> list[str]:
        """Return what the screen shows, from top to bottom: the title, then the text with a cursor at its end."""
        last = self._lines[-1].ljust(self._column)
        shown = [*self._lines[:-1], last[: self._column] + "_" + last[self._column + 1 :]][-(ROWS - 1) :]
        return [row[:COLUMNS].ljust(COLUMNS) for row in (self._title, *shown, *[""] * (ROWS - 1 - len(shown)))]

    def watch(self) -> asyncio.Event:
        """Return an event that is set at every change, until it is given to `leave`."""
        event = asyncio.Event()
        self._watchers.add(event)
        return event

    def leave(self, event: asyncio.Event) -> None:
        """Stop setting the event."""
        self._watchers.discard(event)

    def _obey(self, letter: str) -> None:
        if letter == "J":
            self._lines, self._column = [""], 0
        elif letter == "K":
            self._lines[-1] = self._lines[-1][: self._column]

    def _put(self, character: str) -> None:
        if character == "\n":
            self._lines.append("")
        elif character == "\r":
            self._column = 0
        elif character == "\b":
            self._column = max(0, self._column - 1)
        elif character.isprintable():
            if self._column >= COLUMNS:
                self._lines.append("")
                self._column = 0
            line = self._lines[-1].ljust(self._column)
            self._lines[-1] = line[: self._column] + character + line[self._column + 1 :]
            self._column += 1

    def _tell(self) -> None:
        for event in self._watchers:
            event.set()


def changed_rows(before: list[str] | None, now: list[str]) -> Iterator[tuple[int, str]]:
    """Yield the rows that a viewer has not seen, with their numbers."""
    for number, row in enumerate(now):
        if before is None or before[number] != row:
            yield number, row


def row_pixels(number: int, row: str, pixel_format: PixelFormat) -> bytes:
    """Return a row of text as raw pixels, `SimulatedScreen.width` wide and a letter high."""
    cells = [_cell(letter, number == 0, pixel_format) for letter in row]
    return b"".join(cell[line] for line in range(HEIGHT) for cell in cells)


@lru_cache(maxsize=2048)
def _cell(letter: str, is_title: bool, pixel_format: PixelFormat) -> tuple[bytes, ...]:  # noqa: FBT001 - lru_cache
    ink = pixel_format.pixel(_TITLE_INK if is_title else _INK)
    paper = pixel_format.pixel(_TITLE_PAPER if is_title else _PAPER)
    return tuple(b"".join(ink if lit else paper for lit in line) for line in dots(letter))
