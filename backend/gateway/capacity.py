"""How many runs this process takes on. One more would make all of them late; whoever is turned away at once can ask another process.

How many that are depends on the machine and on what the agents do: thousands that wait for a model cost less than fifty that answer at
once. So the number follows what can be felt, how late this process gets to whatever is due: fewer by a part at each beat while it is late,
more by a part while it is on time and the places are in use. It begins small, for a crowd that comes at once is felt only after it was let
in.
"""

from __future__ import annotations

import asyncio
import math

from backend.kernel.errors import Unavailable

RETRY_AFTER = 1
BEAT = 0.02
"""Seconds between two looks."""
LATE, ON_TIME = 0.005, 0.0025
"""Seconds of lateness, smoothed, from which it takes on less, and up to which it takes on more."""
SMOOTH = 0.2
"""The part of the newest look in what counts: a single pause, such as for the garbage, is forgotten."""
WAIT, FORGET = 0.2, 1.001
"""What a second of waiting for the database counts for, beyond the least that it takes; and by how much that least grows at each look, so
that a disk or a server that has become slower for good is no lateness for ever."""
LESS, MORE = 0.95, 1.02
LEAST = 64
"""Runs that are always taken on: below this, lateness has other causes."""


class Capacity:
    """most: runs under way at once, however well it goes."""

    def __init__(self, most: int) -> None:
        self._most, self._least = most, min(LEAST, most)
        self._limit, self._lateness = float(self._least), 0.0
        self._waited, self._least_wait = 0.0, math.inf
        self.taken = 0

    @property
    def full(self) -> bool:
        return self.taken >= int(self._limit)

    def take(self) -> None:
        """Raises Unavailable `overloaded`. What is taken is given back once."""
        if self.full:
            raise overloaded()
        self.taken += 1

    def give_back(self) -> None:
        self.taken -= 1

    def waited(self, seconds: float) -> None:
        """How long a run waited for its credits to be held. A crowd before the database is not felt by this process itself."""
        self._waited, self._least_wait = max(self._waited, seconds), min(self._least_wait, seconds)

    async def watch(self) -> None:
        """For ever: feel how late this process is."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + BEAT
            await asyncio.sleep(BEAT)
            self.felt(loop.time() - due)

    def felt(self, lateness: float) -> None:
        """lateness: seconds, at one beat."""
        lateness = max(lateness, (self._waited - self._least_wait) * WAIT if self._waited else 0.0)
        self._waited, self._least_wait = 0.0, self._least_wait * FORGET
        self._lateness += (lateness - self._lateness) * SMOOTH
        if self._lateness > LATE:
            self._limit = max(self._least, min(self._limit, self.taken) * LESS)
        elif self._lateness < ON_TIME and self.taken + 1 >= self._limit:
            self._limit = min(self._most, self._limit * MORE)


def overloaded() -> Unavailable:
    return Unavailable(
        "Every place is taken just now. Nothing was begun and nothing is charged.", code="overloaded", retry_after=RETRY_AFTER
    )
