"""What a secret was found to stand for a moment ago, in this process, so that a run need not ask the database who is asking.

A secret is remembered by its SHA-256. Another process's change shows after `LIFE`; a change made here is told with `forget`, and shows
at once: a look-up that began before it is not remembered.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Generic, TypeVar

from backend.kernel.caller import Caller
from backend.kernel.clock import Clock
from backend.kernel.together import Together

T = TypeVar("T")
LIFE = timedelta(seconds=1)
MOST = 10_000
"""Secrets remembered at once; the oldest goes first."""


class Memory(Generic[T]):
    def __init__(self, clock: Clock, life: timedelta = LIFE, most: int = MOST) -> None:
        self._now, self._life, self._most = clock.now, life, most
        self._found: dict[bytes, tuple[T, datetime]] = {}
        self._changes = 0
        self.together: Together[T | None] = Together()
        """For those who ask at once for what is not known here. Their name for it holds what `asking` returns."""

    def look(self, secret: str) -> T | None:
        """Never waits. None: not known here, ask."""
        found = self._found.get(sha256(secret.encode()).digest())
        # Not younger than now either: a clock that was put back must not make anything last.
        return found[0] if found is not None and timedelta() <= self._now() - found[1] < self._life else None

    def asking(self) -> int:
        """Call this before the database is asked, and hand the answer to `keep`."""
        return self._changes

    def keep(self, secret: str, value: T, asked: int) -> None:
        """Remember it, unless something was forgotten since `asked`: the answer may be older than that change."""
        if asked != self._changes:
            return
        name = sha256(secret.encode()).digest()
        self._found.pop(name, None)
        if len(self._found) >= self._most:
            del self._found[next(iter(self._found))]
        self._found[name] = (value, self._now())

    def forget(self, about: Callable[[T], bool]) -> None:
        """Drop what `about` is true for. Call it after the change is committed."""
        self._changes += 1
        for name in [name for name, (value, _) in self._found.items() if about(value)]:
            del self._found[name]

    def drop(self, secret: str) -> None:
        self._changes += 1
        self._found.pop(sha256(secret.encode()).digest(), None)


class Callers:
    """Who is behind the tokens and cookies that came in a moment ago. They are kept apart: neither is accepted for the other."""

    def __init__(self, clock: Clock) -> None:
        self.bearers: Memory[Caller] = Memory(clock)
        self.cookies: Memory[Caller] = Memory(clock)

    def forget(self, about: str) -> None:
        """about: the id of a key, widget, account or workspace that has changed."""
        for memory in (self.bearers, self.cookies):
            memory.forget(lambda caller: about in (caller.key_id, caller.widget_id, caller.account_id, caller.workspace_id))
