"""Keeps one snapshot of the catalogue fresh while somebody looks at it, and keeps the last good one when the shop is away.

At most one reading is under way, so an older answer cannot overwrite a newer one. Pages are answered from memory; a reading that is due
begins behind them. Nothing is read while nobody visits, unless the shop says that something changed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Protocol

from backend.commerce.schemas import Freshness
from backend.commerce.snapshot import Snapshot
from backend.kernel.clock import Clock
from backend.kernel.errors import DomainError, Unavailable

_log = logging.getLogger(__name__)
LIFE = timedelta(seconds=15)
"""How long a snapshot is shown without looking whether it still is true."""
SHARE = 20
"""A reading that took long is repeated more seldom: at most one part in so many of the time is spent reading."""
PAUSE = timedelta(seconds=5)
"""How long a shop that failed is left alone."""
OLD = timedelta(minutes=5)
"""A snapshot nobody has looked at for so long is worth `PATIENCE` seconds of waiting for a new one."""
PATIENCE, COLD_PATIENCE = 1.0, 6.0
"""Seconds a page waits when it has an old snapshot, and when it has none at all."""
SLOW = timedelta(seconds=3)
"""A shop that takes longer for one answer is slow, and pages say so."""
GAP = 1.0
"""Seconds between a reading and the next when the shop reports one change after another."""


class Copies(Protocol):
    """Where the last good snapshot outlives this process."""

    async def load(self) -> Snapshot | None: ...

    async def save(self, snapshot: Snapshot) -> None: ...


Read = Callable[[Snapshot | None, datetime], Awaitable[Snapshot]]


class Live:
    """read: asks the shop for everything, given the snapshot before and the moment. copies: None keeps the last good one in memory only."""

    def __init__(self, read: Read, copies: Copies | None, clock: Clock) -> None:
        self._read, self._copies, self._clock = read, copies, clock
        self._snapshot: Snapshot | None = None
        self._task: asyncio.Task[None] | None = None
        self._answered = asyncio.Event()
        self._answered.set()
        self._looking = asyncio.Lock()
        self._began: datetime | None = None
        self._next: datetime | None = None
        self._fault: DomainError | None = None
        self._recalled = copies is None
        self._slow = self._again = False

    async def current(self) -> Snapshot:
        """Raises what the last reading raised, or Unavailable, when there is no snapshot to show at all."""
        if self._snapshot is None:
            await self._recall()
        now, shown = self._clock.now(), self._snapshot
        if self._next is None or now >= self._next:
            self._begin()
        if shown is None or (now - shown.as_of > OLD and not self._fault):
            await self.settled(COLD_PATIENCE if shown is None else PATIENCE)
        if self._snapshot is None:
            fault = self._fault or Unavailable("The shop cannot be reached right now. Try again in a moment.", code="shop_unavailable")
            raise type(fault)(fault.detail, code=fault.code)
        return self._snapshot

    def changed(self) -> None:
        """Read again now. However often it is called, one reading is under way and at most one waits: the one under way may have
        passed the place of the change already."""
        self._again = True
        self._begin()

    @property
    def refreshing(self) -> bool:
        """Whether an answer is on its way that is newer than what is shown."""
        return not self._answered.is_set()

    async def settled(self, patience: float) -> None:
        """Wait until the reading under way has ended, at most so many seconds."""
        try:
            await asyncio.wait_for(self._answered.wait(), patience)
        except TimeoutError:
            return

    def freshness(self) -> Freshness:
        shown = self._snapshot
        if self._fault:
            return Freshness(shown.as_of if shown else None, "away")
        return Freshness(shown.as_of if shown else None, "slow" if self._slow or self._hanging() else "")

    def _hanging(self) -> bool:
        """Whether the reading under way takes longer than it should, or what is shown meanwhile is old."""
        now, shown = self._clock.now(), self._snapshot
        late = self._began is not None and now - self._began >= SLOW * (shown.pages if shown else 1)
        return late or (self.refreshing and shown is not None and now - shown.as_of > OLD)

    async def close(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _recall(self) -> None:
        """The copy of an earlier process, once; callers who come together share the look."""
        async with self._looking:
            if self._copies is not None and not self._recalled:
                found = await self._copies.load()
                self._snapshot, self._recalled = self._snapshot or found, True

    def _begin(self) -> None:
        if self._task is None or self._task.done():
            self._began = self._clock.now()
            self._answered.clear()
            self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            while True:
                self._again, self._began = False, self._clock.now()
                took = await self._attempt(self._began)
                self._began = None
                self._answered.set()
                if not self._again:
                    return
                self._answered.clear()
                await asyncio.sleep(max(GAP, took.total_seconds()))
        finally:
            self._began = None
            self._answered.set()

    async def _attempt(self, began: datetime) -> timedelta:
        """How long it took. A failure is remembered, and what was shown stays."""
        try:
            snapshot = await self._read(self._snapshot, began)
        except DomainError as fault:
            _log.warning("catalogue: not read, the last good copy stays: %s", fault.detail)
            self._fault, self._next = fault, self._clock.now() + PAUSE
            return self._clock.now() - began
        took = self._clock.now() - began
        self._snapshot, self._fault = snapshot, None
        self._next, self._slow = began + max(LIFE, took * SHARE), took > SLOW * snapshot.pages
        if self._copies is not None:
            await self._copies.save(snapshot)
        return took
