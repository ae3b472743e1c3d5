"""What this server asks identity providers: what they are, their keys, and who somebody is.

What they say of themselves and their keys are remembered for an hour. A token that names an unknown key makes us ask
anew, which is how providers change their keys, but not more often than every few seconds.
"""

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from urllib.parse import quote_plus, urlencode

import httpcore
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import SecretStr

from zaffre.foundation.clock import Clock
from zaffre.foundation.outbound.guarded import guarded_pool, is_tls_failure
from zaffre.foundation.outbound.targets import TargetRefused, Targets
from zaffre.foundation.settings import FederationSettings
from zaffre.identity.federation.id_tokens import ALGORITHMS, Expected, KeyUnknown, TokenRefused, read_id_token
from zaffre.identity.federation.problems import (
    ProofNotGood,
    ProviderMisbehaves,
    ProviderRefused,
    ProviderUnreachable,
)

REMEMBERED_FOR = timedelta(hours=1)
BETWEEN_KEYS = timedelta(seconds=5)
"""At least so long between two questions for the keys of one provider."""
ANSWER_BYTES = 262_144
CONNECTIONS = 16
REMEMBERED_AT_MOST = 50
KEYS_AT_MOST = 100
DISCOVERY = "/.well-known/openid-configuration"


@dataclass(frozen=True)
class Metadata:
    """What a provider says of itself (OpenID Connect Discovery 1.0)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    algorithms: tuple[str, ...]
    """Of those that are acceptable."""
    basic: bool
    """Whether the client's secret goes into a header, and not into the body."""
    names_issuer: bool
    """Whether it says who it is when it sends somebody back (RFC 9207)."""


@dataclass(frozen=True)
class Party:
    """A provider, as far as talking to it goes."""

    name: str
    issuer: str
    client_id: str
    client_secret: SecretStr | None


@dataclass(frozen=True)
class Return:
    """What somebody brought back from a provider, and what belongs to it here."""

    code: str
    verifier: SecretStr
    nonce: str
    redirect_uri: str


@dataclass(frozen=True)
class _Remembered:
    value: Any
    at: datetime


