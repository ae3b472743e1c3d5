"""Routes of the FOCUS export: a subscription's for its owner, and for the provider everybody's."""

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from zaffre.foundation.audit.capture import About
from zaffre.foundation.audit.trail import ReadingDesk
from zaffre.foundation.http.routing import PlainRoute, RequestContext
from zaffre.foundation.http.wire import PathId
from zaffre.foundation.settings import Settings
from zaffre.identity import CurrentCaller, Permission, requires
from zaffre.management.focus.charges import FocusMonth
from zaffre.management.focus.formats import MEDIA_TYPES, FocusFormat, as_csv, as_parquet
from zaffre.management.money.api.wire import KnownMeters
from zaffre.management.money.months import PATTERN, shown_month
from zaffre.management.subscriptions import Subscriptions

subscriptions = APIRouter(tags=["money"], route_class=PlainRoute)
administration = APIRouter(tags=["money"], route_class=PlainRoute)

Period = Annotated[str | None, Query(pattern=PATTERN, description="As in 2026-11; left out: the running month")]
Form = Annotated[FocusFormat, Query(alias="format", description="How rows are written")]
_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {media: {"schema": {"type": "string", "format": "binary"}} for media in MEDIA_TYPES.values()},
        "description": "Rows of FOCUS 1.2",
    }
}


class FocusRows(StreamingResponse):
    """Rows as they are calculated; gives its place back however it ends."""

    def __init__(self, pieces: AsyncIterator[bytes], release: Callable[[], None], media_type: str, name: str) -> None:
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        super().__init__(pieces, media_type=media_type, headers=headers)
        self._release = release

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._release()


async def _export(
    request: Request, meters: KnownMeters, period: str | None, form: FocusFormat, subscription_id: str | None = None
) -> Response:
    context: RequestContext = request.app.state.context
    settings: Settings = request.app.state.site.settings
    desk: ReadingDesk = request.app.state.site.focus_desk
    month = shown_month(period, context.units.clock.now())
    release = desk.take()
    try:
        async with context.units.write(request.state.actor) as work:
            about = About("subscription", subscription_id) if subscription_id is not None else About("statement", "all")
            work.note("statement.exported", about, {"format": form, "period": str(month)})
    except BaseException:
        release()
        raise
    issuer = next(iter(settings.money.issuer.splitlines()), "") or "Zaffre"
    rows = FocusMonth(context.units, request.state.actor, meters, month, issuer, subscription_id).rows()
    pieces = as_csv(rows) if form is FocusFormat.CSV else as_parquet(rows)
    return FocusRows(pieces, release, MEDIA_TYPES[form], f"focus-{month}.{form}")


@administration.get(
    "/focus-export",
    response_class=StreamingResponse,
    responses=_ANSWER,
    dependencies=[requires(Permission.STATEMENT_ADMIN)],
)
async def export_focus(
    request: Request, meters: KnownMeters, period: Period = None, form: Form = FocusFormat.CSV
) -> Response:
    """Export everybody's charges of a month as FOCUS 1.2, those of subscriptions that are gone too."""
    return await _export(request, meters, period, form)


@subscriptions.get(
    "/subscriptions/{subscription_id}/focus-export",
    response_class=StreamingResponse,
    responses=_ANSWER,
    dependencies=[requires(Permission.COST_READ)],
)
async def export_subscription_focus(
    subscription_id: PathId,
    request: Request,
    meters: KnownMeters,
    caller: CurrentCaller,
    period: Period = None,
    form: Form = FocusFormat.CSV,
) -> Response:
    """Export a subscription's charges of a month as FOCUS 1.2."""
    context: RequestContext = request.app.state.context
    async with context.units.read(request.state.actor) as work:
        await Subscriptions(work, caller).get(subscription_id, Permission.COST_READ)
    return await _export(request, meters, period, form, subscription_id)
