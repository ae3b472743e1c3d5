"""Client certificates: how programs sign in to the public face with a key that never leaves them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from zaffre.foundation.errors import Conflict, NotFound
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.identity.api_tokens import check_hands_on, end_of, listed
from zaffre.identity.callers import Caller
from zaffre.identity.certificate_reading import ReadCertificate, read_certificate
from zaffre.identity.scopes import EVERYTHING, Scope
from zaffre.identity.tables import ClientCertificateRow
from zaffre.identity.token_uses import TokenLife

CERTIFICATES_PER_ACCOUNT = 50
FINGERPRINT_NAMES = 16
"""So many digits of the fingerprint name a certificate that names nobody."""


class TooManyCertificates(Conflict):
    """The account has as many certificates as it may."""

    code = "client_certificate.too_many"
    title = "Too many client certificates"

    def __init__(self) -> None:
        super().__init__(
            f"An account may have {CERTIFICATES_PER_ACCOUNT} client certificates and this one has.",
            remedy="Remove one that is no longer used.",
        )


class AlreadyRegistered(Conflict):
    """Some account has the certificate; whose is told to nobody."""

    code = "client_certificate.registered"
    title = "The certificate is registered already"

    def __init__(self) -> None:
        super().__init__(
            "A certificate belongs to one account, and this one is registered already.",
            remedy="Look whether you have it; or make another one, with a key of its own.",
            target="certificate",
        )


@dataclass(frozen=True)
class NewClientCertificate:
    """A wish to sign in with a certificate."""

    certificate: str
    """PEM."""
    name: str | None = None
    """None: what the certificate calls its subject."""
    expires_at: datetime | None = None
    """None: as late as the certificate itself, the site, and the credential that adds it, allow."""
    scope: Scope = EVERYTHING


class ClientCertificates:
    """Rules for one account's client certificates inside one unit of work."""

    def __init__(self, work: UnitOfWork, account_id: str, life: TokenLife) -> None:
        self._work = work
        self._session = work.session
        self._account_id = account_id
        self._life = life

    async def add(self, draft: NewClientCertificate, maker: Caller) -> ClientCertificateRow:
        """Let whoever holds a certificate's key in.

        Raises:
            InvalidInput: it is no certificate, or one that is not accepted, or it was to be good until the past.
            AlreadyRegistered: it lets somebody in already.
            TooManyCertificates: the account has as many as it may.
            MoreThanHeld: it was to be for more than the maker's own credential.
            LivesTooLong: it was to live longer than the site allows, or than the credential that adds it.
        """
        check_hands_on(maker, draft.scope)
        now = self._work.clock.now()
        read = read_certificate(draft.certificate, now)
        held = select(func.count()).where(ClientCertificateRow.account_id == self._account_id)
        if (await self._session.scalar(held) or 0) >= CERTIFICATES_PER_ACCOUNT:
            raise TooManyCertificates
        row = self._row(draft, read, self._ends(draft, read, now, maker))
        await self._work.save(row, lambda _: AlreadyRegistered())
        self._work.emit("client_certificate.created", self._reference(row))
        return row

    async def list(self) -> Sequence[ClientCertificateRow]:
        """Return the account's certificates, newest first."""
        statement = select(ClientCertificateRow).where(ClientCertificateRow.account_id == self._account_id)
        return (await self._session.scalars(statement.order_by(ClientCertificateRow.id.desc()))).all()

    async def delete(self, certificate_id: str) -> None:
        """Let nobody in with a certificate any more, from the next request on.

        Raises:
            NotFound: the account has no such certificate.
        """
        row = await self._session.get(ClientCertificateRow, certificate_id)
        if row is None or row.account_id != self._account_id:
            raise NotFound("client certificate", certificate_id)
        await self._session.delete(row)
        self._work.emit("client_certificate.deleted", self._reference(row))

    def _ends(self, draft: NewClientCertificate, read: ReadCertificate, now: datetime, maker: Caller) -> datetime:
        end = end_of(draft.expires_at, now, self._life, maker)
        return read.not_after if end is None else min(end, read.not_after)

    def _row(self, draft: NewClientCertificate, read: ReadCertificate, expires_at: datetime) -> ClientCertificateRow:
        return ClientCertificateRow(
            id=self._work.ids.new(),
            account_id=self._account_id,
            name=draft.name or read.common_name or read.fingerprint[:FINGERPRINT_NAMES],
            fingerprint=read.fingerprint,
            subject=read.subject,
            issuer=read.issuer,
            key=read.key,
            not_before=read.not_before,
            not_after=read.not_after,
            expires_at=expires_at,
            scopes=listed(draft.scope.permissions),
            subscription_ids=listed(draft.scope.subscription_ids),
            created_at=self._work.clock.now(),
        )

    def _reference(self, row: ClientCertificateRow) -> ResourceRef:
        return ResourceRef("client_certificate", row.id, row.name, account_id=row.account_id)
