"""Metering: what was used, when, by whom, as records that money can be made of.

Providers say which meters they have and, from a row, how much of each a resource uses as long as the row stays as it
is. Whenever such a row changes, the same transaction writes that down (`journal`), so no sampling error exists. A loop
turns the changes into spans of constant use and cuts these into usage records every few minutes (`spans`); traffic and
other things that are counted come in as they are counted (`records`). Records are only ever added, so any number of
readers follows them by cursor. From records follow sums of hours and days (`rollups`), which stay when records have
aged. Why so: docs/decisions/0036-usage-is-written-with-the-change.md.

Public face: `Meter`, `MeterKind`, `ResourceUsage`, `Watched`, `Meters`, `measure_rows`, `CountedUsage`, `UsageRecords`.
"""

from zaffre.management.metering.meters import Meter, MeterKind, Meters, ResourceUsage, Watched, measure_rows
from zaffre.management.metering.records import CountedUsage, UsageRecords

__all__ = [
    "CountedUsage",
    "Meter",
    "MeterKind",
    "Meters",
    "ResourceUsage",
    "UsageRecords",
    "Watched",
    "measure_rows",
]
