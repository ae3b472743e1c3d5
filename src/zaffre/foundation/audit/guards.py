"""Triggers that keep the trail append-only, whoever asks the database.

A sealed record cannot be altered, an unsealed one only be sealed, and only what lies behind the anchor can be deleted.
They stop mistakes and injected statements; somebody who may drop triggers is found out by the chain.
"""

from typing import Any

from sqlalchemy import event, text
from sqlalchemy.engine import Connection

from zaffre.foundation.audit.tables import AuditRecordRow

_BEHIND_ANCHOR = "(SELECT max(sequence) FROM audit_chain WHERE name = 'anchor')"
_ON_SQLITE = (
    """CREATE TRIGGER IF NOT EXISTS audit_records_no_update BEFORE UPDATE ON audit_records
    WHEN OLD.hash IS NOT NULL OR NEW.hash IS NULL OR NEW.sequence IS NULL
    BEGIN SELECT RAISE(ABORT, 'audit records are append-only'); END""",
    f"""CREATE TRIGGER IF NOT EXISTS audit_records_no_delete BEFORE DELETE ON audit_records
    WHEN OLD.sequence IS NULL OR OLD.sequence > coalesce({_BEHIND_ANCHOR}, 0)
    BEGIN SELECT RAISE(ABORT, 'audit records are append-only'); END""",
    """CREATE TRIGGER IF NOT EXISTS audit_chain_forward BEFORE UPDATE ON audit_chain
    WHEN NEW.sequence <= OLD.sequence OR NEW.name <> OLD.name
    BEGIN SELECT RAISE(ABORT, 'the ends of the audit chain only move forward'); END""",
    """CREATE TRIGGER IF NOT EXISTS audit_chain_no_delete BEFORE DELETE ON audit_chain
    BEGIN SELECT RAISE(ABORT, 'the ends of the audit chain only move forward'); END""",
)
_ON_POSTGRESQL = (
    f"""CREATE OR REPLACE FUNCTION audit_records_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'UPDATE' THEN
        IF OLD.hash IS NULL AND NEW.hash IS NOT NULL AND NEW.sequence IS NOT NULL THEN RETURN NEW; END IF;
      ELSIF OLD.sequence IS NOT NULL AND OLD.sequence <= coalesce({_BEHIND_ANCHOR}, 0) THEN RETURN OLD;
      END IF;
      RAISE EXCEPTION 'audit records are append-only';
    END $$""",
    """CREATE TRIGGER audit_records_guard BEFORE UPDATE OR DELETE ON audit_records
    FOR EACH ROW EXECUTE FUNCTION audit_records_guard()""",
    """CREATE OR REPLACE FUNCTION audit_chain_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'UPDATE' AND NEW.sequence > OLD.sequence AND NEW.name = OLD.name THEN RETURN NEW; END IF;
      RAISE EXCEPTION 'the ends of the audit chain only move forward';
    END $$""",
    """CREATE TRIGGER audit_chain_guard BEFORE UPDATE OR DELETE ON audit_chain
    FOR EACH ROW EXECUTE FUNCTION audit_chain_guard()""",
)


def install_guards(connection: Connection) -> None:
    """Put the triggers on the tables, unless they are there."""
    if connection.dialect.name == "sqlite":
        statements = _ON_SQLITE
    else:
        there = connection.scalar(text("SELECT count(*) FROM pg_trigger WHERE tgname = 'audit_chain_guard'"))
        statements = () if there else _ON_POSTGRESQL
    for statement in statements:
        connection.exec_driver_sql(statement)


def _after_create(_table: object, connection: Connection, **_options: Any) -> None:
    install_guards(connection)


event.listen(AuditRecordRow.metadata, "after_create", _after_create)
