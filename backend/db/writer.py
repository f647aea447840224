"""Group commit on SQLite: many callers' changes, a savepoint each, one commit and one sync of the disk for all of them.

The statements run on the event loop's own thread: handing each to another thread would cost more than most of them take. What must be
waited for, the disk, is waited for on another thread. Nobody is told "done" before the disk has said so.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import Any, TypeVar

from backend.kernel.batch import Batch
from backend.kernel.errors import Invalid, Unavailable

log = logging.getLogger(__name__)
T = TypeVar("T")
Key = tuple[str, ...]


class Execute(partial[sqlite3.Cursor]):
    """`Connection.execute` of the writer's connection, for one change after the other."""

    def __init__(self, execute: Callable[..., sqlite3.Cursor]) -> None:
        self._sums: dict[tuple[str, Key], list[int]] = {}
        self._own: list[tuple[str, Key, Sequence[int]]] = []

    def add(self, statement: str, key: Key, amounts: Sequence[int]) -> None:
        """Have `statement` executed once for all changes of this commit that say so with the same key: with the key and the sums of the
        amounts. For counters that many changes have in common. Raises OverflowError for an amount that could make the sum more than a
        column holds: that would be everybody's fault."""
        if any(abs(amount) > LARGEST for amount in amounts):
            raise OverflowError("too large to be added up")
        self._own.append((statement, key, amounts))

    def keep(self) -> None:
        """The change at hand is done."""
        for statement, key, amounts in self._own:
            sums = self._sums.setdefault((statement, key), [0] * len(amounts))
            for n, amount in enumerate(amounts):
                sums[n] += amount
        self._own.clear()

    def forget(self) -> None:
        """The change at hand is undone."""
        self._own.clear()

    def finish(self) -> None:
        for (statement, key), sums in self._sums.items():
            self(statement, (*key, *sums))


LARGEST = (2**63 - 1) // 1024
"""Amount of one change: `MOST` of them are still less than a column holds."""
Change = Callable[[Execute], Any]
"""Some statements that belong together. What it raises undoes them, and them alone."""

MOST = 512
"""Changes in one commit."""
PATIENCE = 30.0
"""Seconds that another process may hold the database's lock."""
COMMITS = 400
"""After so many, what is in the write-ahead log is moved into the database's file, some 5 to 40 MB, and the log is written from its start
again."""
LARGE = 64 * 1024 * 1024
"""Bytes of the log that are not kept for that: a reader of an old state can make it grow."""


