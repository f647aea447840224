"""Many who ask at once are answered by one look-up; nobody is told what was so before a change."""

from __future__ import annotations

import asyncio

import pytest

from backend.kernel.together import Recent, Together


class Looks:
    """A look-up that answers when it is told to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: list[asyncio.Future[str | None]] = []

    async def __call__(self, name: str) -> str | None:
        self.asked.append(name)
        self.answers.append(asyncio.get_running_loop().create_future())
        return await self.answers[-1]


async def begun(*work: object) -> list[asyncio.Task[object]]:
    tasks = [asyncio.ensure_future(one) for one in work]  # type: ignore[arg-type]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks  # type: ignore[return-value]


async def test_many_who_ask_at_once_are_answered_by_one_look() -> None:
    looks = Looks()
    recent = Recent(looks, life=60, most=10)
    tasks = await begun(*(recent.get("a") for _ in range(20)), recent.get("b"))
    assert looks.asked == ["a", "b"]
    looks.answers[0].set_result("found")
    looks.answers[1].set_result(None)
    assert await asyncio.gather(*tasks) == ["found"] * 20 + [None]
    assert await recent.get("a") == "found"
    assert looks.asked == ["a", "b"]


async def test_what_was_not_found_is_looked_for_again() -> None:
    looks = Looks()
    recent = Recent(looks, life=60, most=10)
    for answer in (None, "now"):
        [task] = await begun(recent.get("a"))
        looks.answers[-1].set_result(answer)
        assert await task == answer
    assert looks.asked == ["a", "a"]


async def test_who_asks_after_a_change_is_not_told_what_was_before_and_that_is_not_kept() -> None:
    looks = Looks()
    recent = Recent(looks, life=60, most=10)
    [before] = await begun(recent.get("a"))
    recent.forget("a")
    [after] = await begun(recent.get("a"))
    looks.answers[1].set_result("new")
    assert await after == "new"
    looks.answers[0].set_result("old")
    assert await before == "old"
    assert await recent.get("a") == "new"


async def test_a_look_that_fails_is_everybodys_fault_and_is_tried_again() -> None:
    looks = Looks()
    recent = Recent(looks, life=60, most=10)
    tasks = await begun(recent.get("a"), recent.get("a"))
    looks.answers[0].set_exception(OSError("away"))
    assert [type(answer) for answer in await asyncio.gather(*tasks, return_exceptions=True)] == [OSError, OSError]
    [again] = await begun(recent.get("a"))
    looks.answers[1].set_result("found")
    assert await again == "found"


async def test_one_who_gives_up_takes_the_answer_from_nobody() -> None:
    looks, together = Looks(), Together[str | None]()
    first, second = await begun(together.ask("a", looks("a")), together.ask("a", looks("a")))
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    looks.answers[0].set_result("found")
    assert await second == "found"
    assert looks.asked == ["a"]
