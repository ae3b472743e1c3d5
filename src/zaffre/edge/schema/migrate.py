"""Bringing a database's schema up to date."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.engine import Connection

from zaffre.foundation.audit.guards import install_guards
from zaffre.foundation.database import Database

MIGRATION_LOCK = 0x7A616666
"""Advisory lock number on PostgreSQL, so that processes that start together migrate one after the other."""


def alembic_config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration for Zaffre's migrations."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


async def migrate(database: Database) -> None:
    """Apply every migration that the database has not had yet, in one transaction."""
    async with database.engine.begin() as connection:
        if not database.is_sqlite:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        await connection.run_sync(lambda sync: command.upgrade(alembic_config(sync), "head"))
        await connection.run_sync(install_guards)
