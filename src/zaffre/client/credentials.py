"""Who the client is: the tokens of a session, renewed by themselves, an API token, or a client certificate."""

import ssl
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from zaffre.client.models import TokensView
from zaffre.client.problems import NotSignedIn, ZaffreError, local_problem

RENEW_AHEAD = timedelta(seconds=30)
"""How long before its end an access token is exchanged, so that it cannot run out on the way."""


class Credentials:
    """The tokens of one signed-in session; at first there may be none.

    A refresh token is good once, and presenting it twice ends the session. Programs that share stored tokens must
    therefore renew them one at a time: subclass this, let `exclusively` hold a lock that they all take, and let
    `stored` read what another of them may have saved meanwhile.
    """

    def __init__(
        self, tokens: TokensView | None = None, on_change: Callable[[TokensView | None], None] | None = None
    ) -> None:
        """Begin with tokens, if there are any.

        Args:
            tokens: of an earlier sign-in.
            on_change: called with each new pair of tokens to keep, and with None when they are to be forgotten.
        """
        self._tokens = tokens
        self._on_change = on_change
        self._lock = threading.Lock()

    @property
    def tokens(self) -> TokensView | None:
        """The tokens in hand."""
        return self._tokens

    @property
    def bearer(self) -> str | None:
        """What to sign requests with; None when nobody is signed in."""
        return self._tokens.access_token if self._tokens else None

    @property
    def renewable(self) -> bool:
        """Whether an access token that has run out can be exchanged for another."""
        return self._tokens is not None

    def due(self, now: datetime) -> bool:
        """Tell whether the access token should be renewed before it is used."""
        return self._tokens is not None and self._tokens.access_expires_at - RENEW_AHEAD <= now

    def renew(self, spent: str | None, exchange: Callable[[str], TokensView]) -> None:
        """Exchange the tokens, unless somebody else already has.

        Args:
            spent: the access token that is not good any more.
            exchange: asks the server for new tokens in exchange for a refresh token.

        Raises:
            NotSignedIn: the session has ended.
        """
        with self._lock, self.exclusively():
            self._tokens = self.stored()
            if self._tokens is None or self._tokens.access_token != spent:
                return
            try:
                self.accept(exchange(self._tokens.refresh_token))
            except NotSignedIn:
                self.accept(None)
                raise

    def accept(self, tokens: TokensView | None) -> None:
        """Take new tokens, or forget the ones in hand."""
        self._tokens = tokens
        if self._on_change is not None:
            self._on_change(tokens)

    @contextmanager
    def exclusively(self) -> Generator[None]:
        """Keep every other program that shares the stored tokens from renewing them meanwhile."""
        yield

    def stored(self) -> TokensView | None:
        """Return the newest tokens that are known anywhere."""
        return self._tokens


class ApiToken(Credentials):
    """A long-lived token, as made by `api_tokens.create`."""

    def __init__(self, text: str) -> None:
        """Use the token's text."""
        super().__init__()
        self._text = text

    @property
    def bearer(self) -> str | None:
        """What to sign requests with."""
        return self._text


@dataclass(frozen=True)
class CertificateFiles:
    """A client certificate and its key, as PEM files. The site must know it: see `client_certificates.add`."""

    certificate_file: Path
    key_file: Path | None = None
    """None: it is in the certificate's file."""

    def load_into(self, context: ssl.SSLContext) -> None:
        """Show the certificate to servers that ask for one.

        Raises:
            ZaffreError: the files cannot be used.
        """
        try:
            # A key that is locked is refused here rather than asked for on the terminal.
            context.load_cert_chain(self.certificate_file, self.key_file, password="")
        except OSError as error:
            raise ZaffreError(
                local_problem(
                    "bad_certificate",
                    "The client certificate cannot be used",
                    f"{self.certificate_file}: {error.strerror or error}.",
                    "Name a certificate and its key as PEM files; the key must not be locked with a password.",
                    target=str(self.certificate_file),
                )
            ) from None
