"""Limits: so many requests a minute or a day, and so many at once."""

from __future__ import annotations

import math
import time
from collections import Counter

from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerMinute
from limits.aio.storage import Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.storage import storage_from_string

from backend.kernel.errors import RateLimited


class RateLimits:
    """redis_url: shared by every process; memory of this process when empty."""

    def __init__(self, redis_url: str = "") -> None:
        # redispy is the client that is installed anyway; the library's own default is another.
        storage = (
            storage_from_string(f"async+{redis_url}", implementation="redispy") if redis_url else storage_from_string("async+memory://")
        )
        assert isinstance(storage, Storage)
        # Two numbers for each name: a window that keeps every request's moment costs more the more there are.
        self._window = SlidingWindowCounterRateLimiter(storage)

    async def per_minute(self, what: str, most: int) -> None:
        """Count one request. Raises RateLimited when `most` were made within the last minute."""
        await self._hit(RateLimitItemPerMinute(most), what, f"At most {most} requests a minute.")

    async def per_day(self, what: str, most: int) -> None:
        await self._hit(RateLimitItemPerDay(most), what, f"At most {most} a day.")

    async def _hit(self, item: RateLimitItem, what: str, detail: str) -> None:
        if await self._window.hit(item, what):
            return
        stats = await self._window.get_window_stats(item, what)
        raise RateLimited(detail, retry_after=max(1, math.ceil(stats.reset_time - time.time())))


class Slots:
    """So many at once for each name, in this process."""

    def __init__(self, most: int, detail: str) -> None:
        self._most, self._detail = most, detail
        self._taken: Counter[str] = Counter()

    def take(self, name: str) -> None:
        """Raises RateLimited `too_many_running`. Each taken slot is given back once."""
        if self._taken[name] >= self._most:
            raise RateLimited(self._detail, retry_after=2, code="too_many_running")
        self._taken[name] += 1

    def give_back(self, name: str) -> None:
        self._taken[name] -= 1
        if self._taken[name] <= 0:
            del self._taken[name]
