"""Fixtures for tests of the command line."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.command_line import Person
from support.server_process import ServerProcess, server_process


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A furnished cloud, served for all tests."""
    with server_process(tmp_path_factory.mktemp("served")) as cloud:
        yield cloud


@pytest.fixture
def person(tmp_path: Path) -> Person:
    """Somebody who is not signed in."""
    return Person(tmp_path)


@pytest.fixture
def tenant(person: Person, served: ServerProcess) -> Person:
    """Somebody with an account and a subscription named `shop`."""
    person.signs_up(served, f"{uuid.uuid4().hex[:12]}@zaffre.example")
    person.does("subscription create shop --plan Starter")
    return person


@pytest.fixture
def admin(person: Person, served: ServerProcess) -> Person:
    """The administrator."""
    person.signs_in_as_admin(served)
    return person
