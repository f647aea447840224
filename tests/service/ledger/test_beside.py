"""Rows of another room beside a hold: written with it, once, whatever is asked twice or lost on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from backend.db.engine import Database
from backend.db.writer import Execute
from backend.kernel.clock import FrozenClock
from backend.kernel.errors import Unavailable
from backend.kernel.ids import RunId
from backend.kernel.money import Credits
from backend.ledger.postgres_writer import OnPostgres
from backend.ledger.service import Ledger
from backend.ledger.views import LotSource
from tests.service.ledger.conftest import WS, Grant

INSERT = "INSERT INTO receipt_key (id, number, x, sealed, withdrawn, created_at) VALUES ({0}, {0}, '', '', FALSE, '2026-11-22 12:00:00')"


@dataclass(frozen=True)
class Row:
    """Any table with a unique key will do."""

    number: int
    bound: bool = False

    def on_sqlite(self, execute: Execute) -> bool:
        execute(INSERT.format(self.number))
        return True

    @classmethod
    async def on_postgres(cls, connection: Any, rows: Sequence[Row]) -> bool:
        for row in rows:
            await connection.execute(INSERT.format(row.number))
        return True


async def _rows(database: Database) -> int:
    async with database.read() as tx:
        return int((await tx.execute(text("SELECT count(*) FROM receipt_key"))).scalar_one())


async def test_a_hold_asked_twice_writes_what_stands_beside_it_once(database: Database, ledger: Ledger, grant: Grant) -> None:
    await grant("10")
    asked = [ledger.hold_beside(WS, RunId("run_1"), Credits.of(2), beside=Row(1)) for _ in range(3)]
    first, *others = await asyncio.gather(*asked, ledger.hold_beside(WS, RunId("run_2"), Credits.of(2), beside=Row(2)))
    assert first is not None
    assert others[:2] == [first, first]
    assert await ledger.hold_beside(WS, RunId("run_1"), Credits.of(2), beside=Row(1)) == first
    assert await _rows(database) == 2
    assert (await ledger.balance(WS)).held == Credits.of(4)


@pytest.fixture
async def server(postgres_url: str) -> Any:
    database = Database(postgres_url)
    yield database
    await database.dispose()


async def test_a_connection_lost_after_the_commit_changes_no_answer(
    server: Database, postgres_url: str, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, real, lost = Ledger(server, clock), OnPostgres._transaction, []
    async with server.write() as tx:
        await ledger.grant(tx, workspace_id=WS, amount=Credits.of(10), source=LotSource.ORDER, ref="o", key="k")

    async def losing(self: OnPostgres, connection: psycopg.AsyncConnection[Any], *rest: Any) -> Any:
        answers = await real(self, connection, *rest)
        if not lost:
            lost.append(connection.info.backend_pid)
            async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as other:
                await other.execute("SELECT pg_terminate_backend(%s, 5000)", (lost[0],))
            await connection.execute("SELECT 1")
        return answers

    monkeypatch.setattr(OnPostgres, "_transaction", losing)
    runs = [RunId(f"run_{number}") for number in range(4)]
    held = await asyncio.gather(*(ledger.hold_beside(WS, run, Credits.of(2), beside=Row(n)) for n, run in enumerate(runs)))
    assert [one and one.run_id for one in held] == runs
    lost.clear()
    receipts = await asyncio.gather(*(ledger.settle(run, Credits.of(1)) for run in runs))
    assert [receipt.charged for receipt in receipts] == [Credits.of(1)] * 4
    assert lost
    assert await _rows(server) == 4
    assert (await ledger.balance(WS)).balance == Credits.of(6)
    assert await ledger.prove() == []


async def test_a_server_that_is_gone_is_told_to_all_who_wait_at_once(clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    tries, real = [], psycopg.AsyncConnection.connect

    async def connect(*args: Any, **options: Any) -> Any:
        tries.append(args)
        return await real(*args, **options)

    monkeypatch.setattr(psycopg.AsyncConnection, "connect", connect)
    ledger = Ledger(Database("postgresql://nobody@127.0.0.1:1/none"), clock)
    asked = [ledger.hold(WS, RunId(f"run_{number}"), Credits.of(1)) for number in range(100)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(answer) for answer in answers} == {Unavailable}
    assert len(tries) == 2
