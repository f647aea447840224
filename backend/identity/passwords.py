"""Passwords at rest: Argon2id, computed in a thread so that nobody else's request waits for it."""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError


class Passwords:
    """memory: KiB and rounds: passes of one hash. The defaults are those OWASP advises for one lane."""

    def __init__(self, *, memory: int = 19_456, rounds: int = 2) -> None:
        self._hasher = PasswordHasher(time_cost=rounds, memory_cost=memory, parallelism=1)
        self._nobody = self._hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        return await asyncio.to_thread(self._hasher.hash, _bytes(password))

    async def matches(self, stored: str | None, password: str) -> bool:
        """Takes as long for an account that does not exist (`stored` None) as for one that does."""
        return await asyncio.to_thread(self._matches, stored, password)

    def outdated(self, stored: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _matches(self, stored: str | None, password: str) -> bool:
        try:
            right = self._hasher.verify(stored or self._nobody, _bytes(password))
        except (VerificationError, InvalidHashError):
            return False
        return right and stored is not None


def _bytes(password: str) -> bytes:
    """JSON can carry half a surrogate pair, which plain UTF-8 refuses to write."""
    return password.encode("utf-8", "surrogatepass")