class SqliteWriter:
    """path: the database's file. turn: what every writer of this process holds while it writes, so that none meets a lock."""

    def __init__(self, path: str, turn: asyncio.Lock) -> None:
        self._path, self._turn = path, turn
        self._batch: Batch[Change, Any] = Batch(self._write, most=MOST)
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="disk")
        self._connection: sqlite3.Connection | None = None
        self._log = -1
        self._commits = 0
        self._checkpointing: asyncio.Task[None] | None = None
        self._unsound = False

    async def do(self, change: Callable[[Execute], T]) -> T:
        """The change's result, once it is durable. Raises what it raised, Invalid for a value that cannot be kept, and Unavailable when
        another process held the database for `PATIENCE`, or what `check` raises."""
        result = await self._batch.put(change)
        if isinstance(result, _Raised):
            raise result.error
        return result  # type: ignore[no-any-return]

    def check(self) -> None:
        """Raises Unavailable once the disk has failed to keep something.

        The system says so only once: a second sync would succeed without what the first one lost, and what is written after it stands
        on that. Opened anew, the database reads its log up to the first page that is not whole.
        """
        if self._unsound:
            raise Unavailable("The disk failed to keep what was written. Nothing more is written until the service is started anew.")

    async def close(self) -> None:
        """After the last change. Safe to repeat."""
        if self._checkpointing is not None:
            await self._checkpointing
        self._disk.shutdown()
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._log >= 0:
            os.close(self._log)
            self._log = -1

    async def _write(self, changes: Sequence[Change]) -> list[Any]:
        async with self._turn:
            self.check()
            if self._connection is None:
                self._connection = await _patiently(self._open)
            connection = self._connection
            await _patiently(lambda: connection.execute("BEGIN IMMEDIATE"))
            try:
                results = _all(Execute(connection.execute), changes)
                connection.execute("COMMIT")
            except BaseException:
                # A full disk, say. Left open, the transaction would keep every other writer out.
                connection.rollback()
                raise
        self._commits += 1
        await self._synced()
        self._tidy()
        return results

    async def _synced(self) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(self._disk, _sync, self._log)
        except OSError as fault:
            self._unsound = True
            log.critical("the disk failed to keep the database's log: nothing more is written by this process", exc_info=fault)
            raise Unavailable("The disk failed to keep what was written.") from fault

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=0, isolation_level=None, cached_statements=256)
        try:
            # NORMAL leaves the sync of each commit to us; the log is still synced by SQLite before any of it is moved into the database.
            # Foreign keys are off, as SQLite has them by itself: what is written here refers to rows that the same change wrote or found.
            for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=OFF", "wal_autocheckpoint=0", "cache_size=-32768"):
                connection.execute(f"PRAGMA {pragma}").close()
            # The log comes into being with the first use of the database, and stays while a connection is open.
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            self._log = os.open(f"{self._path}-wal", os.O_RDWR | os.O_CREAT, 0o644)
        except BaseException:
            connection.close()
            raise
        return connection

    def _tidy(self) -> None:
        busy = self._checkpointing is not None and not self._checkpointing.done()
        if not busy and self._commits >= COMMITS:
            self._checkpointing = asyncio.get_running_loop().create_task(self._checkpoint(), name="checkpoint")

    async def _checkpoint(self) -> None:
        """The bulk while everybody goes on writing, then the little that came meanwhile, so that the log starts over.

        Its file stays as long as it is: a commit that makes a file longer has the file system write about that too. A reader of an older
        state keeps the log as it is: it is tried again after as many commits once more.
        """
        loop = asyncio.get_running_loop()
        self._commits = 0
        try:
            await loop.run_in_executor(None, _moved, self._path, "PASSIVE")
            how = "TRUNCATE" if os.fstat(self._log).st_size > LARGE else "RESTART"
            async with self._turn:
                await loop.run_in_executor(None, _moved, self._path, how)
        except sqlite3.Error:
            log.exception("the database's log could not be written from its start again")


class _Raised:
    def __init__(self, error: Exception) -> None:
        self.error = error


def _all(execute: Execute, changes: Sequence[Change]) -> list[Any]:
    results: list[Any] = []
    for change in changes:
        execute("SAVEPOINT one")
        try:
            results.append(change(execute))
        except (UnicodeEncodeError, OverflowError):
            _undone(execute)
            results.append(_Raised(Invalid("A value holds characters or numbers that cannot be kept.", code="unstorable")))
        except Exception as error:  # noqa: BLE001 - it is the caller's own, and is raised there
            _undone(execute)
            results.append(_Raised(error))
        else:
            execute.keep()
        execute("RELEASE one")
    execute.finish()
    return results


def _undone(execute: Execute) -> None:
    execute("ROLLBACK TO one")
    execute.forget()


async def _patiently(step: Callable[[], T]) -> T:
    """What `step` returns once no other process is in its way: this thread must not wait for one."""
    loop = asyncio.get_running_loop()
    deadline, nap = loop.time() + PATIENCE, 0.001
    while True:
        try:
            return step()
        except sqlite3.OperationalError as fault:
            # The lower byte: a log that another process is just reading anew is a kind of busy too.
            if fault.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            if loop.time() > deadline:
                raise Unavailable("The database is held by another process.", retry_after=5) from fault
        await asyncio.sleep(nap)
        nap = min(nap * 2, 0.05)


def _sync(file: int) -> None:
    # Where there is no fdatasync, fsync does the same and a little more.
    getattr(os, "fdatasync", os.fsync)(file)


def _moved(path: str, how: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as connection:
        connection.execute("PRAGMA synchronous=NORMAL").close()
        connection.execute(f"PRAGMA wal_checkpoint({how})").fetchall()
