"""Routes of virtual machines' measurements: for their tenants, and for the operator's Prometheus."""

from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from starlette.responses import PlainTextResponse

from zaffre.compute.api.virtual_machines import CurrentMachine
from zaffre.compute.exposition import exposition
from zaffre.compute.services import Compute
from zaffre.fabric.measurements.api import AskedSpan, MetricsView, read_metrics
from zaffre.foundation.http.routing import PlainRoute, TransactionalRoute, Work
from zaffre.identity import Permission, requires

tenant = APIRouter(tags=["virtual machines"], route_class=TransactionalRoute)
administration = APIRouter(tags=["virtual machines"], route_class=PlainRoute)


@tenant.get(
    "/subscriptions/{subscription_id}/virtual-machines/{machine_id}/metrics",
    dependencies=[requires(Permission.MACHINE_READ)],
)
async def get_virtual_machine_metrics(machine: CurrentMachine, work: Work, span: AskedSpan) -> MetricsView:
    """Show what a virtual machine used in the last day."""
    return await read_metrics(work, machine.id, span)


@administration.get(
    "/metrics/virtual-machines",
    response_class=PlainTextResponse,
    dependencies=[requires(Permission.FABRIC_READ)],
)
async def expose_virtual_machine_metrics(request: Request, compute: Compute) -> StreamingResponse:
    """Return the newest measurements of all virtual machines and hosts in Prometheus' text format."""
    interval_s = request.app.state.site.settings.metrics.interval_s
    text: AsyncIterator[str] = exposition(compute.units, interval_s)
    return StreamingResponse(text, media_type="text/plain; version=0.0.4; charset=utf-8")
