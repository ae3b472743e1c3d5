"""Somebody at a terminal: runs the command line in the test's process and keeps what it printed."""

import io
import json
import shlex
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import yaml

from support.cloud import ADMIN_EMAIL, ADMIN_PASSWORD, PASSWORD
from support.scripted_api import ID, InstantClock, Routes
from support.server_process import ServerProcess, clean_environment
from zaffre.cli.main import run
from zaffre.client import Zaffre


class Stream(io.StringIO):
    """Text that may claim to be a terminal."""

    def __init__(self, text: str = "", *, terminal: bool = False) -> None:
        super().__init__(text)
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@dataclass(frozen=True)
class Result:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def yaml(self) -> Any:
        return yaml.safe_load(self.out)


class Person:
    """Types commands; has a configuration of their own."""

    def __init__(self, directory: Path) -> None:
        self.config = directory / "contexts.json"
        self.completed = ""
        """What the last command printed, also one that did not come back."""
        self.environment = {"ZAFFRE_CONFIG": str(self.config), "COLUMNS": "100", "TZ": "UTC", "NO_COLOR": "1"}

    def types(self, line: str, *, answers: str = "", terminal: bool = False, **environment: str) -> Result:
        """Run a command line, written without `zaffre`.

        Args:
            line: the command, quoted as for a shell.
            answers: what is typed when it asks.
            terminal: whether its streams are a terminal.
            environment: variables to set for it.
        """
        streams = {
            "stdin": Stream(answers, terminal=terminal),
            "stdout": Stream(terminal=terminal),
            "stderr": Stream(terminal=terminal),
        }
        variables = clean_environment(**{**self.environment, **environment})
        with ExitStack() as stack:
            stack.enter_context(mock.patch.dict("os.environ", variables, clear=True))
            for name, stream in streams.items():
                stack.enter_context(mock.patch.object(sys, name, stream))
            try:
                code = run(shlex.split(line))
            finally:
                self.completed = streams["stdout"].getvalue()
        return Result(code, streams["stdout"].getvalue(), streams["stderr"].getvalue())

    def does(self, line: str, **options: Any) -> Result:
        """Run a command that must succeed."""
        result = self.types(line, **options)
        assert result.code == 0, f"zaffre {line}\n{result.out}\n{result.err}"
        return result

    def gets(self, line: str, **options: Any) -> Any:
        """Run a command that must succeed and print JSON, and nothing else."""
        return self.does(f"{line} -o json", **options).json

    def signs_in_as_admin(self, server: ServerProcess) -> None:
        line = f"login --url {server.url} --admin-url {server.admin_url} --email {ADMIN_EMAIL}"
        self.does(line, ZAFFRE_PASSWORD=ADMIN_PASSWORD)

    def signs_up(self, server: ServerProcess, email: str) -> None:
        self.does(f"signup --url {server.url} --email {email} --full-name Ann", ZAFFRE_PASSWORD=PASSWORD)


TERMINAL = {"terminal": True, "TERM": "xterm-256color"}
MACHINES = f"/subscriptions/{ID}/virtual-machines"


def scripted(monkeypatch: pytest.MonkeyPatch, person: Person, routes: dict[str, Any]) -> Routes:
    """Put a scripted API behind every command of somebody who is signed in."""
    api = Routes(routes)
    monkeypatch.setattr("zaffre.cli.invocation.Zaffre", partial(Zaffre, transport=api, clock=InstantClock()))
    person.environment |= {
        "ZAFFRE_URL": "http://zaffre.example",
        "ZAFFRE_TOKEN": "zat_x",
        "ZAFFRE_SUBSCRIPTION": ID,
    }
    return api
