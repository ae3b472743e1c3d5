"""Running programs: argument lists, a deadline, and what they said when they fail."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from zaffre.devfabric.errors import CommandFailed

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_QUOTED_OUTPUT = 2000


def clean_environment(**extra: str) -> dict[str, str]:
    """Return a small, predictable environment.

    The caller's own is not passed on, because variables such as OVS_RUNDIR or LIBVIRT_DEFAULT_URI would lead programs
    to somebody else's daemons. Proxy settings are kept: package downloads may need them.
    """
    proxies = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    return {"PATH": SYSTEM_PATH, "HOME": "/root", "LC_ALL": "C.UTF-8", **proxies, **extra}


class Commands:
    """Runs programs to their end; each carries the given marks in its environment, so it can be told whose it is."""

    def __init__(self, **marks: str) -> None:
        self._marks = marks

    def run(
        self,
        *arguments: str | Path,
        timeout_s: float = 20.0,
        directory: Path | None = None,
        input_bytes: bytes = b"",
    ) -> str:
        """Run a program and return what it printed.

        Raises:
            CommandFailed: it is not installed, failed, or did not end within `timeout_s` seconds.
        """
        name = Path(arguments[0]).name
        try:
            finished = subprocess.run(
                [str(argument) for argument in arguments],
                input=input_bytes,
                capture_output=True,
                env=clean_environment(**self._marks),
                cwd=directory,
                timeout=timeout_s,
                check=False,
            )
        except FileNotFoundError as missing:
            raise CommandFailed(
                f"The program {name} is not installed.",
                remedy="Install the packages that `scripts/up` installs, then try again.",
                target=name,
            ) from missing
        except subprocess.TimeoutExpired as slow:
            raise CommandFailed(
                f"{name} did not end within {timeout_s:g} s: {_line(arguments)}",
                remedy="Check whether the machine is overloaded, then try again.",
                target=name,
            ) from slow
        if finished.returncode != 0:
            raise _failed(name, arguments, finished)
        return finished.stdout.decode(errors="replace")


def _failed(name: str, arguments: Sequence[str | Path], finished: subprocess.CompletedProcess[bytes]) -> CommandFailed:
    said = (finished.stderr or finished.stdout).decode(errors="replace").strip()[-_QUOTED_OUTPUT:]
    return CommandFailed(
        f"{name} failed with exit status {finished.returncode}: {said or 'it said nothing'} ({_line(arguments)})",
        remedy="The message above is the program's own.",
        target=name,
    )


def _line(arguments: Sequence[str | Path]) -> str:
    return " ".join(str(argument) for argument in arguments)
