"""Routes of federation: setting providers up, signing in through them, and the identities of one's own account."""

from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Request, Response

from zaffre.foundation.errors import DomainError, InvalidInput
from zaffre.foundation.http.etags import IfMatch, set_etag
from zaffre.foundation.http.lists import Listed, Page
from zaffre.foundation.http.routing import PlainRoute, TransactionalRoute, Work
from zaffre.foundation.http.wire import PathId
from zaffre.foundation.mail import Mail, Outbox
from zaffre.foundation.secrets import SealedSecret
from zaffre.foundation.work import UnitOfWork
from zaffre.identity.accounts import Accounts, AccountState
from zaffre.identity.address_api import reader_of
from zaffre.identity.api import TokensView
from zaffre.identity.callers import Caller, CurrentCaller, public, requires
from zaffre.identity.failures import note_failure
from zaffre.identity.federation.admission import Admission
from zaffre.identity.federation.conversation import Metadata, Party, Return
from zaffre.identity.federation.identities import LinkedIdentities, Person
from zaffre.identity.federation.problems import ProviderRefused, SignInNotGood
from zaffre.identity.federation.providers import IdentityProviders
from zaffre.identity.federation.sign_ins import GOOD_FOR, FederatedSignIns, Pending
from zaffre.identity.federation.tables import IdentityProviderRow
from zaffre.identity.federation.wire import (
    FederatedReturnBody,
    FederatedReturnView,
    FederatedSignInView,
    IdentityProviderChangeBody,
    IdentityProviderView,
    LinkedIdentityView,
    NewFederatedSignInBody,
    NewIdentityBody,
    NewIdentityProviderBody,
    ProviderTestView,
    RedirectUrlView,
)
from zaffre.identity.messages import Message, message
from zaffre.identity.permissions import Permission
from zaffre.identity.reauthentication import check_password
from zaffre.identity.second_factors import CodeNeeded, CodeWrong, SecondFactors
from zaffre.identity.services import Identity, IdentityServices
from zaffre.identity.tables import AccountRow
from zaffre.identity.wire import client_of, source_key

administration = APIRouter(tags=["identity"], route_class=TransactionalRoute)
trials = APIRouter(tags=["identity"], route_class=PlainRoute)
sign_in = APIRouter(tags=["identity"], route_class=PlainRoute)
own = APIRouter(tags=["identity"], route_class=TransactionalRoute)
PROVIDERS, PROVIDER = "/identity-providers", "/identity-providers/{provider_id}"
SEEING, MANAGING = Permission.IDENTITY_PROVIDER_READ, Permission.IDENTITY_PROVIDER_ADMIN
RETURN_PATH = "/signed-in"
"""The portals' page that providers send people back to."""
PORTALS = ("tenant", "admin")


@administration.get(PROVIDERS, dependencies=[requires(SEEING)])
async def list_identity_providers(
    request: Request, query: Listed, work: Work, identity: Identity
) -> Page[IdentityProviderView]:
    """List the identity providers that people can sign in with, the disabled ones too."""
    found = await _providers(work, identity).page(query)
    return found.page(request, [_view(identity, row) for row in found.rows])


@administration.post(PROVIDERS, status_code=201, dependencies=[requires(MANAGING)])
async def create_identity_provider(
    body: NewIdentityProviderBody, work: Work, identity: Identity, response: Response
) -> IdentityProviderView:
    """Trust an OpenID provider. Register the answer's redirect URLs there."""
    row = await _providers(work, identity).create(body.to_draft())
    set_etag(response, row.generation)
    return _view(identity, row)


@administration.get(PROVIDER, dependencies=[requires(SEEING)])
async def get_identity_provider(
    provider_id: PathId, work: Work, identity: Identity, response: Response
) -> IdentityProviderView:
    """Show an identity provider."""
    row = await _providers(work, identity).get(provider_id)
    set_etag(response, row.generation)
    return _view(identity, row)


@administration.patch(PROVIDER, dependencies=[requires(MANAGING)])
async def change_identity_provider(
    provider_id: PathId,
    body: IdentityProviderChangeBody,
    work: Work,
    identity: Identity,
    if_match: IfMatch,
    response: Response,
) -> IdentityProviderView:
    """Change an identity provider. Disabling it ends the sessions that began there."""
    row = await _providers(work, identity).change(provider_id, body.changes(), if_match)
    set_etag(response, row.generation)
    return _view(identity, row)


@administration.delete(PROVIDER, status_code=204, dependencies=[requires(MANAGING)])
async def delete_identity_provider(provider_id: PathId, work: Work, identity: Identity, if_match: IfMatch) -> None:
    """Forget an identity provider to which no account is linked."""
    await _providers(work, identity).delete(provider_id, if_match)


