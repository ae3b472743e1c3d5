"""Connecting to named addresses: only to ones that were looked at, whatever their names lead to a moment later."""

import asyncio
import socket
import ssl
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, cast

import httpcore
from httpcore import AsyncNetworkBackend, AsyncNetworkStream

from zaffre.foundation.errors import InvalidInput
from zaffre.foundation.outbound.targets import TargetRefused, Targets


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


def guarded_pool(
    targets: Targets,
    *,
    connections: int,
    keep_alive_s: float = 0,
    ca_file: Path | None = None,
    ca_pem: str | None = None,
) -> httpcore.AsyncConnectionPool:
    """Return a pool of connections that go where `targets` lets them, and follow nothing.

    Args:
        targets: where they may go.
        connections: how many may be open at once.
        keep_alive_s: how long one that is not used stays open; 0: not at all.
        ca_file: certificates to trust besides the system's.
        ca_pem: certificates to trust instead of the system's.

    Raises:
        ssl.SSLError, ValueError: `ca_pem` holds no certificate.
    """
    of_the_system = ca_file is None and ca_pem is None
    trust = _trust_of_the_system() if of_the_system else ssl.create_default_context(cadata=ca_pem)
    if ca_file is not None:
        trust.load_verify_locations(ca_file)
    return httpcore.AsyncConnectionPool(
        ssl_context=trust,
        max_connections=connections,
        max_keepalive_connections=connections if keep_alive_s else 0,
        keepalive_expiry=keep_alive_s or None,
        network_backend=GuardedBackend(targets, cast("AsyncNetworkBackend", httpcore.AnyIOBackend())),
    )


@cache
def _trust_of_the_system() -> ssl.SSLContext:
    """Return the system's certificates, read once: reading them takes longer than most requests."""
    return ssl.create_default_context()


def check_certificates(pem: str) -> None:
    """Let certificates pass that can be read.

    Raises:
        InvalidInput: there is none in them.
    """
    try:
        ssl.create_default_context(cadata=pem)
    except (ssl.SSLError, ValueError):
        raise InvalidInput(
            "The certificates cannot be read.",
            remedy="Give one or more certificates in PEM: -----BEGIN CERTIFICATE----- …",
            target="ca_certificates",
        ) from None


def is_tls_failure(failure: httpcore.ConnectError) -> bool:
    """Tell whether a connection failed because the other side could not prove who it is."""
    return isinstance(failure.__cause__ or failure.__context__, ssl.SSLError)
