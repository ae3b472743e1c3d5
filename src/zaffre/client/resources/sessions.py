"""Signing in and out."""

from pydantic import SecretStr

from zaffre.client.collection import Listing
from zaffre.client.connection import Connection, parsed
from zaffre.client.models import SessionView, SignInBody, TokensView


class Sessions(Listing[SessionView]):
    """One's sign-in sessions."""

    noun = "session"
    name_field = None
    filterable = False

    def __init__(self, connection: Connection) -> None:
        """Use the sessions of a face."""
        super().__init__(connection, "/sessions", SessionView)

    def sign_in(self, email: str, password: str, code: str | None = None) -> TokensView:
        """Begin a session; from now on the client signs its requests with it.

        Args:
            email: the account's address.
            password: its password.
            code: of its second factor, if it has one, or a recovery code.

        Raises:
            NotSignedIn: address and password do not belong to an active account; or, with the code
                `identity.code_needed`, they do and the account has a second factor.
            ZaffreError: too many sign-ins failed lately.
        """
        body = SignInBody(email=email, password=SecretStr(password), code=code)
        tokens = parsed(self._connection.ask("POST", self._path, body, signed=False), TokensView)
        self._connection.credentials.accept(tokens)
        return tokens

    def sign_out(self) -> None:
        """End the session and forget its tokens.

        Raises:
            ZaffreError: the client uses an API token, which has no session.
        """
        self._connection.ask("DELETE", f"{self._path}/current")
        self._connection.credentials.accept(None)

    def revoke(self, session_id: str) -> None:
        """End one of one's sessions. Its access token stays good until it expires, minutes later.

        Raises:
            NotFound: one has no such session.
        """
        self._connection.ask("DELETE", self._member(session_id))
