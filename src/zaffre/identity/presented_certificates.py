"""The certificate that a request's connection brought, if it may speak for anybody."""

from typing import Any

from cryptography import x509
from starlette.requests import HTTPConnection

from zaffre.foundation.errors import Unauthenticated
from zaffre.identity.certificate_reading import UNREADABLE, fingerprint_of

FACE = "public"
"""The only face that is told who its callers' certificates are; the others are for people."""
FROM_PAGES = ("Origin", "Sec-Fetch-Site")
"""Header fields that browsers send and pages cannot leave out."""


def presented_fingerprint(request: HTTPConnection) -> str | None:
    """Return the fingerprint of the certificate whose key the connection's handshake proved; None: it brought none.

    Only the server's own TLS says so. No header does, whoever sends it.

    Raises:
        Unauthenticated: it comes from a page in a browser, which shows its certificates wherever a page sends it.
    """
    tls: dict[str, Any] = request.scope.get("extensions", {}).get("tls", {})
    chain: list[str] = tls.get("client_cert_chain", [])
    if not chain or getattr(request.app.state, "face", None) != FACE:
        return None
    if any(field in request.headers for field in FROM_PAGES):
        raise Unauthenticated(
            "A certificate lets programs in, not pages in a browser.",
            remedy="Sign in with POST /sessions and send the access token as `Authorization: Bearer …`.",
        )
    try:
        return fingerprint_of(x509.load_pem_x509_certificate(chain[0].encode()))
    except UNREADABLE:
        return ""
