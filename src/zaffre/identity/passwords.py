"""Passwords: argon2id, off the event loop, a few at a time."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import SecretStr

HASHERS = 2
"""Each needs 64 MiB and about 50 ms of a core, so a flood of sign-ins must queue rather than pile up."""


class Passwords:
    """Hashes and verifies passwords with argon2-cffi's recommended parameters (RFC 9106, low-memory profile)."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._pool = ThreadPoolExecutor(HASHERS, thread_name_prefix="password")
        self._nobody = self._hasher.hash("nobody's password")

    async def hash(self, password: SecretStr) -> str:
        """Return the hash to store."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self._hasher.hash, password.get_secret_value())

    async def verify(self, password: SecretStr, stored: str | None) -> bool:
        """Tell whether the password is right. An account that does not exist (None) takes just as long to refuse."""
        loop = asyncio.get_running_loop()
        right = await loop.run_in_executor(self._pool, self._matches, password.get_secret_value(), stored)
        return right and stored is not None

    def _matches(self, password: str, stored: str | None) -> bool:
        try:
            return self._hasher.verify(stored or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)
