"""Hands the certificate of whoever calls to the application, where the ASGI extension for TLS has it."""

import asyncio
import ssl
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class CarriesCertificate:
    """Wraps an application for one connection: its requests carry the certificate that its handshake brought."""

    def __init__(self, app: ASGIApp, certificate: bytes) -> None:
        self._app = app
        self._tls = {
            "server_cert": None,
            "client_cert_chain": [ssl.DER_cert_to_PEM_cert(certificate)],
            "client_cert_name": None,
            "client_cert_error": "judged at each request",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        extensions: dict[str, Any] = {**scope.get("extensions", {}), "tls": self._tls}
        await self._app({**scope, "extensions": extensions}, receive, send)


class HttpWithCertificate(HttpToolsProtocol):
    """HTTP on a connection whose handshake may have brought a certificate."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin."""
        super().connection_made(transport)
        self.app = _carrying(self.app, transport)


class WebSocketWithCertificate(WebSocketsSansIOProtocol):
    """A WebSocket on such a connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        super().connection_made(transport)
        self.app = _carrying(self.app, transport)


def _carrying(app: Any, transport: asyncio.BaseTransport) -> Any:
    connection: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
    certificate = None if connection is None else connection.getpeercert(binary_form=True)
    return app if certificate is None else CarriesCertificate(app, certificate)
