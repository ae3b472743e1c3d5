"""Signing what is sent, by the scheme of Standard Webhooks (https://www.standardwebhooks.com).

The receiver computes HMAC-SHA256 over `id.timestamp.body` with the shared secret and compares. The timestamp is inside,
so that what was recorded on the way cannot be sent again much later.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import SecretStr

PREFIX = "whsec_"
SECRET_BYTES = 32


def new_secret() -> SecretStr:
    """Return a fresh signing secret."""
    return SecretStr(PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode())


def signed_headers(message_id: str, body: bytes, at: datetime, keys: Sequence[SecretStr]) -> Mapping[str, str]:
    """Return the headers that prove a message; one signature for each key, so that either secret is enough."""
    timestamp = str(int(at.timestamp()))
    content = b".".join((message_id.encode(), timestamp.encode(), body))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(_signature(key, content) for key in keys),
    }


def _signature(key: SecretStr, content: bytes) -> str:
    raw = base64.b64decode(key.get_secret_value().removeprefix(PREFIX))
    return "v1," + base64.b64encode(hmac.new(raw, content, hashlib.sha256).digest()).decode()
