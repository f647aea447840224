"""Many who ask the same at the same moment are answered by one look-up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from contextvars import Context
from typing import Any, Generic, TypeVar

from cachetools import TTLCache

T = TypeVar("T")


class Together(Generic[T]):
    """What everybody remembers for a second, everybody forgets at the same moment: without this, each would ask the database again."""

    def __init__(self) -> None:
        self._asking: dict[Hashable, asyncio.Task[T]] = {}

    async def ask(self, name: Hashable, question: Coroutine[Any, Any, T]) -> T:
        """What `question` comes to, or an earlier one of this name that is not answered yet. Raises what that one raises.

        Whoever must not be told what was so before a change puts something into the name that the change changes.
        """
        task = self._asking.get(name)
        if task is None:
            # Without the first one's context: the answer is everybody's. It goes on when that one gives up.
            task = self._asking[name] = asyncio.get_running_loop().create_task(question, context=Context())
            task.add_done_callback(lambda _: self._asking.pop(name))
        else:
            question.close()
        return await asyncio.shield(task)


class Recent(Generic[T]):
    """What a look-up found out within the last `life` seconds, for what is asked all the time.

    A change made here is told with `forget` and shows at once: a look-up that began before it is not kept. Another process's shows after
    `life`. most: names kept at once. What was not found, None, is not kept.
    """

    def __init__(self, look: Callable[[str], Coroutine[Any, Any, T | None]], *, life: float, most: int) -> None:
        self._look, self._changes = look, 0
        self._kept: TTLCache[str, T] = TTLCache(most, life)
        self._together: Together[T | None] = Together()

    async def get(self, name: str) -> T | None:
        """Raises what the look-up raises."""
        found = self._kept.get(name)
        return await self._together.ask((name, self._changes), self._found(name)) if found is None else found

    def forget(self, name: str) -> None:
        self._changes += 1
        self._kept.pop(name, None)

    async def _found(self, name: str) -> T | None:
        changes, found = self._changes, await self._look(name)
        if found is not None and changes == self._changes:
            self._kept[name] = found
        return found
