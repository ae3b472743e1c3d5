"""Bodies and views of federation."""

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from zaffre.foundation.http.wire import Body, Id, Name, ResourceView, View
from zaffre.identity.api import TokensView
from zaffre.identity.federation.providers import NewPeople, ProviderDraft
from zaffre.identity.federation.tables import IdentityProviderRow, LinkedIdentityRow
from zaffre.identity.wire import GivenCode, GivenPassword

_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+")
NULLABLE = ("client_secret",)


def _domain(value: str) -> str:
    domain = value.lower().removeprefix("@")
    if not _DOMAIN.fullmatch(domain):
        raise ValueError("must be a domain such as example.org")
    return domain


Issuer = Annotated[str, StringConstraints(min_length=10, max_length=500, pattern=r"^https?://[^\s?#]+$")]
"""Exactly as the provider writes it, with or without a slash at the end."""
ClientId = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[\x20-\x7e]+$")]
ClientSecret = Annotated[SecretStr, Field(min_length=1, max_length=1000)]
Scope = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[\x21\x23-\x5b\x5d-\x7e]+$")]
Scopes = Annotated[list[Scope], Field(max_length=20)]
Claim = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$")]
Domain = Annotated[str, StringConstraints(min_length=3, max_length=253), AfterValidator(_domain)]
Domains = Annotated[list[Domain], Field(max_length=100)]


class NewIdentityProviderBody(Body):
    """An OpenID provider that people shall be able to sign in with."""

    name: Name
    """What the button on the sign-in page says."""
    issuer: Issuer
    """Its address, exactly as its discovery document names it; it cannot be changed later."""
    client_id: ClientId
    client_secret: ClientSecret | None = None
    """None: this site is a public client there."""
    scopes: Scopes = Field(default=["openid", "email", "profile"])
    email_claim: Claim = "email"
    verified_claim: Claim = "email_verified"
    name_claim: Claim = "name"
    trusts_addresses: bool = False
    """Whether addresses count as verified of which the provider does not say whether they are. Only for a provider
    where nobody can choose their own address."""
    new_people: NewPeople = NewPeople.REFUSE
    """What becomes of people whose identity no account has."""
    email_domains: Domains = Field(default=[])
    """Where the addresses of new people must be; empty: anywhere."""
    asks_second_factor: bool = False
    """Whether accounts with a second factor here are asked for it as well."""
    enabled: bool = True

    def to_draft(self) -> ProviderDraft:
        """Return what the rules take."""
        return ProviderDraft(**{name: getattr(self, name) for name in type(self).model_fields})


class IdentityProviderChangeBody(Body):
    """What may change of an identity provider; what is left out stays."""

    name: Name | None = None
    client_id: ClientId | None = None
    client_secret: ClientSecret | None = None
    """null removes it."""
    scopes: Scopes | None = None
    email_claim: Claim | None = None
    verified_claim: Claim | None = None
    name_claim: Claim | None = None
    trusts_addresses: bool | None = None
    new_people: NewPeople | None = None
    email_domains: Domains | None = None
    asks_second_factor: bool | None = None
    enabled: bool | None = None

    def changes(self) -> dict[str, Any]:
        """Return what was given; only the secret can be nothing."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return {name: value for name, value in given.items() if value is not None or name in NULLABLE}


class RedirectUrlView(View):
    """An address that must be registered at the provider."""

    portal: str
    url: str


class IdentityProviderView(ResourceView):
    """An identity provider, without its secret."""

    name: str
    issuer: str
    client_id: str
    has_client_secret: bool
    scopes: list[str]
    email_claim: str
    verified_claim: str
    name_claim: str
    trusts_addresses: bool
    new_people: NewPeople
    email_domains: list[str]
    asks_second_factor: bool
    enabled: bool
    redirect_urls: list[RedirectUrlView]
    """To register at the provider."""

    @classmethod
    def of(cls, row: IdentityProviderRow, redirect_urls: list[RedirectUrlView]) -> "IdentityProviderView":
        """Shape a row."""
        own = {name: getattr(row, name) for name in cls.model_fields if hasattr(row, name)}
        return cls(**own, has_client_secret=row.sealed_client_secret is not None, redirect_urls=redirect_urls)


class ProviderTestView(View):
    """What a provider says of itself, when all of it can be used."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str | None
    algorithms: list[str]
    keys: int
    """How many keys it signs with."""


class NewFederatedSignInBody(Body):
    """Somebody who wants to sign in with an account that they have elsewhere."""

    provider_id: Id


class NewIdentityBody(NewFederatedSignInBody):
    """Somebody who wants to be able to."""

    current_password: GivenPassword | None = None
    """Of the account, if it has one."""


class FederatedSignInView(View):
    """Where to go to sign in. A cookie with the answer binds it to the browser."""

    authorization_url: str
    expires_at: datetime


class FederatedReturnBody(Body):
    """What a browser brought back from a provider, in its address."""

    state: Annotated[str, StringConstraints(min_length=20, max_length=200)]
    code: Annotated[str, StringConstraints(min_length=1, max_length=4000)] | None = None
    error: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    iss: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = None
    second_factor_code: GivenCode | None = None
    """Sent with the state alone, once the answer was `identity.code_needed`."""


class FederatedReturnView(View):
    """What came of it."""

    tokens: TokensView | None
    """None: an identity was linked to the account that is signed in."""
    identity_id: str | None


class LinkedIdentityView(View):
    """Somebody at an identity provider who can sign in to one's account."""

    id: str
    provider_id: str
    provider_name: str
    email: str | None
    """What the provider called them last."""
    created_at: datetime
    used_at: datetime | None

    @classmethod
    def of(cls, row: LinkedIdentityRow, provider: IdentityProviderRow) -> "LinkedIdentityView":
        """Shape a row."""
        own = {name: getattr(row, name) for name in cls.model_fields if hasattr(row, name)}
        return cls(**own, provider_name=provider.name)
