"""A server process of the benchmark's own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx

START_TIMEOUT_S = 60.0
FACES = ("admin", "tenant", "public")
PORTALS = ("admin", "tenant")


class Server:
    """A server on free ports of loopback, from entering to leaving."""

    def __init__(self, state_directory: Path, flags: Mapping[str, object]) -> None:
        self._ports = {face: _free_port() for face in FACES}
        settings = {"state_directory": state_directory, "logging.level": "warning", **flags}
        settings |= {f"api.{face}_port": port for face, port in self._ports.items()}
        self._portal_ports = {portal: _free_port() for portal in PORTALS}
        settings |= {f"portal.{portal}_port": port for portal, port in self._portal_ports.items()}
        self._command = [sys.executable, "-m", "zaffre.cli.main", "serve"]
        for key, value in settings.items():
            self._command += ["--set", f"{key}={value}"]

    def url(self, face: str) -> str:
        """Return where a face of the API answers."""
        return f"http://127.0.0.1:{self._ports[face]}"

    def portal_url(self, portal: str) -> str:
        """Return where a portal answers."""
        return f"http://127.0.0.1:{self._portal_ports[portal]}"

    def __enter__(self) -> "Server":
        self._process = subprocess.Popen(self._command)
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline_s and self._process.poll() is None:
            try:
                httpx.get(f"{self.url('admin')}/readyz").raise_for_status()
                httpx.get(f"{self.url('public')}/healthz").raise_for_status()
            except httpx.HTTPError:
                time.sleep(0.1)
            else:
                return self
        self._process.kill()
        raise RuntimeError("the server did not come up")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()

    @property
    def resident_mib(self) -> float:
        """Memory in use."""
        lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        line = next(line for line in lines if line.startswith("VmRSS"))
        return round(int(line.split()[1]) / 1024, 1)

    @property
    def processes(self) -> int:
        """How many processes it is, with its children."""
        pid = self._process.pid
        return 1 + len(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())

    def cpu_percent(self, over_s: float) -> float:
        """Watch it for a while; returns its share of one processor."""
        before = self._cpu_s
        time.sleep(over_s)
        return round(100 * (self._cpu_s - before) / over_s, 1)

    @property
    def _cpu_s(self) -> float:
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
