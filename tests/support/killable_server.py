"""A real `zaffre serve` that can be killed and started again as often as a test likes.

Each server is a process of its own that starts in a third of the usual time (see `forks`); nothing else is different
from typing the command.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from support.forks import FORKS
from support.server_process import PORTS, ServerProcess, free_ports, settings_arguments
from zaffre.client import RetryPolicy, Zaffre


class KillableServer(ServerProcess):
    """A server on state, hosts and a network plane that outlive it."""

    def __init__(self, directory: Path, database_url: str, **more: object) -> None:
        ports = free_ports(PORTS)
        super().__init__(ports, directory)
        self.world_file = directory / "world"
        self.plane_file = directory / "world-plane"
        self._log = directory / "server.log"
        self._arguments = ["serve", *settings_arguments(directory, ports, database__url=database_url, **more)]
        self._process: ForkServerProcess | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._process = FORKS.Process(target=_serve, args=(self._arguments, str(self._log)))
        self._process.start()
        with Zaffre(self.url, retries=RetryPolicy(attempts=4000, first_delay_s=0.02, longest_delay_s=0.02)) as client:
            client.alive()

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._process.join()

    def log(self) -> str:
        """Return what all its lives have logged."""
        return self._log.read_text(errors="replace")


def _serve(arguments: Sequence[str], log: str) -> None:
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    from zaffre.cli.main import run

    raise SystemExit(run(arguments))


@contextmanager
def killable_server(directory: Path, database_url: str = "") -> Iterator[KillableServer]:
    """Run a furnished server; whatever life it is in at the end of the block is its last."""
    server = KillableServer(directory, database_url)
    server.start()
    try:
        server.furnish()
        yield server
    finally:
        server.kill()
