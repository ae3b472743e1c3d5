"""A real developer fabric for the tests in this directory: two hosts, started once, taken down at the end."""

import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import pytest

from zaffre.devfabric.fabric import DevelopmentFabric
from zaffre.devfabric.images import build, check_image
from zaffre.devfabric.layout import FabricLayout
from zaffre.devfabric.preflight import check_fabric


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.fabric)


@pytest.fixture(scope="session")
def fabric_possible() -> None:
    """Skips on a machine that cannot carry a fabric."""
    preflight = check_fabric()
    if not preflight.possible:
        pytest.skip(preflight.sentence)


@pytest.fixture(scope="session")
def development_fabric(fabric_possible) -> Iterator[FabricLayout]:
    """The layout of a fabric with two hosts."""
    directory = Path(tempfile.mkdtemp(prefix="zf", dir="/tmp"))
    fabric = DevelopmentFabric(directory, host_count=2)
    try:
        yield fabric.up()
    finally:
        fabric.down(purge=True)
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def seed() -> int:
    """What a test throws its dice with; shown when it fails."""
    chosen = random.randrange(2**32)
    print(f"seed {chosen}")  # noqa: T201
    return chosen


@pytest.fixture(scope="session")
def image_cache() -> Path:
    """Where built images are kept between test runs."""
    return platformdirs.user_cache_path("zaffre") / "images"


@pytest.fixture(scope="session")
def tiny_image(fabric_possible, image_cache) -> Path:
    """The image `tiny`, a qcow2 file."""
    preflight = check_image("tiny")
    if not preflight.possible:
        pytest.skip(preflight.sentence)
    return build("tiny", image_cache)
