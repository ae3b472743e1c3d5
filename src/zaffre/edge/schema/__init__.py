"""The database schema: forward-only Alembic migrations of the tables of all features."""
