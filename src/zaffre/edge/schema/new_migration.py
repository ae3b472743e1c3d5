"""Writes a migration: `python -m zaffre.edge.schema.new_migration "what changes"` (see scripts/migration)."""

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from sqlalchemy import create_engine

from zaffre.edge.schema.migrate import alembic_config


def main() -> None:
    """Bring an empty SQLite database up to date and write down what the code's tables have beyond it."""
    with tempfile.TemporaryDirectory() as directory:
        engine = create_engine(f"sqlite:///{Path(directory) / 'empty.sqlite'}")
        with engine.begin() as connection:
            config = alembic_config(connection)
            command.upgrade(config, "head")
            revision = datetime.now(UTC).strftime("%Y%m%d%H%M")
            command.revision(config, sys.argv[1], autogenerate=True, rev_id=revision)
        engine.dispose()


if __name__ == "__main__":
    main()
