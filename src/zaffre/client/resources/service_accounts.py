"""Service accounts: accounts of programs, of a subscription or of the site."""

from collections.abc import Iterable
from datetime import datetime

from zaffre.client.collection import Collection, Listing
from zaffre.client.connection import Connection, parsed
from zaffre.client.models import (
    AccountState,
    ApiTokenView,
    NewApiTokenView,
    NewServiceAccountBody,
    NewServiceTokenBody,
    Permission,
    ServiceAccountChangeBody,
    ServiceAccountView,
)
from zaffre.client.resources.client_certificates import ServiceCertificates


class ServiceTokens(Listing[ApiTokenView]):
    """The API tokens of one service account."""

    noun = "API token"
    filterable = False

    def __init__(self, connection: Connection, path: str) -> None:
        """Use the tokens of the service account at `path`."""
        super().__init__(connection, f"{path}/api-tokens", ApiTokenView)

    def create(
        self, name: str, expires_at: datetime | None = None, scopes: Iterable[str] | None = None
    ) -> NewApiTokenView:
        """Make a token. Its text is in the answer and nowhere else."""
        wanted = None if scopes is None else [Permission(scope) for scope in scopes]
        body = NewServiceTokenBody(name=name, expires_at=expires_at, scopes=wanted)
        return parsed(self._connection.ask("POST", self._path, body), NewApiTokenView)

    def delete(self, token_id: str) -> None:
        """Revoke a token, at once."""
        self._connection.ask("DELETE", self._member(token_id))


class ServiceAccounts(Collection[ServiceAccountView, ServiceAccountView]):
    """Accounts of programs."""

    noun = "service account"

    def __init__(self, connection: Connection, path: str) -> None:
        """Use the service accounts at `path`."""
        super().__init__(connection, path, ServiceAccountView, ServiceAccountView)

    def create(self, name: str, role: str) -> ServiceAccountView:
        """Make an account for a program; it signs in with the tokens and certificates that are made for it."""
        return self._create(NewServiceAccountBody(name=name, role=role))

    def change(
        self, account_id: str, *, role: str | None = None, state: AccountState | None = None
    ) -> ServiceAccountView:
        """Give it another role; suspend or activate it."""
        return self._change(account_id, ServiceAccountChangeBody(role=role, state=state), ServiceAccountView, None)

    def delete(self, account_id: str) -> None:
        """Delete it with its tokens and certificates, at once."""
        self._delete(account_id)

    def tokens(self, account_id: str) -> ServiceTokens:
        """Return its API tokens."""
        return ServiceTokens(self._connection, self._member(account_id))

    def certificates(self, account_id: str) -> ServiceCertificates:
        """Return its client certificates."""
        return ServiceCertificates(self._connection, self._member(account_id))
