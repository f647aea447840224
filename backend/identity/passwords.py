"""Passwords at rest: Argon2id, computed in a thread so that nobody else's request waits for it."""

from __future__ import annotations

import asyncio
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError


class Passwords:
    """memory: KiB and rounds: passes of one hash. The defaults are those OWASP advises for one lane."""

    def __init__(self, *, memory: int = 19_456, rounds: int = 2) -> None:
        self._hasher = _hasher(memory, rounds)
        self._nobody = _nobody(memory, rounds)

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


def _hasher(memory: int, rounds: int) -> PasswordHasher:
    return PasswordHasher(time_cost=rounds, memory_cost=memory, parallelism=1)


@cache
def _nobody(memory: int, rounds: int) -> str:
    """What a password is held against when there is no account. It is no secret, so one for the process will do."""
    return _hasher(memory, rounds).hash("nobody has this password")


def _bytes(password: str) -> bytes:
    """JSON can carry half a surrogate pair, which plain UTF-8 refuses to write."""
    return password.encode("utf-8", "surrogatepass")
