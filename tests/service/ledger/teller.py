"""A process of the bank: many clients at once on one database, and a line for each answer that one of them was given.

    python -m tests.service.ledger.teller URL CLIENTS ROUNDS

For each line that it reads it starts processes of the names in it, says which, and says so when all are gone.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys

from backend.db.engine import Database
from backend.kernel.clock import SystemClock
from backend.kernel.errors import InsufficientCredits
from backend.kernel.ids import RunId, WorkspaceId
from backend.kernel.money import Credits
from backend.ledger.service import Ledger

WORKSPACES = [WorkspaceId(f"ws_{n}") for n in range(3)]


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


async def client(ledger: Ledger, name: str, number: int, rounds: int) -> None:
    dice = random.Random(f"{name}-{number}")
    for turn in range(rounds):
        both = dice.random() < 0.2
        # Some runs are everybody's: each process holds and ends them, and all must hear of the same end.
        run = RunId(f"run_both_{number}_{turn}" if both else f"run_{name}_{number}_{turn}")
        workspace = WORKSPACES[number % 3]
        amount = 30 if both else dice.randrange(1, 60)
        try:
            held = await ledger.hold(workspace, run, Credits(amount))
        except InsufficientCredits:
            say("short", run)
            continue
        say("held", run, workspace, held.amount.micro)
        if not both and dice.random() < 0.1:
            continue
        charged = Credits(dice.randrange(amount + 1))
        receipt = await (ledger.release(run) if dice.random() < 0.2 else ledger.settle(run, charged))
        say("closed", run, workspace, receipt.charged.micro)


async def work(url: str, name: str, clients: int, rounds: int) -> None:
    database = Database(url)
    ledger = Ledger(database, SystemClock())
    await asyncio.gather(*(client(ledger, name, number, rounds) for number in range(clients)))
    await database.dispose()


def main(url: str, clients: str, rounds: str) -> None:
    say("ready")
    while names := sys.stdin.readline().split():
        children = [_started(url, name, int(clients), int(rounds)) for name in names]
        say("started", *children)
        failed = [child for child in children if os.waitpid(child, 0)[1] not in (0, signal.SIGKILL)]
        say("failed" if failed else "gone")


def _started(url: str, name: str, clients: int, rounds: int) -> int:
    if child := os.fork():
        return child
    code = 1
    try:
        asyncio.run(work(url, name, clients, rounds))
        code = 0
    finally:
        os._exit(code)


if __name__ == "__main__":
    main(*sys.argv[1:])