class Conversation:
    """Talks to identity providers for one process."""

    def __init__(self, settings: FederationSettings, clock: Clock) -> None:
        self.targets = Targets(settings, "federation.allow_networks")
        self._settings = settings
        self._clock = clock
        self._pool: httpcore.AsyncConnectionPool | None = None
        self._metadata: dict[str, _Remembered] = {}
        self._keys: dict[str, _Remembered] = {}

    async def close(self) -> None:
        """Let go of connections."""
        if self._pool is not None:
            await self._pool.aclose()

    async def metadata(self, party: Party, *, afresh: bool = False) -> Metadata:
        """Return what a provider says of itself.

        Raises:
            ProviderUnreachable, ProviderMisbehaves: it says nothing, or nothing that can be used.
        """
        known = self._metadata.get(party.issuer)
        if known is not None and not afresh and self._clock.now() - known.at < REMEMBERED_FOR:
            return known.value
        document = await self._ask(party, "GET", party.issuer.rstrip("/") + DISCOVERY)
        metadata = self._read(party, document)
        _remember(self._metadata, party.issuer, _Remembered(metadata, self._clock.now()))
        return metadata

    async def keys(self, party: Party, metadata: Metadata, *, afresh: bool = False) -> KeySet:
        """Return the keys that a provider signs with.

        Raises:
            ProviderUnreachable, ProviderMisbehaves: it says nothing, or nothing that can be used.
        """
        known, now = self._keys.get(metadata.jwks_uri), self._clock.now()
        if known is not None and now - known.at < (BETWEEN_KEYS if afresh else REMEMBERED_FOR):
            return known.value
        document = await self._ask(party, "GET", metadata.jwks_uri)
        found: Any = document.get("keys")
        if not isinstance(found, list) or not 0 < len(cast("list[Any]", found)) <= KEYS_AT_MOST:
            raise ProviderMisbehaves(party.name, "its keys are not a list of keys")
        try:
            keys = KeySet.import_key_set({"keys": cast("list[Any]", found)})
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            raise ProviderMisbehaves(party.name, "its keys cannot be read") from None
        _remember(self._keys, metadata.jwks_uri, _Remembered(keys, now))
        return keys

    async def claims(self, party: Party, came_back: Return, wanted: tuple[str, ...]) -> Mapping[str, Any]:
        """Return who somebody is: what the ID token proves, with what else the provider tells of the same person.

        Raises:
            ProviderUnreachable, ProviderMisbehaves: it says nothing, or nothing that can be used.
            ProviderRefused: it does not take the code.
            ProofNotGood: what it signed proves nothing.
        """
        metadata = await self.metadata(party)
        tokens = await self._redeem(party, metadata, came_back)
        claims = await self._proved(party, metadata, tokens["id_token"], came_back.nonce)
        access_token = tokens.get("access_token")
        if all(name in claims for name in wanted) or metadata.userinfo_endpoint is None or not access_token:
            return claims
        headers = {"Authorization": f"Bearer {access_token}"}
        told = await self._ask(party, "GET", metadata.userinfo_endpoint, headers=headers)
        if told.get("sub") != claims["sub"]:
            raise ProofNotGood(party.name, "it tells of somebody else than it signed for")
        return {**told, **claims}

    async def _redeem(self, party: Party, metadata: Metadata, came_back: Return) -> Mapping[str, Any]:
        fields = {
            "grant_type": "authorization_code",
            "code": came_back.code,
            "redirect_uri": came_back.redirect_uri,
            "code_verifier": came_back.verifier.get_secret_value(),
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if party.client_secret is None:
            fields["client_id"] = party.client_id
        elif metadata.basic:
            pair = f"{quote_plus(party.client_id)}:{quote_plus(party.client_secret.get_secret_value())}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            fields |= {"client_id": party.client_id, "client_secret": party.client_secret.get_secret_value()}
        tokens = await self._ask(party, "POST", metadata.token_endpoint, headers, urlencode(fields).encode())
        if not isinstance(tokens.get("id_token"), str):
            raise ProviderMisbehaves(party.name, "it gave no ID token")
        access_token = tokens.get("access_token")
        if access_token is not None and not (isinstance(access_token, str) and _fits_header(access_token)):
            raise ProviderMisbehaves(party.name, "it gave an access token that is none")
        return tokens

    async def _proved(self, party: Party, metadata: Metadata, token: str, nonce: str) -> Mapping[str, Any]:
        expected = Expected(
            party.issuer, party.client_id, nonce, int(self._clock.now().timestamp()), metadata.algorithms
        )
        try:
            try:
                return read_id_token(token, await self.keys(party, metadata), expected)
            except KeyUnknown:
                return read_id_token(token, await self.keys(party, metadata, afresh=True), expected)
        except TokenRefused as refusal:
            raise ProofNotGood(party.name, str(refusal)) from None

    def _read(self, party: Party, document: Mapping[str, Any]) -> Metadata:
        if document.get("issuer") != party.issuer:
            raise ProviderMisbehaves(party.name, "it says that it is another issuer")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            self._check_endpoint(party, document.get(name), name)
        if document.get("userinfo_endpoint") is not None:
            self._check_endpoint(party, document["userinfo_endpoint"], "userinfo_endpoint")
        signs = _words(document.get("id_token_signing_alg_values_supported"), ("RS256",))
        algorithms = tuple(name for name in ALGORITHMS if name in signs)
        if not algorithms:
            raise ProviderMisbehaves(party.name, "it signs with no algorithm that is accepted here")
        if "S256" not in _words(document.get("code_challenge_methods_supported"), ("S256",)):
            raise ProviderMisbehaves(party.name, "it does not take code challenges (PKCE, S256)")
        ways = _words(document.get("token_endpoint_auth_methods_supported"), ("client_secret_basic",))
        wanted = ("none",) if party.client_secret is None else ("client_secret_basic", "client_secret_post")
        if party.client_secret is not None and not any(way in ways for way in wanted):
            raise ProviderMisbehaves(party.name, "it does not take a client secret")
        return Metadata(
            party.issuer,
            document["authorization_endpoint"],
            document["token_endpoint"],
            document["jwks_uri"],
            document.get("userinfo_endpoint"),
            algorithms,
            "client_secret_basic" in ways,
            document.get("authorization_response_iss_parameter_supported") is True,
        )

    def _check_endpoint(self, party: Party, url: object, name: str) -> None:
        if not isinstance(url, str):
            raise ProviderMisbehaves(party.name, f"it does not say its {name}")
        try:
            self.targets.check_url(url)
        except TargetRefused as refusal:
            raise ProviderMisbehaves(party.name, f"its {name} cannot be used: {refusal.detail}") from None

    async def _ask(
        self,
        party: Party,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Mapping[str, Any]:
        """Send a request; returns the JSON object that is answered."""
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                status, body = await self._exchange(party, method, url, headers or {}, content)
        except TargetRefused as refusal:
            raise ProviderUnreachable(party.name, refusal.detail.rstrip(".")) from None
        except TimeoutError:
            raise ProviderUnreachable(party.name, "it takes too long") from None
        except httpcore.ConnectError as failure:
            reason = "its certificate is not trusted" if is_tls_failure(failure) else "no connection"
            raise ProviderUnreachable(party.name, reason) from None
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError, ValueError):
            raise ProviderUnreachable(party.name, "the connection broke off") from None
        return _object(party, status, body)

    async def _exchange(
        self, party: Party, method: str, url: str, headers: Mapping[str, str], content: bytes | None
    ) -> tuple[int, bytes]:
        self.targets.check_url(url)
        if self._pool is None:
            self._pool = guarded_pool(self.targets, connections=CONNECTIONS, ca_file=self._settings.ca_file)
        sent: dict[bytes | str, bytes | str] = {"Accept": "application/json", "User-Agent": "Zaffre/1", **headers}
        extensions = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), self._settings.timeout_s)}
        body = bytearray()
        async with self._pool.stream(method, url, headers=sent, content=content, extensions=extensions) as response:
            async for part in response.aiter_stream():
                body += part
                if len(body) > ANSWER_BYTES:
                    raise ProviderMisbehaves(party.name, "its answer is too large")
        return response.status, bytes(body)


def _object(party: Party, status: int, body: bytes) -> Mapping[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise ProviderMisbehaves(party.name, f"it answered with status {status} and no JSON object")
    found = cast("Mapping[str, Any]", answer)
    if status == 200:
        return found
    error = found.get("error")
    if isinstance(error, str):
        raise ProviderRefused(party.name, error)
    raise ProviderMisbehaves(party.name, f"it answered with status {status}")


def _words(value: object, otherwise: tuple[str, ...]) -> tuple[str, ...]:
    """Return a list of words; what is meant when there is none is in the specification."""
    if not isinstance(value, list):
        return otherwise
    return tuple(word for word in cast("list[object]", value) if isinstance(word, str))


def _fits_header(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def _remember(store: dict[str, _Remembered], key: str, remembered: _Remembered) -> None:
    """Keep an answer; the oldest one goes when there are too many."""
    store.pop(key, None)
    while len(store) >= REMEMBERED_AT_MOST:
        store.pop(next(iter(store)))
    store[key] = remembered
