"""ETags: the generation of a resource, so that nobody overwrites a change they have not seen."""

import re
from typing import Annotated

from fastapi import Depends, Header, Response

from zaffre.foundation.errors import InvalidInput, PreconditionFailed

_ETAG = re.compile(r'^(?:W/)?"(\d{1,18})"$')


def etag(generation: int) -> str:
    """Return the entity tag of a resource at `generation`."""
    return f'"{generation}"'


def set_etag(response: Response, generation: int) -> None:
    """Put the entity tag on an answer."""
    response.headers["ETag"] = etag(generation)


def _if_match(
    if_match: Annotated[
        str | None, Header(description="ETag that the resource must still have", max_length=200)
    ] = None,
) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    found = _ETAG.match(if_match.strip())
    if found is None:
        raise InvalidInput(
            "If-Match is not an ETag that this API gave out.",
            remedy="Send the ETag header of your last read, quotes included, or leave If-Match out.",
            target="If-Match",
        )
    return int(found[1])


IfMatch = Annotated[int | None, Depends(_if_match)]
"""The generation the caller expects; None when they do not mind."""


def check_generation(expected: int | None, actual: int) -> None:
    """Compare what the caller expects with what is.

    Raises:
        PreconditionFailed: they differ.
    """
    if expected is not None and expected != actual:
        raise PreconditionFailed(etag(expected), etag(actual))
