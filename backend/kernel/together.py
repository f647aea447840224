"""Many who ask the same at the same moment are answered by one look-up."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Hashable
from contextvars import Context
from typing import Any, Generic, TypeVar

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
