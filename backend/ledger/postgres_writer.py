"""The hot path's statements on PostgreSQL: one transaction for all that waits, two round trips, each statement for every row at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any, cast

import psycopg
from psycopg.rows import tuple_row

from backend.kernel.batch import Batch
from backend.kernel.errors import DomainError, InsufficientCredits, Invalid, Unavailable
from backend.ledger.books import Account, Answer, Books, Kept, MoreLots
from backend.ledger.policy import OpenLot, burn_by
from backend.ledger.views import HoldStatus, Receipt
from backend.ledger.writing import Beside, Close, Held, Hold

MOST = 256
LOTS = 16
"""Open lots read for each workspace; more are read when these do not cover a charge."""

_HOLDS = "SELECT run_id, workspace_id, amount, label, status, created_at, expires_at FROM ledger_hold WHERE run_id = ANY(%s) FOR UPDATE"
_WHOSE = "SELECT workspace_id FROM ledger_hold WHERE run_id = ANY(%s)"
_ACCOUNTS = f"""SELECT workspace_id, balance, held, entries FROM ledger_account
WHERE workspace_id = ANY(%s) OR workspace_id IN ({_WHOSE}) ORDER BY workspace_id FOR UPDATE"""
_LOTS = f"""SELECT w.id, l.id, l.remaining, l.label FROM (SELECT DISTINCT workspace_id AS id FROM ({_WHOSE}) h) w
CROSS JOIN LATERAL (SELECT id, remaining, label FROM ledger_lot
  WHERE workspace_id = w.id AND remaining > 0 ORDER BY priority, burn_by, created_at, id LIMIT %s) l"""
_EXPIRED = """SELECT DISTINCT workspace_id FROM ledger_lot
WHERE workspace_id = ANY(%s) AND remaining > 0 AND expires_at IS NOT NULL AND burn_by <= %s"""

_FROM = "FROM json_to_recordset(%s::json) AS x"
_MOVE = f"""UPDATE ledger_account a SET balance = x.balance, held = x.held, entries = x.entries
{_FROM}(id text, balance bigint, held bigint, entries bigint) WHERE a.workspace_id = x.id"""
_HOLD = f"""INSERT INTO ledger_hold (run_id, workspace_id, amount, label, status, charged, available, created_at, expires_at)
SELECT run_id, workspace_id, amount, label, 'open', 0, 0, at, until
{_FROM}(run_id text, workspace_id text, amount bigint, label text, at timestamptz, until timestamptz)"""
_CLOSE = f"""UPDATE ledger_hold h SET status = x.status, charged = x.charged, available = x.available, closed_at = x.at
{_FROM}(run_id text, status text, charged bigint, available bigint, at timestamptz) WHERE h.run_id = x.run_id"""
_TAKE = f"""UPDATE ledger_lot l SET remaining = l.remaining - x.amount {_FROM}(id text, amount bigint) WHERE l.id = x.id"""
_POST = f"""INSERT INTO ledger_transaction (id, key, kind, workspace_id, label, run_id, at)
SELECT id, key, kind, workspace_id, label, run_id, at
{_FROM}(id text, key text, kind text, workspace_id text, label text, run_id text, at timestamptz)"""
_ENTRIES = f"""INSERT INTO ledger_entry (transaction_id, number, account, lot_id, amount, position, balance_after)
SELECT transaction_id, number, account, lot_id, amount, position, balance_after
{_FROM}(transaction_id text, number int, account text, lot_id text, amount bigint, position bigint, balance_after bigint)"""


_NOTICED: dict[str, Any] = {"tcp_user_timeout": 10_000, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 2}
"""A server that vanished is noticed within seconds: every run waits for this one connection."""


class _Apart(Exception):
    pass


class OnPostgres:
    """url: a connection string of libpq."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._batch: Batch[Hold | Close, Answer] = Batch(self._write, most=MOST)
        self._connection: psycopg.AsyncConnection[Any] | None = None

    async def hold(self, wanted: Hold) -> Held:
        return cast(Held, self._answer(await self._batch.put(wanted)))

    async def close(self, wanted: Close) -> Receipt | None:
        return cast("Receipt | None", self._answer(await self._batch.put(wanted)))

    async def stop(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    @staticmethod
    def _answer(answer: Answer) -> Answer:
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _write(self, wanted: Sequence[Hold | Close]) -> list[Answer]:
        try:
            return await self._attempt(wanted)
        except psycopg.errors.UniqueViolation:
            if len(wanted) == 1:
                return [await self._second_look(wanted[0])]
        except Exception as fault:  # noqa: BLE001 - each is told what became of its own, and raises it
            if len(wanted) == 1:
                return [_alone(fault)]
            if isinstance(fault, psycopg.OperationalError) and (self._connection is None or self._connection.broken):
                # The server is gone for all of them: asking for each would keep the last one waiting as often.
                return [_alone(fault) for _ in wanted]
        # One of them is in the way of the others, and only it is to know.
        return [answer for one in wanted for answer in await self._write([one])]

    async def _second_look(self, wanted: Hold | Close) -> Answer:
        """Something was there before: the same hold, made by another process this very moment, or what stands beside it."""
        try:
            return (await self._attempt([wanted]))[0]
        except psycopg.errors.UniqueViolation:
            return None
        except Exception as fault:  # noqa: BLE001 - as above
            return _alone(fault)

    async def _attempt(self, wanted: Sequence[Hold | Close]) -> list[Answer]:
        """As one transaction. A lost connection is made again once: whatever was written by then is found to have been."""
        most = LOTS
        for again in (True, False):
            try:
                while True:
                    try:
                        return await self._transaction(await self._connected(), wanted, most)
                    except MoreLots:
                        most *= 16
            except psycopg.OperationalError:
                if not again or (self._connection is not None and not self._connection.broken):
                    raise
        raise AssertionError

    async def _connected(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is not None and not self._connection.broken:
            return self._connection
        await self.stop()
        made = psycopg.AsyncConnection.connect(self._url, autocommit=True, row_factory=tuple_row, prepare_threshold=2, **_NOTICED)
        try:
            fresh: psycopg.AsyncConnection[Any] = await asyncio.wait_for(made, 10)
        except TimeoutError as fault:
            raise psycopg.OperationalError("the server does not answer") from fault
        self._connection = fresh
        return fresh

    async def _transaction(self, connection: psycopg.AsyncConnection[Any], wanted: Sequence[Hold | Close], most: int) -> list[Answer]:
        async with connection.pipeline(), connection.transaction():
            books = await _load(connection, wanted, most)
            answers = books.decide(wanted)
            await _apply(connection, books)
            await _beside(connection, books.fresh)
        return [await _first(connection, one, answer) for one, answer in zip(wanted, answers, strict=True)]


async def _load(connection: psycopg.AsyncConnection[Any], wanted: Sequence[Hold | Close], most: int) -> Books:
    """Lock what is concerned, then read it: each statement sees what was committed before it began."""
    holding = sorted({one.workspace_id for one in wanted if isinstance(one, Hold)})
    closing = [one.run_id for one in wanted if isinstance(one, Close)]
    now = max(one.at for one in wanted)
    locked = await connection.execute(_ACCOUNTS, (holding, closing))
    kept = await connection.execute(_HOLDS, ([one.run_id for one in wanted],))
    expired = await connection.execute(_EXPIRED, (holding, burn_by(now))) if holding else None
    lots = await connection.execute(_LOTS, (closing, most)) if closing else None
    accounts = {row[0]: Account(*row[1:]) for row in await locked.fetchall()}
    holds = {row[0]: Kept(row[1], row[2], row[3], HoldStatus(row[4]), row[5], row[6]) for row in await kept.fetchall()}
    for [workspace_id] in await expired.fetchall() if expired else ():
        accounts[workspace_id].expired = True
    for workspace_id, *lot in await lots.fetchall() if lots else ():
        accounts[workspace_id].lots.append(OpenLot(*lot))
    for account in accounts.values():
        account.cut = len(account.lots) == most
    return Books(accounts, holds)


async def _apply(connection: psycopg.AsyncConnection[Any], books: Books) -> None:
    moved = [(id_, books.accounts[id_]) for id_ in books.moved if id_ in books.accounts]
    for statement, rows in (
        (_MOVE, [{"id": id_, "balance": a.balance, "held": a.held, "entries": a.entries} for id_, a in moved]),
        (_HOLD, books.held),
        (_CLOSE, books.closed),
        (_TAKE, [{"id": lot, "amount": amount} for lot, amount in books.taken.items()]),
        (_POST, books.postings),
        (_ENTRIES, books.entries),
    ):
        if rows:
            await connection.execute(statement, (json.dumps(rows),))


async def _beside(connection: psycopg.AsyncConnection[Any], fresh: Sequence[Hold | Close]) -> None:
    kinds: dict[type[Beside], list[Beside]] = {}
    for one in fresh:
        if one.beside is not None:
            kinds.setdefault(type(one.beside), []).append(one.beside)
    for kind, rows in kinds.items():
        if not await kind.on_postgres(connection, rows):
            raise _Apart


async def _first(connection: psycopg.AsyncConnection[Any], wanted: Hold | Close, answer: Answer) -> Answer:
    """The refusal that comes first, where two would do."""
    if isinstance(answer, InsufficientCredits) and wanted.beside is not None and wanted.beside.bound:
        try:
            async with connection.transaction(force_rollback=True):
                await type(wanted.beside).on_postgres(connection, [wanted.beside])
        except DomainError as refusal:
            return refusal
    return answer


def _alone(fault: Exception) -> Answer:
    """What a change that was tried by itself comes to."""
    if isinstance(fault, _Apart):
        return None
    if isinstance(fault, DomainError):
        return fault
    if isinstance(fault, psycopg.DataError):
        return Invalid("A value holds characters or numbers that cannot be kept.", code="unstorable")
    if isinstance(fault, psycopg.OperationalError):
        return Unavailable("The database cannot be reached just now.", retry_after=2)
    return fault
