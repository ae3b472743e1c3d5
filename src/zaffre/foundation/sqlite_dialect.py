"""SQLite without threads: SQLAlchemy's asyncio extension over the standard library's blocking driver.

The usual asynchronous driver sends every statement through a thread, four times: make a cursor, execute, fetch, close.
A statement here takes tens of microseconds and a commit a fraction of a millisecond, so the journeys cost several times
more than the work, and far more when the event loop's thread is busy and the interpreter lock must change hands each
time (measured in docs/decisions/0004-sqlite-runs-on-the-event-loop.md). Statements therefore run where they are asked
for. Waiting for another connection of the pool is still asynchronous, and writers queue before they begin
(`Database.transaction`), so no statement waits for a lock.
"""

import sqlite3
from typing import Any

from sqlalchemy import pool
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import URL

SCHEME = "sqlite+zaffre"


class _Cursor(sqlite3.Cursor):
    """The standard cursor, with the one method that the asyncio extension adds to cursors."""

    async def _async_soft_close(self) -> None:
        """Do nothing: rows are still to be fetched, and fetching them needs no event loop."""


class _Connection(sqlite3.Connection):
    def cursor(self, factory: Any = _Cursor) -> Any:
        return super().cursor(factory)


class LoopSqliteDialect(SQLiteDialect_pysqlite):
    """The standard dialect, declared usable from SQLAlchemy's asyncio extension."""

    driver = "zaffre"
    is_async = True
    supports_statement_cache = True

    @classmethod
    def get_pool_class(cls, url: URL) -> type[pool.Pool]:  # noqa: ARG003 - fixed by SQLAlchemy
        """Return the pool whose waiting does not block."""
        return pool.AsyncAdaptedQueuePool

    def create_connect_args(self, url: URL) -> Any:
        """Return what the driver is called with: the usual, and our connection class."""
        arguments, options = super().create_connect_args(url)
        return arguments, {**options, "factory": _Connection}

    def get_driver_connection(self, connection: Any) -> Any:
        """Return the standard library's connection."""
        return connection


registry.register("sqlite.zaffre", __name__, "LoopSqliteDialect")
