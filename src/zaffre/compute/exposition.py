"""The newest measurements of all machines and hosts as Prometheus' text, written piece by piece.

The format wants all lines of one metric together, so the newest samples are held while the text is written: some two
hundred bytes for each machine. The text itself, a hundred times that, is never held.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from zaffre.compute.tables import VirtualMachineRow
from zaffre.fabric.measurements import ABSENT, SERIES, History, Series
from zaffre.fabric.measurements.history import all_drawers
from zaffre.fabric.tables import HostRow
from zaffre.foundation.actor import system_actor
from zaffre.foundation.work import UnitsOfWork

ACTOR = system_actor("metrics exposition")
ROUNDS = 3
"""A sample that is older than so many rounds is not the present any more."""
NAMES_AT_ONCE = 500
LINES_AT_ONCE = 1000

_ESCAPED = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


@dataclass(frozen=True)
class _Kind:
    """Machines, or hosts."""

    prefix: str
    columns: tuple[InstrumentedAttribute[str], ...]
    """Its id, and what else goes into labels."""
    labels: tuple[str, ...]


_MACHINES = _Kind(
    "zaffre_virtual_machine",
    (VirtualMachineRow.id, VirtualMachineRow.name, VirtualMachineRow.subscription_id),
    ("id", "name", "subscription"),
)
_HOSTS = _Kind("zaffre_host", (HostRow.id, HostRow.name), ("id", "name"))


async def exposition(units: UnitsOfWork, interval_s: float) -> AsyncIterator[str]:
    """Yield the text."""
    since_s = int(units.clock.now().timestamp() - ROUNDS * interval_s)
    newest: dict[str, tuple[int, ...]] = {}
    for drawers in all_drawers():
        async with units.read(ACTOR) as work:
            found = await History(work).newest(since_s, drawers)
        newest.update({key: sample.values for key, sample in found.items()})
    for kind in (_MACHINES, _HOSTS):
        labelled = await _labelled(units, kind, newest)
        for place, series in enumerate(SERIES):
            name = f"{kind.prefix}_{_metric(series)}"
            yield f"# HELP {name} {series.title}\n# TYPE {name} gauge\n"
            lines = _lines(name, place, series, labelled, newest)
            while piece := "".join(line for line, _ in zip(lines, range(LINES_AT_ONCE), strict=False)):
                yield piece


async def _labelled(units: UnitsOfWork, kind: _Kind, newest: Mapping[str, tuple[int, ...]]) -> dict[str, str]:
    """Return the labels of everything of a kind that has a sample, by id."""
    labelled: dict[str, str] = {}
    column = kind.columns[0]
    page = select(*kind.columns).order_by(column).limit(NAMES_AT_ONCE)
    last = ""
    while True:
        async with units.read(ACTOR) as work:
            rows = (await work.session.execute(page.where(column > last) if last else page)).all()
        for row in rows:
            if row[0] in newest:
                pairs = zip(kind.labels, row, strict=True)
                labelled[row[0]] = ",".join(f'{label}="{str(text).translate(_ESCAPED)}"' for label, text in pairs)
        if len(rows) < NAMES_AT_ONCE:
            return labelled
        last = rows[-1][0]


def _lines(
    name: str, place: int, series: Series, labelled: Mapping[str, str], newest: Mapping[str, tuple[int, ...]]
) -> Iterator[str]:
    for key, labels in labelled.items():
        value = newest[key][place]
        if value != ABSENT:
            yield f"{name}{{{labels}}} {value / series.scale:.12g}\n"


def _metric(series: Series) -> str:
    """Return a series' name as Prometheus' conventions have it: base units, and rates named as such."""
    return series.name.replace("_bytes_s", "_bytes_per_second").replace("_ops_s", "_operations_per_second")
