"""Signing what programs are asked, so that they can be sure that it comes from this site and from nobody else.

Each program has a key pair of its own; the public half is published as a JSON Web Key set. A token is good for a minute
and for one request: it names the program, the method, the path with its query, and the digest of the body.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey
from pydantic import SecretStr

from zaffre.foundation.clock import Clock
from zaffre.foundation.ids import IdSource

ALGORITHM = "ES256"
ISSUER = "zaffre"
LIFETIME = timedelta(seconds=60)
SITE = "site"
"""The subject of what Zaffre itself asks."""


@dataclass(frozen=True)
class KeyPair:
    """A key that signs, and its half for others."""

    private: SecretStr
    public: Mapping[str, Any]


@dataclass(frozen=True)
class OnBehalf:
    """Whom a tenant's request comes from, and what they may do."""

    account_id: str
    subscription_id: str
    permissions: Sequence[str]
    actor_id: str | None = None
    """The administrator who acts for the account."""
    claims: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        more = {"act": self.actor_id} if self.actor_id is not None else {}
        object.__setattr__(
            self,
            "claims",
            {
                "sub": self.account_id,
                "subscription_id": self.subscription_id,
                "permissions": list(self.permissions),
                **more,
            },
        )


def new_key(key_id: str) -> KeyPair:
    """Make a key pair."""
    key = ECKey.generate_key("P-256", {"kid": key_id, "use": "sig", "alg": ALGORITHM})
    private: dict[str, Any] = dict(key.as_dict(private=True))
    public: dict[str, Any] = dict(key.as_dict(private=False))
    return KeyPair(SecretStr(json.dumps(private)), public)


def digest(body: bytes) -> str:
    """Return the digest of a body as tokens carry it: SHA-256 in URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()


class Signer:
    """Signs requests to one program."""

    def __init__(self, name: str, private: SecretStr, clock: Clock, ids: IdSource) -> None:
        self._audience = name
        self._key = ECKey.import_key(json.loads(private.get_secret_value()))
        self._clock = clock
        self._ids = ids

    def token(self, method: str, target: str, body: bytes, on_behalf: OnBehalf | None = None) -> str:
        """Return the token for one request; `target` is its path with its query, as it is sent."""
        now = self._clock.now()
        claims = {
            "iss": ISSUER,
            "aud": self._audience,
            "sub": SITE,
            **(on_behalf.claims if on_behalf is not None else {}),
            "iat": int(now.timestamp()),
            "exp": int((now + LIFETIME).timestamp()),
            "jti": self._ids.new(),
            "htm": method,
            "htu": target,
            "body_sha256": digest(body),
        }
        return jwt.encode({"alg": ALGORITHM, "kid": self._key.kid, "typ": "JWT"}, claims, self._key)
