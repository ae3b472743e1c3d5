"""Sheets: one resource on a screen, in sections."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from zaffre.cli.tables import Table
from zaffre.cli.words import NOTHING

Fact = tuple[str, str | Text | int | None]
INDENT = 2


@dataclass(frozen=True)
class Section:
    """A part of a sheet: facts, or a table."""

    title: str | None
    facts: Sequence[Fact] = ()
    table: Table | None = None
    otherwise: str = "none"
    """What to say when there is neither."""


def sheet_of(sections: Iterable[Section]) -> Group:
    """Return a sheet. The values of all its sections stand below each other."""
    sections = list(sections)
    width = max([len(label) + _indent(section) for section in sections for label, _ in section.facts], default=0)
    parts: list[RenderableType] = []
    for section in sections:
        if section.title is not None:
            parts.append(Text(f"\n{section.title}" if parts else section.title, style="bold"))
        parts.append(Padding(_body(section, width - _indent(section)), (0, 0, 0, _indent(section)), expand=False))
    return Group(*parts)


def _indent(section: Section) -> int:
    return 0 if section.title is None else INDENT


def _body(section: Section, label_width: int) -> RenderableType:
    if section.table is not None and section.table.rows:
        return section.table
    if not section.facts:
        return Text(section.otherwise, style="dim")
    grid = Grid.grid(padding=(0, 3, 0, 0), pad_edge=False)
    grid.add_column(min_width=label_width, style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value in section.facts:
        grid.add_row(label, value if isinstance(value, Text) else _value(value))
    return grid


def _value(value: str | int | None) -> Text:
    return Text(NOTHING, style="dim") if value is None or value == "" else Text(str(value))
