"""Independent parts of one action, done side by side."""

import asyncio
from collections.abc import Awaitable


async def together(*parts: Awaitable[object]) -> None:
    """Do all parts at once and wait until each has ended, also when one fails; raises the first failure in order.

    What has been begun in a thread cannot be stopped, so nothing may be undone while a part still runs.
    """
    for result in await asyncio.gather(*parts, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
