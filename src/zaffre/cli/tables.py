"""Tables: one line for each item."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from zaffre.cli.words import NOTHING

ItemT = TypeVar("ItemT")
ItemT_contra = TypeVar("ItemT_contra", contravariant=True)
Cell = str | Text | int | None

GAP = 3
LEAST_WIDTH = 6
"""A column that is cut keeps at least so many characters."""


@dataclass(frozen=True)
class Column(Generic[ItemT_contra]):
    """A column of a table."""

    title: str
    value: Callable[[ItemT_contra], Cell]
    wide: bool = False
    """Whether it is only shown with `--wide`."""
    number: bool = False
    """Whether it is set flush right."""
    whole: bool = False
    """Whether it keeps its width where there is too little room; the others are cut, the widest first."""


class Table:
    """A table, laid out when it is known how much room there is."""

    def __init__(self, columns: Sequence[Column[Any]], rows: Sequence[Sequence[Text]]) -> None:
        """Set a table.

        Args:
            columns: its columns.
            rows: a text for each column.
        """
        self.rows = rows
        self._columns = columns

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table's lines."""
        widths = self._widths(options.max_width)
        yield self._line([Text(column.title, style="bold") for column in self._columns], widths)
        for row in self.rows:
            yield self._line(row, widths)

    def _widths(self, room: int) -> list[int]:
        """Return the columns' widths: as wide as they like, or cut where they do not keep their width."""
        columns = list(enumerate(self._columns))
        widths = [max([len(column.title), *(row[index].cell_len for row in self.rows)]) for index, column in columns]
        excess = sum(widths) + GAP * (len(widths) - 1) - room
        while excess > 0:
            widest = max((i for i, column in columns if not column.whole), key=lambda i: widths[i], default=None)
            if widest is None or widths[widest] <= LEAST_WIDTH:
                break
            widths[widest] -= 1
            excess -= 1
        return widths

    def _line(self, cells: Sequence[Text], widths: Sequence[int]) -> Text:
        line = Text(no_wrap=True, overflow="ignore", end="\n")
        for column, cell, width in zip(self._columns, cells, widths, strict=True):
            shown = cell.copy()
            shown.truncate(width, overflow="ellipsis")
            missing = " " * (width - shown.cell_len)
            line.append_text(Text(missing) + shown if column.number else shown + Text(missing))
            line.append(" " * GAP)
        line.rstrip()
        return line


def table_of(items: Iterable[ItemT], columns: Sequence[Column[ItemT]], *, wide: bool) -> Table:
    """Return a table of items."""
    shown = [column for column in columns if wide or not column.wide]
    return Table(shown, [[_cell(column.value(item)) for column in shown] for item in items])


def _cell(value: Cell) -> Text:
    if isinstance(value, Text):
        return value
    return Text(NOTHING, style="dim") if value is None or value == "" else Text(str(value))
