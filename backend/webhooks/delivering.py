"""Carries deliveries out: at least once each, under the same `webhook-id` every time, by whichever process is free.

The rows are the queue. Whoever takes one moves its `due_at` a minute on; if it dies, the row is due again then.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from backend.db.engine import Database
from backend.kernel.batch import Batch
from backend.kernel.clock import Clock
from backend.webhooks import policy, recording, repository, signing
from backend.webhooks.calling import Courier
from backend.webhooks.keys import Keys
from backend.webhooks.outbox import Outbox
from backend.webhooks.ports import Content, no_content
from backend.webhooks.recording import Result
from backend.webhooks.repository import Piece
from backend.webhooks.views import Answer

POLL = 1.0
"""Seconds between two looks at what is due, when nobody wakes us."""
GRACE = 2.0
"""Seconds that deliveries under way are given when we stop."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Deliveries under way at once in this process: in all, and to one endpoint, so that a slow one does not hold up the others."""

    all: int = 64
    each: int = 8


class Deliverer:
    """`start` it in each process that may deliver, and `stop` it before the database goes."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        outbox: Outbox,
        keys: Keys,
        courier: Courier,
        content: Content = no_content,
        bounds: Bounds | None = None,
    ) -> None:
        self._database, self._clock, self._outbox = database, clock, outbox
        self._keys, self._courier, self._content = keys, courier, content
        self._bounds = bounds or Bounds()
        self._under_way: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._results: Batch[Result, None] = Batch(self._record, most=self._bounds.all)
        self._woken = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        loop, woken = asyncio.get_running_loop(), self._woken

        def wake() -> None:
            if not woken.is_set():
                loop.call_soon_threadsafe(woken.set)

        await self._outbox.refresh()
        self._outbox.on_wake(wake)
        self._keeper = asyncio.create_task(self._keep(), name="webhooks")

    async def stop(self) -> None:
        """What does not end within a moment is given up, and due again after its minute. Safe to repeat."""
        self._outbox.on_wake(None)
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
            self._keeper = None
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=GRACE)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._courier.close()

    async def turn(self) -> None:
        """All that is due at this moment, to the end."""
        while await self._begin() or self._tasks:
            await asyncio.gather(*self._tasks)

    async def attempt(self, piece: Piece) -> None:
        """One attempt at a delivery that was claimed, and what came of it written down."""
        await self._results.put(Result(piece, await self._sent(piece)))

    async def _keep(self) -> None:
        while True:
            try:
                await self._outbox.refresh()
                await self._begin()
            except Exception:
                log.exception("webhooks could not be delivered; the next look tries again")
            await self._rest()

    async def _rest(self) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), POLL)
        except TimeoutError:
            return
        finally:
            self._woken.clear()

    async def _begin(self) -> int:
        """Write down what new events cause, and begin all that is due and has room. How many began."""
        now, begun = self._clock.now(), 0
        async with self._database.read() as tx:
            new, due = await repository.anything(tx, now)
        while new:
            async with self._database.write() as tx:
                spread = await repository.spread(tx, now)
            new, due = spread == repository.SPREAD, due or spread > 0
        while due and (room := self._bounds.all - len(self._tasks)) > 0:
            async with self._database.write() as tx:
                pieces = await repository.claim(tx, now, self._under_way, each=self._bounds.each, most=room)
            for piece in pieces:
                self._carry(piece)
            due, begun = bool(pieces), begun + len(pieces)
        return begun

    def _carry(self, piece: Piece) -> None:
        self._under_way[piece.endpoint_id] += 1
        task = asyncio.create_task(self._safely(piece), name=piece.delivery_id)
        self._tasks.add(task)

        def done(ended: asyncio.Task[None]) -> None:
            self._tasks.discard(ended)
            self._under_way[piece.endpoint_id] -= 1
            if not self._under_way[piece.endpoint_id]:
                del self._under_way[piece.endpoint_id]
            self._woken.set()

        task.add_done_callback(done)

    async def _safely(self, piece: Piece) -> None:
        try:
            await self.attempt(piece)
        except Exception:
            log.exception("the delivery %s could not be carried out; it is due again in a minute", piece.delivery_id)

    async def _sent(self, piece: Piece) -> Answer:
        now = self._clock.now()
        try:
            keys = self._keys.opened(piece.secret, piece.old_secret, piece.old_until, now)
        except ValueError:
            return Answer(None, "", "Its secret cannot be read any more. Rotate it.", 0)
        data = json.loads(piece.data)
        if piece.include_content:
            data |= await self._content(piece.workspace_id, piece.kind, data)
        body = policy.body(piece.kind, piece.at_ms, data)
        return await self._courier.post(piece.url, body, signing.headers(piece.event_id, now, body, keys))

    async def _record(self, results: Sequence[Result]) -> Sequence[None]:
        async with self._database.write() as tx:
            await recording.record(tx, results, self._clock.now())
        return [None] * len(results)
