"""The database: one set of typed tables on SQLite (embedded) or PostgreSQL (production).

SQLite allows one writer at a time, so writing transactions take a fair in-process lock first and then
`BEGIN IMMEDIATE`; readers never wait (WAL). PostgreSQL runs them side by side under READ COMMITTED: rules that must
hold under races are single conditional statements, on both.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import JSON, Computed, DateTime, Dialect, MetaData, String, Uuid, event, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

from zaffre.foundation import sqlite_dialect
from zaffre.foundation.audit.declaration import Audited
from zaffre.foundation.errors import ProblemBody

SQLITE_BUSY_TIMEOUT_MS = 5_000
"""For a second process at the same file, such as a backup; within this process writers queue and never meet."""

TRUSTED_IDLE_S = 1.0
"""A connection to PostgreSQL that was in use this recently needs no trial."""

ENGINE_OPTIONS: dict[str, Any] = {"max_overflow": 0, "pool_timeout": 30, "hide_parameters": True}
"""Parameters stay out of errors, and so out of logs: some are secrets."""


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. Refuses naive values; reads back as aware UTC also on SQLite, which has no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Check and convert on the way in."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("instants must carry a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Mark as UTC on the way out."""
        if value is None or dialect.name != "sqlite":
            return value
        return value.replace(tzinfo=UTC)


class RowLock(StrEnum):
    """How a row is held from its reading to the end of the transaction. SQLite, with one writer at a time, needs none.

    Whoever deletes a row that others refer to takes it for `CHANGE` before looking for them.
    """

    USE = "use"
    """It stays; others may use it as well, and change what is not its key."""
    CHANGE = "change"
    """Nobody else may use or change it."""


def for_update(lock: RowLock | None) -> dict[str, bool] | None:
    """Return what SQLAlchemy's `with_for_update` takes for a lock."""
    if lock is None:
        return None
    return {"read": True, "key_share": True} if lock is RowLock.USE else {}


def insert_of(session: AsyncSession) -> Callable[[Any], SqliteInsert] | Callable[[Any], PostgresqlInsert]:
    """Return the `insert` of a session's dialect: one that can say what becomes of a row that is there already."""
    return sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert


Id = Uuid(as_uuid=False).with_variant(String(36), "sqlite")
"""A UUID: native on PostgreSQL, its canonical text on SQLite, so that reading one costs no conversion."""
Json = JSON().with_variant(JSONB(), "postgresql")


