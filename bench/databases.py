"""The databases that a benchmark measures on: a file of SQLite, a durable PostgreSQL server of its own."""

import tempfile
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path

from bench.figures import Figure
from support.postgresql import postgres_server, server_programs


def choose_database(parser: ArgumentParser) -> None:
    """Have a parser understand which databases are wanted."""
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")


def on_each(choice: str, measure: Callable[[Path, str], list[Figure]]) -> list[Figure]:
    """Measure on the databases that were chosen.

    Args:
        choice: `sqlite`, `postgresql` or `both`.
        measure: given an empty directory and the URL of an empty database.

    Returns:
        All figures, their names beginning with the database's.
    """
    figures: list[Figure] = []
    if choice in ("sqlite", "both"):
        with tempfile.TemporaryDirectory(prefix="zaffre-bench-") as directory:
            figures += _prefixed("sqlite", measure(Path(directory), f"sqlite:///{directory}/zaffre.sqlite"))
    if choice in ("postgresql", "both"):
        figures += _on_postgresql(measure)
    return figures


def async_url(url: str) -> str:
    """Return a database's URL with the driver that the product uses."""
    driver = "sqlite" if url.startswith("sqlite") else "postgresql+psycopg"
    return f"{driver}://{url.split('://', 1)[1]}"


def _on_postgresql(measure: Callable[[Path, str], list[Figure]]) -> list[Figure]:
    if server_programs() is None:
        print("PostgreSQL's server programs are not installed: skipped")
        return []
    with (
        tempfile.TemporaryDirectory(prefix="zaffre-bench-") as directory,
        postgres_server(durable=True) as server,
        server.database() as url,
    ):
        return _prefixed("postgresql", measure(Path(directory), url))


def _prefixed(prefix: str, figures: list[Figure]) -> list[Figure]:
    return [Figure(f"{prefix}.{f.name}", f.value, f.unit, f.budget, f.at_least) for f in figures]
