"""Work in a line is durable when it was joined, waits its turn, and is known by its id."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from backend.db.engine import Database
from backend.durable import Durable


@pytest.fixture
def url(database: Database, database_url: str, tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'durable.db'}" if database.is_sqlite else database_url


async def test_as_many_as_are_allowed_are_worked_on_and_the_others_wait(url: str) -> None:
    durable, inside, most, done = Durable(url), 0, 0, list[int]()

    async def work(number: int) -> None:
        nonlocal inside, most

        async def step() -> None:
            nonlocal inside, most
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.02)
            inside -= 1
            done.append(number)

        await durable.step("step", step)

    durable.workflow("work", work, at_once=2)
    await durable.start()
    try:
        # One of them is begun twice: its id is known, so the second time changes nothing.
        await asyncio.gather(*(durable.begin("work", f"w{number}", number) for number in (0, 1, 2, 3, 4, 5, 5)))
        for number in range(6):
            await durable.wait(f"w{number}")
        assert (sorted(done), most) == (list(range(6)), 2)
        assert await durable.under_way("work") == 0
    finally:
        await durable.stop()


async def test_a_program_beside_the_server_only_puts_work_in_its_line(url: str) -> None:
    done: list[int] = []

    def made() -> Durable:
        durable = Durable(url)

        async def work(number: int) -> None:
            async def step() -> None:
                done.append(number)

            await durable.step("step", step)

        durable.workflow("work", work, at_once=2)
        return durable

    # Also where no server has ever run: what it needs to keep work in is made.
    command = made()
    await command.join()
    await command.begin("work", "before", 1)
    await command.stop()
    assert (done, command.running) == ([], False)
    server, command = made(), made()
    await server.start()
    try:
        await command.join()
        await command.begin("work", "beside", 2)
        await command.stop()
        for workflow_id in ("before", "beside"):
            await server.wait(workflow_id)
    finally:
        await server.stop()
    assert sorted(done) == [1, 2]
