"""Fields that several routes of identity take."""

from typing import Annotated

from fastapi import Request
from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from zaffre.identity.accounts import SERVICE_DOMAIN

_LETTER = r"[^@\s\x00-\x1f<>(),:;\\\"\[\]]"


def _of_a_person(value: str) -> str:
    if value.lower().endswith(f"@{SERVICE_DOMAIN}"):
        raise ValueError("must be an address where somebody reads mail")
    return value


Email = Annotated[
    str,
    StringConstraints(max_length=254, pattern=f"^{_LETTER}{{1,64}}@{_LETTER}{{1,189}}$"),
    AfterValidator(_of_a_person),
]
"""An e-mail address, without what would need quotes in a message's head."""
NewPassword = Annotated[SecretStr, Field(min_length=10, max_length=256)]
GivenPassword = Annotated[SecretStr, Field(min_length=1, max_length=256)]
GivenCode = Annotated[str, StringConstraints(min_length=6, max_length=20, pattern=r"^[A-Za-z0-9 -]+$")]
"""A code of a second factor, or a recovery code."""

RoleKey = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,36}$")]
"""A site role that is built in, or the id of one that the site has made."""


def source_key(request: Request) -> str:
    """Name where a request comes from, to count attempts."""
    return f"address {request.client.host if request.client else 'unknown'}"


def client_of(request: Request) -> str:
    """Describe what signs in, for the list of sessions."""
    agent = "".join(c for c in request.headers.get("User-Agent", "unknown") if c.isprintable())
    return f"{agent[:150]} from {request.client.host if request.client else 'unknown'}"
