"""Routes of identity: signing up and in, one's own account, and the administrator's view of all accounts.

Routes that hash or verify a password open their own transactions: hashing takes tens of milliseconds on purpose, and no
transaction may wait for it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field, SecretStr

from zaffre.foundation.audit.capture import About
from zaffre.foundation.errors import Forbidden, InvalidInput
from zaffre.foundation.http.etags import IfMatch, set_etag
from zaffre.foundation.http.lists import Listed, Page
from zaffre.foundation.http.routing import PlainRoute, TransactionalRoute, Work
from zaffre.foundation.http.wire import Body, Name, PathId, ResourceView, View
from zaffre.foundation.work import UnitOfWork
from zaffre.identity.accounts import Accounts, AccountState, NewAccount
from zaffre.identity.address_api import reader_of
from zaffre.identity.addresses import Addresses, NoMail
from zaffre.identity.callers import Caller, CurrentCaller, public, requires, signed_in
from zaffre.identity.failures import note_failure
from zaffre.identity.federation.providers import names_of
from zaffre.identity.permissions import Permission, Role
from zaffre.identity.reauthentication import check_password
from zaffre.identity.role_giving import check_gives, check_within_reach, role_names
from zaffre.identity.second_factors import CodeNeeded, CodeWrong, SecondFactors
from zaffre.identity.services import Identity, IdentityServices
from zaffre.identity.sessions import IssuedTokens, RefreshFailed, SignInFailed
from zaffre.identity.tables import AccountRow, SessionRow
from zaffre.identity.wire import Email, GivenCode, GivenPassword, NewPassword, RoleKey, client_of, source_key

self_service = APIRouter(tags=["identity"], route_class=TransactionalRoute)
sign_up = APIRouter(tags=["identity"], route_class=PlainRoute)
sign_in = APIRouter(tags=["identity"], route_class=PlainRoute)
administration = APIRouter(tags=["identity"], route_class=TransactionalRoute)
password_administration = APIRouter(tags=["identity"], route_class=PlainRoute)


class SignUpBody(Body):
    """A stranger who wants an account."""

    email: Email
    name: Name
    password: NewPassword


class SignInBody(Body):
    """Somebody who says who they are."""

    email: Email
    password: GivenPassword
    code: GivenCode | None = None
    """Of the account's second factor, or a recovery code. Where it is needed and absent, the answer says so
    (`identity.code_needed`)."""


class RefreshBody(Body):
    """A client whose access token runs out."""

    refresh_token: Annotated[SecretStr, Field(min_length=1, max_length=200)]


class RenameBody(Body):
    """A change of one's own account."""

    name: Name


class PasswordBody(Body):
    """A change of password."""

    current_password: GivenPassword
    new_password: NewPassword


class NewAccountBody(SignUpBody):
    """An account made by an administrator."""

    role: RoleKey = Role.TENANT.value


class AccountChangeBody(Body):
    """What an administrator may change of an account; what is left out stays."""

    name: Name | None = None
    role: RoleKey | None = None
    state: AccountState | None = None


class AccountView(ResourceView):
    """An account."""

    email: str
    name: str
    role: str
    """A role that is built in, or the id of one that the site has made."""
    role_name: str
    state: AccountState
    verified_at: datetime | None
    """When it was proved that mail to the address reaches whoever holds the account."""

    @classmethod
    async def read(cls, work: UnitOfWork, rows: Sequence[AccountRow]) -> "list[AccountView]":
        """Shape rows with the names of their roles."""
        names = await role_names(work, {row.role for row in rows})
        return [cls._of(row, names) for row in rows]

    @classmethod
    async def one(cls, work: UnitOfWork, row: AccountRow) -> "AccountView":
        """Shape a row with the name of its role."""
        return (await cls.read(work, [row]))[0]

    @classmethod
    def _of(cls, row: AccountRow, names: Mapping[str, str]) -> "AccountView":
        return cls(
            id=row.id,
            generation=row.generation,
            created_at=row.created_at,
            email=row.email,
            name=row.name,
            role=row.role,
            role_name=names[row.role],
            state=AccountState(row.state),
            verified_at=row.verified_at,
        )


class ActingForView(View):
    """The account that an administrator acts for."""

    id: str
    email: str
    name: str


class OwnAccountView(AccountView):
    """One's own account, and what one may do with the credential in hand."""

    permissions: list[Permission]
    """Of the credential in hand, in alphabetical order; what is not listed is answered with 403."""
    has_password: bool
    """Whether one can sign in with a password; who signs in elsewhere may have none."""
    acting_for: ActingForView | None
    """Whom an administrator acts for with this credential; None: for oneself."""

    @classmethod
    async def seen_by(
        cls, work: UnitOfWork, row: AccountRow, caller: Caller, acting_for: AccountRow | None = None
    ) -> "OwnAccountView":
        """Shape a row as its own party sees it."""
        own = (await AccountView.one(work, row)).model_dump()
        other = ActingForView.model_validate(acting_for) if acting_for is not None else None
        has_password = row.password_hash is not None
        return cls(**own, permissions=sorted(caller.permissions), has_password=has_password, acting_for=other)


