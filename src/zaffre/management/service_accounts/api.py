"""Routes of service accounts, their tokens and their certificates: a subscription's own, and the site's."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from zaffre.foundation.http.lists import Listed, Page
from zaffre.foundation.http.routing import TransactionalRoute, Work
from zaffre.foundation.http.wire import Body, Name, PathId, View
from zaffre.foundation.work import UnitOfWork
from zaffre.identity import CurrentCaller, Permission, requires
from zaffre.identity.accounts import AccountState
from zaffre.identity.api_token_api import ApiTokenView, Life, NewApiTokenView, Scopes
from zaffre.identity.api_tokens import ApiTokens, NewApiToken
from zaffre.identity.callers import Caller
from zaffre.identity.certificate_api import ClientCertificateView, Pem
from zaffre.identity.certificates import ClientCertificates, NewClientCertificate
from zaffre.identity.role_giving import check_gives, check_within_reach
from zaffre.management.roles import SubscriptionRoles
from zaffre.management.service_accounts.service_accounts import ServiceAccount, ServiceAccounts
from zaffre.management.subscriptions import CurrentSubscription, Subscriptions
from zaffre.management.tables import SubscriptionRow

RoleKey = Annotated[str, Field(pattern="^[a-z0-9_-]{1,36}$")]
"""In a subscription: `owner`, `contributor`, `reader`, or the id of one of its own roles. At the site: a role there."""


class NewServiceAccountBody(Body):
    """A program that needs an account."""

    name: Name
    role: RoleKey


class ServiceAccountChangeBody(Body):
    """What may change of a service account; what is left out stays."""

    role: RoleKey | None = None
    state: AccountState | None = None


class NewServiceTokenBody(Body):
    """A wish for an API token of a service account."""

    name: Name
    expires_at: datetime | None = None
    """Absent: as late as the site allows."""
    scopes: Scopes | None = None
    """What it is for; absent: whatever the account may do, at the time."""


class NewServiceCertificateBody(Body):
    """A certificate for a service account to sign in with."""

    certificate: Pem
    name: Name | None = None
    """Absent: what the certificate calls its subject."""
    expires_at: datetime | None = None
    """Absent: as late as the certificate and the site allow."""
    scopes: Scopes | None = None
    """What it is for; absent: whatever the account may do, at the time."""


class ServiceAccountView(View):
    """An account of a program."""

    id: str
    name: str
    email: str
    """What the audit trail calls it. Nobody reads mail there."""
    role: str
    state: AccountState
    subscription_id: str | None
    """None: it is the site's."""
    created_at: datetime

    @classmethod
    def of(cls, found: ServiceAccount) -> "ServiceAccountView":
        """Shape one."""
        return cls(
            id=found.row.id,
            name=found.row.name,
            email=found.account.email,
            role=found.role,
            state=AccountState(found.account.state),
            subscription_id=found.row.subscription_id,
            created_at=found.row.created_at,
        )


async def _of_site(request: Request) -> None:
    request.state.service_accounts_of = None


async def _of_subscription(request: Request, subscription: CurrentSubscription) -> None:
    request.state.service_accounts_of = subscription


def _owner(request: Request) -> SubscriptionRow | None:
    # Absent when the path names no subscription at all, which is refused once every dependency has been looked at.
    return getattr(request.state, "service_accounts_of", None)


Owner = Annotated[SubscriptionRow | None, Depends(_owner)]
"""The subscription that the path names; None: the site."""


async def _list(request: Request, owner: Owner, query: Listed, work: Work) -> Page[ServiceAccountView]:
    """List the accounts of programs."""
    found, accounts = await ServiceAccounts(work, owner).page(query)
    return found.page(request, [ServiceAccountView.of(account) for account in accounts])


async def _get(account_id: PathId, owner: Owner, work: Work) -> ServiceAccountView:
    """Show an account of a program."""
    return ServiceAccountView.of(await ServiceAccounts(work, owner).get(account_id))


async def _create(body: NewServiceAccountBody, owner: Owner, work: Work, caller: CurrentCaller) -> ServiceAccountView:
    """Make an account for a program. It signs in with API tokens and certificates of its own, and nothing else."""
    await _check_grant(work, caller, owner, body.role)
    return ServiceAccountView.of(await ServiceAccounts(work, owner).create(body.name, body.role))


async def _change(
    account_id: PathId, body: ServiceAccountChangeBody, owner: Owner, work: Work, caller: CurrentCaller
) -> ServiceAccountView:
    """Give a service account another role, suspend or activate it."""
    accounts = ServiceAccounts(work, owner)
    found = await accounts.get(account_id)
    await _check_reach(work, caller, owner, found)
    if body.role is not None:
        await _check_grant(work, caller, owner, body.role)
    return ServiceAccountView.of(await accounts.change(found, role=body.role, state=body.state))


async def _delete(account_id: PathId, owner: Owner, work: Work, caller: CurrentCaller) -> None:
    """Delete a service account with its tokens, at once. What it made stays."""
    accounts = ServiceAccounts(work, owner)
    found = await accounts.get(account_id)
    await _check_reach(work, caller, owner, found)
    await accounts.delete(found)


async def _list_tokens(account_id: PathId, owner: Owner, work: Work, life: Life) -> Page[ApiTokenView]:
    """List a service account's API tokens."""
    found = await ServiceAccounts(work, owner).get(account_id)
    rows = await ApiTokens(work, found.row.id, life).list()
    return Page[ApiTokenView](value=[ApiTokenView.of(row, life) for row in rows])


