"""An API that answers as a test tells it to, and a clock that takes no time."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from zaffre.client import Clock

ID = "01900000-0000-7000-8000-000000000001"
OTHER_ID = "01900000-0000-7000-8000-0000000000aa"
Answer = httpx.Response | Exception
Handler = Callable[[httpx.Request], Answer]


class InstantClock(Clock):
    """A clock on which sleeping takes no time, and chance is always the same."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self.start = start
        self.slept_s: list[float] = []

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.monotonic_s())

    def monotonic_s(self) -> float:
        return sum(self.slept_s)

    def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)

    def chance(self) -> float:
        return 1.0


class ScriptedApi(httpx.BaseTransport):
    """Gives its answers one after the other, the last one for ever; keeps the requests."""

    def __init__(self, *answers: Answer | Handler) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not isinstance(answer, httpx.Response | Exception):
            answer = answer(request)
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


class Routes(httpx.BaseTransport):
    """Answers by method and path; a list of answers is used up one by one, its last one for ever."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.scripts = {
            route: ScriptedApi(*(given if isinstance(given, list) else [given])) for route, given in answers.items()
        }
        self.requests: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        route = f"{request.method} {request.url.path}"
        self.requests.append(route)
        if route not in self.scripts:
            return problem(404, "route.not_found", title=f"Not scripted: {route}")
        return self.scripts[route].handle_request(request)


def ok(body: Any = None, status: int = 200, **headers: str) -> httpx.Response:
    """Return an answer; header names have underscores for dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json=body, headers=named)


def accepted(body: Any, operation_id: str = ID) -> httpx.Response:
    return ok(body, 202, Operation_Location=f"/operations/{operation_id}")


def problem(status: int, code: str, **fields: Any) -> httpx.Response:
    body = {
        "type": f"urn:zaffre:problem:{code}",
        "title": "No",
        "status": status,
        "code": code,
        "detail": "It did not work.",
        "remedy": "Try something else.",
    } | fields
    headers = {"content-type": "application/problem+json"}
    return httpx.Response(status, content=json.dumps(body), headers=headers)


def page(*items: Any, next_link: str | None = None) -> httpx.Response:
    return ok({"value": list(items), "@odata.nextLink": next_link, "@odata.count": None})


def operation(state: str = "running", percent: int = 0, sentence: str = "Working", **fields: Any) -> dict[str, Any]:
    """Return an operation; its generation grows with its progress."""
    return {
        "id": ID,
        "kind": "virtual_machine.create",
        "state": state,
        "resource_type": "virtual_machine",
        "resource_id": ID,
        "resource_name": "web",
        "subscription_id": ID,
        "account_id": ID,
        "progress_percent": percent,
        "step": None,
        "sentence": sentence,
        "steps": [],
        "problem": None,
        "cancel_requested": False,
        "attempt": 1,
        "created_at": "2026-01-01T00:00:00Z",
        "started_at": None,
        "finished_at": None,
        "generation": percent + (1000 if state not in ("queued", "running") else 1),
    } | fields


def tokens(access: str = "access-1", refresh: str = "refresh-1", expires_at: str = "2026-01-01T00:10:00Z") -> Any:
    return {
        "session_id": ID,
        "account_id": ID,
        "role": "tenant",
        "access_token": access,
        "access_expires_at": expires_at,
        "refresh_token": refresh,
        "refresh_expires_at": "2026-01-15T00:00:00Z",
    }


def machine(name: str = "web", state: str = "running", **fields: Any) -> dict[str, Any]:
    return {
        "id": ID,
        "generation": 1,
        "created_at": "2026-01-01T00:00:00Z",
        "subscription_id": ID,
        "name": name,
        "hostname": name,
        "size": "small",
        "vcpus": 1,
        "memory_mib": 1024,
        "image_id": ID,
        "availability_set_id": None,
        "checkpoint_count": 0,
        "state": state,
        "desired": "running",
        "observed": "running",
        "stop_reason": None,
        "ready": True,
        "operation_id": None,
        "observed_at": "2026-01-01T00:00:00Z",
        "tags": {},
        "restart_required": False,
        "ports": [],
        "disks": [],
        "iso_image_id": None,
    } | fields


def disk(name: str = "web", **fields: Any) -> dict[str, Any]:
    return {
        "id": ID,
        "generation": 1,
        "created_at": "2026-01-01T00:00:00Z",
        "subscription_id": ID,
        "virtual_machine_id": ID,
        "name": name,
        "kind": "root",
        "state": "attached",
        "size_gib": 8,
        "position": 0,
        "serial": "0",
        "operation_id": None,
        "tags": {},
    } | fields


def size(name: str = "small", **fields: Any) -> dict[str, Any]:
    return {"id": ID, "name": name, "vcpus": 1, "memory_mib": 512, "created_at": "2026-01-01T00:00:00Z"} | fields


def event(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "cursor": f"0.{number}",
        "id": ID,
        "kind": "virtual_machine.started",
        "occurred_at": "2026-01-01T00:00:00Z",
        "actor_kind": "account",
        "actor_id": ID,
        "acting_for_id": None,
        "account_id": ID,
        "subscription_id": ID,
        "resource_type": "virtual_machine",
        "resource_id": ID,
        "resource_name": f"vm{number}",
        "operation_id": None,
        "request_id": None,
        "data": {},
    } | fields


def stream(*events: dict[str, Any], start: str = "0.0", ending: str = "") -> httpx.Response:
    """Return a stream of server-sent events that ends after them."""
    text = f"id: {start}\n: connected\n\n" + "".join(
        f"id: {each['cursor']}\nevent: {each['kind']}\ndata: {json.dumps(each)}\n\n" for each in events
    )
    return httpx.Response(200, content=text + ending, headers={"content-type": "text/event-stream"})
