"""Formats: rows as CSV or Parquet, in pieces that are sent as they come."""

import io
import re
from collections.abc import AsyncIterator, Sequence
from enum import StrEnum
from importlib import import_module
from typing import Any

from zaffre.management.focus.columns import COLUMNS, VARIED, VARIED_PLACES, FocusType, Likeness, Row
from zaffre.management.focus.known import Known

ROWS_IN_A_GROUP = 20_000
"""Of a Parquet file: what is held in memory at once."""
VERSION = "1.2"


class FocusFormat(StrEnum):
    """How rows are written."""

    CSV = "csv"
    PARQUET = "parquet"


MEDIA_TYPES = {
    FocusFormat.CSV: "text/csv; charset=utf-8",
    FocusFormat.PARQUET: "application/vnd.apache.parquet",
}


async def as_csv(pages: AsyncIterator[list[Row]]) -> AsyncIterator[bytes]:
    """Write rows as CSV with a head (RFC 4180); null is the empty field.

    What rows have in common is written once, with places for the rest: that takes a third of the time of `csv`.
    """
    yield (",".join(column.name for column in COLUMNS) + "\r\n").encode()
    lines = Known[Likeness, str](_line)
    quoted = Known[str, str](_quoted)
    async for rows in pages:
        if rows:
            text = "".join(
                [
                    lines[likeness] % (*varied[:_FREE], quoted[varied[_FREE]], quoted[varied[_FREE + 1]])
                    for likeness, varied in rows
                ]
            )
            yield text.encode()


_FREE = VARIED.index("ResourceName")
"""From here on, varied values are what people wrote and may need quotes; before are ids, numbers and instants."""
_QUOTED = re.compile(r'[",\r\n]')


def _quoted(value: str) -> str:
    """Write a field as `csv` does."""
    return '"' + value.replace('"', '""') + '"' if _QUOTED.search(value) else value


def _line(likeness: Likeness) -> str:
    """Return the line of rows with something in common, with places for what varies."""
    fields = [_quoted(value).replace("%", "%%") for value in likeness.values]
    for place in VARIED_PLACES:
        fields[place] = "%s"
    return ",".join(fields) + "\r\n"


async def as_parquet(pages: AsyncIterator[list[Row]]) -> AsyncIterator[bytes]:
    """Write rows as a Parquet file. A group of rows is sent when it is full, and what is in the file at its end."""
    # Loaded here: it takes some ten megabytes that a server which never exports does without.
    arrow: Any = import_module("pyarrow")
    parquet: Any = import_module("pyarrow.parquet")
    types = {
        FocusType.STRING: arrow.string(),
        FocusType.JSON: arrow.string(),
        FocusType.DECIMAL: arrow.decimal128(38, 12),
        FocusType.INSTANT: arrow.timestamp("us", tz="UTC"),
    }
    fields = [(column.name, types[column.type]) for column in COLUMNS]
    schema = arrow.schema(fields, metadata={"FocusVersion": VERSION})
    sink = io.BytesIO()
    writer = parquet.ParquetWriter(_Tail(sink), schema, compression="zstd")
    waiting: list[Any] = []
    count = 0
    async for rows in pages:
        if rows:
            waiting.append(_table(arrow, schema, rows))
            count += len(rows)
        if count >= ROWS_IN_A_GROUP:
            writer.write_table(arrow.concat_tables(waiting), count)
            waiting, count = [], 0
            yield _taken(sink)
    if waiting:
        writer.write_table(arrow.concat_tables(waiting), count)
    writer.close()
    yield _taken(sink)


class _Tail:
    """A file that only grows, as Parquet's writer needs one; what was written is taken away meanwhile."""

    closed = False

    def __init__(self, sink: io.BytesIO) -> None:
        self._sink = sink
        self._written = 0

    def write(self, data: Any) -> int:
        count = self._sink.write(data)
        self._written += count
        return count

    def tell(self) -> int:
        return self._written

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        self.closed = True

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False


def _taken(sink: io.BytesIO) -> bytes:
    data = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return data


def _table(arrow: Any, schema: Any, rows: Sequence[Row]) -> Any:
    """Make a table of rows: values in common are written once, and taken from there for each row."""
    likenesses = {likeness: None for likeness, _ in rows}
    numbers = {likeness: number for number, likeness in enumerate(likenesses)}
    taken = arrow.array([numbers[likeness] for likeness, _ in rows], arrow.int32())
    varied = dict(zip(VARIED_PLACES, zip(*(values for _, values in rows), strict=True), strict=True))

    def array_of(values: Sequence[str], type_: Any) -> Any:
        told = [value or None for value in values] if "" in values else values
        array = arrow.array(told, arrow.string())
        return array if type_ == array.type else array.cast(type_)

    # What is billed comes in three columns, which are made once.
    made = Known[tuple[tuple[str, ...], Any], Any](lambda key: array_of(*key))
    arrays: list[Any] = []
    for place, field in enumerate(schema):
        if place in varied:
            arrays.append(made[varied[place], field.type])
        else:
            common = tuple(likeness.values[place] for likeness in likenesses)
            arrays.append(made[common, field.type].take(taken))
    return arrow.Table.from_arrays(arrays, schema=schema)
