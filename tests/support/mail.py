"""A mail server of the tests: a real one, in a thread of its own, that keeps what it takes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from support.server_process import free_ports


@dataclass
class MailServer:
    """Takes mail; refuses with `refusals`, by recipient or, as `connection`, everybody."""

    port: int = 0
    messages: list[EmailMessage] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    signed_in: list[str] = field(default_factory=list)
    taking: Any = None
    """Called before a message is taken."""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if refusal := self.refusals.get(address):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.messages.append(message_from_bytes(envelope.content.replace(b"\r\n", b"\n"), EmailMessage, policy=default))
        return "250 taken"

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.signed_in.append(data.login.decode())
        right = data.password == b"right"
        return AuthResult(success=right, handled=right)


@contextmanager
def mail_server(port: int = 0, **options: Any) -> Iterator[MailServer]:
    """Run a mail server on loopback until the block ends."""
    server = MailServer(port or free_ports(1)[0])
    controller = Controller(
        server, "127.0.0.1", server.port, authenticator=server.authenticate, auth_require_tls=False, **options
    )
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


def link_in(message: EmailMessage) -> str:
    """Return the link with a key in a message."""
    return next(word for word in message.get_content().split() if "://" in word and "#" in word)
