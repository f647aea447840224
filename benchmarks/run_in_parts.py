"""Where the processor time of a run goes: `python -m benchmarks.run_in_parts [--runs N] [--at-once N] [--folder DIR]`.

The gateway's door is called in this process, by its ASGI interface, with an agent that answers at once: no socket, no server, no
runner. Then the same with parts left out: the disk's syncs, the statements, the writer. What is left out is what a part costs. Of
blocks of a hundred runs the figure is the tenth that took least, for others use the machine too; take a folder in memory to leave the
file system out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

import uvloop
from starlette.types import Message, Receive, Scope, Send

from backend.db.writer import Execute, SqliteWriter
from backend.ledger import sqlite_writer, writing
from backend.ledger.policy import Debit, OpenLot
from backend.ledger.sqlite_writer import OnSqlite
from backend.ledger.views import HoldView, Receipt
from backend.main import assemble
from backend.runner.ports import Event, Finished, Job, Token
from backend.settings import Settings
from benchmarks._seeded import Seeded, seed
from benchmarks._system import load

BLOCK, WARM = 100, 1000
ANSWER = "On every working day."


class AtOnce:
    """An agent that answers without doing anything."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def health(self) -> str:
        return ""

    async def stream(self, _job: Job) -> AsyncIterator[Event]:
        await asyncio.sleep(0)
        yield Token(ANSWER)
        yield Finished(ANSWER, {"total_tokens": 9})


def _made(_execute: Execute, wanted: writing.Hold) -> HoldView:
    return wanted.made()


def _closed(_execute: Execute, wanted: writing.Close) -> Receipt:
    return writing.receipt(wanted, 2_000_000, 10**12, [Debit("lot_1", wanted.charged)], [OpenLot("lot_1", 10**12, "a pack")])


async def _made_at_once(_self: OnSqlite, wanted: writing.Hold) -> HoldView:
    return wanted.made()


async def _closed_at_once(_self: OnSqlite, wanted: writing.Close) -> Receipt:
    return _closed(Execute(_nothing), wanted)


def _nothing(*_: object) -> Any:
    raise AssertionError("nothing is written")


async def _unsynced(_self: SqliteWriter) -> None:
    return None


WITHOUT: dict[str, list[tuple[object, str, Callable[..., Any]]]] = {
    "whole": [],
    "without waiting for the disk": [(SqliteWriter, "_synced", _unsynced)],
    "without the statements": [(sqlite_writer, "_hold", _made), (sqlite_writer, "_close", _closed)],
    "without the writer": [(OnSqlite, "hold", _made_at_once), (OnSqlite, "close", _closed_at_once)],
}


async def blocks(settings: Settings, customer: Seeded, at_once: int, runs: int) -> list[float]:
    """Microseconds of this process a run, of each block."""
    system = assemble(settings)
    services = system.services
    services.gateway._execution._runner = AtOnce()
    # As a deliverer of webhooks would have found out: nobody asked for one.
    await services.outbox.refresh()
    door = system.visited(_beyond)
    body = json.dumps({"instance_id": customer.instance, "input": {"query": "When do you deliver?"}}).encode()
    headers = [(b"host", b"localhost"), (b"authorization", f"Bearer {customer.secret}".encode()), (b"content-type", b"application/json")]
    headers.append((b"content-length", str(len(body)).encode()))
    scope = {"type": "http", "method": "POST", "path": "/v1/runs", "query_string": b"", "scheme": "http", "server": ("localhost", 80)}

    async def ask() -> None:
        said: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body}

        async def send(message: Message) -> None:
            said.append(message)

        await door({**scope, "headers": headers, "client": ("127.0.0.1", 1)}, receive, send)
        if said[0]["status"] != 200:
            raise SystemExit(f"a run was answered {said[0]['status']}: {said[1]['body']!r}")

    async def client(times: int) -> None:
        for _ in range(times):
            await ask()

    async def block(times: int) -> float:
        before = time.process_time()
        await asyncio.gather(*(client(max(times // at_once, 1)) for _ in range(at_once)))
        await services.outbox.refresh()
        return (time.process_time() - before) / (max(times // at_once, 1) * at_once) * 1e6

    await block(WARM)
    took = [await block(BLOCK) for _ in range(runs // BLOCK)]
    await services.database.dispose()
    return took


async def _beyond(scope: Scope, _receive: Receive, _send: Send) -> None:
    raise AssertionError(f"{scope['path']} is not the door's")


def main() -> int:
    words = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    words.add_argument("--runs", type=int, default=6000)
    words.add_argument("--at-once", type=int, default=10)
    words.add_argument("--folder", type=Path, help="where the database is made")
    given = words.parse_args()
    print(f"{given.at_once} at once ({load()})")
    for name, parts in WITHOUT.items():
        with tempfile.TemporaryDirectory(dir=given.folder) as folder, ExitStack() as left_out:
            settings = Settings(_env_file=None, data_dir=Path(folder), running_at_once=10_000, secret_key="benchmark" * 8)  # type: ignore[call-arg]
            customer = seed(settings, 1)[0]
            for owner, attribute, instead in parts:
                left_out.enter_context(patch.object(owner, attribute, instead))
            took = sorted(uvloop.run(blocks(settings, customer, given.at_once, given.runs)))
        print(f"{name:<30} {took[len(took) // 10]:6.0f} µs a run, median {took[len(took) // 2]:.0f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
