"""Callers: who a request comes from, and the rules that routes put on them."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from fastapi.params import Depends as DependsParameter
from sqlalchemy import select
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket

from zaffre.foundation.actor import ANONYMOUS, Actor, ActorKind, Origin, system_actor
from zaffre.foundation.errors import Forbidden, Unauthenticated
from zaffre.foundation.http.access import AccessRule
from zaffre.foundation.http.problems import request_id_of
from zaffre.foundation.http.sockets import bearer_of
from zaffre.foundation.settings import IdentitySettings
from zaffre.foundation.work import UnitOfWork, UnitsOfWork
from zaffre.identity.federation.providers import answered_for
from zaffre.identity.permissions import TENANT_PERMISSIONS, Permission, Role
from zaffre.identity.presented_certificates import presented_fingerprint
from zaffre.identity.scopes import EVERYTHING, Scope
from zaffre.identity.sessions import Sessions
from zaffre.identity.site_roles import permissions_of
from zaffre.identity.tables import AccountRow, ApiTokenRow, ClientCertificateRow, SecondFactorRow
from zaffre.identity.token_uses import TokenLife, TokenUses
from zaffre.identity.tokens import API_TOKEN_PREFIX, AccessClaims, AccessTokens, parse_api_token, same_hash

USER_AGENT_CHARACTERS = 200


@dataclass(frozen=True)
class Caller:
    """A signed-in party."""

    account_id: str
    role: str
    """At the site: one that is built in, or the id of one that the site has made."""
    held: frozenset[Permission]
    """What the role allows at this moment."""
    session_id: str | None = None
    """None when an API token or a client certificate was used."""
    token_id: str | None = None
    """The API token that was used, if any."""
    certificate_id: str | None = None
    """The client certificate that was used, if any."""
    credential_name: str | None = None
    """What its holder calls the token or the certificate."""
    actor_id: str | None = None
    """The administrator who acts for the account; None: the account's holder."""
    expires_at: datetime | None = None
    """When the credential in hand runs out by itself."""
    needs_second_factor: bool = False
    """Whether the account must set up a second factor before it can do anything else."""
    approval_id: str | None = None
    """The approved change request in whose name this is done; no request comes with one."""
    scope: Scope = EVERYTHING
    """What the credential in hand is for."""

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the caller may do at the site. Who acts for somebody leaves the account itself alone."""
        held = self.held & {Permission.ACCOUNT_SELF} if self.needs_second_factor else self.held
        return self.scope.leaves(held if self.actor_id is None else held - {Permission.ACCOUNT_SELF})

    def may(self, permission: Permission) -> bool:
        """Tell whether the caller has a permission."""
        return permission in self.permissions


async def caller_of(work: UnitOfWork, account: AccountRow) -> Caller:
    """Return the caller that an account is without a request, for what is done in its name."""
    return Caller(account.id, account.role, await permissions_of(work, account.role))


class Identification:
    """Finds out who a request comes from."""

    def __init__(self, units: UnitsOfWork, access_tokens: AccessTokens, settings: IdentitySettings) -> None:
        self._units = units
        self._access_tokens = access_tokens
        self._settings = settings
        self._lives_until = TokenLife(settings.api_token_days).ends
        self._token_uses = TokenUses(units)

    async def identify(self, request: HTTPConnection) -> Actor:
        """Leave the caller, or why there is none, on the request; returns the actor for its transaction."""
        request_id = request_id_of(request)
        try:
            caller = await self._as_they_are(await self._caller(request))
        except Unauthenticated as refusal:
            request.state.caller, request.state.refusal = None, refusal
            return Actor(ANONYMOUS.kind, ANONYMOUS.id, request_id, origin=_origin(request))
        request.state.caller, request.state.refusal = caller, None
        origin = _origin(request, caller)
        if caller.actor_id is not None:
            return Actor(ActorKind.ACCOUNT, caller.actor_id, request_id, acting_for=caller.account_id, origin=origin)
        return Actor(ActorKind.ACCOUNT, caller.account_id, request_id, origin=origin)

    async def _caller(self, request: HTTPConnection) -> Caller:
        credential = _credential(request)
        address = request.client.host if request.client else None
        if not credential:
            fingerprint = presented_fingerprint(request)
            if fingerprint is not None:
                return await self._caller_of_certificate(fingerprint, address)
            raise Unauthenticated(
                "This needs a signed-in caller.",
                remedy="Sign in with POST /sessions and send the access token as `Authorization: Bearer …`.",
            )
        if credential.startswith(API_TOKEN_PREFIX):
            return await self._caller_of_api_token(credential, address)
        claims = self._access_tokens.verify(credential)
        if claims.actor_id is not None:
            await self._check_acting(claims, claims.actor_id)
        return Caller(
            claims.account_id,
            claims.role,
            TENANT_PERMISSIONS,
            claims.session_id,
            actor_id=claims.actor_id,
            expires_at=claims.expires_at,
        )

    async def _as_they_are(self, caller: Caller) -> Caller:
        """Read what whoever is no plain tenant may do now, and whether they have the second factor they may need.

        What tenants may do never changes, so that their requests need no look at the database.

        Raises:
            Unauthenticated: the account is suspended.
        """
        if caller.role == Role.TENANT:
            return caller
        async with self._units.read(system_actor("identity")) as work:
            account = await work.session.get(AccountRow, caller.account_id)
            if account is None or account.state != "active":
                raise Unauthenticated("The account is suspended.", remedy="Ask an administrator of the site.")
            held = await permissions_of(work, account.role)
            wanted = self._settings.administrators_need_second_factor and account.role != Role.TENANT
            needs = wanted and not await self._has_factor(work, caller)
        return replace(caller, role=account.role, held=held, needs_second_factor=needs)

    @staticmethod
    async def _has_factor(work: UnitOfWork, caller: Caller) -> bool:
        """Tell whether a caller has a second factor, or an identity provider that answers for it let them in."""
        factor = await work.session.get(SecondFactorRow, caller.account_id)
        if factor is not None and factor.confirmed_at is not None:
            return True
        return caller.session_id is not None and await answered_for(work, caller.session_id)

    async def _check_acting(self, claims: AccessClaims, actor_id: str) -> None:
        """Look whether the administrator's session still stands: unlike one's own, it ends at once.

        Raises:
            Unauthenticated: it has ended.
        """
        async with self._units.read(system_actor("identity")) as work:
            sessions = Sessions(work, self._access_tokens, 0)
            if not await sessions.still_acts(claims.session_id, actor_id, claims.account_id):
                raise Unauthenticated("Acting for this account has ended.", remedy="Begin anew as an administrator.")

    async def _caller_of_api_token(self, text: str, address: str | None) -> Caller:
        parsed = parse_api_token(text)
        async with self._units.read(system_actor("identity")) as work:
            token_id, secret = parsed or ("", "")
            row = None
            if parsed is not None:
                statement = select(ApiTokenRow, AccountRow).join(AccountRow, AccountRow.id == ApiTokenRow.account_id)
                row = (await work.session.execute(statement.where(ApiTokenRow.id == token_id))).first()
            now = work.clock.now()
        if row is not None:
            token, account = row.ApiTokenRow, row.AccountRow
            expires_at = self._lives_until(token)
            unexpired = expires_at is None or expires_at > now
            if unexpired and account.state == "active" and same_hash(secret, token.token_hash):
                await self._token_uses.note(token, address)
                return Caller(
                    account.id,
                    account.role,
                    TENANT_PERMISSIONS,
                    token_id=token.id,
                    credential_name=token.name,
                    expires_at=expires_at,
                    scope=Scope.of(token.scopes, token.subscription_ids),
                )
        raise Unauthenticated(
            "The API token is not valid, has expired or was revoked.",
            remedy="Make a new one with POST /api-tokens.",
        )

    async def _caller_of_certificate(self, fingerprint: str, address: str | None) -> Caller:
        """Return whose a certificate is.

        Raises:
            Unauthenticated: nobody's, or nobody's any more; which of these is not told.
        """
        async with self._units.read(system_actor("identity")) as work:
            owned = AccountRow.id == ClientCertificateRow.account_id
            statement = select(ClientCertificateRow, AccountRow).join(AccountRow, owned)
            found = (
                await work.session.execute(statement.where(ClientCertificateRow.fingerprint == fingerprint))
            ).first()
            now = work.clock.now()
        if found is not None:
            certificate, account = found.ClientCertificateRow, found.AccountRow
            expires_at = self._lives_until(certificate)
            if expires_at is not None and expires_at > now and account.state == "active":
                await self._token_uses.note(certificate, address)
                return Caller(
                    account.id,
                    account.role,
                    TENANT_PERMISSIONS,
                    certificate_id=certificate.id,
                    credential_name=certificate.name,
                    expires_at=expires_at,
                    scope=Scope.of(certificate.scopes, certificate.subscription_ids),
                )
        raise Unauthenticated(
            "The client certificate is not registered, has expired or was removed.",
            remedy="Register one with POST /client-certificates.",
        )


def _origin(request: HTTPConnection, caller: Caller | None = None) -> Origin:
    """Return where a request comes from."""
    agent = "".join(character for character in request.headers.get("User-Agent", "") if character.isprintable())
    face: str = getattr(request.app.state, "face", "")
    address = request.client.host if request.client else None
    if caller is None:
        return Origin(face, address, agent[:USER_AGENT_CHARACTERS] or None)
    if caller.certificate_id is not None:
        kind, identity = "client_certificate", caller.certificate_id
    elif caller.token_id is not None:
        kind, identity = "api_token", caller.token_id
    else:
        kind, identity = "session", caller.session_id
    return Origin(face, address, agent[:USER_AGENT_CHARACTERS] or None, kind, identity, caller.credential_name)


def _credential(request: HTTPConnection) -> str | None:
    scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and credential:
        return credential
    return bearer_of(request) if isinstance(request, WebSocket) else None


class SecondFactorNeeded(Forbidden):
    """The site wants a second factor of who runs it, and the caller has none."""

    code = "identity.second_factor_needed"
    title = "Set up a second factor first"

    def __init__(self) -> None:
        super().__init__(
            "This site wants a second factor of everybody who runs it, and your account has none.",
            remedy="Set one up: under Account in the portal, with `zaffre account second-factor set-up`, or by API.",
        )


class _Requires(AccessRule):
    """The caller must have a permission."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def check(self, request: Request) -> None:
        caller = _known(request)
        request.state.required = self.permission
        if caller.needs_second_factor and not caller.may(self.permission):
            raise SecondFactorNeeded
        if not caller.may(self.permission):
            raise Forbidden(
                f"{_what_lacks(caller)} the permission {self.permission.value}.",
                remedy="Ask an administrator of the site.",
                target=self.permission.value,
            )

    def describe(self) -> str:
        return self.permission.value


def _what_lacks(caller: Caller) -> str:
    # A role that the site has made is named by an id, which tells its holder nothing.
    role = f"Your role {caller.role}" if caller.role in set(Role) else "Your role"
    return f"{role} lacks" if caller.scope == EVERYTHING else f"The credential in hand, or {role.lower()}, lacks"


class _SignedIn(AccessRule):
    """Any signed-in caller."""

    async def check(self, request: Request) -> None:
        _known(request)

    def describe(self) -> str:
        return "signed in"


class _Public(AccessRule):
    """Anybody."""

    async def check(self, request: Request) -> None:
        pass

    def describe(self) -> str:
        return "public"


def _known(request: Request) -> Caller:
    if request.state.caller is None:
        raise request.state.refusal
    return request.state.caller


def requires(permission: Permission) -> DependsParameter:
    """Declare that a route is for callers with `permission`."""
    return Depends(_Requires(permission))


def signed_in() -> DependsParameter:
    """Declare that a route is for every signed-in caller."""
    return Depends(_SignedIn())


def public() -> DependsParameter:
    """Declare that a route is for everybody."""
    return Depends(_Public())


CurrentCaller = Annotated[Caller, Depends(_known)]
"""The signed-in caller of the request."""
