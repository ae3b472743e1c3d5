"""Daemons of the fabric: how one is started in its room, and how it is recognised while it runs.

Every daemon here puts itself into the background only when it is ready to serve, so its launcher's exit is the signal
that it is up and nothing has to be polled. Daemons are recognised by their namespace, program and one telling
argument; pid files are written for people and never read.
"""

import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from zaffre.devfabric import namespaces
from zaffre.devfabric.commands import SYSTEM_PATH, clean_environment
from zaffre.devfabric.errors import DaemonFailed
from zaffre.devfabric.plan import MARK
from zaffre.devfabric.processes import Process
from zaffre.devfabric.rooms import Room

_ADOPT = Path(__file__).with_name("adopt.py")
_START_TIMEOUT_S = 30.0
_QUOTED_OUTPUT = 1500


@dataclass(frozen=True)
class Daemon:
    """A background program of one fabric."""

    fabric_directory: Path
    name: str
    """For people, for example `ovn-northd`."""
    room: Room
    arguments: tuple[str, ...]
    token: str
    """The one of `arguments` that tells it from other daemons of the same program in the same room."""
    output_path: Path
    """Receives what it prints before it is in the background."""
    adopt_orphans: bool = False
    """It leaves processes of its own behind, and somebody must reap them; see `adopt.py`."""
    path: str = SYSTEM_PATH
    """Where it looks for programs."""

    def is_among(self, processes: Iterable[Process]) -> bool:
        """Tell whether the daemon is one of the given processes."""
        namespace = namespaces.inode(self.room.namespace)
        return any(
            process.network_namespace == namespace
            and process.program == self.arguments[0]
            and self.token in process.arguments
            for process in processes
        )

    def start(self) -> None:
        """Start the daemon; returns when it is ready.

        Raises:
            DaemonFailed: it ended with an error, or was not ready in time.
        """
        try:
            status = self._launch()
        except subprocess.TimeoutExpired as slow:
            raise self._failed(f"was not ready within {_START_TIMEOUT_S:g} s") from slow
        if status != 0:
            raise self._failed(f"ended with exit status {status}")

    def _launch(self) -> int:
        adoption = [sys.executable, "-I", "-S", str(_ADOPT)] if self.adopt_orphans else []
        with self.output_path.open("wb") as output:
            return subprocess.run(
                self.room.enter([*adoption, *self.arguments]),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=clean_environment(**{MARK: str(self.fabric_directory), "PATH": self.path}),
                start_new_session=True,  # a Ctrl-C in the terminal is for the caller, not for the hosts
                timeout=_START_TIMEOUT_S,
                check=False,
            ).returncode

    def _failed(self, what: str) -> DaemonFailed:
        said = self.output_path.read_text(errors="replace").strip()[-_QUOTED_OUTPUT:]
        return DaemonFailed(
            f"{self.name} in {self.room.namespace} {what}: {said or 'it said nothing'}",
            remedy=f"See {self.output_path.parent} for its logs; `zaffre down` removes what is left.",
            target=self.name,
        )


def ensure_running(daemons: Iterable[Daemon], processes: Iterable[Process]) -> list[Daemon]:
    """Start those daemons, in order, that are not among `processes`; return the ones that were started."""
    known = tuple(processes)
    missing = [daemon for daemon in daemons if not daemon.is_among(known)]
    for daemon in missing:
        daemon.start()
    return missing