class TokensView(View):
    """What a client signs its requests with, and how it gets new tokens. Shown once."""

    session_id: str
    account_id: str
    role: str
    access_token: str
    access_expires_at: datetime
    refresh_token: str
    refresh_expires_at: datetime

    @classmethod
    def of(cls, tokens: IssuedTokens) -> "TokensView":
        """Shape issued tokens."""
        return cls.model_validate(tokens)


class SessionView(View):
    """A sign-in session."""

    id: str
    client: str
    signed_in_with: str | None
    """The identity provider that said who it is; None: a password did."""
    created_at: datetime
    refreshed_at: datetime
    expires_at: datetime
    current: bool
    """Whether it is the one that asks."""

    @classmethod
    def of(cls, row: SessionRow, provider: str | None, current_id: str | None) -> "SessionView":
        """Shape a row with the name of the identity provider where it began."""
        return cls(
            signed_in_with=provider,
            id=row.id,
            client=row.client,
            created_at=row.created_at,
            refreshed_at=row.refreshed_at,
            expires_at=row.expires_at,
            current=row.id == current_id,
        )


@sign_up.post("/accounts", status_code=201, dependencies=[public()])
async def create_own_account(body: SignUpBody, request: Request, identity: Identity) -> AccountView:
    """Sign up as a tenant."""
    if not identity.settings.sign_up:
        raise Forbidden("This site does not take sign-ups.", remedy="Ask the provider for an account.")
    return await _create(identity, request, body, Role.TENANT)


@sign_in.post("/sessions", status_code=201, dependencies=[public()])
async def open_session(body: SignInBody, request: Request, identity: Identity) -> TokensView:
    """Sign in. An account with a second factor needs its code as well."""
    keys = source_key(request), f"account {body.email.lower()}"
    await identity.attempts.take(*keys)
    async with identity.units.read(request.state.actor) as work:
        account = await Accounts(work).by_email(body.email)
        factor = account is not None and await SecondFactors(work, account).confirmed_at() is not None
    right = await identity.passwords.verify(body.password, account.password_hash if account else None)
    if account is None or not right or account.state != AccountState.ACTIVE:
        await note_failure(request, account)
        raise SignInFailed
    if factor:
        await _check_code(identity, request, account, body.code, keys)
    await identity.attempts.give_back(*keys)
    async with identity.units.write(request.state.actor) as work:
        tokens = await identity.sessions(work).open(await Accounts(work).get(account.id), client_of(request))
    return TokensView.of(tokens)


@sign_in.post("/sessions/refresh", dependencies=[public()])
async def refresh_session(body: RefreshBody, request: Request, identity: Identity) -> TokensView:
    """Exchange a refresh token for new tokens. Each refresh token is good once."""
    async with identity.units.write(request.state.actor) as work:
        tokens = await identity.sessions(work).refresh(body.refresh_token.get_secret_value())
    if tokens is None:
        raise RefreshFailed
    return TokensView.of(tokens)


@sign_in.post("/accounts/me/password", status_code=204, dependencies=[requires(Permission.ACCOUNT_SELF)])
async def change_password(body: PasswordBody, request: Request, caller: CurrentCaller, identity: Identity) -> None:
    """Change one's password. Other sign-in sessions end."""
    await check_password(identity, request, caller.account_id, body.current_password)
    password_hash = await identity.passwords.hash(body.new_password)
    async with identity.units.write(request.state.actor) as work:
        accounts = Accounts(work)
        await accounts.set_password(await accounts.get(caller.account_id), password_hash, caller.session_id)


@self_service.get("/accounts/me", dependencies=[signed_in()])
async def my_account(work: Work, caller: CurrentCaller, response: Response) -> OwnAccountView:
    """Show one's own account, and what one may do; an administrator's own also while they act for somebody."""
    row = await Accounts(work).get(caller.actor_id or caller.account_id)
    other = await Accounts(work).get(caller.account_id) if caller.actor_id is not None else None
    set_etag(response, row.generation)
    return await OwnAccountView.seen_by(work, row, caller, other)


@self_service.patch("/accounts/me", dependencies=[requires(Permission.ACCOUNT_SELF)])
async def rename_me(
    body: RenameBody, work: Work, caller: CurrentCaller, if_match: IfMatch, response: Response
) -> OwnAccountView:
    """Change one's own name."""
    row = await Accounts(work).change(caller.account_id, name=body.name, expected=if_match)
    set_etag(response, row.generation)
    return await OwnAccountView.seen_by(work, row, caller)


@self_service.get("/sessions", dependencies=[requires(Permission.ACCOUNT_SELF)])
async def my_sessions(work: Work, caller: CurrentCaller, identity: Identity) -> Page[SessionView]:
    """List one's sign-in sessions."""
    rows = await identity.sessions(work).of(caller.account_id)
    names = await names_of(work, {row.provider_id for row in rows if row.provider_id is not None})
    value = [SessionView.of(row, names.get(row.provider_id or ""), caller.session_id) for row in rows]
    return Page[SessionView](value=value)


