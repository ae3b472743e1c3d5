"""What a table says about the audit of its rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SECRET = "(secret)"  # noqa: S105 - what is shown instead of one
"""Stands for a value that is never shown; that it changed is."""


@dataclass(frozen=True)
class Audited:
    """Which changes of a table's rows are recorded, and what of them is shown.

    Only what people want of a resource is listed. What is observed, counted or derived is not: its changes are no
    deeds.
    """

    type: str
    """The type of the resource, as events name it."""
    columns: tuple[str, ...]
    """Shown to whoever sees the resource."""
    secret: tuple[str, ...] = ()
    """Shown as changed, never what from or to."""
    internal: tuple[str, ...] = ()
    """Shown to the provider only."""
    key: tuple[str, ...] = ("id",)
    """The columns that together name the resource."""
    name: str | None = "name"
    subscription: str | None = None
    """The column that holds the subscription whose members see the record."""
    account: str | None = None
    """The column that holds the account that sees the record apart from these."""

    @property
    def all(self) -> tuple[str, ...]:
        """Every column whose change is recorded."""
        return (*self.columns, *self.secret, *self.internal)

    def id_of(self, values: Mapping[str, Any]) -> str:
        """Return the resource's id."""
        return "/".join(str(values[column]) for column in self.key)

    @property
    def needed(self) -> tuple[str, ...]:
        """Every column that a record is made from."""
        naming = (*self.key, self.name, self.subscription, self.account)
        return tuple(dict.fromkeys((*(column for column in naming if column is not None), *self.all)))
