"""API tokens: long-lived credentials for programs."""

from datetime import datetime

from zaffre.client.collection import Listing
from zaffre.client.connection import Connection, parsed
from zaffre.client.models import ApiTokenView, NewApiTokenBody, NewApiTokenView


class ApiTokens(Listing[ApiTokenView]):
    """One's API tokens."""

    noun = "API token"
    filterable = False

    def __init__(self, connection: Connection) -> None:
        """Use the tokens of a face."""
        super().__init__(connection, "/api-tokens", ApiTokenView)

    def create(self, name: str, expires_at: datetime | None = None) -> NewApiTokenView:
        """Make a token. Its text is in the answer and nowhere else."""
        body = NewApiTokenBody(name=name, expires_at=expires_at)
        return parsed(self._connection.ask("POST", self._path, body), NewApiTokenView)

    def delete(self, token_id: str) -> None:
        """Revoke a token, at once.

        Raises:
            NotFound: one has no such token.
        """
        self._connection.ask("DELETE", self._member(token_id))
