"""Measurements as small charts that fit a line."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer
from rich.text import Text

from zaffre.cli.invocation import Invocation
from zaffre.cli.sheets import Fact, Section
from zaffre.cli.words import NOTHING, bytes_text
from zaffre.client import MetricsView

CHART_COLUMNS = 60
_BARS = " ▁▂▃▄▅▆▇█"
_PLAIN_BARS = " .:-=+*#@"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

Points = Sequence[Any]
"""Pairs of a Unix time and a value."""


def _percent(value: float) -> str:
    return f"{value:.1f} %"


def _mib(value: float) -> str:
    return f"{value:.0f} MiB"


def _bytes_per_second(value: float) -> str:
    return f"{bytes_text(round(value))}/s"


def _per_second(value: float) -> str:
    return f"{value:.1f}/s"


_ROWS: tuple[tuple[str, str, Callable[[float], str], float | None], ...] = (
    ("Processor", "cpu_percent", _percent, 100.0),
    ("Memory used", "memory_used_mib", _mib, None),
    ("Memory available", "memory_available_mib", _mib, None),
    ("Disk read", "disk_read_bytes_s", _bytes_per_second, None),
    ("Disk written", "disk_write_bytes_s", _bytes_per_second, None),
    ("Reads", "disk_read_ops_s", _per_second, None),
    ("Writes", "disk_write_ops_s", _per_second, None),
    ("Network received", "network_receive_bytes_s", _bytes_per_second, None),
    ("Network sent", "network_transmit_bytes_s", _bytes_per_second, None),
)


def _length(text: str) -> timedelta:
    """Read a length of time such as `90s`, `15m`, `6h` or `1d`."""
    number, unit = text[:-1], text[-1:]
    if not number.isascii() or not number.isdigit() or unit not in _UNITS or not 0 < int(number) < 10_000:
        raise typer.BadParameter(f"{text!r} is not a length of time such as 15m, 6h or 1d.")
    return timedelta(seconds=int(number) * _UNITS[unit])


SinceOption = Annotated[str, typer.Option("--since", metavar="TIME", help="How far back to look, as in 15m, 6h or 1d.")]
"""How far back a chart goes."""
USUAL_SINCE = "1h"


def show_metrics(run: Invocation, since: str, read: Callable[[datetime, int], MetricsView]) -> None:
    """Print measurements as charts, or as the API's fields.

    Args:
        run: the command.
        since: how far back to look.
        read: asks for the measurements since an instant, with a point every so many seconds.
    """
    length = _length(since)
    begin = run.terminal.now - length
    step_s = max(int(length.total_seconds()) // CHART_COLUMNS, 1)
    found = read(begin, step_s)
    run.show(found, lambda: [Section(None, _facts(found, begin, length, encodable=run.terminal.can_show(_BARS)))])


def _facts(found: MetricsView, begin: datetime, since: timedelta, *, encodable: bool) -> list[Fact]:
    bars = _BARS if encodable else _PLAIN_BARS
    facts: list[Fact] = []
    for title, name, written, ceiling in _ROWS:
        points: Points = getattr(found.series, name)
        if not points:
            facts.append((title, Text(NOTHING, style="dim")))
            continue
        values = [float(value) for _, value in points]
        line = sparkline(points, begin.timestamp(), since.total_seconds(), ceiling or max(values), bars)
        said = f"  now {written(values[-1])}, at most {written(max(values))}"
        facts.append((title, Text.assemble((line, "cyan"), said)))
    return facts


def sparkline(points: Points, from_s: float, length_s: float, ceiling: float, bars: str) -> str:
    """Return values over time as one line of bars; where nothing was measured there is a blank.

    Args:
        points: pairs of a Unix time and a value.
        from_s: where the line begins.
        length_s: how much time it covers.
        ceiling: the value of the highest bar.
        bars: a blank, then bars from low to high.
    """
    columns: list[float | None] = [None] * CHART_COLUMNS
    for at_s, value in points:
        place = min(max(int((at_s - from_s) / length_s * CHART_COLUMNS), 0), CHART_COLUMNS - 1)
        columns[place] = max(columns[place] or 0.0, float(value))
    steps = len(bars) - 1
    return "".join(
        bars[0] if value is None else bars[min(1 + int(value / (ceiling or 1.0) * (steps - 1) + 0.5), steps)]
        for value in columns
    )
