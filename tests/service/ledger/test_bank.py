"""Several processes with many clients each, and processes that die in the middle: the books say what the clients were told."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import time

from tests.service.ledger.bank import Told, grant, proves, start, teller

GRANTED = 1500


def _hear_out(process: subprocess.Popen[str], told: Told) -> None:
    """All that is said until those that were started are gone."""
    assert process.stdout is not None
    while (line := process.stdout.readline()).strip() != "gone":
        told.hear(line)


async def test_three_processes_with_many_clients_each_lose_nothing_and_overspend_nothing(database_url: str) -> None:
    await grant(database_url, GRANTED, lots=3)
    told = Told()
    with teller(database_url, clients=15, rounds=12) as process:
        start(process, "bank1 bank2 bank3", told)
        reading = asyncio.create_task(asyncio.to_thread(_hear_out, process, told))
        proofs = 0
        while not reading.done():
            assert await proves(database_url) == [], "in the middle of it"
            proofs += 1
        await reading
    # All had something to do, credits ran out for some, and there was a look while they were at it.
    assert len(told.held) > 200
    assert told.short > 10
    assert proofs > 1
    await told.is_in_the_books(database_url, GRANTED, and_no_more=True)


async def test_a_process_killed_at_any_point_has_kept_whatever_it_acknowledged(database_url: str) -> None:
    dice = random.Random(4)
    await grant(database_url, 20 * GRANTED, lots=3)
    told = Told()
    with teller(database_url, clients=15, rounds=40) as process:
        for number in range(6):
            [child] = start(process, f"dead{number}", told)
            _kill_after(process, child, dice.randrange(5, 400), dice.random() * 0.004, told)
            await told.is_in_the_books(database_url, 20 * GRANTED, and_no_more=False)
    assert len(told.charged) > 100


def _kill_after(process: subprocess.Popen[str], child: int, lines: int, pause: float, told: Told) -> None:
    """Once it has acknowledged so much; what it said until it died counts as well."""
    pipe = process.stdout
    assert pipe is not None
    for _ in range(lines):
        told.hear(pipe.readline())
    time.sleep(pause)
    os.kill(child, signal.SIGKILL)
    _hear_out(process, told)
