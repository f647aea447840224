"""Signing in: throttled, then checked, then a fresh session.

Failures are counted for an e-mail together with the address they come from, so guessing is slow, and no stranger can lock a person
out who comes from elsewhere. A wider count for each address alone slows one that tries many e-mails.
"""

from __future__ import annotations

import time

from limits import RateLimitItemPerMinute
from limits.aio.strategies import FixedWindowRateLimiter
from limits.storage import storage_from_string

from backend.identity.service import Accounts
from backend.identity.sessions import Sessions
from backend.kernel.errors import RateLimited
from backend.kernel.secrets import fingerprint

PAIR = RateLimitItemPerMinute(10, 15)
ADDRESS = RateLimitItemPerMinute(60, 15)


class Throttle:
    """storage_url: where counts live, in the words of the `limits` library, such as async+redis://host."""

    def __init__(self, storage_url: str = "async+memory://") -> None:
        self._limiter = FixedWindowRateLimiter(storage_from_string(storage_url))

    async def admit(self, email: str, address: str) -> None:
        """Count an attempt. Raises RateLimited with the seconds to wait."""
        for item, key in ((ADDRESS, address), (PAIR, _pair(email, address))):
            if not await self._limiter.hit(item, key):
                window = await self._limiter.get_window_stats(item, key)
                wait = max(1, int(window.reset_time - time.time()) + 1)
                raise RateLimited("Too many attempts to sign in. Wait a little, then try again.", retry_after=wait)

    async def admit_address(self, address: str) -> None:
        """Count an attempt that names no account yet, such as a registration. Raises RateLimited."""
        if not await self._limiter.hit(ADDRESS, address):
            raise RateLimited("Too many attempts from here. Wait a little, then try again.", retry_after=60)

    async def forgive(self, email: str, address: str) -> None:
        """A success clears the count of this e-mail from this address."""
        await self._limiter.clear(PAIR, _pair(email, address))


class SignIn:
    def __init__(self, accounts: Accounts, sessions: Sessions, throttle: Throttle) -> None:
        self._accounts, self._sessions, self._throttle = accounts, sessions, throttle

    async def pace(self, address: str) -> None:
        """Before a registration: hashing a password costs us more than it costs whoever asks. Raises RateLimited."""
        await self._throttle.admit_address(address)

    async def __call__(self, email: str, password: str, *, address: str, user_agent: str, replacing: str = "") -> str:
        """The new session's token. Raises Unauthenticated `wrong_credentials`, RateLimited. replacing: the token held before."""
        await self._throttle.admit(email, address)
        account = await self._accounts.authenticate(email, password)
        await self._throttle.forgive(email, address)
        return await self._sessions.open(account.id, user_agent, replacing)


def _pair(email: str, address: str) -> str:
    return fingerprint(f"{email.strip().lower()} {address}")
