"""ID tokens: what an identity provider signs about somebody (OpenID Connect Core 1.0, 3.1.3.7)."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

LEEWAY_S = 60
"""How far clocks may be apart."""
LONGEST_SUBJECT = 255
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures that need a private key: whoever knows the client secret, or nothing, must not be able to sign."""


class TokenRefused(Exception):
    """An ID token does not prove anything; the text says why."""


class KeyUnknown(TokenRefused):
    """It names a key that the provider did not have when it was last asked."""


@dataclass(frozen=True)
class Expected:
    """What an ID token must say."""

    issuer: str
    client_id: str
    nonce: str
    now_s: int
    algorithms: Sequence[str]
    """That the provider says it signs with."""


def read_id_token(token: str, keys: KeySet, expected: Expected) -> Mapping[str, Any]:
    """Return the claims of an ID token that proves who somebody is, to us, now, in answer to what we asked.

    Raises:
        KeyUnknown: it is signed with a key that is not among `keys`.
        TokenRefused: it proves nothing.
    """
    allowed = [name for name in ALGORITHMS if name in expected.algorithms]
    try:
        claims = jwt.decode(token, keys, algorithms=allowed).claims
    except InvalidKeyIdError:
        raise KeyUnknown("it is signed with a key that the provider does not publish") from None
    except (JoseError, ValueError, TypeError):
        raise TokenRefused("its signature is not right") from None
    _check(claims, expected)
    return claims


def _check(claims: Mapping[str, Any], expected: Expected) -> None:
    registry = JWTClaimsRegistry(
        now=expected.now_s,
        leeway=LEEWAY_S,
        iss={"essential": True, "value": expected.issuer},
        aud={"essential": True, "value": expected.client_id},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        registry.validate(dict(claims))
    except ExpiredTokenError:
        raise TokenRefused("it has expired") from None
    except JoseError as error:
        raise TokenRefused(f"its claim {getattr(error, 'claim', '')!s} is not right") from None
    several = claims["aud"] not in (expected.client_id, [expected.client_id])
    if claims.get("azp", None if several else expected.client_id) != expected.client_id:
        raise TokenRefused("it was made for another program")
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), expected.nonce.encode()):
        raise TokenRefused("it does not belong to this sign-in")
    if not 0 < len(claims["sub"]) <= LONGEST_SUBJECT or not claims["sub"].isprintable():
        raise TokenRefused("its subject is empty or too long")