async def _create_token(
    account_id: PathId, body: NewServiceTokenBody, owner: Owner, work: Work, caller: CurrentCaller, life: Life
) -> NewApiTokenView:
    """Make an API token for a service account. Its text is shown this once."""
    accounts = ServiceAccounts(work, owner)
    found = await accounts.get(account_id)
    await _check_reach(work, caller, owner, found)
    draft = NewApiToken(body.name, body.expires_at, accounts.scope(body.scopes, caller.permissions))
    row, text = await ApiTokens(work, found.row.id, life).create(draft, caller)
    return NewApiTokenView(**ApiTokenView.of(row, life).model_dump(), token=text)


async def _delete_token(
    account_id: PathId, token_id: PathId, owner: Owner, work: Work, caller: CurrentCaller, life: Life
) -> None:
    """Revoke an API token of a service account, at once."""
    found = await ServiceAccounts(work, owner).get(account_id)
    await _check_reach(work, caller, owner, found)
    await ApiTokens(work, found.row.id, life).delete(token_id)


async def _list_certificates(account_id: PathId, owner: Owner, work: Work, life: Life) -> Page[ClientCertificateView]:
    """List a service account's client certificates."""
    found = await ServiceAccounts(work, owner).get(account_id)
    rows = await ClientCertificates(work, found.row.id, life).list()
    return Page[ClientCertificateView](value=[ClientCertificateView.of(row, life) for row in rows])


async def _add_certificate(
    account_id: PathId, body: NewServiceCertificateBody, owner: Owner, work: Work, caller: CurrentCaller, life: Life
) -> ClientCertificateView:
    """Let whoever holds a certificate's key in as a service account, from the next request on."""
    accounts = ServiceAccounts(work, owner)
    found = await accounts.get(account_id)
    await _check_reach(work, caller, owner, found)
    scope = accounts.scope(body.scopes, caller.permissions)
    draft = NewClientCertificate(body.certificate, body.name, body.expires_at, scope)
    return ClientCertificateView.of(await ClientCertificates(work, found.row.id, life).add(draft, caller), life)


async def _delete_certificate(
    account_id: PathId, certificate_id: PathId, owner: Owner, work: Work, caller: CurrentCaller, life: Life
) -> None:
    """Let nobody in with a certificate of a service account any more, from the next request on."""
    found = await ServiceAccounts(work, owner).get(account_id)
    await _check_reach(work, caller, owner, found)
    await ClientCertificates(work, found.row.id, life).delete(certificate_id)


async def _check_grant(work: UnitOfWork, caller: Caller, owner: SubscriptionRow | None, role: str) -> None:
    """Refuse to give a program a role that is for more than the caller may do: a token of it would be theirs.

    Raises:
        Forbidden: it is.
        NotFound: there is no such role.
    """
    if owner is None:
        await check_gives(work, caller, role)
    else:
        held = (await SubscriptionRoles(work, owner).get(role)).permissions
        await Subscriptions(work, caller).check_holds(owner, held)


async def _check_reach(work: UnitOfWork, caller: Caller, owner: SubscriptionRow | None, found: ServiceAccount) -> None:
    """Refuse to handle an account that may do what the caller may not.

    Raises:
        Forbidden: it may.
    """
    if owner is None:
        await check_within_reach(work, caller, found.row.id)
    else:
        await _check_grant(work, caller, owner, found.role)


def _router(prefix: str, noun: str, read: Permission, write: Permission, scope: Any) -> APIRouter:
    """Return the routes of the service accounts below a path; both kinds have the same."""
    router = APIRouter(prefix=prefix, tags=["service accounts"], route_class=TransactionalRoute)
    looking, changing = [requires(read), Depends(scope)], [requires(write), Depends(scope)]
    one, tokens, certificates = "/{account_id}", "/{account_id}/api-tokens", "/{account_id}/client-certificates"

    def add(method: str, path: str, name: str, endpoint: Any, status: int = 200) -> None:
        dependencies = looking if method == "GET" else changing
        router.add_api_route(path, endpoint, methods=[method], name=name, status_code=status, dependencies=dependencies)

    add("GET", "", f"list_{noun}s", _list)
    add("POST", "", f"create_{noun}", _create, 201)
    add("GET", one, f"get_{noun}", _get)
    add("PATCH", one, f"change_{noun}", _change)
    add("DELETE", one, f"delete_{noun}", _delete, 204)
    add("GET", tokens, f"list_{noun}_tokens", _list_tokens)
    add("POST", tokens, f"create_{noun}_token", _create_token, 201)
    add("DELETE", f"{tokens}/{{token_id}}", f"delete_{noun}_token", _delete_token, 204)
    add("GET", certificates, f"list_{noun}_certificates", _list_certificates)
    add("POST", certificates, f"add_{noun}_certificate", _add_certificate, 201)
    add("DELETE", f"{certificates}/{{certificate_id}}", f"delete_{noun}_certificate", _delete_certificate, 204)
    return router


subscriptions = _router(
    "/subscriptions/{subscription_id}/service-accounts",
    "service_account",
    Permission.SUBSCRIPTION_MEMBERS,
    Permission.SUBSCRIPTION_MEMBERS,
    _of_subscription,
)
administration = _router(
    "/service-accounts", "site_service_account", Permission.ACCOUNT_ADMIN, Permission.ACCOUNT_ADMIN, _of_site
)
