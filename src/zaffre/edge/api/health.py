"""Routes for those who watch the process: is it alive, can it work, what does it measure."""

from fastapi import APIRouter, Request, Response
from starlette.responses import PlainTextResponse

from zaffre.edge.site import Site
from zaffre.foundation.http.routing import PlainRoute
from zaffre.foundation.http.wire import View
from zaffre.identity import public

shared = APIRouter(tags=["health"], route_class=PlainRoute)
administration = APIRouter(tags=["health"], route_class=PlainRoute)


class LivenessView(View):
    """The process answers."""

    status: str
    version: str


class LoopView(View):
    """A background loop."""

    name: str
    healthy: bool
    last_failure: str | None


class ReadinessView(View):
    """Whether the process can do its work."""

    ready: bool
    database: bool
    loops: list[LoopView]
    """Empty in a process that only serves the API."""


@shared.get("/healthz", dependencies=[public()])
async def is_alive(request: Request) -> LivenessView:
    """Say that the process is alive."""
    return LivenessView(status="alive", version=request.app.version)


@administration.get("/readyz", dependencies=[public()], responses={503: {"model": ReadinessView}})
async def is_ready(request: Request, response: Response) -> ReadinessView:
    """Say whether the database answers and no background loop is failing; 503 when not."""
    site: Site = request.app.state.site
    database = await _database_answers(site)
    loops = [
        LoopView(name=loop.name, healthy=loop.last_failure is None, last_failure=loop.last_failure)
        for loop in site.loops
    ]
    ready = database and all(loop.healthy for loop in loops)
    if not ready:
        response.status_code = 503
    return ReadinessView(ready=ready, database=database, loops=loops)


@administration.get("/metrics", response_class=PlainTextResponse, dependencies=[public()])
async def metrics(request: Request) -> Response:
    """Return the process's metrics in Prometheus' text format."""
    site: Site = request.app.state.site
    return Response(site.metrics.render(), media_type="text/plain; version=0.0.4; charset=utf-8")


async def _database_answers(site: Site) -> bool:
    try:
        await site.units.database.ping()
    except Exception:  # noqa: BLE001 - whatever is wrong with it, the answer is no
        return False
    return True
