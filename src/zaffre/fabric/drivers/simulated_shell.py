"""What simulated guests answer when somebody types at them: a line discipline and a few words of a shell."""

import re
from collections.abc import Callable, Mapping

_LONGEST_LINE = 1024
_LONGEST_SEQUENCE = 100_000
_INVITATION = "simulated guest: press Enter for a shell\r\n"
_MEANT_COMMAND = re.compile(r"[^;]+")


class SimulatedShell:
    """One terminal of a guest. Everything happens at once: what is typed comes back with its answer.

    Args:
        hostname: what the guest is called.
        switch: ends or restarts the guest: called with `poweroff` or `reboot`.
    """

    def __init__(self, hostname: str, switch: Callable[[str], None]) -> None:
        self._hostname = hostname
        self._switch = switch
        self._line = ""
        self._invited = False
        self._commands: Mapping[str, Callable[[str], str]] = {
            "clear": lambda _: "\x1b[H\x1b[J",
            "echo": lambda words: f"{words}\r\n",
            "help": lambda _: f"{' '.join(sorted(self._commands))}\r\n",
            "hostname": lambda _: f"{self._hostname}\r\n",
            "poweroff": self._leave("poweroff"),
            "reboot": self._leave("reboot"),
            "seq": _sequence,
            "uname": lambda _: "Linux (simulated)\r\n",
        }

    @property
    def greeting(self) -> bytes:
        """What the terminal shows at first."""
        return _INVITATION.encode()

    def type(self, content: bytes) -> bytes:
        """Return what the terminal shows in answer to what was typed."""
        return "".join(self._key(chr(byte)) for byte in content).encode("latin-1", "replace")

    def _key(self, key: str) -> str:
        if key in "\r\n":
            line, self._line = self._line, ""
            return "\r\n" + self._obey(line)
        if key in "\x7f\b":
            erased, self._line = bool(self._line), self._line[:-1]
            return "\b \b" if erased else ""
        if key in "\x03\x15":
            self._line = ""
            return "^C\r\n" + self._prompt() if key == "\x03" else "\r" + self._prompt() + "\x1b[K"
        if not key.isprintable() or len(self._line) >= _LONGEST_LINE:
            return ""
        self._line += key
        return key

    def _obey(self, line: str) -> str:
        if not self._invited:
            self._invited = True
            return self._prompt()
        return "".join(self._run(command.strip()) for command in _MEANT_COMMAND.findall(line)) + self._prompt()

    def _run(self, command: str) -> str:
        name, _, words = command.partition(" ")
        if not name:
            return ""
        action = self._commands.get(name)
        return action(words.strip()) if action is not None else f"sh: {name}: not found\r\n"

    def _prompt(self) -> str:
        return f"{self._hostname}:~# " if self._invited else ""

    def _leave(self, how: str) -> Callable[[str], str]:
        def leave(_words: str) -> str:
            self._switch(how)
            return ""

        return leave


def _sequence(words: str) -> str:
    bounds = words.split()
    if not 1 <= len(bounds) <= 2 or not all(bound.isdecimal() and len(bound) < 10 for bound in bounds):
        return "seq: give it one or two numbers\r\n"
    first, last = int(bounds[0]) if len(bounds) == 2 else 1, int(bounds[-1])
    return "".join(f"{number}\r\n" for number in range(first, min(last, first + _LONGEST_SEQUENCE) + 1))
