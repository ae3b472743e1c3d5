"""What every way for mail to leave the site can do."""

from contextlib import AbstractAsyncContextManager
from email.message import EmailMessage
from typing import Protocol


class NotDelivered(Exception):
    """The message was not taken now; another try may do better. The text says why, without secrets."""


class ConnectionLost(NotDelivered):
    """Nothing more can be handed over on this connection."""


class Refused(Exception):
    """The message will never be taken. The text says why."""


class Counter(Protocol):
    """An open connection that takes messages."""

    async def hand_over(self, message: EmailMessage, recipient: str) -> None:
        """Deliver a message to its recipient.

        Raises:
            NotDelivered: not now.
            Refused: never.
        """
        ...


class PostOffice(Protocol):
    """Takes messages."""

    def open(self) -> AbstractAsyncContextManager[Counter]:
        """Connect.

        Raises:
            NotDelivered: it does not answer, or does not let us in.
        """
        ...
