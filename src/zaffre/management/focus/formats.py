"""Formats: rows as CSV or Parquet, in pieces that are sent as they come."""

import csv
import io
from collections.abc import AsyncIterator
from enum import StrEnum
from importlib import import_module
from typing import Any

from zaffre.management.focus.columns import COLUMNS, FocusType, Row

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
    """Write rows as CSV with a head (RFC 4180); null is the empty field."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(column.name for column in COLUMNS)
    async for rows in pages:
        writer.writerows(rows)
        if text.tell():
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    if text.tell():
        yield text.getvalue().encode()


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
    waiting: list[Row] = []
    async for rows in pages:
        waiting += rows
        while len(waiting) >= ROWS_IN_A_GROUP:
            writer.write_table(_table(arrow, schema, waiting[:ROWS_IN_A_GROUP]))
            waiting = waiting[ROWS_IN_A_GROUP:]
            yield _taken(sink)
    if waiting:
        writer.write_table(_table(arrow, schema, waiting))
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


def _table(arrow: Any, schema: Any, rows: list[Row]) -> Any:
    arrays: list[Any] = []
    for place, field in enumerate(schema):
        values = arrow.array([row[place] for row in rows], arrow.string())
        arrays.append(values if field.type == arrow.string() else values.cast(field.type))
    return arrow.Table.from_arrays(arrays, schema=schema)
