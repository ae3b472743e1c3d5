"""Measurements: what hosts and guests use, sampled every half minute and kept for a day.

A worker asks every host for its counters (`sampler`), turns them into rates (`rates`), and writes one row for each
drawer of resources (`packing`, `history`). Nothing that a reader needs is in anybody's memory, so any process answers
from the database. Why drawers, and what it costs: docs/decisions/0021-measurements-in-drawers.md.
"""

from zaffre.fabric.measurements.history import History, Span
from zaffre.fabric.measurements.series import ABSENT, SERIES, Series

__all__ = ["ABSENT", "SERIES", "History", "Series", "Span"]
