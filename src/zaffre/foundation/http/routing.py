"""Routes: one transaction per request.

The order of things: identify the caller, check the route's access rule, read the (bounded) body, open the transaction,
run the endpoint, shape the answer, commit; only then is the answer sent and operations are dispatched. A slow client
therefore never holds a transaction, and an answer is never sent for a change that did not commit.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from sqlalchemy.exc import DBAPIError
from starlette.requests import HTTPConnection

from zaffre.foundation.actor import Actor, ActorKind
from zaffre.foundation.audit.capture import About, Deed
from zaffre.foundation.audit.refusals import Refusals
from zaffre.foundation.database import sacrificed
from zaffre.foundation.errors import Forbidden, RaceLost
from zaffre.foundation.http.access import access_rule
from zaffre.foundation.http.collections import INSIDE, Collections
from zaffre.foundation.http.idempotency import keyed_request
from zaffre.foundation.http.rates import VERDICTS, RateLimits, TooManyRequests
from zaffre.foundation.http.shaping import element_of, shaped, wishes_of
from zaffre.foundation.http.waiting import preferred_wait_s, wait_for_operation
from zaffre.foundation.work import UnitOfWork, UnitsOfWork

READING = ("GET", "HEAD")
COMMIT_ATTEMPTS = 4
PATH_CHARACTERS = 200
"""As much of a path as the audit trail keeps."""

Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True)
class RequestContext:
    """What routes need from the process; an app keeps it as `app.state.context`."""

    units: UnitsOfWork
    identify: Callable[[HTTPConnection], Awaitable[Actor]]
    """Finds out who calls, and leaves on `request.state` whatever access rules need. Never refuses: a bad credential
    counts as nobody, with the reason kept for the rule that then refuses."""
    refusals: Refusals
    """Where it is recorded that somebody who is known was refused something."""


class PlainRoute(APIRoute):
    """A route that opens its own transactions, for streams and uploads."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self.rule = access_rule(path, self.dependencies)

    def get_route_handler(self) -> Endpoint:
        """Return the handler, preceded by the access rule."""
        endpoint = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                await self._admit(request)
                return await self._answer(request, endpoint)
            except Forbidden as refusal:
                await self._note_refusal(request, refusal)
                raise

        return handle

    async def _note_refusal(self, request: Request, refusal: Forbidden) -> None:
        actor: Actor = request.state.actor
        if actor.kind is ActorKind.ACCOUNT:
            context: RequestContext = request.app.state.context
            about = About("route", f"{request.method} {self.path}")
            detail = {"path": request.url.path[:PATH_CHARACTERS], "code": refusal.code}
            await context.refusals.note(actor, actor.id, "request.refused", about, detail)

    async def _admit(self, request: Request) -> None:
        context: RequestContext = request.app.state.context
        request.state.actor = await context.identify(request)
        self._count(request)
        await self.rule.check(request)

    @staticmethod
    def _count(request: Request) -> None:
        """Hold a caller who is known to the limit of the face, if it has one.

        Raises:
            TooManyRequests: they have sent as much as they may for now.
        """
        limits: RateLimits | None = getattr(request.app.state, "rate_limits", None)
        actor: Actor = request.state.actor
        inside = getattr(request.state, INSIDE, False)
        if limits is not None and not inside and actor.kind is ActorKind.ACCOUNT:
            verdict = limits.of_caller(actor.id)
            getattr(request.state, VERDICTS).append(verdict)
            if not verdict.passed:
                raise TooManyRequests(verdict)

    async def _answer(self, request: Request, endpoint: Endpoint) -> Response:
        return await endpoint(request)


class TransactionalRoute(PlainRoute):
    """A route whose endpoint runs inside one unit of work, found with the `Work` dependency."""

    async def _answer(self, request: Request, endpoint: Endpoint) -> Response:
        context: RequestContext = request.app.state.context
        body = await request.body()
        if request.method in READING:
            return await self._read(context.units, request, endpoint)
        response = await self._write(context.units, request, endpoint, body)
        return await _hold(context.units, request, response)

    async def _read(self, units: UnitsOfWork, request: Request, endpoint: Endpoint) -> Response:
        element = element_of(self.response_model)
        collections = Collections.of(request.app)
        wishes = wishes_of(request, element, collections.names) if element is not None else None
        async with units.read(request.state.actor) as work:
            request.state.work = work
            response = await endpoint(request)
        if wishes is None or response.status_code != 200:
            return _unless_known(request, response)
        return await shaped(response, wishes, collections.reader(request))

    async def _write(self, units: UnitsOfWork, request: Request, endpoint: Endpoint, body: bytes) -> Response:
        """Run the endpoint in a writing transaction, again if it lost a race or the database had to sacrifice it."""
        for attempt in range(COMMIT_ATTEMPTS):
            last = attempt == COMMIT_ATTEMPTS - 1
            try:
                async with units.write(request.state.actor) as work:
                    return await _keyed(request, work, self._recorded(endpoint), body)
            except DBAPIError as error:
                if not sacrificed(error) or last:
                    raise
            except RaceLost:
                if last:
                    raise
            await asyncio.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - jitter
        raise AssertionError("unreachable")

    def _recorded(self, endpoint: Endpoint) -> Endpoint:
        """See to it that a request which is let through is in the audit trail, whether or not it changes anything."""

        async def answer(request: Request) -> Response:
            work: UnitOfWork = request.state.work
            subscription_id = request.path_params.get("subscription_id")
            about = About("route", f"{request.method} {self.path}", subscription_id=subscription_id)
            if work.capture is not None:
                work.capture.otherwise(Deed("request.made", about, {"path": request.url.path[:PATH_CHARACTERS]}))
            return await endpoint(request)

        return answer


async def _keyed(request: Request, work: UnitOfWork, endpoint: Endpoint, body: bytes) -> Response:
    """Run the endpoint, or repeat the answer that its idempotency key already got."""
    request.state.work = work
    keyed = keyed_request(request, work, body)
    if keyed is None:
        return await endpoint(request)
    kept = await keyed.claim()
    if kept is not None:
        return kept
    response = await endpoint(request)
    await keyed.keep(response)
    return response


def _unless_known(request: Request, response: Response) -> Response:
    """Answer 304 when the client says it has this very version."""
    tag = response.headers.get("ETag")
    if tag is not None and request.headers.get("If-None-Match") == tag:
        return Response(status_code=304, headers={"ETag": tag})
    return response


async def _hold(units: UnitsOfWork, request: Request, response: Response) -> Response:
    wait_s = preferred_wait_s(request.headers.get("Prefer"))
    location = response.headers.get("Operation-Location")
    if response.status_code == 202 and wait_s and location:
        state = await wait_for_operation(units, location.rsplit("/", 1)[-1], wait_s)
        response.headers["Preference-Applied"] = f"wait={wait_s}"
        response.headers["Operation-State"] = state
    return response


def _work(request: Request) -> UnitOfWork:
    return request.state.work


Work = Annotated[UnitOfWork, Depends(_work)]
"""The request's unit of work."""


def accept(response: Response, operation_id: str) -> None:
    """Mark an answer as accepted work: where its operation can be followed."""
    response.headers["Operation-Location"] = f"/operations/{operation_id}"
