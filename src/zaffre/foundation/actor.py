"""Who is behind a change, for the record."""

from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    """What kind of party acts."""

    ACCOUNT = "account"
    """A signed-in person or a program with their token."""
    SYSTEM = "system"
    """Zaffre itself: an operation, a reconciler, start-up."""
    ANONYMOUS = "anonymous"
    """Somebody who has not signed in, for example while signing up."""


@dataclass(frozen=True)
class Origin:
    """Where a request comes from, for the audit trail."""

    face: str
    """The face of the API that was asked."""
    address: str | None = None
    user_agent: str | None = None
    credential: str | None = None
    """`session`, `api_token` or `client_certificate`; None when nobody was signed in."""
    credential_id: str | None = None
    credential_name: str | None = None
    """What the holder calls an API token or a client certificate."""


@dataclass(frozen=True)
class Actor:
    """The party that a unit of work acts for; written on every event it emits."""

    kind: ActorKind
    id: str
    """Account id, or the name of the part of Zaffre that acts."""
    request_id: str | None = None
    operation_id: str | None = None
    acting_for: str | None = None
    """The account that an administrator acts for."""
    origin: Origin | None = None
    """None for work that no request does."""


def system_actor(part: str, operation_id: str | None = None) -> Actor:
    """Return the actor for work that Zaffre does by itself in `part`."""
    return Actor(ActorKind.SYSTEM, part, operation_id=operation_id)


ANONYMOUS = Actor(ActorKind.ANONYMOUS, "anonymous")
