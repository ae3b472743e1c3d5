"""Sending one message: over a connection whose address was looked at, with no patience for slow or chatty receivers."""

import asyncio
import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

import httpcore
from httpcore import AsyncNetworkBackend, AsyncNetworkStream

from zaffre.foundation.settings import WebhookSettings
from zaffre.management.webhooks.targets import TargetRefused, Targets

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


class GuardedBackend(AsyncNetworkBackend):
    """Connects only to addresses that are allowed: the very ones that were looked at."""

    def __init__(self, targets: Targets, backend: AsyncNetworkBackend) -> None:
        self._targets = targets
        self._backend = backend

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface's
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to the first of a name's addresses that answers.

        Raises:
            TargetRefused: one of its addresses is not allowed. A name with good and bad addresses is a trap.
        """
        addresses = await _resolved(host, port)
        for address in addresses:
            self._targets.check_address(address)
        failure: Exception | None = None
        for address in addresses:
            try:
                return await self._backend.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError(f"{host} has no address")

    async def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002 - the interface's, as are the others
        timeout: float | None = None,  # noqa: ARG002, ASYNC109
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> AsyncNetworkStream:
        """Refuse: no URL leads to a socket."""
        raise TargetRefused("it leads to a socket")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


async def _resolved(host: str, port: int) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(str(error)) from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class GuardedSender:
    """Sends over HTTP, follows nothing, keeps no connection, reads no more than it shows."""

    def __init__(self, settings: WebhookSettings, targets: Targets) -> None:
        self._timeout_s = settings.timeout_s
        self._targets = targets
        trust = ssl.create_default_context()
        if settings.ca_file is not None:
            trust.load_verify_locations(settings.ca_file)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=trust,
            max_connections=settings.concurrency,
            max_keepalive_connections=0,
            network_backend=GuardedBackend(targets, cast("AsyncNetworkBackend", httpcore.AnyIOBackend())),
        )

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
            error = "tls" if isinstance(failure.__cause__ or failure.__context__, ssl.SSLError) else "no_connection"
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
