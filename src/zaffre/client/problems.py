"""How the client says no: one exception that carries the whole problem, and a few kinds of it worth catching apart."""

from collections.abc import Sequence

import httpx
from pydantic import ValidationError

from zaffre.client.models import FieldProblem, OperationView, Problem

_QUOTED_CHARACTERS = 300


class ZaffreError(Exception):
    """A request was refused or could not be made.

    `code` is stable and made for programs; `detail` (what happened) and `remedy` (what to do) are sentences for people.
    Problems that the client itself found have a code that starts with `client.` and a status of 0.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.title}: {self.detail} {self.remedy}".strip()

    @property
    def code(self) -> str:
        """The problem's stable, dotted name, for example `quota.exceeded`."""
        return self.problem.code

    @property
    def status(self) -> int:
        """The HTTP status; 0 when no server said this."""
        return self.problem.status

    @property
    def title(self) -> str:
        """What kind of problem it is."""
        return self.problem.title

    @property
    def detail(self) -> str:
        """What happened."""
        return self.problem.detail

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return self.problem.remedy

    @property
    def target(self) -> str | None:
        """The field or resource it is about."""
        return self.problem.target

    @property
    def errors(self) -> Sequence[FieldProblem]:
        """Each field that is wrong, when there are several."""
        return self.problem.errors or []

    @property
    def operation_id(self) -> str | None:
        """The operation it is about."""
        return self.problem.operation_id

    @property
    def request_id(self) -> str | None:
        """The id under which the server logged the request."""
        return self.problem.request_id


class Unreachable(ZaffreError):
    """No server answered, although it was asked several times."""


class NotSignedIn(ZaffreError):
    """The request needs a signed-in caller and nobody is signed in, or the session has ended."""


class NotFound(ZaffreError):
    """The resource does not exist, or is not the caller's to see."""


class Ambiguous(ZaffreError):
    """Several resources answer to the name."""


class OperationFailed(ZaffreError):
    """An operation that was waited for failed, was cancelled or is stuck."""

    def __init__(self, problem: Problem, operation: OperationView) -> None:
        super().__init__(problem)
        self.operation = operation


class StillRunning(ZaffreError):
    """An operation had not ended when the time to wait for it was over. It goes on."""

    def __init__(self, problem: Problem, operation: OperationView) -> None:
        super().__init__(problem)
        self.operation = operation


def local_problem(code: str, title: str, detail: str, remedy: str, target: str | None = None) -> Problem:
    """Return a problem that the client itself found. `code` comes without its `client.`."""
    name = f"client.{code}"
    return Problem(
        type=f"urn:zaffre:problem:{name}", code=name, status=0, title=title, detail=detail, remedy=remedy, target=target
    )


def error_of(response: httpx.Response) -> ZaffreError:
    """Return the error that an answer says, as the kind that fits its status. The answer must have been read."""
    problem = _problem_of(response)
    match problem.status:
        case 401:
            return NotSignedIn(problem)
        case 404 if problem.code == "resource.not_found":
            return NotFound(problem)
        case _:
            return ZaffreError(problem)


def unreachable(url: str, cause: Exception) -> Unreachable:
    """Return the error for a server that does not answer."""
    reason = str(cause).strip() or type(cause).__name__
    return Unreachable(
        local_problem(
            "unreachable",
            "The server does not answer",
            f"{url} cannot be reached: {reason.rstrip('.')}.",
            "Check the address and that the server is running.",
            target=url,
        )
    )


def _problem_of(response: httpx.Response) -> Problem:
    try:
        return Problem.model_validate_json(response.content)
    except ValidationError:
        return Problem(
            type="urn:zaffre:problem:client.strange_answer",
            code="client.strange_answer",
            status=response.status_code,
            title=f"The server answered {response.status_code} without saying why",
            detail=f"{response.request.method} {response.url}: {response.text[:_QUOTED_CHARACTERS] or 'empty answer'}",
            remedy="Check that the address is Zaffre's and what stands between it and you.",
            request_id=response.headers.get("X-Request-Id"),
        )