@self_service.delete("/sessions/current", status_code=204, dependencies=[signed_in()])
async def sign_out(work: Work, caller: CurrentCaller, identity: Identity) -> None:
    """Sign out: end the session that asks."""
    if caller.session_id is None:
        raise InvalidInput("An API token has no session.", remedy="Delete the token instead: DELETE /api-tokens/{id}.")
    await identity.sessions(work).revoke(caller.actor_id or caller.account_id, caller.session_id)


@self_service.delete("/sessions/{session_id}", status_code=204, dependencies=[requires(Permission.ACCOUNT_SELF)])
async def revoke_session(session_id: PathId, work: Work, caller: CurrentCaller, identity: Identity) -> None:
    """End one of one's sessions. Access tokens in hand stay good until they expire, minutes later."""
    await identity.sessions(work).revoke(caller.account_id, session_id)


@administration.get("/accounts", dependencies=[requires(Permission.ACCOUNT_READ)])
async def list_accounts(request: Request, query: Listed, work: Work) -> Page[AccountView]:
    """List all accounts."""
    found = await Accounts(work).page(query)
    return found.page(request, await AccountView.read(work, found.rows))


@administration.get("/accounts/{account_id}", dependencies=[requires(Permission.ACCOUNT_READ)])
async def get_account(account_id: PathId, work: Work, response: Response) -> AccountView:
    """Show an account."""
    row = await Accounts(work).get(account_id)
    set_etag(response, row.generation)
    return await AccountView.one(work, row)


@administration.patch("/accounts/{account_id}", dependencies=[requires(Permission.ACCOUNT_ADMIN)])
async def change_account(
    account_id: PathId,
    body: AccountChangeBody,
    work: Work,
    caller: CurrentCaller,
    if_match: IfMatch,
    response: Response,
) -> AccountView:
    """Rename an account, give it another role, suspend or reactivate it."""
    await check_within_reach(work, caller, account_id)
    if body.role is not None:
        await check_gives(work, caller, body.role)
    row = await Accounts(work).change(account_id, name=body.name, role=body.role, state=body.state, expected=if_match)
    set_etag(response, row.generation)
    return await AccountView.one(work, row)


@administration.post(
    "/accounts/{account_id}/password-reset", status_code=202, dependencies=[requires(Permission.ACCOUNT_RESET)]
)
async def send_password_reset(account_id: PathId, request: Request, work: Work, identity: Identity) -> None:
    """Have somebody sent a link that sets a new password, to the address that is known of them."""
    if not identity.sends_mail:
        raise NoMail
    row = await Accounts(work).get(account_id)
    await Addresses(work, reader_of(request, identity)).send_reset(row.email)
    work.note("account.password_reset_sent", About("account", row.id, row.email, account_id=row.id), {})


@administration.post(
    "/accounts/{account_id}/sessions", status_code=201, dependencies=[requires(Permission.ACCOUNT_ACT_FOR)]
)
async def act_for_account(
    account_id: PathId, request: Request, work: Work, caller: CurrentCaller, identity: Identity
) -> TokensView:
    """Begin to act for a tenant: tokens that open what is theirs, except their account itself.

    They last an hour at most and end with the session that asks. Every event names who acted, and for whom.
    """
    sessions = identity.sessions(work)
    parent = await sessions.get(caller.session_id) if caller.session_id is not None else None
    if parent is None:
        raise InvalidInput("Only who has signed in can act for somebody.", remedy="Sign in with POST /sessions first.")
    account = await Accounts(work).get(account_id)
    return TokensView.of(await sessions.act_for(parent, account, f"acting for {account.email}, {client_of(request)}"))


@password_administration.post("/accounts", status_code=201, dependencies=[requires(Permission.ACCOUNT_ADMIN)])
async def create_account(
    body: NewAccountBody, request: Request, caller: CurrentCaller, identity: Identity
) -> AccountView:
    """Create an account for somebody."""
    return await _create(identity, request, body, body.role, caller)


async def _check_code(
    identity: IdentityServices, request: Request, account: AccountRow, code: str | None, keys: tuple[str, ...]
) -> None:
    """Use up a code of the account's second factor, whose password was right.

    Raises:
        CodeNeeded: there is none; that is no attempt.
        CodeWrong: it is not right.
    """
    if code is None:
        await identity.attempts.give_back(*keys)
        raise CodeNeeded
    key = f"code {account.id}"
    await identity.code_attempts.take(key)
    async with identity.units.write(request.state.actor) as work:
        right = await SecondFactors(work, await Accounts(work).get(account.id)).accept(code)
    if not right:
        await note_failure(request, account)
        raise CodeWrong
    await identity.code_attempts.give_back(key)


async def _create(
    identity: IdentityServices, request: Request, body: SignUpBody, role: str, maker: Caller | None = None
) -> AccountView:
    password_hash = await identity.passwords.hash(body.password)
    async with identity.units.write(request.state.actor) as work:
        if maker is not None:
            await check_gives(work, maker, role)
        row = await Accounts(work).create(NewAccount(body.email, body.name, password_hash, role))
        if identity.sends_mail:
            await Addresses(work, reader_of(request, identity)).send_verification(row)
        return await AccountView.one(work, row)
