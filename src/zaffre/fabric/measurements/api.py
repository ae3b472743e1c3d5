"""Routes and wire models of measurements."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from zaffre.fabric.hosts import Hosts
from zaffre.fabric.measurements.history import History, Span
from zaffre.fabric.measurements.series import ABSENT, SERIES, Sample
from zaffre.foundation.clock import Clock
from zaffre.foundation.http.routing import TransactionalRoute, Work
from zaffre.foundation.http.wire import PathId, View
from zaffre.foundation.settings import MetricsSettings
from zaffre.foundation.work import UnitOfWork
from zaffre.identity import Permission, requires

USUAL_SPAN = timedelta(hours=1)

administration = APIRouter(tags=["fabric"], route_class=TransactionalRoute)

Points = list[tuple[int, float]]
"""Unix times, each the begin of a step, with the average over the step. Steps without any sample are left out."""


class SeriesView(View):
    """What was measured, series by series, as pairs of a Unix time and a value."""

    cpu_percent: Points
    """Processor time used, in percent of all processors it has."""
    memory_used_mib: Points
    """What kernel and programs hold. Empty where a guest has no balloon driver, which is what reports it."""
    memory_available_mib: Points
    """What programs could still get without swapping."""
    disk_read_bytes_s: Points
    disk_write_bytes_s: Points
    disk_read_ops_s: Points
    disk_write_ops_s: Points
    network_receive_bytes_s: Points
    network_transmit_bytes_s: Points


class MetricsView(View):
    """Measurements over a stretch of time."""

    step_s: int
    """How far points are apart."""
    series: SeriesView


async def read_metrics(work: UnitOfWork, resource_id: str, span: Span) -> MetricsView:
    """Return what was measured of a host or a guest."""
    return MetricsView(step_s=span.step_s, series=_series(await History(work).read(resource_id, span)))


def _span(
    request: Request,
    work: Work,
    begin: Annotated[
        datetime | None, Query(alias="from", description="Where to begin; left out: an hour before the end")
    ] = None,
    end: Annotated[datetime | None, Query(alias="to", description="Where to end; left out: now")] = None,
    step_s: Annotated[
        int | None, Query(ge=1, le=86_400, description="Seconds between points; left out: as fits a chart")
    ] = None,
) -> Span:
    settings: MetricsSettings = request.app.state.site.settings.metrics
    from_s, to_s = _bounds(work.clock, begin, end, settings.keep_hours)
    return Span.of(from_s, to_s, step_s, int(settings.interval_s))


AskedSpan = Annotated[Span, Depends(_span)]
"""The stretch of time that a request asks for; never longer than measurements are kept."""


@administration.get("/hosts/{host_id}/metrics", dependencies=[requires(Permission.FABRIC_READ)])
async def get_host_metrics(host_id: PathId, work: Work, span: AskedSpan) -> MetricsView:
    """Show what a host and all of its guests together use."""
    host = await Hosts(work).get(host_id)
    return await read_metrics(work, host.id, span)


def _bounds(clock: Clock, begin: datetime | None, end: datetime | None, keep_hours: int) -> tuple[int, int]:
    now = clock.now()
    end = min(_aware(end), now) if end is not None else now
    earliest = now - timedelta(hours=keep_hours)
    begin = _aware(begin) if begin is not None else end - USUAL_SPAN
    return int(max(begin, earliest).timestamp()), int(end.timestamp())


def _aware(instant: datetime) -> datetime:
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)


def _series(samples: Sequence[Sample]) -> SeriesView:
    points: dict[str, Points] = {
        series.name: [
            (sample.at_s, sample.values[place] / series.scale) for sample in samples if sample.values[place] != ABSENT
        ]
        for place, series in enumerate(SERIES)
    }
    return SeriesView(**points)
