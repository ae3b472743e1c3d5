"""Figures: what a benchmark measured, against what it may be."""

import argparse
import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One measured value."""

    name: str
    value: float
    unit: str
    budget: float | None = None
    """What it may be; None for a figure that only explains others."""
    at_least: bool = False
    """Whether the budget is a lower bound."""

    @property
    def ok(self) -> bool:
        if self.budget is None:
            return True
        return self.value >= self.budget if self.at_least else self.value <= self.budget


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of the values lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


def timings(name: str, seconds: Sequence[float], p95_budget_ms: float | None = None) -> list[Figure]:
    """Return median and 95th percentile of some durations, in milliseconds."""
    return [
        Figure(f"{name}_median", round(1000 * statistics.median(seconds), 2), "ms"),
        Figure(f"{name}_p95", round(1000 * percentile(seconds, 0.95), 2), "ms", p95_budget_ms),
    ]


def report(figures: Sequence[Figure], file: Path | None) -> int:
    """Print the figures and write them as JSON; returns the exit code, 0 when every budget is kept."""
    width = max(len(figure.name) for figure in figures)
    for figure in figures:
        bound = "" if figure.budget is None else f"{'at least' if figure.at_least else 'at most'} {figure.budget:g}"
        verdict = "" if figure.budget is None else "ok" if figure.ok else "MISSED"
        print(f"{figure.name:<{width}}  {figure.value:>10g} {figure.unit:<8} {bound:<16} {verdict}")
    if file is not None:
        rows = [asdict(figure) | {"ok": figure.ok} for figure in figures]
        file.write_text(json.dumps({"figures": rows}, indent=2) + "\n")
    return 0 if all(figure.ok for figure in figures) else 1


def arguments(description: str) -> argparse.ArgumentParser:
    """Return the parser with what every benchmark understands."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    return parser