@trials.post(f"{PROVIDER}/test", dependencies=[requires(MANAGING)])
async def test_identity_provider(provider_id: PathId, request: Request, identity: Identity) -> ProviderTestView:
    """Ask the provider what it is and for its keys, and say whether all of it can be used."""
    async with identity.units.read(request.state.actor) as work:
        party = _party(work, await _providers(work, identity).get(provider_id))
    metadata = await identity.federation.metadata(party, afresh=True)
    keys = await identity.federation.keys(party, metadata, afresh=True)
    return ProviderTestView(
        issuer=metadata.issuer,
        authorization_endpoint=metadata.authorization_endpoint,
        token_endpoint=metadata.token_endpoint,
        userinfo_endpoint=metadata.userinfo_endpoint,
        algorithms=list(metadata.algorithms),
        keys=len(keys.keys),
    )


@sign_in.post("/federated-sign-ins", status_code=201, dependencies=[public()])
async def begin_federated_sign_in(
    body: NewFederatedSignInBody, request: Request, response: Response, identity: Identity
) -> FederatedSignInView:
    """Begin to sign in with an account that one has elsewhere: the answer says where to go."""
    await identity.attempts.take(f"federation {source_key(request)}")
    return await _begin(identity, request, response, body.provider_id, None)


@sign_in.post("/accounts/me/identities", status_code=201, dependencies=[requires(Permission.ACCOUNT_SELF)])
async def begin_linking(
    body: NewIdentityBody, request: Request, response: Response, caller: CurrentCaller, identity: Identity
) -> FederatedSignInView:
    """Begin to link an account that one has elsewhere, to sign in with from then on."""
    if caller.session_id is None:
        raise InvalidInput("Identities are linked in a browser.", remedy="Sign in to the portal, and open Account.")
    await check_password(identity, request, caller.account_id, body.current_password, if_any=True)
    return await _begin(identity, request, response, body.provider_id, caller.account_id)


@sign_in.post("/federated-sign-ins/redeem", dependencies=[public()])
async def redeem_federated_sign_in(
    body: FederatedReturnBody, request: Request, response: Response, identity: Identity
) -> FederatedReturnView:
    """Finish a sign-in with what the provider sent back through the browser that began it."""
    browser = request.cookies.get(_cookie(identity, request), "")
    async with identity.units.write(request.state.actor) as work:
        pending = await FederatedSignIns(work).claim(body.state, browser, request.app.state.face)
        provider = await _providers(work, identity).enabled(pending.provider_id)
        party = _party(work, provider)
    if pending.proved_id is not None:
        tokens = await _second_step(identity, request, pending, body.second_factor_code)
        _forget_browser(identity, request, response)
        return FederatedReturnView(tokens=tokens, identity_id=None)
    try:
        person = await _proved(identity, request, pending, provider, party, body)
        view = await _admit(identity, request, pending, provider, person)
    except CodeNeeded:
        raise
    except DomainError as error:
        await note_failure(request, None, provider=party.name, code=error.code)
        raise
    await identity.attempts.give_back(f"federation {source_key(request)}")
    _forget_browser(identity, request, response)
    return view


@own.get("/accounts/me/identities", dependencies=[requires(Permission.ACCOUNT_SELF)])
async def my_identities(work: Work, caller: CurrentCaller) -> Page[LinkedIdentityView]:
    """List the accounts elsewhere that one can sign in with."""
    rows = await LinkedIdentities(work).of(caller.account_id)
    return Page[LinkedIdentityView](value=[LinkedIdentityView.of(*row) for row in rows])


@own.delete("/accounts/me/identities/{identity_id}", status_code=204, dependencies=[requires(Permission.ACCOUNT_SELF)])
async def unlink_identity(identity_id: PathId, work: Work, caller: CurrentCaller) -> None:
    """Not sign in with that any more. The last way in stays."""
    await LinkedIdentities(work).unlink(await Accounts(work).get(caller.account_id), identity_id)


async def _begin(
    identity: IdentityServices, request: Request, response: Response, provider_id: str, account_id: str | None
) -> FederatedSignInView:
    face: str = request.app.state.face
    async with identity.units.read(request.state.actor) as work:
        provider = await _providers(work, identity).enabled(provider_id)
        party, scopes = _party(work, provider), " ".join(provider.scopes)
    metadata = await identity.federation.metadata(party)
    async with identity.units.write(request.state.actor) as work:
        begun = await FederatedSignIns(work).begin(provider_id, face, account_id)
        expires_at = work.clock.now() + GOOD_FOR
    asked = {
        "response_type": "code",
        "client_id": party.client_id,
        "redirect_uri": _redirect_url(identity, face),
        "scope": scopes,
        "state": begun.state,
        "nonce": begun.nonce,
        "code_challenge": begun.challenge,
        "code_challenge_method": "S256",
    }
    response.set_cookie(
        _cookie(identity, request),
        begun.browser,
        max_age=int(GOOD_FOR.total_seconds()),
        secure=_is_secure(identity, face),
        httponly=True,
        samesite="strict",
    )
    return FederatedSignInView(authorization_url=_with_query(metadata, asked), expires_at=expires_at)


