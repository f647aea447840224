"""Processes that provision an order and are killed on the way. Run by `test_kill.py`; each line of its input is a life, in JSON.

kill: where to die by SIGKILL. A step's name: after the step has done its work, before that is written down. "begin": when the delivery is
stored and no work has begun. "grant": amid the one transaction, with one line granted and the other not. Empty: live on, and end well.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from backend.db.engine import Database
from backend.durable import Durable, Retry
from backend.kernel.clock import SystemClock
from backend.ledger.service import Ledger
from backend.provisioner import repository
from backend.settings import Settings
from tests.service.provisioner.house import build


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class MortalDurable(Durable):
    def __init__(self, url: str, kill: str) -> None:
        super().__init__(url)
        self._kill = kill

    async def begin(self, name: str, workflow_id: str, *args: Any) -> None:
        if self._kill == "begin":
            die()
        await super().begin(name, workflow_id, *args)

    async def step(self, name: str, function: Callable[..., Awaitable[Any]], *args: Any, retry: Retry | None = None) -> Any:
        async def then_die(*given: Any) -> Any:
            done = await function(*given)
            if name == self._kill:
                die()
            return done

        return await super().step(name, then_die, *args, retry=retry)


class MortalLedger(Ledger):
    kill = ""
    grants = 0

    async def grant(self, *args: Any, **options: Any) -> bool:
        done = await super().grant(*args, **options)
        self.grants += 1
        if self.kill == "grant" and self.grants == 2:
            die()
        return done


async def main(given: dict[str, Any]) -> None:
    settings = Settings(_env_file=None, data_dir=Path(given["data"]), secret_key=SecretStr(given["secret"]), saleor_api_url=given["saleor"])  # type: ignore[call-arg]
    database, clock = Database(given["database"]), SystemClock()
    ledger = MortalLedger(database, clock)
    ledger.kill = given["kill"]
    durable = MortalDurable(given["durable"], given["kill"])
    house = build(settings, clock, database, durable, None, mail=Path(given["mail"]), ledger=ledger)
    await house.open()
    raw = given["raw"].encode()
    if given["deliver"]:
        await house.provisioner.receive("paid", raw, given["headers"])
    async with database.read() as tx:
        (row,) = (await repository.by_saleor_ids(tx, [given["order"]])).values()
    await house.wait(f"order:{row.ref}:paid:{hashlib.sha256(raw).hexdigest()[:32]}")
    await house.close()


def born() -> dict[str, Any]:
    """What the next life is given, in a process of its own. Its exit code and what it said go out as a line of JSON.

    Each is forked from a process that has done nothing but import what a life needs, which takes five times as long as the life itself.
    """
    assert threading.active_count() == 1, "a fork has one thread only"
    for line in sys.stdin:
        with tempfile.TemporaryFile() as said:
            if not (child := os.fork()):
                os.dup2(said.fileno(), sys.stdout.fileno())
                os.dup2(said.fileno(), sys.stderr.fileno())
                return dict(json.loads(line))
            _, status = os.waitpid(child, 0)
            said.seek(0)
            print(json.dumps([os.waitstatus_to_exitcode(status), said.read().decode()]), flush=True)
    sys.exit()


if __name__ == "__main__":
    asyncio.run(asyncio.wait_for(main(born()), 60))
