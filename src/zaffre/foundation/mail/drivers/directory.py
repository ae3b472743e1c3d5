"""Mail that goes nowhere: each message becomes a file in a directory. For development."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from email.policy import default as POLICY  # noqa: N812 - it is a constant
from pathlib import Path

from zaffre.foundation.mail.drivers.post_office import NotDelivered

SUFFIX = ".eml"


class MailDirectory:
    """A directory of messages, which sort by when they came. Only the server's user can read it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @asynccontextmanager
    async def open(self) -> AsyncGenerator["MailDirectory"]:
        """Make the directory if there is none."""
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise NotDelivered(f"{self._directory}: {error.strerror}") from None
        yield self

    async def hand_over(self, message: EmailMessage, recipient: str) -> None:  # noqa: ARG002 - it is in the message
        """Write a message; the same one again replaces itself."""
        try:
            await asyncio.to_thread(self._write, message)
        except OSError as error:
            raise NotDelivered(f"{self._directory}: {error.strerror}") from None

    def _write(self, message: EmailMessage) -> None:
        name = str(message["Message-ID"]).strip("<>").partition("@")[0]
        unfinished = self._directory / f".{name}"
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(message.as_bytes(policy=POLICY.clone(utf8=True)))
        unfinished.rename(self._directory / f"{name}{SUFFIX}")
