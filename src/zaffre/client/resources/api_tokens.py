"""API tokens: long-lived credentials for programs."""

from collections.abc import Iterable
from datetime import datetime

from zaffre.client.collection import Listing
from zaffre.client.connection import Connection, parsed
from zaffre.client.models import ApiTokenOptionsView, ApiTokenView, NewApiTokenBody, NewApiTokenView, Permission


class ApiTokens(Listing[ApiTokenView]):
    """One's API tokens."""

    noun = "API token"
    filterable = False

    def __init__(self, connection: Connection) -> None:
        """Use the tokens of a face."""
        super().__init__(connection, "/api-tokens", ApiTokenView)

    def options(self) -> ApiTokenOptionsView:
        """Return what one's next token can be for, and for how long."""
        return parsed(self._connection.ask("GET", "/api-token-options"), ApiTokenOptionsView)

    def create(
        self,
        name: str,
        expires_at: datetime | None = None,
        scopes: Iterable[str] | None = None,
        subscription_ids: Iterable[str] | None = None,
    ) -> NewApiTokenView:
        """Make a token. Its text is in the answer and nowhere else.

        Without `scopes` (names of permissions) it is for whatever its owner may do; without `subscription_ids`
        everywhere. Without `expires_at` it lives as long as the site allows.
        """
        body = NewApiTokenBody(
            name=name,
            expires_at=expires_at,
            scopes=None if scopes is None else [Permission(scope) for scope in scopes],
            subscription_ids=None if subscription_ids is None else list(subscription_ids),
        )
        return parsed(self._connection.ask("POST", self._path, body), NewApiTokenView)

    def delete(self, token_id: str) -> None:
        """Revoke a token, at once.

        Raises:
            NotFound: one has no such token.
        """
        self._connection.ask("DELETE", self._member(token_id))
