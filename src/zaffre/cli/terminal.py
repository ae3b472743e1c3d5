"""Where words go: results to standard output, everything said about them to standard error."""

import os
import re
import sys
from datetime import UTC, datetime

from rich.console import Console, RenderableType
from rich.text import Text

UNBOUNDED_WIDTH = 10_000
"""For tables that go into a file or a pipe: nothing there needs cutting."""
_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])|[^\S\n\t ]|[\x00-\x08\x0e-\x1f\x7f-\x9f]"
)


class Terminal:
    """The two streams of a command, and what kind they are."""

    def __init__(self) -> None:
        """Use the process's streams as they are now."""
        self.out = _console(is_error=False)
        self.notes = _console(is_error=True)
        self.now = datetime.now(UTC)

    @property
    def interactive(self) -> bool:
        """Whether somebody is there to answer questions."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    @property
    def lively(self) -> bool:
        """Whether progress can be shown by drawing over what was drawn."""
        return self.notes.is_terminal and not self.notes.is_dumb_terminal

    def show(self, result: RenderableType, *, cut: bool = True) -> None:
        """Print a table or a sheet.

        Args:
            result: what to print.
            cut: whether to fit it to the terminal; otherwise its lines are as long as they need to be.
        """
        console = self.out if cut else _console(is_error=False, width=UNBOUNDED_WIDTH)
        with console.capture() as capture:
            console.print(result)
        lines = (line.rstrip() for line in capture.get().splitlines())
        self.out.file.write("".join(f"{line}\n" for line in lines))

    def print(self, line: str | Text = "") -> None:
        """Print a line of the result."""
        self.out.print(line, soft_wrap=True)

    def note(self, line: str | Text, style: str = "") -> None:
        """Say something about the result, or while it is in the making."""
        self.notes.print(line, style=style, soft_wrap=not self.notes.is_terminal)

    def done(self, line: str) -> None:
        """Say that something has been done."""
        mark = "✓ " if _can_encode(self.notes, "✓") else ""
        self.notes.print(Text.assemble((mark, "green"), line), soft_wrap=not self.notes.is_terminal)

    def can_show(self, text: str) -> bool:
        """Tell whether all of a text's characters can be printed as a result."""
        return _can_encode(self.out, text)

    def write(self, text: str) -> None:
        """Write text as it is, without a line's end. Nothing in it can steer the terminal."""
        sys.stdout.write(harmless(text) if self.out.is_terminal else text)
        sys.stdout.flush()


def harmless(text: str) -> str:
    """Return text without control characters and escape sequences, which could steer a terminal; line ends stay."""
    return _ESCAPES.sub("", text.replace("\r\n", "\n"))


def _console(*, is_error: bool, width: int | None = None) -> Console:
    stream = sys.stderr if is_error else sys.stdout
    if width is None and not stream.isatty() and "COLUMNS" not in os.environ:
        width = UNBOUNDED_WIDTH
    return Console(
        file=stream,
        width=width,
        highlight=False,
        markup=False,
        emoji=False,
    )


def _can_encode(console: Console, text: str) -> bool:
    try:
        text.encode(console.encoding)
    except UnicodeEncodeError:
        return False
    return True
