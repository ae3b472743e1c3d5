"""Fixtures for every test: databases, clocks, ids."""

import faulthandler
import os
import sys
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog
from cryptography.fernet import Fernet
from sqlalchemy import create_engine

import zaffre.edge.schema.tables  # noqa: F401 - every table is in the metadata from here on
from support.cloud import ADMIN_EMAIL, ADMIN_PASSWORD, SimulatedCloud, cloud_settings, running_cloud, shared_database
from support.postgresql import PostgresServer, empty_tables, postgres_server, server_programs
from zaffre.edge.faces import Face
from zaffre.foundation.clock import ManualClock, SystemClock
from zaffre.foundation.database import Database, Table
from zaffre.foundation.ids import SystemIds
from zaffre.foundation.secrets import Keyring
from zaffre.foundation.settings import load_settings
from zaffre.foundation.work import UnitsOfWork

# What tests log is shown when they fail; the usual rendering of tracebacks would take longer than most tests.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)


LONG_ON_POSTGRESQL = ("test_sagas.py", "test_fuzz.py")
"""Files whose tests go through all workflows or all routes: again on PostgreSQL they take longer than all others."""
WHOLE_CLOUDS = {"cloud", "api"}
"""Fixtures of whole clouds. Their tests run on PostgreSQL, as in production; what is particular to a database is in the
tests of the floors below, which run on both, and SQLite carries whole clouds in the tests of processes and browsers."""
LONG_FIRST = (
    "test_fuzz.py",
    "test_authorisation.py",
    "test_every_page.py",
    "test_libvirt_hypervisor.py",
    "test_guests_on_the_fabric.py",
    "test_disks_on_the_fabric.py",
    "test_checkpoints_on_the_fabric.py",
    "test_consoles_on_the_fabric.py",
    "test_killed_server_on_the_fabric.py",
    "test_daily_life_of_guests.py",
    "test_cloud_on_the_fabric.py",
    "test_subscriptions_on_the_fabric.py",
)
"""Files that begin before all others, so that none of several workers is left alone with one at the end."""
HANGS_AFTER_S = 900
"""No test takes this long: whoever gets here holds on to something that a raised time-out could not break."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put what takes long first, and leave out what takes very long unless a thorough run is wanted."""
    items.sort(key=_rank)
    if os.environ.get("TEST_THOROUGH"):
        return
    again = [item for item in items if _runs_again(item)]
    config.hook.pytest_deselected(items=again)
    items[:] = [item for item in items if item not in set(again)]
    reason = pytest.mark.skip(reason="long; TEST_THOROUGH=1 or scripts/test thorough runs it")
    for item in items:
        if item.get_closest_marker("thorough") is not None:
            item.add_marker(reason)


def _rank(item: pytest.Item) -> int:
    return LONG_FIRST.index(item.path.name) if item.path.name in LONG_FIRST else len(LONG_FIRST)


def _runs_again(item: pytest.Item) -> bool:
    """Tell whether a test runs on the other database as well, where that teaches little."""
    on_postgresql = item.get_closest_marker("postgresql") is not None
    if item.path.name in LONG_ON_POSTGRESQL:
        return on_postgresql
    on_both = WHOLE_CLOUDS & set(getattr(item, "fixturenames", ())) and "sqlite" in item.name
    return bool(on_both) and server_programs() is not None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """End a process that a test has blocked for good, telling where, instead of waiting with it."""
    faulthandler.dump_traceback_later(HANGS_AFTER_S, exit=True, file=sys.__stderr__)
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresServer]:
    """PostgreSQL, or a skip where its server programs are not installed."""
    if server_programs() is None:
        pytest.skip("PostgreSQL's server programs are not installed")
    with postgres_server() as server:
        yield server


DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


@contextmanager
def empty_database(request: pytest.FixtureRequest, directory: Path) -> Iterator[str]:
    """Make an empty database of the kind that the fixture's parameter names; yields its URL as a setting."""
    if request.param == "sqlite":
        yield f"sqlite:///{directory / 'zaffre.sqlite'}"
    else:
        with request.getfixturevalue("postgresql").database() as url:
            yield url


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database, once on each engine; asynchronous driver named."""
    with empty_database(request, tmp_path) as url:
        yield load_settings(environment={}, flags=[f"database.url={url}"]).database_url


@pytest.fixture(scope="session")
def shared_tables(postgresql: PostgresServer) -> Iterator[str]:
    """A PostgreSQL database with all tables, which tests use one after the other: making one takes longer than most."""
    with postgresql.database() as url:
        engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
        Table.metadata.create_all(engine)
        engine.dispose()
        yield url


@pytest.fixture(params=DATABASES)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A database with all tables, empty, once on each engine."""
    sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'zaffre.sqlite'}" if sqlite else request.getfixturevalue("shared_tables")
    database = shared_database(load_settings(environment={}, flags=[f"database.url={url}"]).database_url)
    if sqlite:
        async with database.engine.begin() as connection:
            await connection.run_sync(Table.metadata.create_all)
    yield database
    await database.close()
    if not sqlite:
        empty_tables(url)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def keyring() -> Keyring:
    return Keyring([Fernet.generate_key()])


@pytest.fixture
def units(database: Database, clock: ManualClock, keyring: Keyring) -> UnitsOfWork:
    return UnitsOfWork(database, clock, SystemIds(), keyring)


@pytest.fixture
def live_units(database: Database, keyring: Keyring) -> UnitsOfWork:
    """Units of work on the real clock, for tests that wait for something."""
    return UnitsOfWork(database, SystemClock(), SystemIds(), keyring)


@pytest.fixture
async def api(database: Database, tmp_path: Path, clock: ManualClock) -> AsyncIterator[SimulatedCloud]:
    """A site on each database that only serves its API, with an administrator: time and operations stand still."""
    url = database.url if not database.is_sqlite else ""
    async with running_cloud(cloud_settings(tmp_path, url, "parts=api"), furnished=False, clock=clock) as cloud:
        cloud.admin = await cloud.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD, Face.ADMIN)
        yield cloud


@pytest.fixture
async def cloud(database: Database, tmp_path: Path) -> AsyncIterator[SimulatedCloud]:
    """A furnished cloud on each database."""
    url = database.url if not database.is_sqlite else ""
    async with running_cloud(cloud_settings(tmp_path, url)) as cloud:
        yield cloud