class Table(DeclarativeBase):
    """Base of every mapped table."""

    __audited__: ClassVar[Audited | None] = None
    """What is recorded of changes to its rows; None: they are no deeds of people."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's documented declaration
        datetime: UtcDateTime(),
        dict[str, Any]: Json,
        list[Any]: Json,
        list[dict[str, Any]]: Json,
        list[str]: Json,
        dict[str, int]: Json,
        dict[str, str]: Json,
        ProblemBody: Json,
        str: String(),
    }


def id_column(*, primary_key: bool = False, index: bool = False) -> Mapped[Any]:
    """Declare a column that holds an id."""
    return mapped_column(Id, primary_key=primary_key, index=index)


SearchKey = String().with_variant(String(collation="C"), "postgresql")
"""Text that is compared by its bytes on both databases, so that an index can find what begins with something."""


def search_key(column: str) -> Mapped[str]:
    """Declare a column that holds another in lower case, kept by the database, to be indexed for searching."""
    return mapped_column(SearchKey, Computed(f"lower({column})", persisted=True))


class RecordedSession(Session):
    """A session that can be listened to apart from all others, as the audit does."""


def watch(session: AsyncSession, watchers: Sequence[Callable[[Session], None]]) -> None:
    """Have `watchers` called before every flush of a session; what they add to it is flushed with the rest."""
    session.info["watchers"] = watchers


@event.listens_for(RecordedSession, "before_flush")
def _tell_watchers(session: Session, _context: object, _instances: object) -> None:  # pyright: ignore[reportUnusedFunction]
    watchers: Sequence[Callable[[Session], None]] = session.info.get("watchers", ())
    for tell in watchers:
        tell(session)


class Database:
    """Opens transactions on one database."""

    def __init__(self, url: str, pool_size: int = 10) -> None:
        self.url = url
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self._sqlite_writer = asyncio.Lock()
        if self.is_sqlite:
            self.engine = _sqlite_engine(url, pool_size)
        else:
            self.engine = _postgresql_engine(url, pool_size)

    @asynccontextmanager
    async def transaction(self, *, write: bool) -> AsyncGenerator[AsyncSession]:
        """Open a session in a transaction; commits on success, rolls back on any exception.

        A read-only transaction never commits changes.
        """
        if self.is_sqlite and write:
            async with self._sqlite_writer, self._session(write=True) as session:
                yield session
        else:
            async with self._session(write=write) as session:
                yield session

    @asynccontextmanager
    async def _session(self, *, write: bool) -> AsyncGenerator[AsyncSession]:
        async with AsyncSession(
            self.engine, sync_session_class=RecordedSession, expire_on_commit=False, autoflush=write
        ) as session:
            options: dict[str, Any] = {"zaffre_write": write}
            if not write and not self.is_sqlite:
                # Under READ COMMITTED each statement sees its own snapshot anyway: a transaction would add two round
                # trips to a reading and nothing else.
                options["isolation_level"] = "AUTOCOMMIT"
            await session.connection(execution_options=options)
            yield session
            if write:
                await session.commit()
            # Closing ends a read-only transaction and, unlike a rollback, leaves the rows it loaded readable.

    async def ping(self) -> None:
        """Run a trivial statement; raises what the database raises when it is not usable."""
        async with self.transaction(write=False) as session:
            await session.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


def _sqlite_engine(url: str, pool_size: int) -> AsyncEngine:
    """Create an engine whose connections are in WAL mode and whose transactions we begin ourselves.

    `synchronous=FULL` makes a commit survive a power cut, as PostgreSQL's default does.
    """
    path = make_url(url).database
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    url = make_url(url).set(drivername=sqlite_dialect.SCHEME).render_as_string(hide_password=False)
    engine = create_async_engine(url, pool_size=pool_size, **ENGINE_OPTIONS)

    def on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not open transactions behind SQLAlchemy's back
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={SQLITE_BUSY_TIMEOUT_MS}",
            "journal_size_limit=67108864",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def on_begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("zaffre_write", True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    event.listen(engine.sync_engine, "connect", on_connect)
    event.listen(engine.sync_engine, "begin", on_begin)
    return engine


def _postgresql_engine(url: str, pool_size: int) -> AsyncEngine:
    """Create an engine that tries a connection before use when it has been idle, as after a restart of the server."""
    engine = create_async_engine(url, pool_size=pool_size, **ENGINE_OPTIONS)

    def on_checkin(_connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["idle_since_s"] = time.monotonic()

    def on_checkout(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
        if time.monotonic() - record.info.get("idle_since_s", time.monotonic()) < TRUSTED_IDLE_S:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise DisconnectionError from error

    event.listen(engine.sync_engine, "checkin", on_checkin)
    event.listen(engine.sync_engine, "checkout", on_checkout)
    return engine


def sacrificed(error: DBAPIError) -> bool:
    """Tell whether the database gave the transaction up for the sake of others, so that it may be run again.

    PostgreSQL's serialization failure and deadlock: nothing of the transaction happened.
    """
    return getattr(error.orig, "sqlstate", None) in ("40001", "40P01")


def violated(error: DBAPIError, constraint: str) -> bool:
    """Tell whether `error` is the violation of the named unique constraint or index.

    PostgreSQL names the constraint; SQLite names the columns, so name constraints by the convention of `Table`, where
    `uq_<table>_<columns>` can be rebuilt from `UNIQUE constraint failed: table.column, table.column`.
    """
    diagnosis: Any = getattr(error.orig, "diag", None)
    if diagnosis is not None:
        return bool(diagnosis.constraint_name == constraint)
    message = str(error.orig)
    _, found, columns = message.partition("UNIQUE constraint failed: ")
    if not found:
        return False
    names = [column.strip().partition(".") for column in columns.split(",")]
    return constraint == "_".join(["uq", names[0][0], *(column for _, _, column in names)])
