"""Alembic's environment: runs migrations on the connection it is given."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import JSON, Uuid

from zaffre.edge.schema.tables import metadata
from zaffre.foundation.database import UtcDateTime
from zaffre.foundation.events.tables import CurrentTransaction
from zaffre.management.metering.quantities import Quantity


def render_item(kind: str, thing: Any, autogenerate: AutogenContext) -> str | Literal[False]:
    """Write our own types into new migrations by name."""
    if kind == "type" and isinstance(thing, UtcDateTime):
        autogenerate.imports.add("from zaffre.foundation.database import UtcDateTime")
        return "UtcDateTime()"
    if kind == "type" and isinstance(thing, Quantity):
        return "sa.BigInteger()"
    if kind == "type" and isinstance(thing, Uuid):
        autogenerate.imports.add("from zaffre.foundation.database import Id")
        return "Id"
    if kind == "type" and isinstance(thing, JSON):
        autogenerate.imports.add("from zaffre.foundation.database import Json")
        return "Json"
    if kind == "server_default" and isinstance(getattr(thing, "arg", None), CurrentTransaction):
        autogenerate.imports.add("from zaffre.foundation.events.tables import CurrentTransaction")
        return "CurrentTransaction()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_item=render_item,
    render_as_batch=False,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
