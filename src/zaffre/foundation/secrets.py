"""Secrets: values that must never be seen by accident.

A secret travels as pydantic's `SecretStr`, which prints as asterisks, and rests as a `SealedSecret`: encrypted with a
key that lives outside the database. Logs, events, operations and API answers can hold neither by mistake.
"""

import base64
import os
from pathlib import Path
from typing import NewType

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

SealedSecret = NewType("SealedSecret", bytes)
"""An encrypted secret as stored in the database: a Fernet token, with the time of sealing inside."""


class KeyUnusable(Exception):
    """The key file is missing, malformed, readable by others, or does not fit what is in the database."""


class Keyring:
    """Seals and opens secrets, and derives keys for other purposes.

    The first key seals; all of them open. To rotate, put a new line first in the key file and restart.
    """

    def __init__(self, keys: list[bytes]) -> None:
        self._keys = keys
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError as error:
            raise KeyUnusable(f"A key must be 32 bytes in URL-safe base64: {error}") from None

    @classmethod
    def at(cls, path: Path) -> "Keyring":
        """Read the key file, making one with a fresh key when there is none.

        Raises:
            KeyUnusable: it is malformed or others can read it.
        """
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(descriptor, "wb") as file:
                file.write(Fernet.generate_key() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        if path.stat().st_mode & 0o077:
            raise KeyUnusable(f"{path} can be read by others; run: chmod 600 {path}")
        keys = path.read_bytes().split()
        if not keys:
            raise KeyUnusable(f"{path} holds no key")
        return cls(keys)

    def seal(self, secret: SecretStr) -> SealedSecret:
        """Encrypt a secret for the database."""
        return SealedSecret(self._fernet.encrypt(secret.get_secret_value().encode()))

    def open(self, sealed: SealedSecret) -> SecretStr:
        """Decrypt a secret from the database.

        Raises:
            KeyUnusable: it was sealed with a key that this ring does not hold.
        """
        try:
            return SecretStr(self._fernet.decrypt(sealed).decode())
        except InvalidToken:
            raise KeyUnusable("A secret in the database was sealed with another key.") from None

    def derive(self, purpose: str) -> list[bytes]:
        """Return one 32-byte key per key of the ring for `purpose`, the current one first (HKDF, RFC 5869)."""
        return [
            HKDF(hashes.SHA256(), length=32, salt=None, info=purpose.encode()).derive(base64.urlsafe_b64decode(key))
            for key in self._keys
        ]
