"""Charts that fit a line."""

import time
from typing import Any

import pytest

from support.command_line import MACHINES, Person, scripted
from support.scripted_api import ID, ok
from zaffre.cli.charts import CHART_COLUMNS, sparkline

BARS = " ▁▂▃▄▅▆▇█"
NAMES = (
    *("cpu_percent", "memory_used_mib", "memory_available_mib", "disk_read_bytes_s", "disk_write_bytes_s"),
    *("disk_read_ops_s", "disk_write_ops_s", "network_receive_bytes_s", "network_transmit_bytes_s"),
)


def metrics(**series: Any) -> Any:
    return {"step_s": 60, "series": {name: series.get(name, []) for name in NAMES}}


def test_a_line_rises_with_its_values() -> None:
    points = [(at, at) for at in range(CHART_COLUMNS)]
    line = sparkline(points, 0.0, float(CHART_COLUMNS), CHART_COLUMNS - 1, BARS)
    assert list(line) == sorted(line, key=BARS.index)
    assert (line[0], line[-1], len(line)) == ("▁", "█", CHART_COLUMNS)


def test_where_nothing_was_measured_there_is_a_blank() -> None:
    line = sparkline([(30, 5.0)], 0.0, float(CHART_COLUMNS), 10.0, BARS)
    assert line.strip() == line[30]
    assert line[30] in "▄▅"


def test_nothing_but_zeros_is_a_flat_line() -> None:
    assert sparkline([(at, 0) for at in range(CHART_COLUMNS)], 0.0, float(CHART_COLUMNS), 0.0, BARS) == "▁" * 60


def test_metrics_are_drawn_and_told(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    now = int(time.time())
    busy = [[now - 600, 20.0], [now - 300, 99.5], [now - 60, 50.0]]
    view = metrics(cpu_percent=busy, disk_read_bytes_s=[[now - 60, 2048]])
    scripted(monkeypatch, person, {f"GET {MACHINES}/{ID}/metrics": ok(view)})
    shown = person.does(f"vm metrics {ID} --since 15m", COLUMNS="120").out
    assert "now 50.0 %, at most 99.5 %" in shown
    assert "now 2 KiB/s" in shown
    assert "█" in shown
    assert "Memory used" in shown
    assert person.does(f"vm metrics {ID} -o json").json == view
    refused = person.types(f"vm metrics {ID} --since yesterday")
    assert (refused.code, "15m, 6h or 1d" in refused.err) == (2, True)
