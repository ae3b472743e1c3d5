"""TLS that asks who calls for a certificate, takes whichever comes, and leaves it to the application to judge.

A handshake proves that the peer holds the certificate's key, and nothing else: which certificates are good is in the
database, and may change between two requests. Python's own `ssl` cannot do that. It refuses in the handshake what leads
to no trusted authority, and lets nobody else decide. So the connection is OpenSSL's by way of pyOpenSSL, dressed as
what event loops expect (decision 0059).
"""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import InvalidVersion
from OpenSSL import SSL

ResultT = TypeVar("ResultT")
RECORD_BYTES = 16_384
"""The most that one record of TLS carries, so that asking for more at once gets no more."""
CARRIED_BYTES = 65_536


class AskingContext(ssl.SSLContext):
    """A server's side of TLS that asks for a certificate; whoever has none is as welcome."""

    asking: SSL.Context

    @classmethod
    def of(cls, certificate_file: Path, key_file: Path) -> "AskingContext":
        """Make one that shows the certificate in a PEM file, with the chain that is there.

        Raises:
            OSError: the files cannot be read or used (`ssl.SSLError` is one).
        """
        made = cls(ssl.PROTOCOL_TLS_SERVER)
        # Read by `ssl` first, as at the other doors: what is wrong with a file is told in the same words.
        made.load_cert_chain(certificate_file, key_file)
        asking = SSL.Context(SSL.TLS_SERVER_METHOD)
        asking.set_min_proto_version(SSL.TLS1_2_VERSION)
        asking.use_certificate_chain_file(str(certificate_file))
        asking.use_privatekey_file(str(key_file))
        asking.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_TICKET)
        # A session that is taken up again would bring its certificate without a new proof.
        asking.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        asking.set_verify(SSL.VERIFY_PEER, _take_it)
        made.asking = asking
        return made

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: ARG002, FBT001, FBT002 - as in `ssl`, here and below
        server_hostname: str | bytes | None = None,  # noqa: ARG002
        session: ssl.SSLSession | None = None,  # noqa: ARG002
    ) -> ssl.SSLObject:
        """Return the server's side of one connection, which reads and writes what the event loop carries."""
        return cast("ssl.SSLObject", _Connection(self.asking, incoming, outgoing))


def _take_it(*_: object) -> bool:
    """Let the handshake go on whatever is wrong with a certificate: that the key is there is checked elsewhere."""
    return True


class _Connection:
    """One connection: what event loops use of `ssl.SSLObject`, spoken by pyOpenSSL."""

    def __init__(self, context: SSL.Context, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO) -> None:
        self._connection = SSL.Connection(context)
        self._connection.set_accept_state()
        self._incoming = incoming
        self._outgoing = outgoing
        self._unread = False
        """Whether OpenSSL was given something since it last asked for more."""

    def do_handshake(self) -> None:
        """Go on with the handshake."""
        self._carry(self._connection.do_handshake)

    def read(self, count: int = RECORD_BYTES, buffer: bytearray | None = None) -> bytes | int:
        """Return what has come, or put it into a buffer; nothing when the peer has said that no more comes."""
        most = min(count, RECORD_BYTES)
        if buffer is not None:
            return self._carry(lambda: self._connection.recv_into(buffer, most), closed=0)
        return self._carry(lambda: self._connection.recv(most), closed=b"")

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Send, and return how much of it."""
        return self._carry(lambda: self._connection.send(data))

    def unwrap(self) -> None:
        """Say that nothing more comes, and wait until the peer has said so."""
        if not self._carry(self._connection.shutdown, closed=True):
            raise _more_first()

    def pending(self) -> int:
        """Return how much can be read at once: at least 1 while there may be more in what OpenSSL was given.

        An event loop that looks here before it reads (uvloop) would else wait for bytes that have come already.
        """
        return self._connection.pending() or int(self._unread)

    def getpeercert(self, binary_form: bool = False) -> dict[str, Any] | bytes | None:  # noqa: FBT001, FBT002
        """Return the peer's certificate as DER; none in words, as `ssl` does with one that it has not checked."""
        if not binary_form:
            return {}
        try:
            certificate = self._connection.get_peer_certificate(as_cryptography=True)
            return None if certificate is None else certificate.public_bytes(Encoding.DER)
        except (ValueError, InvalidVersion):
            # OpenSSL reads what is no X.509 to the letter; nobody can have registered it.
            return b""

    def cipher(self) -> tuple[str, str, int] | None:
        """Return the cipher in use: its name, its protocol, its bits."""
        name = self._connection.get_cipher_name()
        return None if name is None else (name, self.version(), self._connection.get_cipher_bits() or 0)

    def version(self) -> str:
        """Return the protocol in use."""
        return self._connection.get_protocol_version_name()

    def compression(self) -> None:
        """Return no compression: there is none."""

    def selected_alpn_protocol(self) -> None:
        """Return no protocol: none was offered."""

    def _carry(self, act: Callable[[], ResultT], closed: ResultT | None = None) -> ResultT:
        """Do something with all that has come, and carry off what is to be sent, also when it failed.

        Raises:
            ssl.SSLError: as `ssl` would.
        """
        while arrived := self._incoming.read():
            self._connection.bio_write(arrived)
            self._unread = True
        try:
            return act()
        except SSL.WantReadError:
            self._unread = False
            raise _more_first() from None
        except SSL.ZeroReturnError:
            if closed is None:
                raise ssl.SSLZeroReturnError(ssl.SSL_ERROR_ZERO_RETURN, "the peer has closed") from None
            return closed
        except SSL.Error as error:
            raise ssl.SSLError(ssl.SSL_ERROR_SSL, f"TLS failed: {error}") from None
        finally:
            self._send()

    def _send(self) -> None:
        """Carry off what is to be sent."""
        sent = CARRIED_BYTES
        while sent == CARRIED_BYTES:
            try:
                sent = self._outgoing.write(self._connection.bio_read(CARRIED_BYTES))
            except SSL.WantReadError:
                return


def _more_first() -> ssl.SSLWantReadError:
    return ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "more must come first")
