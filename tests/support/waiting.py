"""Waiting for something to become so, with a deadline."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

Seen = TypeVar("Seen")


async def until(look: Callable[[], Awaitable[Seen]], deadline_s: float = 60.0) -> Seen:
    """Look again and again until what is seen is true; returns it.

    Raises:
        TimeoutError: it never was; the message tells what was seen last.
    """
    seen: Seen | None = None
    try:
        async with asyncio.timeout(deadline_s):
            while not (seen := await look()):
                await asyncio.sleep(0.01)
            return seen
    except TimeoutError:
        raise TimeoutError(f"not within {deadline_s:g} s; last seen: {seen!r}") from None
