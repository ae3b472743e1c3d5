"""A terminal that is a machine's serial line: every key goes there, everything from there is shown."""

import os
import select
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager

from zaffre.client import Console

ESCAPE = b"\x1d"
ESCAPE_NAME = "Ctrl+]"
_READ_BYTES = 4096
_QUIET_S = 1.0
"""When what is typed comes from a file or a pipe and is at its end: so long a silence is taken for the end of the
answer."""


class SerialTerminal:
    """Joins the process's standard input and output with a console."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._ended = threading.Event()
        self._heard = threading.Event()

    def use(self) -> None:
        """Join them until the escape key, the end of a piped input, or the console's end."""
        woken, wake = os.pipe()
        printer = threading.Thread(target=self._print, args=(wake,), name="serial output", daemon=True)
        try:
            with _raw(sys.stdin.fileno()):
                printer.start()
                self._type(woken)
        finally:
            self._console.close()
            printer.join(5)
            os.close(woken)

    def _type(self, woken: int) -> None:
        source = sys.stdin.fileno()
        while not self._ended.is_set():
            ready, _, _ = select.select([source, woken], [], [])
            if source not in ready:
                return
            typed = os.read(source, _READ_BYTES)
            before, escape, _ = typed.partition(ESCAPE)
            self._console.write(before)
            if escape:
                return
            if not typed:
                self._wait_for_quiet()
                return

    def _wait_for_quiet(self) -> None:
        while not self._ended.is_set() and self._heard.wait(_QUIET_S):
            self._heard.clear()
            self._ended.wait(_QUIET_S)

    def _print(self, wake: int) -> None:
        try:
            while content := self._console.read():
                self._heard.set()
                while content:
                    content = content[os.write(sys.stdout.fileno(), content) :]
        finally:
            self._ended.set()
            os.close(wake)


@contextmanager
def _raw(descriptor: int) -> Generator[None]:
    """Let every key through while the block runs, if this is a terminal."""
    if not os.isatty(descriptor):
        yield
        return
    import termios  # noqa: PLC0415 - absent on Windows, where the rest of the command line works
    import tty  # noqa: PLC0415 - as above

    before = termios.tcgetattr(descriptor)
    try:
        tty.setraw(descriptor, termios.TCSADRAIN)  # what was typed already is meant for the machine
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
