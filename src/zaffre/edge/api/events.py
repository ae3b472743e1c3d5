"""Routes of lifecycle events: live as server-sent events, and back in time as a list."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from zaffre.foundation.events import EventCursor, EventLog, EventScope, EventStream, LifecycleEvent
from zaffre.foundation.http.event_view import EventView
from zaffre.foundation.http.routing import PlainRoute, RequestContext, TransactionalRoute, Work
from zaffre.foundation.http.wire import View
from zaffre.foundation.ids import UUID_PATTERN
from zaffre.foundation.work import UnitOfWork
from zaffre.identity import Caller, CurrentCaller, Permission, Role, requires
from zaffre.identity.standing import standing
from zaffre.management.subscriptions import subscriptions_of

live = APIRouter(prefix="/events", tags=["events"], route_class=PlainRoute)
history = APIRouter(prefix="/events", tags=["events"], route_class=TransactionalRoute)

ResourceFilter = Annotated[str | None, Query(pattern=UUID_PATTERN, description="Only events of this resource")]
CursorText = Annotated[str | None, Query(max_length=40, pattern=r"^\d{1,19}\.\d{1,19}$")]


class CredentialExpired(Exception):
    """The credential that opened a stream is no longer good."""


class LiveEvents(StreamingResponse):
    """An answer that goes on until its reader leaves; gives its stream back however it ends."""

    def __init__(self, lines: AsyncIterator[str], release: Callable[[], None]) -> None:
        super().__init__(lines, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
        self._release = release

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._release()


class EventPageView(View):
    """A stretch of the log, newest first."""

    value: list[EventView]
    before: str | None
    """Send it as `before` to go further back; None at the beginning of the log."""


@live.get(
    "",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "Events"}},
    dependencies=[requires(Permission.OPERATION_READ)],
)
async def follow_events(
    request: Request,
    caller: CurrentCaller,
    resource_id: ResourceFilter = None,
    last_event_id: Annotated[str | None, Header(max_length=40)] = None,
) -> Response:
    """Follow events live, as server-sent events.

    Each event's id is its cursor: a client that was cut off sends the last one it saw as `Last-Event-ID` and misses
    nothing. The stream ends when the credential that opened it expires or is revoked; reconnect with a new one.
    """
    context: RequestContext = request.app.state.context
    stream: EventStream = request.app.state.stream
    after = EventCursor.parse(last_event_id) if last_event_id is not None else None

    async def scope() -> EventScope:
        async with context.units.read(request.state.actor) as work:
            now = await _as_they_are(work, caller)
            if now is None or not now.may(Permission.OPERATION_READ):
                raise CredentialExpired
            return await _scope(work, now, resource_id)

    async def lines() -> AsyncIterator[str]:
        # Whoever acts on this first line sees what came of it, and can resume even if nothing follows.
        start = after if after is not None else await stream.end()
        yield f"id: {start}\n: connected\n\n"
        try:
            async for event in stream.follow(start, scope):
                yield _server_sent(event) if event is not None else ": still here\n\n"
        except CredentialExpired:
            yield "event: credential_expired\ndata: {}\n\n"

    return LiveEvents(lines(), stream.reserve())


@history.get("/history", dependencies=[requires(Permission.OPERATION_READ)])
async def list_events(
    work: Work,
    caller: CurrentCaller,
    resource_id: ResourceFilter = None,
    before: CursorText = None,
    top: Annotated[int, Query(alias="$top", ge=1, le=500)] = 50,
) -> EventPageView:
    """List past events, newest first."""
    cursor = EventCursor.parse(before) if before is not None else None
    events = await EventLog(work.session).before(cursor, await _scope(work, caller, resource_id), top)
    further = str(events[-1].cursor) if len(events) == top else None
    return EventPageView(value=[EventView.of(event) for event in events], before=further)


async def _scope(work: UnitOfWork, caller: Caller, resource_id: str | None) -> EventScope:
    if caller.may(Permission.OPERATION_READ_ALL):
        return EventScope(everything=True, resource_id=resource_id)
    subscriptions = await subscriptions_of(work, caller)
    own = caller.account_id if caller.scope.subscription_ids is None else None
    return EventScope(account_id=own, subscription_ids=subscriptions, resource_id=resource_id)


async def _as_they_are(work: UnitOfWork, caller: Caller) -> Caller | None:
    """Return the caller as they are now; None when the credential does not stand any more.

    A tenant's session is not looked at: it ends minutes later by itself, and what a tenant may do never changes.
    """
    if caller.expires_at is not None and caller.expires_at <= work.clock.now():
        return None
    if caller.session_id is not None and caller.role == Role.TENANT:
        return caller
    now = await standing(work, caller)
    return now if now is not None and now.role == caller.role else None


def _server_sent(event: LifecycleEvent) -> str:
    data = json.dumps(EventView.of(event).model_dump(mode="json"), separators=(",", ":"))
    return f"id: {event.cursor}\nevent: {event.kind}\ndata: {data}\n\n"
