"""What can go wrong, as types.

A rule that is broken raises a subclass of `DomainError`; the API turns it into an RFC 9457 problem and an operation
records it as its cause. `detail` says what happened, with numbers; `remedy` says what the reader can do about it.
"""

from typing import Any, ClassVar, NotRequired, TypedDict


class ProblemBody(TypedDict):
    """An RFC 9457 problem as stored on operations and sent to clients; `code` is stable, dotted and documented."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    remedy: str
    target: NotRequired[str]
    operation_id: NotRequired[str]
    request_id: NotRequired[str]
    errors: NotRequired[list[dict[str, Any]]]


class DomainError(Exception):
    """A rule of the domain was broken, or the outside world refused.

    Subclasses set `code`, `title` and `status`; `transient` marks causes that may be gone on the next try.
    """

    code: ClassVar[str] = "internal.error"
    title: ClassVar[str] = "Something went wrong inside Zaffre"
    status: ClassVar[int] = 500
    transient: ClassVar[bool] = False

    def __init__(self, detail: str, *, remedy: str, target: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.remedy = remedy
        self.target = target

    def problem(self) -> ProblemBody:
        """Return the error as an RFC 9457 problem body."""
        body = ProblemBody(
            type=f"urn:zaffre:problem:{self.code}",
            title=self.title,
            status=self.status,
            code=self.code,
            detail=self.detail,
            remedy=self.remedy,
        )
        if self.target is not None:
            body["target"] = self.target
        return body


class NotFound(DomainError):
    """The resource does not exist, or is not the caller's to see (the two look the same on purpose)."""

    code = "resource.not_found"
    title = "No such resource"
    status = 404

    def __init__(self, kind: str, identifier: str) -> None:
        super().__init__(
            f"There is no {kind} {identifier!r} that you may see.",
            remedy="Check the id; list the collection to see what exists.",
            target=identifier,
        )


class Conflict(DomainError):
    """The request is well formed but the resource's present state does not allow it."""

    code = "resource.conflict"
    title = "The resource's state does not allow this"
    status = 409


class NameTaken(Conflict):
    """Another resource of the same parent already has this name."""

    code = "resource.name_taken"
    title = "The name is taken"

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(
            f"There is already a {kind} named {name!r} here.",
            remedy="Choose another name, or rename the existing one.",
            target="name",
        )


class InUse(Conflict):
    """The resource cannot go while others depend on it."""

    code = "resource.in_use"
    title = "The resource is in use"


class InvalidInput(DomainError):
    """A value is outside what the field allows."""

    code = "request.invalid"
    title = "The request is not valid"
    status = 400


class InvalidQuery(InvalidInput):
    """A list query cannot be understood; `detail` points at the character."""

    code = "query.invalid"
    title = "The list query is not valid"


class Unauthenticated(DomainError):
    """The caller has not proved who they are."""

    code = "identity.unauthenticated"
    title = "Sign-in needed"
    status = 401


class Forbidden(DomainError):
    """The caller is known but may not do this."""

    code = "identity.forbidden"
    title = "Not allowed"
    status = 403


class PreconditionFailed(DomainError):
    """The caller's copy of the resource is stale."""

    code = "resource.stale"
    title = "The resource has changed"
    status = 412

    def __init__(self, expected: str, actual: str) -> None:
        super().__init__(
            f"You sent If-Match {expected}, but the resource is at {actual}.",
            remedy="Read the resource again, apply your change to the new version and retry with its ETag.",
            target="If-Match",
        )


class TooLarge(DomainError):
    """The body is larger than this route accepts."""

    code = "request.too_large"
    title = "The request is too large"
    status = 413


class Unavailable(DomainError):
    """Something Zaffre depends on does not answer; trying again later may work."""

    code = "service.unavailable"
    title = "Temporarily unavailable"
    status = 503
    transient = True


class RaceLost(Unavailable):
    """Another request took what this one had chosen; chosen anew, it will succeed. Routes try again by themselves."""

    code = "service.race_lost"
    title = "Somebody else was quicker"

    def __init__(self, what: str) -> None:
        super().__init__(f"Another request took {what} at the same moment.", remedy="Send the request again.")


class UnexpectedError(DomainError):
    """A fault of ours. The cause is in the log under the request or operation id, not in the answer."""

    def __init__(self) -> None:
        super().__init__(
            "Zaffre met a fault it did not expect.",
            remedy="Try again; if it persists, give the request_id or operation_id to the operator.",
        )
