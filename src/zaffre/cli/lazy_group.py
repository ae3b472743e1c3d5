"""A group of commands that are loaded when they run, so that help and completion need not load them all."""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

TERM_WIDTH = 15
"""All sections of the help stand in the same two columns."""


@dataclass(frozen=True)
class Entry:
    """A command, or a group of them, that can be loaded."""

    name: str
    place: str
    """`module:attribute` of its Typer application."""
    help: str
    heading: str
    """The heading it stands under in help."""


class LazyGroup(TyperGroup):
    """A group that knows the names of its commands and what they are for, and loads the one that is called."""

    entries: Sequence[Entry] = ()
    footnotes: Sequence[tuple[str, Sequence[tuple[str, str]]]] = ()
    """Headings and definitions that end the help."""

    def __init__(self, **options: Any) -> None:
        """Take a Typer group's options."""
        super().__init__(**options)
        for entry in self.entries:
            self.commands[entry.name] = TyperCommand(entry.name, help=entry.help)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - Typer's signature
        """Write the commands into the help, under their headings."""
        for heading in dict.fromkeys(entry.heading for entry in self.entries):
            rows = [(entry.name, entry.help) for entry in self.entries if entry.heading == heading]
            self._write(formatter, heading, rows)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - Typer's signature
        """Write the footnotes."""
        for heading, rows in self.footnotes:
            self._write(formatter, heading, rows)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that is called, loaded."""
        name, command, rest = super().resolve_command(ctx, args)
        place = next((entry.place for entry in self.entries if entry.name == name), None)
        return name, command if place is None else _load(place), rest

    @staticmethod
    def _write(formatter: Any, heading: str, rows: Sequence[tuple[str, str]]) -> None:
        with formatter.section(heading):
            formatter.write_dl([(name.ljust(TERM_WIDTH), text) for name, text in rows])


def _load(place: str) -> Any:
    module, attribute = place.split(":")
    app: typer.Typer = getattr(importlib.import_module(module), attribute)
    return get_command(app)
