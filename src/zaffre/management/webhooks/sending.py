"""Sending one message: over a connection whose address was looked at, with no patience for slow or chatty receivers."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import httpcore

from zaffre.foundation.outbound.guarded import guarded_pool, is_tls_failure
from zaffre.foundation.outbound.targets import TargetRefused, Targets
from zaffre.foundation.settings import WebhookSettings

EXCERPT_BYTES = 1024
USER_AGENT = "Zaffre-Webhooks/1"


@dataclass(frozen=True)
class Answer:
    """What came of an attempt."""

    duration_ms: int
    status: int | None = None
    """None: there was no answer."""
    error: str | None = None
    """Why there was none, in a word."""
    excerpt: str | None = None

    @property
    def taken(self) -> bool:
        """Whether the receiver has it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """Whether the receiver wants no more of them."""
        return self.status == 410


class Sender(Protocol):
    """Sends messages."""

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send one, and return what came of it, whatever that is."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class GuardedSender:
    """Sends over HTTP, follows nothing, keeps no connection, reads no more than it shows."""

    def __init__(self, settings: WebhookSettings, targets: Targets) -> None:
        self._timeout_s = settings.timeout_s
        self._targets = targets
        self._pool = guarded_pool(targets, connections=settings.concurrency, ca_file=settings.ca_file)

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send one message, and return what came of it within the time that a receiver has."""
        started_s = time.monotonic()
        status: int | None = None
        error = excerpt = None
        try:
            self._targets.check_url(url)
            async with asyncio.timeout(self._timeout_s):
                status, excerpt = await self._exchange(url, headers, body)
        except TargetRefused:
            error = "target_refused"
        except TimeoutError:
            error = "timeout"
        except httpcore.ConnectError as failure:
            error = "tls" if is_tls_failure(failure) else "no_connection"
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError, ValueError):
            error = "broken_off"
        return Answer(round((time.monotonic() - started_s) * 1000), status, error, excerpt)

    async def close(self) -> None:
        """Let go of connections."""
        await self._pool.aclose()

    async def _exchange(self, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        sent: dict[bytes | str, bytes | str] = {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "Accept": "*/*",
            **headers,
        }
        extensions = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), self._timeout_s)}
        content = bytearray()
        async with self._pool.stream("POST", url, headers=sent, content=body, extensions=extensions) as response:
            async for part in response.aiter_stream():
                content += part
                if len(content) >= EXCERPT_BYTES:
                    break
        return response.status, _printable(bytes(content[:EXCERPT_BYTES]))


def _printable(content: bytes) -> str:
    """Return an answer as text that can be stored and shown."""
    text = content.decode(errors="replace")
    return "".join(
        character if character.isprintable() or character in "\n\t" else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )
