"""Callers who arrive while a batch is under way share the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from backend.kernel.batch import Batch


class Work:
    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.go = asyncio.Event()

    async def __call__(self, items: Sequence[int]) -> Sequence[int]:
        self.batches.append(list(items))
        await self.go.wait()
        if 13 in items:
            raise ValueError("thirteen")
        return [item * 10 for item in items]


async def started(work: Work, many: int) -> None:
    while len(work.batches) < many:
        await asyncio.sleep(0)


async def test_what_arrives_during_one_batch_makes_up_the_next_and_each_gets_its_own_result() -> None:
    work = Work()
    batch: Batch[int, int] = Batch(work, most=3)
    first = asyncio.create_task(batch.put(1))
    await started(work, 1)
    others = [asyncio.create_task(batch.put(number)) for number in (2, 3, 4, 5)]
    await asyncio.sleep(0)
    work.go.set()
    assert [await first, *await asyncio.gather(*others)] == [10, 20, 30, 40, 50]
    assert work.batches == [[1], [2, 3, 4], [5]]


async def test_a_failure_reaches_every_caller_of_its_batch_and_no_other() -> None:
    work = Work()
    batch: Batch[int, int] = Batch(work, most=3)
    first = asyncio.create_task(batch.put(1))
    await started(work, 1)
    others = [asyncio.create_task(batch.put(number)) for number in (13, 2)]
    await asyncio.sleep(0)
    work.go.set()
    assert await first == 10
    for one in others:
        with pytest.raises(ValueError, match="thirteen"):
            await one
    assert await batch.put(4) == 40


async def test_a_caller_who_gave_up_before_its_batch_is_left_out_of_it() -> None:
    work = Work()
    batch: Batch[int, int] = Batch(work, most=3)
    first = asyncio.create_task(batch.put(1))
    await started(work, 1)
    gone, stays = asyncio.create_task(batch.put(2)), asyncio.create_task(batch.put(3))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    work.go.set()
    assert (await first, await stays) == (10, 30)
    assert work.batches == [[1], [3]]
