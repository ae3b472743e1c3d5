"""RFC 9457 problems: the only shape in which an API says no."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import structlog
from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response

from zaffre.foundation.errors import (
    Conflict,
    DomainError,
    InvalidInput,
    NotFound,
    ProblemBody,
    TooLarge,
    UnexpectedError,
)

log = structlog.get_logger(__name__)

PROBLEM_MEDIA_TYPE = "application/problem+json"
MAX_FIELD_ERRORS = 20


class FieldProblem(BaseModel):
    """One field that is wrong."""

    target: str
    detail: str


class Problem(BaseModel):
    """An RFC 9457 problem. `code` is stable; `detail` says what happened and `remedy` what to do about it."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    code: str
    detail: str
    remedy: str
    target: str | None = None
    operation_id: str | None = None
    request_id: str | None = None
    errors: list[FieldProblem] | None = None


class ChangedMeanwhile(Conflict):
    """Two writers met."""

    code = "resource.changed"
    title = "The resource changed meanwhile"


class NoSuchRoute(NotFound):
    """There is nothing at this path."""

    code = "route.not_found"
    title = "No such path"

    def __init__(self, method: str, path: str) -> None:
        DomainError.__init__(
            self,
            f"There is nothing to {method} at {path[:200]!r}.",
            remedy="See the OpenAPI description at /openapi.json for the paths of this face.",
        )


class NotJson(DomainError):
    """The body is not declared to be JSON, so it was not read as such."""

    code = "request.not_json"
    title = "The body must be JSON"
    status = 415

    def __init__(self) -> None:
        super().__init__(
            "The body is not sent as JSON.",
            remedy="Send it with Content-Type: application/json.",
            target="Content-Type",
        )


class MethodNotAllowed(DomainError):
    """The path exists but not with this method."""

    code = "route.method_not_allowed"
    title = "Method not allowed"
    status = 405


def problem_response(error: DomainError, request_id: str | None, headers: Mapping[str, str] | None = None) -> Response:
    """Return the answer for a domain error."""
    return body_response(error.problem(), request_id, headers)


def body_response(body: ProblemBody, request_id: str | None, headers: Mapping[str, str] | None = None) -> Response:
    """Return the answer for a problem body."""
    if request_id is not None:
        body = {**body, "request_id": request_id}
    extra = dict(headers or {})
    if body["status"] == 401:
        extra.setdefault("WWW-Authenticate", 'Bearer realm="zaffre"')
    if body["status"] == 503:
        extra.setdefault("Retry-After", "1")
    return JSONResponse(body, status_code=body["status"], media_type=PROBLEM_MEDIA_TYPE, headers=extra)


def install_problem_handlers(app: FastAPI) -> None:
    """Make `app` answer every error as a problem."""

    async def on_domain_error(request: Request, error: Exception) -> Response:
        return problem_response(cast("DomainError", error), request_id_of(request))

    async def on_validation_error(request: Request, error: Exception) -> Response:
        invalid = cast("RequestValidationError", error)
        problem = NotJson().problem() if isinstance(invalid.body, bytes) else _validation_problem(invalid)
        return body_response(problem, request_id_of(request))

    async def on_http_error(request: Request, error: Exception) -> Response:
        http_error = cast("HTTPException", error)
        return problem_response(_http_problem(request, http_error), request_id_of(request), http_error.headers)

    async def on_stale_row(request: Request, _error: Exception) -> Response:
        changed = ChangedMeanwhile(
            "Somebody else changed the resource while your request was running.",
            remedy="Read the resource again and retry.",
        )
        return problem_response(changed, request_id_of(request))

    async def on_fault(request: Request, _error: Exception) -> Response:
        return unexpected_response(request_id_of(request))

    handlers: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
        Exception: on_fault,
        DomainError: on_domain_error,
        RequestValidationError: on_validation_error,
        HTTPException: on_http_error,
        StaleDataError: on_stale_row,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


def request_id_of(request: HTTPConnection) -> str | None:
    """Return the id under which the request is logged."""
    return getattr(request.state, "request_id", None)


def unexpected_response(request_id: str | None) -> Response:
    """Return the answer for a fault of ours."""
    return problem_response(UnexpectedError(), request_id)


def _http_problem(request: Request, error: HTTPException) -> DomainError:
    if error.status_code == 404:
        return NoSuchRoute(request.method, request.url.path)
    if error.status_code == 405:
        return MethodNotAllowed(
            f"{request.url.path[:200]} cannot be used with {request.method}.",
            remedy="See the Allow header and the OpenAPI description at /openapi.json.",
        )
    if error.status_code == 413:
        return TooLarge(
            str(error.detail), remedy="Send less at once; image content goes to the image's /content.", target="body"
        )
    return InvalidInput(str(error.detail), remedy="See the OpenAPI description at /openapi.json.")


def _validation_problem(error: RequestValidationError) -> ProblemBody:
    """Name each field that is wrong. The values themselves are not repeated: they may be secrets."""
    faults: list[Any] = list(error.errors())[:MAX_FIELD_ERRORS]
    fields = [_field_problem(fault) for fault in faults]
    first = fields[0] if fields else FieldProblem(target="body", detail="not valid")
    problem = InvalidInput(
        f"{first.target}: {first.detail}." + (f" ({len(fields)} problems in all.)" if len(fields) > 1 else ""),
        remedy="Correct the fields listed in `errors`; the OpenAPI description at /openapi.json gives their bounds.",
        target=first.target,
    ).problem()
    problem["errors"] = jsonable_encoder(fields)
    return problem


def _field_problem(fault: dict[str, Any]) -> FieldProblem:
    if fault["type"] == "json_invalid":
        return FieldProblem(target="body", detail=f"not valid JSON at character {fault['loc'][-1] + 1}")
    return FieldProblem(target=_target(fault["loc"]), detail=str(fault["msg"]))


def _target(location: tuple[Any, ...]) -> str:
    """Write a location as people do: `disks[0].size_gib`, or `$top` for a query option."""
    parts = list(location[1:]) if location and location[0] in ("body", "query", "path", "header") else list(location)
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or str(location[0])
