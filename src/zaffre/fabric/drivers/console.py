"""Consoles of guests: their screens and their serial lines, as channels of bytes.

A screen speaks RFB, the protocol of VNC (RFC 6143), and asks for no password: whoever holds the channel has been let
in already. Several viewers may look at one screen. A serial line has one holder: who opens it takes it from whoever
had it.
"""

from enum import StrEnum
from typing import Protocol

from zaffre.foundation.errors import Conflict

READ_BYTES = 65_536
"""Most that one `read` returns."""


class ConsoleKind(StrEnum):
    """What a console shows."""

    GRAPHICAL = "graphical"
    """The screen, with keyboard and pointer."""
    SERIAL = "serial"
    """The first serial port."""


class ConsoleChannel(Protocol):
    """An open console. To be closed by whoever opened it, also after its end."""

    async def read(self) -> bytes:
        """Return what comes from the guest, at most `READ_BYTES`, waiting for it; nothing at the end.

        The end comes when the guest's power goes off, when the host is lost, or when somebody else opened the same
        serial line.
        """
        ...

    async def write(self, content: bytes) -> None:
        """Send to the guest; returns when the host has taken it. What comes after the end goes nowhere."""
        ...

    async def close(self) -> None:
        """Let go of the console."""
        ...


class GuestOff(Conflict):
    """The guest has no console because its power is off."""

    code = "host.guest_off"
    title = "The guest is off"

    def __init__(self, host: str, guest_id: str) -> None:
        super().__init__(
            f"Guest {guest_id} on host {host} is off, so it has no console.",
            remedy="Start the virtual machine, then open its console.",
            target=guest_id,
        )


class ConsoleUnavailable(Conflict):
    """The host cannot give out this console."""

    code = "host.console_unavailable"
    title = "The host cannot give out this console"

    def __init__(self, host: str, cause: str, remedy: str) -> None:
        super().__init__(f"Host {host} cannot give out this console: {cause}.", remedy=remedy, target=host)
