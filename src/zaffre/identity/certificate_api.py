"""Routes of one's own client certificates."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field

from zaffre.foundation.http.lists import Page
from zaffre.foundation.http.routing import TransactionalRoute, Work
from zaffre.foundation.http.wire import Body, Name, PathId, View
from zaffre.identity.api_token_api import CheckReach, Life, Scopes, SubscriptionIds
from zaffre.identity.callers import CurrentCaller, requires
from zaffre.identity.certificates import ClientCertificates, NewClientCertificate
from zaffre.identity.permissions import Permission
from zaffre.identity.scopes import Scope
from zaffre.identity.tables import ClientCertificateRow
from zaffre.identity.token_uses import TokenLife

router = APIRouter(tags=["identity"], route_class=TransactionalRoute)

Pem = Annotated[str, Field(min_length=1, max_length=20_000)]
"""One certificate as PEM text, without its key."""


class NewClientCertificateBody(Body):
    """A certificate to sign in with."""

    certificate: Pem
    name: Name | None = None
    """Absent: what the certificate calls its subject."""
    expires_at: datetime | None = None
    """Absent: as late as the certificate and the site allow."""
    scopes: Scopes | None = None
    """What it is for; absent: whatever its owner may do, at the time."""
    subscription_ids: SubscriptionIds | None = None
    """Where it is for: subscriptions that the owner works in. Then it is for nothing outside them."""

    def draft(self) -> NewClientCertificate:
        """Shape the wish."""
        scope = Scope.of(self.scopes, self.subscription_ids)
        return NewClientCertificate(self.certificate, self.name, self.expires_at, scope)


class ClientCertificateView(View):
    """A certificate that lets its holder in."""

    id: str
    name: str
    fingerprint: str
    """SHA-256, in hexadecimal digits."""
    subject: str
    issuer: str
    key: str
    """The kind of its key, for people: `RSA 3072`, `EC P-256`, `Ed25519`."""
    not_before: datetime
    not_after: datetime
    """What the certificate says itself."""
    created_at: datetime
    expires_at: datetime
    """When it stops letting anybody in; never later than the certificate says."""
    scopes: list[Permission] | None
    """The permissions it is for, of those its owner has at the time; null: for all of them."""
    subscription_ids: list[str] | None
    """The subscriptions it is for; null: for everything that its owner reaches."""
    last_used_at: datetime | None
    """To the minute; null: never."""
    last_used_from: str | None
    """The address."""

    @classmethod
    def of(cls, row: ClientCertificateRow, life: TokenLife) -> "ClientCertificateView":
        """Shape a row."""
        scope = Scope.of(row.scopes, row.subscription_ids)
        return cls(
            id=row.id,
            name=row.name,
            fingerprint=row.fingerprint,
            subject=row.subject,
            issuer=row.issuer,
            key=row.key,
            not_before=row.not_before,
            not_after=row.not_after,
            created_at=row.created_at,
            expires_at=life.ends(row) or row.expires_at,
            scopes=None if scope.permissions is None else sorted(scope.permissions),
            subscription_ids=row.subscription_ids,
            last_used_at=row.last_used_at,
            last_used_from=row.last_used_from,
        )


@router.get("/client-certificates", dependencies=[requires(Permission.ACCOUNT_SELF)])
async def my_client_certificates(work: Work, caller: CurrentCaller, life: Life) -> Page[ClientCertificateView]:
    """List one's client certificates."""
    rows = await ClientCertificates(work, caller.account_id, life).list()
    return Page[ClientCertificateView](value=[ClientCertificateView.of(row, life) for row in rows])


@router.post("/client-certificates", status_code=201, dependencies=[requires(Permission.ACCOUNT_SELF)])
async def add_client_certificate(
    body: NewClientCertificateBody, request: Request, work: Work, caller: CurrentCaller, life: Life
) -> ClientCertificateView:
    """Let whoever holds a certificate's key in at the public face, from the next request on."""
    draft = body.draft()
    if draft.scope.subscription_ids is not None:
        check: CheckReach = request.app.state.check_reach
        await check(work, caller, draft.scope.subscription_ids)
    row = await ClientCertificates(work, caller.account_id, life).add(draft, caller)
    return ClientCertificateView.of(row, life)


@router.delete(
    "/client-certificates/{certificate_id}", status_code=204, dependencies=[requires(Permission.ACCOUNT_SELF)]
)
async def delete_client_certificate(certificate_id: PathId, work: Work, caller: CurrentCaller, life: Life) -> None:
    """Let nobody in with a certificate any more, from the next request on."""
    await ClientCertificates(work, caller.account_id, life).delete(certificate_id)
