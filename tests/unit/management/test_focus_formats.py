"""FOCUS formats: what is written of rows is what `csv` would write of all their fields, and Parquet has the same."""

import csv
import io
from collections.abc import AsyncIterator

import pyarrow.parquet as parquet

from zaffre.management.focus.columns import COLUMNS, NOTHING, VARIED, FocusType, Row, cells
from zaffre.management.focus.formats import as_csv, as_parquet
from zaffre.management.focus.known import MOST_KNOWN, Known
from zaffre.management.focus.rows import unit_price

NAMES = ["", "web", "100 %", "%s %d %(name)s", 'say "hi"', "a,b", "a\r\nb", "\rc", "d\n", "röd, blå", " x ", "'", ";\t"]


def rows() -> list[Row]:
    """Rows whose names have everything that people write, and that have in common what others have not."""
    found: list[Row] = []
    for number, name in enumerate(NAMES):
        likeness = NOTHING.but({"SubAccountName": name, "BillingCurrency": "EUR", "ServiceName": f"{name}%"})
        for other in NAMES:
            values = dict.fromkeys(VARIED, "") | {"ResourceName": other, "Tags": f'{{"team":"{other}"}}'}
            values |= {"BilledCost": f"-{number}.123456789", "ChargePeriodStart": "2026-11-01T00:00:00Z"}
            found.append((likeness, tuple(values.values())))
    return found


async def pages(size: int) -> AsyncIterator[list[Row]]:
    found = rows()
    for start in range(0, len(found), size):
        yield found[start : start + size]
        yield []


async def test_csv_is_what_the_library_writes_of_all_fields() -> None:
    sheet = io.StringIO(newline="")
    csv.writer(sheet).writerows([[column.name for column in COLUMNS], *(cells(row) for row in rows())])
    assert b"".join([piece async for piece in as_csv(pages(7))]).decode() == sheet.getvalue()


async def test_parquet_has_the_same_values_with_their_types() -> None:
    written = b"".join([piece async for piece in as_parquet(pages(50))])
    read = parquet.read_table(io.BytesIO(written)).to_pylist()
    for row, expected in zip(read, rows(), strict=True):
        for column, value in zip(COLUMNS, cells(expected), strict=True):
            got = row[column.name]
            if not value:
                assert got is None
            elif column.type is FocusType.DECIMAL:
                assert f"{got:f}".rstrip("0") == value
            elif column.type is FocusType.INSTANT:
                assert got.isoformat() == value.replace("Z", "+00:00")
            else:
                assert got == value


def test_unit_prices_are_rounded_half_away_from_zero_and_nothing_has_none() -> None:
    assert [unit_price(*each) for each in ((1, 0), (6, 2), (1, 3), (-2, 3), (2, -3), (0, -5), (25, 100))] == [
        "",
        "3",
        "0.333333333333",
        "-0.666666666667",
        "-0.666666666667",
        "0",
        "0.25",
    ]


def test_what_is_known_is_found_once_and_never_grows_without_end() -> None:
    asked: list[int] = []

    def find(key: int) -> str:
        asked.append(key)
        return str(key)

    known = Known[int, str](find)
    assert [known[5], known[5]] == ["5", "5"]
    assert asked == [5]
    for key in range(2 * MOST_KNOWN):
        assert known[key] == str(key)
        assert len(known) <= MOST_KNOWN
