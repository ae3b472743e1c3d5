"""A PostgreSQL server of the test run's own: in a temporary directory, on a unix socket, gone at the end."""

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

AFTER_POWER_CUTS = ("fsync", "synchronous_commit", "full_page_writes")
"""What keeps data whole when the power is cut, and costs time at every commit."""


def server_programs() -> Path | None:
    """Return the directory of PostgreSQL's server programs, the newest installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).parent if initdb else None


def _as_postgres(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root; Debian's package made a user for it."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else command


class PostgresServer:
    """A running server."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.directory}"

    @contextmanager
    def database(self) -> Iterator[str]:
        """Create an empty database; yields its URL and drops it at the end."""
        name = f"test_{uuid.uuid4().hex}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
            try:
                yield self.url(name)
            finally:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def empty_tables(url: str) -> None:
    """Delete every row of a database, whoever may still hold it, and leave the tables."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        tables = connection.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
            " WHERE schemaname IN ('public', 'dbos') AND tablename NOT LIKE '%migrations'"
        ).fetchall()
        connection.execute("SET session_replication_role = replica")
        connection.execute("; ".join(f"DELETE FROM {table}" for (table,) in tables))


@contextmanager
def postgres_server(*, durable: bool = False) -> Iterator[PostgresServer]:
    """Start a server; unless `durable`, one tuned for tests: it survives a process crash, not a power cut."""
    programs = server_programs()
    assert programs is not None
    directory = Path(tempfile.mkdtemp(prefix="zfpg-", dir="/tmp"))
    if os.geteuid() == 0:
        shutil.chown(directory, "postgres", "postgres")
    data = directory / "data"
    run = {"check": True, "capture_output": True, "cwd": "/"}
    control = str(programs / "pg_ctl")
    try:
        subprocess.run(
            _as_postgres([str(programs / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "--no-sync"]),
            **run,
        )
        options = f"-k {directory} -c listen_addresses='' -c max_connections=200"
        if not durable:
            options += "".join(f" -c {setting}=off" for setting in AFTER_POWER_CUTS)
        # pg_ctl's server must not hold our pipes open, or subprocess.run would wait for it.
        subprocess.run(
            _as_postgres([control, "-D", str(data), "-w", "-o", options, "-l", str(directory / "log"), "start"]),
            check=True,
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield PostgresServer(directory)
        finally:
            subprocess.run(_as_postgres([control, "-D", str(data), "-m", "immediate", "-w", "stop"]), **run)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
