"""The server of a development cloud: a process that outlives the command that started it."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress

from zaffre.client import Clock, Unreachable, Zaffre
from zaffre.devfabric.cloud.places import Places
from zaffre.devfabric.errors import DaemonFailed
from zaffre.devfabric.processes import Process, end, look_at

START_DEADLINE_S = 60.0
STOP_GRACE_S = 15.0
POLL_S = 0.05
LOG_TAIL_LINES = 15
SettingValue = str | int | bool | list[str]


class ServerProcess:
    """Starts, finds and ends the server."""

    def __init__(self, places: Places, public_url: str, clock: Clock | None = None) -> None:
        self._places = places
        self._public_url = public_url
        self._clock = clock or Clock()
        self._child: subprocess.Popen[bytes] | None = None
        """The server, when it was this object that started it."""

    def running(self) -> Process | None:
        """Return the server's process; None when it does not run."""
        with suppress(OSError, ValueError, KeyError):
            known = json.loads(self._places.server_process.read_text())
            process = look_at(int(known["pid"]))
            if process is not None and process.started_ticks == known["started_ticks"]:
                return process
        return None

    def start(self, settings: Mapping[str, SettingValue]) -> None:
        """Start the server and wait until it answers. One that runs with these settings and answers is left alone.

        Args:
            settings: by dotted key, as `zaffre.toml` knows them.

        Raises:
            DaemonFailed: it ended, or did not answer in time; the error has the end of its log. Or another program
                listens where it should, which must not be taken for it.
        """
        text = "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())
        if self.running() is not None and self._settings_are(text) and self._answers():
            return
        self.stop()
        _check_ports(settings)
        self._places.settings.touch(mode=0o600)  # the administrator's password is in it
        self._places.settings.write_text(text)
        self._child = child = self._spawn()
        deadline_s = self._clock.monotonic_s() + START_DEADLINE_S
        while not self._answers():
            ended = child.poll() is not None
            if ended or self._clock.monotonic_s() > deadline_s:
                self.stop()
                raise DaemonFailed(
                    f"The server {'ended' if ended else 'does not answer'}. The end of its log:\n{self._log_tail()}",
                    remedy=f"See {self._places.server_log}; a port that is taken can be changed with --port.",
                )
            self._clock.sleep(POLL_S)

    def stop(self) -> bool:
        """End the server; tells whether it ran."""
        process = self.running()
        if process is not None:
            end([process], lambda found: found == process, STOP_GRACE_S, STOP_GRACE_S + 10)
        if self._child is not None:
            self._child.wait(STOP_GRACE_S)
            self._child = None
        self._places.server_process.unlink(missing_ok=True)
        return process is not None

    def _spawn(self) -> "subprocess.Popen[bytes]":
        with self._places.server_log.open("ab") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "zaffre.cli.main", "serve", "--config", str(self._places.settings)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
                env={key: value for key, value in os.environ.items() if not key.startswith("ZAFFRE_")},
            )
        process = look_at(child.pid)
        known = {"pid": child.pid, "started_ticks": process.started_ticks if process is not None else 0}
        self._places.server_process.write_text(json.dumps(known))
        return child

    def _settings_are(self, text: str) -> bool:
        return self._places.settings.exists() and self._places.settings.read_text() == text

    def _answers(self) -> bool:
        try:
            with Zaffre(self._public_url, answer_timeout_s=2.0) as client:
                client.alive()
        except Unreachable:
            return False
        return True

    def _log_tail(self) -> str:
        lines = self._places.server_log.read_text(errors="replace").splitlines()
        return "\n".join(lines[-LOG_TAIL_LINES:])


def _check_ports(settings: Mapping[str, SettingValue]) -> None:
    for key, port in settings.items():
        if not key.endswith("_port"):
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                raise DaemonFailed(
                    f"The server cannot listen at 127.0.0.1:{port}: {error.strerror or error}.",
                    remedy="Choose other ports with --port, or take down what listens there: another `zaffre up`?",
                ) from None
