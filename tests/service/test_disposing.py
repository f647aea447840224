"""What is left of a database that was disposed of while somebody was reading."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from backend.db.engine import Database


@pytest.mark.parametrize("cancelled", [False, True])
async def test_a_connection_that_was_in_use_is_closed_when_it_comes_back(database: Database, cancelled: bool) -> None:
    reading, done = asyncio.Event(), asyncio.Event()
    drivers: list[Any] = []

    async def read() -> None:
        async with database.read() as tx:
            drivers.append((await (await tx.connection()).get_raw_connection()).driver_connection)
            await tx.execute(text("SELECT 1"))
            reading.set()
            await done.wait()

    task = asyncio.create_task(read())
    await reading.wait()
    await database.dispose()
    _ = task.cancel() if cancelled else done.set()
    await asyncio.wait([task])
    [driver] = drivers
    with pytest.raises(Exception, match=r"no active connection|is closed"):
        await driver.execute("SELECT 1")


async def test_a_connection_of_somebody_who_reads_on_is_closed_too(database: Database) -> None:
    reading, done = asyncio.Event(), asyncio.Event()
    drivers: list[Any] = []

    async def read_twice() -> None:
        for _ in range(2):
            async with database.read() as tx:
                drivers.append((await (await tx.connection()).get_raw_connection()).driver_connection)
                await tx.execute(text("SELECT 1"))
            reading.set()
            await done.wait()

    task = asyncio.create_task(read_twice())
    await reading.wait()
    await database.dispose()
    done.set()
    await task
    assert len(drivers) == 2
    for driver in drivers:
        with pytest.raises(Exception, match=r"no active connection|is closed"):
            await driver.execute("SELECT 1")
