"""The history of samples, on both databases."""

import uuid
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from zaffre.fabric.hypervisors import Hypervisors
from zaffre.fabric.measurements.history import History, Span, TooManyPoints, round_rows
from zaffre.fabric.measurements.sampler import Sampler
from zaffre.fabric.measurements.series import SERIES, Sample
from zaffre.fabric.tables import MeasurementRow
from zaffre.foundation.actor import system_actor
from zaffre.foundation.clock import ManualClock
from zaffre.foundation.database import Table
from zaffre.foundation.errors import InvalidInput
from zaffre.foundation.settings import MetricsSettings
from zaffre.foundation.telemetry.metrics import Metrics
from zaffre.foundation.work import UnitsOfWork

ACTOR = system_actor("test")
REST = (0,) * (len(SERIES) - 1)


def upkeep(units: UnitsOfWork) -> Sampler:
    metrics = Metrics()
    return Sampler(units, Hypervisors(units, {}, metrics), metrics, MetricsSettings(), "w")


async def measured(units: UnitsOfWork, at: datetime, values: dict[str, int]) -> None:
    for rows in round_rows(int(at.timestamp()), "w", {key: (value, *REST) for key, value in values.items()}):
        async with units.write(ACTOR) as work:
            await History(work).write(rows)


async def read(units: UnitsOfWork, key: str, span: Span) -> list[tuple[int, int]]:
    async with units.read(ACTOR) as work:
        return [(sample.at_s, sample.values[0]) for sample in await History(work).read(key, span)]


async def rows(units: UnitsOfWork) -> int:
    async with units.read(ACTOR) as work:
        return await work.session.scalar(select(func.count()).select_from(MeasurementRow)) or 0


async def test_what_was_measured_is_read_by_steps_before_and_after_folding(
    units: UnitsOfWork, clock: ManualClock
) -> None:
    keys = [str(uuid.uuid4()) for _ in range(20)]
    start = clock.now()
    for number in range(120):
        await measured(units, clock.now(), {key: number + place for place, key in enumerate(keys)})
        clock.advance(30)
    began_s = int(start.timestamp())
    fine, coarse = Span(began_s, began_s + 3599, 30), Span(began_s, began_s + 3599, 600)
    raw = await read(units, keys[3], fine)
    assert raw == [(began_s + 30 * n, n + 3) for n in range(120)]
    before = await read(units, keys[3], coarse)
    assert [value for _, value in before] == [round(3 + 20 * n + 9.5) for n in range(6)]
    rounds = await rows(units)
    clock.advance(1900)
    for _ in range(3):
        await upkeep(units).keep()
    assert await rows(units) * 20 < rounds
    assert len(await read(units, keys[3], fine)) == 60
    after = await read(units, keys[3], coarse)
    assert [at for at, _ in after] == [at for at, _ in before]
    assert all(abs(now - then) <= 1 for (_, now), (_, then) in zip(after, before, strict=True))


async def test_what_is_older_than_a_day_is_forgotten(units: UnitsOfWork, clock: ManualClock) -> None:
    key = str(uuid.uuid4())
    await measured(units, clock.now(), {key: 1})
    clock.advance(timedelta(hours=24).total_seconds())
    await upkeep(units).keep()
    assert await rows(units) == 1
    clock.advance(timedelta(hours=1).total_seconds())
    await upkeep(units).keep()
    assert await rows(units) == 0


async def test_the_newest_sample_of_everything_is_found(units: UnitsOfWork, clock: ManualClock) -> None:
    keys = [str(uuid.uuid4()) for _ in range(3)]
    for value in (1, 2):
        await measured(units, clock.now(), dict.fromkeys(keys, value))
        clock.advance(30)
    async with units.read(ACTOR) as work:
        newest = await History(work).newest(int(clock.now().timestamp()) - 90, range(1024))
    assert newest == {key: Sample(int(clock.now().timestamp()) - 30, (2, *REST)) for key in keys}


def test_a_span_is_bounded() -> None:
    assert Span.of(0, 3600, None, 30).step_s == 30
    assert Span.of(0, 86_400, None, 30).step_s == 360
    with pytest.raises(TooManyPoints) as refused:
        Span.of(0, 86_400, 30, 30)
    assert "at least 87" in refused.value.remedy
    with pytest.raises(InvalidInput):
        Span.of(5, 5, 30, 30)


def test_the_table_is_known() -> None:
    assert "measurements" in Table.metadata.tables
