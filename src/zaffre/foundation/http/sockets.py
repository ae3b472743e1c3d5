"""WebSockets: how a handshake is refused, and how a conversation ends."""

import asyncio
import contextlib
from dataclasses import dataclass

from starlette.websockets import WebSocket, WebSocketState

from zaffre.foundation.errors import DomainError
from zaffre.foundation.http.problems import problem_response, request_id_of

BINARY = "binary"
"""The subprotocol that browsers' console libraries ask for."""

BEARER_SUBPROTOCOL = "zaffre.bearer."
"""Begins a subprotocol that is no protocol: browsers can send no headers with a handshake, so what follows is what
`Authorization: Bearer` would say. It is never chosen, so it is not sent back."""

MESSAGE_BYTES = 65_536
"""Longest message that a client may send."""

_LONGEST_REASON_BYTES = 123
_CLOSE_DEADLINE_S = 2.0


@dataclass(frozen=True)
class Closing:
    """How a server ends a conversation (RFC 6455, section 7.4); codes from 4000 on are Zaffre's own."""

    code: int
    reason: str


NORMAL = Closing(1000, "")
ONLY_BYTES = Closing(1003, "Send binary messages.")
TOO_LONG = Closing(1009, f"A message may have {MESSAGE_BYTES} bytes.")


def bearer_of(socket: WebSocket) -> str | None:
    """Return the credential among the subprotocols that a handshake offers."""
    offered: list[str] = socket.scope.get("subprotocols", [])
    found = (name.removeprefix(BEARER_SUBPROTOCOL) for name in offered if name.startswith(BEARER_SUBPROTOCOL))
    return next(found, None)


async def refuse(socket: WebSocket, error: DomainError) -> None:
    """Answer a handshake with a problem."""
    await socket.send_denial_response(problem_response(error, request_id_of(socket)))


async def accept_binary(socket: WebSocket) -> None:
    """Complete a handshake for an exchange of binary messages."""
    offered: list[str] = socket.scope.get("subprotocols", [])
    await socket.accept(subprotocol=BINARY if BINARY in offered else None)


async def close(socket: WebSocket, closing: Closing) -> None:
    """End a conversation, unless the other side has; one that takes nothing any more is not waited for."""
    if WebSocketState.DISCONNECTED in (socket.client_state, socket.application_state):
        return
    reason = closing.reason.encode()[:_LONGEST_REASON_BYTES].decode(errors="ignore")
    with contextlib.suppress(TimeoutError, RuntimeError, OSError):  # it went at this very moment
        async with asyncio.timeout(_CLOSE_DEADLINE_S):
            await socket.close(closing.code, reason)
