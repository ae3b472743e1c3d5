"""Fixtures for tests of the client."""

from collections.abc import Iterator

import pytest

from support.server_process import ServerProcess, server_process


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A furnished cloud, served for all tests."""
    with server_process(tmp_path_factory.mktemp("served")) as cloud:
        yield cloud
