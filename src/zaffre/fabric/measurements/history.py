"""The samples of the last day, in the database.

Each round of sampling writes a row per drawer. Half an hour later the rows of a drawer are folded into one, with a
sample a minute. Rows are only ever inserted and deleted, a bounded number in one transaction.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CursorResult, delete, insert, select, tuple_

from zaffre.fabric.measurements.packing import DRAWERS, drawer_of, find, pack, unpack
from zaffre.fabric.measurements.series import Sample, averaged
from zaffre.fabric.tables import MeasurementRow
from zaffre.foundation.batches import batches
from zaffre.foundation.errors import InvalidInput
from zaffre.foundation.work import UnitOfWork

FOLD_S = 1800
"""Length of the span that a folded row covers; such spans begin at its multiples."""
FOLDED_STEP_S = 60
MAX_POINTS = 1000
USUAL_POINTS = 240
ROWS_AT_ONCE = 256
PRUNED_AT_ONCE = 500
FOLDER = ""
"""The writer of folded rows; no worker is called so."""

_QUICK, _SMALL = 1, 6
"""How hard zlib tries: rows of rounds live for half an hour only."""


class TooManyPoints(InvalidInput):
    """More points were asked for than one answer holds."""

    code = "metrics.too_many_points"
    title = "Too many points"

    def __init__(self, points: int, least_step_s: int) -> None:
        super().__init__(
            f"That would be {points} points of each series; an answer holds {MAX_POINTS}.",
            remedy=f"Ask for a step_s of at least {least_step_s}, or for a shorter time.",
            target="step_s",
        )


@dataclass(frozen=True)
class Span:
    """A stretch of time that is asked for, cut into steps."""

    from_s: int
    to_s: int
    step_s: int

    @classmethod
    def of(cls, from_s: int, to_s: int, step_s: int | None, interval_s: int) -> "Span":
        """Return the span; without a step, one that gives a chart's worth of points.

        Args:
            from_s: its begin, Unix time.
            to_s: its end.
            step_s: how far points are apart.
            interval_s: how far samples are apart, at best.

        Raises:
            InvalidInput: it ends before it begins.
            TooManyPoints: there would be more than an answer holds.
        """
        if to_s <= from_s:
            raise InvalidInput(
                "The time that is asked for ends before it begins.", remedy="Let `from` be before `to`.", target="from"
            )
        if step_s is None:
            step_s = max(interval_s, -(-(to_s - from_s) // USUAL_POINTS))
        points = -(-(to_s - from_s) // step_s)
        if points > MAX_POINTS:
            raise TooManyPoints(points, -(-(to_s - from_s) // MAX_POINTS))
        return cls(from_s, to_s, step_s)


class History:
    """Writing, reading, folding and pruning of samples inside one unit of work."""

    def __init__(self, work: UnitOfWork) -> None:
        self._session = work.session

    async def write(self, rows: Sequence[dict[str, Any]]) -> None:
        """Write rows of a round, as `round_rows` makes them."""
        await self._session.execute(insert(MeasurementRow), rows)

    async def read(self, resource_id: str, span: Span) -> list[Sample]:
        """Return one thing's samples, averaged over the steps of the span."""
        statement = select(MeasurementRow.content).where(
            MeasurementRow.drawer == drawer_of(resource_id),
            MeasurementRow.began_at_s > span.from_s - FOLD_S,
            MeasurementRow.began_at_s <= span.to_s,
        )
        contents = (await self._session.scalars(statement)).all()
        samples = (sample for content in contents for sample in find(content, resource_id))
        return averaged((sample for sample in samples if span.from_s <= sample.at_s <= span.to_s), span.step_s)

    async def newest(self, since_s: int, drawers: Sequence[int]) -> dict[str, Sample]:
        """Return the newest sample since some time of everything in some drawers, by id."""
        statement = (
            select(MeasurementRow.content)
            .where(MeasurementRow.drawer.in_(drawers), MeasurementRow.began_at_s >= since_s)
            .order_by(MeasurementRow.began_at_s)
        )
        contents = (await self._session.scalars(statement)).all()
        return {key: samples[-1] for content in contents for key, samples in unpack(content).items()}

    async def foldable(self, before_s: int, limit: int) -> Sequence[tuple[int, int]]:
        """Return drawers that have rows of rounds in spans that ended by some time, with where the spans begin."""
        span = MeasurementRow.began_at_s - MeasurementRow.began_at_s % FOLD_S
        statement = (
            select(MeasurementRow.drawer, span)
            .where(MeasurementRow.folded.is_(False), MeasurementRow.began_at_s < before_s - before_s % FOLD_S)
            .distinct()
            .limit(limit)
        )
        return [(drawer, began_s) for drawer, began_s in (await self._session.execute(statement)).all()]

    async def fold(self, drawer: int, began_s: int) -> None:
        """Replace a drawer's rows of one span by a single one."""
        found = await self._session.execute(
            delete(MeasurementRow)
            .where(
                MeasurementRow.drawer == drawer,
                MeasurementRow.began_at_s >= began_s,
                MeasurementRow.began_at_s < began_s + FOLD_S,
            )
            .returning(MeasurementRow.content)
        )
        merged: dict[str, list[Sample]] = {}
        for content in found.scalars():
            for key, samples in unpack(content).items():
                merged.setdefault(key, []).extend(samples)
        if merged:
            folded = {key: averaged(samples, FOLDED_STEP_S) for key, samples in sorted(merged.items())}
            row = _row(drawer, began_s, FOLDER, pack(folded, _SMALL), folded=True)
            await self._session.execute(insert(MeasurementRow), [row])

    async def prune(self, before_s: int) -> int:
        """Delete some of the rows that are wholly older than a time; returns how many."""
        keys = (MeasurementRow.drawer, MeasurementRow.began_at_s, MeasurementRow.writer)
        old = (
            select(*keys)
            .where(MeasurementRow.folded.in_((False, True)), MeasurementRow.began_at_s < before_s - FOLD_S)
            .limit(PRUNED_AT_ONCE)
        )
        result = await self._session.execute(delete(MeasurementRow).where(tuple_(*keys).in_(old)))
        return result.rowcount if isinstance(result, CursorResult) else 0


def round_rows(at_s: int, writer: str, values: Mapping[str, tuple[int, ...]]) -> Iterator[Sequence[dict[str, Any]]]:
    """Yield the rows of a round in batches.

    Args:
        at_s: when it was, Unix time.
        writer: which worker measured.
        values: what was measured, by id.
    """
    drawers: dict[int, dict[str, list[Sample]]] = {}
    for resource_id, measured in values.items():
        drawers.setdefault(drawer_of(resource_id), {})[resource_id] = [Sample(at_s, measured)]
    for numbers in batches(sorted(drawers), ROWS_AT_ONCE):
        yield [_row(number, at_s, writer, pack(drawers[number], _QUICK), folded=False) for number in numbers]


def all_drawers() -> Iterator[Sequence[int]]:
    """Yield the numbers of all drawers in batches."""
    return batches(range(DRAWERS), ROWS_AT_ONCE)


def _row(drawer: int, began_at_s: int, writer: str, content: bytes, *, folded: bool) -> dict[str, Any]:
    return {"drawer": drawer, "began_at_s": began_at_s, "writer": writer, "content": content, "folded": folded}
