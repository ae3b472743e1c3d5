"""Client certificates: programs sign in with a key that never leaves them."""

from collections.abc import Iterable
from datetime import datetime

from zaffre.client.collection import Listing
from zaffre.client.connection import Connection, parsed
from zaffre.client.models import ClientCertificateView, NewClientCertificateBody, NewServiceCertificateBody, Permission


class ClientCertificates(Listing[ClientCertificateView]):
    """One's client certificates."""

    noun = "client certificate"
    filterable = False

    def __init__(self, connection: Connection) -> None:
        """Use the certificates of a face."""
        super().__init__(connection, "/client-certificates", ClientCertificateView)

    def add(
        self,
        certificate: str,
        name: str | None = None,
        expires_at: datetime | None = None,
        scopes: Iterable[str] | None = None,
        subscription_ids: Iterable[str] | None = None,
    ) -> ClientCertificateView:
        """Let whoever holds a certificate's key in at the public face.

        Args:
            certificate: as PEM text, without its key.
            name: what to call it; left out, what the certificate calls its subject.
            expires_at: when it stops letting anybody in; left out, as late as may be.
            scopes: names of the permissions that it is for; left out, whatever its owner may do.
            subscription_ids: the subscriptions that it is for; left out, all.
        """
        body = NewClientCertificateBody(
            certificate=certificate,
            name=name,
            expires_at=expires_at,
            scopes=_permissions(scopes),
            subscription_ids=None if subscription_ids is None else list(subscription_ids),
        )
        return parsed(self._connection.ask("POST", self._path, body), ClientCertificateView)

    def delete(self, certificate_id: str) -> None:
        """Let nobody in with a certificate any more, from the next request on.

        Raises:
            NotFound: one has no such certificate.
        """
        self._connection.ask("DELETE", self._member(certificate_id))


class ServiceCertificates(Listing[ClientCertificateView]):
    """The client certificates of one service account."""

    noun = "client certificate"
    filterable = False

    def __init__(self, connection: Connection, path: str) -> None:
        """Use the certificates of the service account at `path`."""
        super().__init__(connection, f"{path}/client-certificates", ClientCertificateView)

    def add(
        self,
        certificate: str,
        name: str | None = None,
        expires_at: datetime | None = None,
        scopes: Iterable[str] | None = None,
    ) -> ClientCertificateView:
        """Let whoever holds a certificate's key in as the service account."""
        body = NewServiceCertificateBody(
            certificate=certificate, name=name, expires_at=expires_at, scopes=_permissions(scopes)
        )
        return parsed(self._connection.ask("POST", self._path, body), ClientCertificateView)

    def delete(self, certificate_id: str) -> None:
        """Let nobody in with a certificate any more, from the next request on."""
        self._connection.ask("DELETE", self._member(certificate_id))


def _permissions(scopes: Iterable[str] | None) -> list[Permission] | None:
    return None if scopes is None else [Permission(scope) for scope in scopes]
