"""Columns that many tables share."""

from typing import Any

from zaffre.cli.invocation import Invocation
from zaffre.cli.states import styled_state
from zaffre.cli.tables import Column
from zaffre.cli.words import age, instant_text

NAME: Column[Any] = Column("NAME", lambda item: item.name)
STATE: Column[Any] = Column("STATE", lambda item: styled_state(item.state), whole=True)


def age_column(run: Invocation) -> Column[Any]:
    """Return the column that says how old an item is."""
    return Column("AGE", lambda item: age(item.created_at, run.terminal.now), number=True, whole=True)


def id_column(run: Invocation) -> Column[Any]:
    """Return the column of ids, in full only where there is room."""
    return Column("ID", lambda item: run.names.id(item.id), whole=True)


def created(run: Invocation, item: Any) -> tuple[str, str | None]:
    """Return the fact when an item was made."""
    return "Created", instant_text(item.created_at, run.terminal.now)
