"""Tokens: short signed access tokens, opaque refresh tokens, API tokens."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey
from joserfc.jwt import JWTClaimsRegistry

from zaffre.foundation.clock import Clock
from zaffre.foundation.errors import Unauthenticated
from zaffre.foundation.secrets import Keyring

ALGORITHM = "HS256"
ISSUER = "zaffre"
API_TOKEN_PREFIX = "zat_"  # noqa: S105 - a public prefix, which lets scanners recognise leaked tokens


@dataclass(frozen=True)
class AccessClaims:
    """What an access token says."""

    account_id: str
    role: str
    """Only whether it is a plain tenant's is believed of it: what others may do is read at each request."""
    session_id: str
    actor_id: str | None = None
    """The administrator who acts for the account; None: the account's holder."""
    expires_at: datetime | None = None
    """Set when a token was verified."""


class AccessTokens:
    """Signs and verifies access tokens with keys derived from the keyring, so no database is asked.

    A revoked session or a suspended account therefore keeps its access until the token in hand expires, minutes later.
    """

    def __init__(self, keyring: Keyring, clock: Clock, lifetime_s: int) -> None:
        self._clock = clock
        self._lifetime = timedelta(seconds=lifetime_s)
        keys = [_key(material) for material in keyring.derive("zaffre access tokens")]
        self._signing_key = keys[0]
        self._keys = KeySet([*keys])

    def issue(self, claims: AccessClaims) -> tuple[str, datetime]:
        """Return a token and when it expires."""
        now = self._clock.now()
        expires_at = now + self._lifetime
        content = {
            "iss": ISSUER,
            "sub": claims.account_id,
            "role": claims.role,
            "sid": claims.session_id,
            "iat": int(now.timestamp()),
            "exp": int(expires_at.timestamp()),
            **({"act": claims.actor_id} if claims.actor_id is not None else {}),
        }
        return jwt.encode({"alg": ALGORITHM, "kid": self._signing_key.kid}, content, self._signing_key), expires_at

    def verify(self, token: str) -> AccessClaims:
        """Return what a token says.

        Raises:
            Unauthenticated: it is forged, malformed or expired.
        """
        try:
            claims = jwt.decode(token, self._keys, algorithms=[ALGORITHM]).claims
            JWTClaimsRegistry(
                now=int(self._clock.now().timestamp()),
                iss={"essential": True, "value": ISSUER},
                exp={"essential": True},
                sub={"essential": True},
            ).validate(claims)
            expires_at = datetime.fromtimestamp(int(claims["exp"]), UTC)
            actor_id = str(claims["act"]) if "act" in claims else None
            return AccessClaims(str(claims["sub"]), str(claims["role"]), str(claims["sid"]), actor_id, expires_at)
        except (JoseError, ValueError, KeyError, TypeError):
            raise Unauthenticated(
                "The access token is not valid or has expired.",
                remedy="Refresh it with POST /sessions/refresh, or sign in again with POST /sessions.",
            ) from None


def new_secret() -> str:
    """Return 256 random bits as text."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """Return what the database keeps of a random secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def same_hash(secret: str, expected_hash: str) -> bool:
    """Compare without telling by timing how far they agree."""
    return hmac.compare_digest(hash_secret(secret), expected_hash)


def api_token(token_id: str, secret: str) -> str:
    """Return the text of an API token: its id makes it findable, its secret makes it good."""
    return f"{API_TOKEN_PREFIX}{token_id.replace('-', '')}_{secret}"


def parse_api_token(text: str) -> tuple[str, str] | None:
    """Return the id and the secret of an API token's text; None when it is none."""
    identifier, underscore, secret = text.removeprefix(API_TOKEN_PREFIX).partition("_")
    hexadecimal = len(identifier) == 32 and all(c in "0123456789abcdef" for c in identifier)
    if not (text.startswith(API_TOKEN_PREFIX) and underscore and hexadecimal and secret):
        return None
    parts = (identifier[:8], identifier[8:12], identifier[12:16], identifier[16:20], identifier[20:])
    return "-".join(parts), secret


def _key(material: bytes) -> OctKey:
    return OctKey.import_key(material, {"kid": hashlib.sha256(b"kid" + material).hexdigest()[:16]})