async def _proved(
    identity: IdentityServices,
    request: Request,
    pending: Pending,
    provider: IdentityProviderRow,
    party: Party,
    body: FederatedReturnBody,
) -> Person:
    """Ask the provider who somebody is, after a look at how they came back.

    Raises:
        ProviderRefused, ProofNotGood: it does not say, or its word does not count.
    """
    metadata = await identity.federation.metadata(party)
    if body.iss not in ((party.issuer,) if metadata.names_issuer else (party.issuer, None)):
        raise SignInNotGood
    if body.code is None or body.error is not None:
        raise ProviderRefused(party.name, body.error or "no_code")
    redirect_url = _redirect_url(identity, request.app.state.face)
    came_back = Return(body.code, pending.verifier, pending.nonce, redirect_url)
    claims = await identity.federation.claims(party, came_back, (provider.email_claim, provider.name_claim))
    return Person.of(claims, provider)


async def _admit(
    identity: IdentityServices, request: Request, pending: Pending, provider: IdentityProviderRow, person: Person
) -> FederatedReturnView:
    if pending.account_id is not None:
        return await _link(identity, request, pending, provider, person)
    async with identity.units.write(request.state.actor) as work:
        account = await Admission(work, provider).account_of(person)
        if not provider.asks_second_factor or await SecondFactors(work, account).confirmed_at() is None:
            return FederatedReturnView(tokens=await _open(identity, request, work, pending, account), identity_id=None)
        await FederatedSignIns(work).await_code(pending.id, account.id)
    raise CodeNeeded


async def _open(
    identity: IdentityServices, request: Request, work: UnitOfWork, pending: Pending, account: AccountRow
) -> TokensView:
    """Use the sign-in up for a session."""
    await FederatedSignIns(work).finish(pending.id)
    return TokensView.of(await identity.sessions(work).open(account, client_of(request), pending.provider_id))


async def _link(
    identity: IdentityServices, request: Request, pending: Pending, provider: IdentityProviderRow, person: Person
) -> FederatedReturnView:
    """Link somebody to the account that began it, which must be the one that is signed in still."""
    caller: Caller | None = request.state.caller
    if caller is None or caller.account_id != pending.account_id or caller.actor_id is not None:
        raise SignInNotGood
    async with identity.units.write(request.state.actor) as work:
        await FederatedSignIns(work).finish(pending.id)
        account = await Accounts(work).get(caller.account_id)
        row = await LinkedIdentities(work).link(account, person, provider)
        await _tell(work, request, identity, account)
    return FederatedReturnView(tokens=None, identity_id=row.id)


async def _second_step(identity: IdentityServices, request: Request, pending: Pending, code: str | None) -> TokensView:
    """Open the session of somebody whose identity is proved, with a code of their second factor here."""
    if code is None:
        raise CodeNeeded
    key = f"code {pending.proved_id}"
    await identity.code_attempts.take(key)
    async with identity.units.write(request.state.actor) as work:
        account = await Accounts(work).get(str(pending.proved_id))
        right = await SecondFactors(work, account).accept(code)
    if not right:
        await note_failure(request, account)
        raise CodeWrong
    await identity.code_attempts.give_back(key)
    async with identity.units.write(request.state.actor) as work:
        account = await Accounts(work).get(account.id)
        if account.state != AccountState.ACTIVE:
            raise SignInNotGood
        return await _open(identity, request, work, pending, account)


async def _tell(work: UnitOfWork, request: Request, identity: IdentityServices, account: AccountRow) -> None:
    """Tell the holder that there is another way to sign in, where mail can."""
    if identity.sends_mail:
        reader = reader_of(request, identity)
        await Outbox.put(
            work, Mail(account.email, *message(Message.IDENTITY_LINKED, reader.language, reader.portal_url))
        )


def _providers(work: UnitOfWork, identity: IdentityServices) -> IdentityProviders:
    return IdentityProviders(work, identity.federation.targets)


def _party(work: UnitOfWork, row: IdentityProviderRow) -> Party:
    sealed = row.sealed_client_secret
    secret = work.keyring.open(SealedSecret(sealed)) if sealed is not None else None
    return Party(row.name, row.issuer, row.client_id, secret)


def _view(identity: IdentityServices, row: IdentityProviderRow) -> IdentityProviderView:
    urls = [RedirectUrlView(portal=face, url=_redirect_url(identity, face)) for face in PORTALS]
    return IdentityProviderView.of(row, urls)


def _redirect_url(identity: IdentityServices, face: str) -> str:
    return identity.portal_url(face) + RETURN_PATH


def _is_secure(identity: IdentityServices, face: str) -> bool:
    return identity.portal_url(face).startswith("https://")


def _forget_browser(identity: IdentityServices, request: Request, response: Response) -> None:
    secure = _is_secure(identity, request.app.state.face)
    response.delete_cookie(_cookie(identity, request), secure=secure, httponly=True, samesite="strict")


def _cookie(identity: IdentityServices, request: Request) -> str:
    """Name the cookie; by face, because cookies are shared by all ports of a host."""
    face: str = request.app.state.face
    return f"{'__Host-' if _is_secure(identity, face) else ''}zaffre-sign-in-{face}"


def _with_query(metadata: Metadata, asked: dict[str, str]) -> str:
    """Return the address of the provider's page; it may have a query of its own."""
    separator = "&" if urlsplit(metadata.authorization_endpoint).query else "?"
    return f"{metadata.authorization_endpoint}{separator}{urlencode(asked)}"
