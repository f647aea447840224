"""Group commit on SQLite: what is acknowledged is on the disk, one change is nobody else's, and nobody else's lock stops the loop."""

from __future__ import annotations

import asyncio
import resource
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from backend.db import writer as module
from backend.db.engine import Database
from backend.db.writer import Execute
from backend.kernel.errors import Invalid, Unavailable

INSERT = "INSERT INTO note (id, said) VALUES (?, ?)"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "notes.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL").fetchall()
        connection.execute("CREATE TABLE note (id INTEGER PRIMARY KEY, said)")
    return path


@pytest.fixture
async def notes(path: Path) -> Any:
    database = Database(f"sqlite:///{path}")
    yield database
    await database.dispose()


def note(id_: int, said: object = "") -> Callable[[Execute], int]:
    def change(execute: Execute) -> int:
        execute(INSERT, (id_, said))
        return id_

    return change


def kept(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT id FROM note ORDER BY id")]


@contextmanager
def locked(path: Path) -> Iterator[sqlite3.Connection]:
    """As another process would hold it."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    syncs: list[int] = []
    real = module._sync
    monkeypatch.setattr(module, "_sync", lambda file: (syncs.append(file), real(file)))
    return syncs


async def test_a_thousand_changes_at_once_are_few_commits_and_each_gets_its_own_answer(
    notes: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncs = counted(monkeypatch)
    answers = await asyncio.gather(*(notes.writer.do(note(number)) for number in range(1000)))
    assert answers == list(range(1000)) == kept(path)
    assert len(syncs) == 2


async def test_a_change_that_fails_is_undone_whole_and_alone(notes: Database, path: Path) -> None:
    def half(execute: Execute) -> None:
        execute(INSERT, (100, "half"))
        raise ValueError("of its own")

    wanted = [notes.writer.do(one) for one in (note(1), half, note(2), note(1), note(3, "\udc80"), note(4, 2**63), note(5))]
    answers = await asyncio.gather(*wanted, return_exceptions=True)
    assert [type(answer) for answer in answers] == [int, ValueError, int, sqlite3.IntegrityError, Invalid, Invalid, int]
    assert kept(path) == [1, 2, 5]


async def test_nothing_is_acknowledged_before_the_disk_has_it(notes: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    reached, go, real = threading.Event(), threading.Event(), module._sync

    def slow(file: int) -> None:
        reached.set()
        assert go.wait(20)
        real(file)

    monkeypatch.setattr(module, "_sync", slow)
    first = [asyncio.create_task(notes.writer.do(note(number))) for number in range(5)]
    await asyncio.to_thread(reached.wait, 20)
    second = [asyncio.create_task(notes.writer.do(note(number))) for number in range(5, 10)]
    done, _ = await asyncio.wait([*first, *second], timeout=0.1)
    assert not done
    go.set()
    assert await asyncio.gather(*first, *second) == list(range(10))


async def test_a_disk_that_fails_is_told_to_every_caller_and_nothing_is_written_after_it(
    notes: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await notes.writer.do(note(0)) == 0
    real, failing = module._sync, [True]

    def once(file: int) -> None:
        # A system tells of what it lost once, and the next sync succeeds.
        if failing:
            failing.pop()
            raise OSError(5, "Input/output error")
        real(file)

    monkeypatch.setattr(module, "_sync", once)
    lost = await asyncio.gather(*(notes.writer.do(note(number)) for number in (1, 2, 3)), return_exceptions=True)
    assert [type(answer) for answer in lost] == [Unavailable] * 3
    after = await asyncio.gather(*(notes.writer.do(note(number)) for number in (1, 4)), return_exceptions=True)
    assert [type(answer) for answer in after] == [Unavailable] * 2
    with pytest.raises(Unavailable):
        async with notes.write():
            pass
    with pytest.raises(Unavailable):
        notes.check()
    assert 4 not in kept(path)
    await notes.dispose()
    assert await notes.writer.do(note(5)) == 5


async def test_a_disk_that_fails_is_told_to_those_who_wait_behind_it_too(
    notes: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, go = threading.Event(), threading.Event()

    def failing(file: int) -> None:
        reached.set()
        assert go.wait(20)
        raise OSError(5, "Input/output error")

    await notes.writer.do(note(0))
    monkeypatch.setattr(module, "_sync", failing)
    first = asyncio.create_task(notes.writer.do(note(1)))
    await asyncio.to_thread(reached.wait, 20)
    behind = [asyncio.create_task(notes.writer.do(note(number))) for number in (2, 3)]
    await asyncio.sleep(0)
    go.set()
    assert [type(one) for one in await asyncio.gather(first, *behind, return_exceptions=True)] == [Unavailable] * 3
    assert not {2, 3} & set(kept(path))


async def test_another_process_that_holds_the_database_is_waited_for_and_the_loop_goes_on(notes: Database, path: Path) -> None:
    for number in range(2):  # The first time the database is opened as well.
        with locked(path) as other:
            waiting = asyncio.create_task(notes.writer.do(note(number)))
            turns, until = 0, asyncio.get_running_loop().time() + 0.1
            while asyncio.get_running_loop().time() < until:
                await asyncio.sleep(0.001)
                turns += 1
            assert turns > 10
            assert not waiting.done()
            other.execute("COMMIT")
            assert await waiting == number


async def test_a_database_held_for_too_long_is_unavailable_and_then_serves_again(
    notes: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    with locked(path):
        answers = await asyncio.gather(*(notes.writer.do(note(number)) for number in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable] * 3
    assert await notes.writer.do(note(7)) == 7
    assert kept(path) == [7]


async def test_a_database_that_nobody_else_may_open_is_waited_for_as_well(notes: Database, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE").fetchall()
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(notes.writer.do(note(1)))
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(0.05)
        assert asyncio.get_running_loop().time() - began < 2
        assert not waiting.done()
    assert await waiting == 1


async def test_a_commit_that_fails_is_told_and_leaves_the_lock_to_others(notes: Database, path: Path) -> None:
    def full(execute: Execute) -> None:
        # No page more than there are: as on a full disk.
        [pages] = execute("PRAGMA page_count").fetchone()
        execute(f"PRAGMA max_page_count={pages}").fetchone()
        for number in range(100, 200):
            execute(INSERT, (number, "x" * 4000))

    answers = await asyncio.gather(notes.writer.do(note(1)), notes.writer.do(full), return_exceptions=True)
    assert isinstance(answers[1], sqlite3.OperationalError)
    with locked(path):
        pass
    assert kept(path) == ([1] if answers[0] == 1 else [])
    assert await notes.writer.do(note(2)) == 2


async def test_a_commit_that_breaks_is_told_to_all_and_leaves_no_transaction_open(notes: Database, path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def full(execute: Execute) -> None:
        # Pages wait in memory until the commit, which then finds no room for them.
        execute(INSERT, (100, "x" * 40_000))
        resource.setrlimit(resource.RLIMIT_FSIZE, (Path(f"{path}-wal").stat().st_size, before[1]))

    await notes.writer.do(note(0))
    try:
        answers = await asyncio.gather(notes.writer.do(note(1)), notes.writer.do(full), return_exceptions=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert all(isinstance(answer, sqlite3.OperationalError) for answer in answers)
    with locked(path):
        pass
    assert await notes.writer.do(note(2)) == 2
    assert kept(path) == [0, 2]


async def test_a_caller_who_gives_up_while_the_change_waits_takes_it_along_and_no_other(notes: Database, path: Path) -> None:
    with locked(path) as other:
        first = asyncio.create_task(notes.writer.do(note(1)))
        await asyncio.sleep(0.01)
        gone, stays = asyncio.create_task(notes.writer.do(note(2))), asyncio.create_task(notes.writer.do(note(3)))
        await asyncio.sleep(0)
        gone.cancel()
        other.execute("COMMIT")
        assert (await first, await stays) == (1, 3)
    assert gone.cancelled()
    assert kept(path) == [1, 3]


@pytest.mark.parametrize("large", [True, False])
async def test_a_log_is_written_from_its_start_again_and_its_readers_go_on(
    notes: Database, path: Path, monkeypatch: pytest.MonkeyPatch, large: bool
) -> None:
    monkeypatch.setattr(module, "COMMITS", 5)
    monkeypatch.setattr(module, "LARGE", 50_000 if large else 10**9)
    log = Path(f"{path}-wal")
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        await notes.writer.do(note(0))
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM note").fetchone() == (1,)
        for number in range(1, 30):
            await notes.writer.do(note(number, "x" * 4000))
        # It keeps what the reader still sees, and keeps nobody from writing.
        grown = log.stat().st_size
        assert grown > 200_000
        assert reader.execute("SELECT count(*) FROM note").fetchone() == (1,)
        reader.execute("COMMIT")
        for number in range(30, 90):
            await notes.writer.do(note(number, "x" * 4000))
            if notes.writer._checkpointing is not None:
                await notes.writer._checkpointing
        # As much again has been written without the file growing any more.
        assert log.stat().st_size < 100_000 if large else grown <= log.stat().st_size < grown * 1.3
        assert reader.execute("SELECT count(*) FROM note").fetchone() == (90,)
    assert kept(path) == list(range(90))


async def test_a_log_that_cannot_be_emptied_is_no_reason_to_stop(notes: Database, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(path: str, how: str) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(module, "_moved", failing)
    monkeypatch.setattr(module, "COMMITS", 1)
    for number in range(5):
        assert await notes.writer.do(note(number)) == number
    await notes.dispose()
    assert kept(path) == list(range(5))


async def test_what_many_changes_add_up_to_is_written_once_and_without_those_that_were_undone(notes: Database, path: Path) -> None:
    total = "INSERT INTO note (id, said) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET said = said + excluded.said"
    ran: list[str] = []

    def adding(id_: Any, amount: int, *, fails: bool = False) -> Callable[[Execute], None]:
        def change(execute: Execute) -> None:
            execute.add(total, (id_,), (amount,))
            ran.append(id_)
            if fails:
                raise ValueError("of its own")

        return change

    wanted = [adding(7, 1), adding(7, 10), adding(7, 100, fails=True), adding(8, 5), adding(7, 1000)]
    answers = await asyncio.gather(*(notes.writer.do(one) for one in wanted), return_exceptions=True)
    assert [type(answer) for answer in answers] == [type(None), type(None), ValueError, type(None), type(None)]
    await notes.writer.do(adding(7, 20_000))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT id, said FROM note ORDER BY id").fetchall() == [(7, 21_011), (8, 5)]
    assert len(ran) == 6


async def test_an_amount_that_no_sum_could_hold_is_refused_alone(notes: Database, path: Path) -> None:
    total = "INSERT INTO note (id, said) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET said = said + excluded.said"

    def adding(amount: int) -> Callable[[Execute], None]:
        return lambda execute: execute.add(total, (7,), (amount,))  # type: ignore[arg-type]

    wanted = [note(1), adding(2**63), adding(-(2**63)), *(adding(module.LARGEST) for _ in range(module.MOST - 4)), note(2)]
    answers = await asyncio.gather(*(notes.writer.do(one) for one in wanted), return_exceptions=True)
    assert [type(answer) for answer in answers[:3]] == [int, Invalid, Invalid]
    assert {type(answer) for answer in answers[3:-1]} == {type(None)}
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT said FROM note WHERE id = 7").fetchone() == (module.LARGEST * (module.MOST - 4),)
    assert kept(path) == [1, 2, 7]
