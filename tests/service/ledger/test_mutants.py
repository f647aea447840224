"""The trials are worth something: each of the mistakes that a ledger's writer could make fails one of them."""

from __future__ import annotations

import asyncio
import inspect
import textwrap
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

from backend.db import writer
from backend.kernel.batch import Batch
from backend.ledger import books, postgres_writer, sqlite_writer
from tests.service.ledger.trials import (
    Trial,
    a_crowd_spends_what_there_is,
    another_who_writes_is_waited_for,
    each_thing_happens_once,
    what_is_told_is_seen_by_others,
    what_is_told_outlives_a_power_cut,
)

once, crowd, seen, power = (
    each_thing_happens_once,
    a_crowd_spends_what_there_is,
    what_is_told_is_seen_by_others,
    what_is_told_outlives_a_power_cut,
)
waits = another_who_writes_is_waited_for
TRIALS: dict[str, list[Trial]] = {"sqlite": [once, crowd, waits, seen, power], "postgres": [once, crowd, waits, seen]}
PATIENCE = 15.0
"""Seconds after which a trial that does not come to its end counts as failed."""


@dataclass(frozen=True)
class Mutant:
    """name: the mistake. where: a function, or a statement by its name. old, new: what is written there, and what instead."""

    kind: str
    name: str
    trial: Trial
    owner: Any
    where: str
    old: str
    new: str

    def put(self, patch: pytest.MonkeyPatch) -> None:
        found = inspect.getattr_static(self.owner, self.where)
        if isinstance(found, str):
            assert self.old in found, "the statement has changed: so must the mutant"
            patch.setattr(self.owner, self.where, found.replace(self.old, self.new))
            return
        assert isinstance(found, FunctionType)
        source = textwrap.dedent(inspect.getsource(found))
        assert self.old in source, "the function has changed: so must the mutant"
        for helper in (_late_commit, _late_transaction, _unawaited):
            patch.setitem(found.__globals__, helper.__name__, helper)
        made: dict[str, Any] = {}
        source = f"from __future__ import annotations\n{source.replace(self.old, self.new)}"
        exec(compile(source, self.name, "exec"), found.__globals__, made)
        patch.setattr(self.owner, self.where, made[found.__name__])


LATER: list[asyncio.Task[None]] = []


def _late_commit(connection: Any) -> None:
    async def later() -> None:
        await asyncio.sleep(0.05)
        connection.execute("COMMIT")

    LATER.append(asyncio.get_running_loop().create_task(later()))


@asynccontextmanager
async def _late_transaction(connection: Any) -> AsyncIterator[None]:
    await asyncio.gather(*LATER)
    await connection.execute("BEGIN")
    yield

    async def later() -> None:
        await asyncio.sleep(0.05)
        await connection.execute("COMMIT")

    LATER.append(asyncio.get_running_loop().create_task(later()))


def _unawaited(work: Callable[[], Any]) -> None:
    async def later() -> None:
        await asyncio.sleep(0.02)
        await work()

    LATER.append(asyncio.get_running_loop().create_task(later()))


SYNC = "await asyncio.get_running_loop().run_in_executor(self._disk, _sync, self._log)"
TRANSACTION = "connection.pipeline(), connection.transaction()"
lite, pg, keep = sqlite_writer, postgres_writer, writer.SqliteWriter
MUTANTS = [
    Mutant("sqlite", "acknowledged before the commit", seen, keep, "_write", 'connection.execute("COMMIT")', "_late_commit(connection)"),
    Mutant("sqlite", "acknowledged before the sync", power, keep, "_synced", SYNC, f"_unawaited(lambda: {SYNC.removeprefix('await ')})"),
    Mutant("sqlite", "never synced", power, keep, "_synced", SYNC, "pass"),
    Mutant("sqlite", "looked before it had the lock", waits, keep, "_write", "BEGIN IMMEDIATE", "BEGIN"),
    Mutant("sqlite", "a refused change is kept", once, writer, "_undone", 'execute("ROLLBACK TO one")', "pass"),
    Mutant("sqlite", "one change's failure undoes all", crowd, writer, "_undone", 'execute("ROLLBACK TO one")', 'execute("ROLLBACK")'),
    Mutant("sqlite", "the run's key is not unique", once, lite, "_HOLD", "DO NOTHING", "DO UPDATE SET amount = excluded.amount"),
    Mutant("sqlite", "held without a look at the balance", crowd, lite, "_RESERVE", " AND balance - held >= ?", " AND ? >= 0"),
    Mutant("sqlite", "compared with the balance, not what is free", crowd, lite, "_RESERVE", "balance - held >=", "balance >="),
    Mutant("sqlite", "nothing is reserved", once, lite, "_RESERVE", "held + ?", "held + 0 * ?"),
    Mutant("sqlite", "ended without a look whether it is open", once, lite, "_OPEN", " AND status = 'open'", ""),
    Mutant("sqlite", "charged without releasing", once, lite, "_MOVE", "held = held - ?", "held = held - 0 * ?"),
    Mutant("sqlite", "released without charging", once, lite, "_MOVE", "balance = balance - ?", "balance = balance - 0 * ?"),
    Mutant("sqlite", "the lots do not pay", once, lite, "_TAKE", "remaining - ?", "remaining - 0 * ?"),
    Mutant("sqlite", "the end is not written", once, lite, "_CLOSE", "SET status = ?", "SET status = coalesce(status, ?)"),
    Mutant("sqlite", "no entry counts", once, lite, "_MOVE", "entries + ?", "entries + 0 * ?"),
    Mutant("sqlite", "answers go to the wrong callers", crowd, Batch, "_do", "zip(taken, results", "zip(reversed(taken), results"),
    Mutant("postgres", "acknowledged before the commit", seen, pg.OnPostgres, "_transaction", TRANSACTION, "_late_transaction(connection)"),
    Mutant("postgres", "never committed", once, pg.OnPostgres, "_transaction", "transaction()", "transaction(force_rollback=True)"),
    Mutant("postgres", "looked before it had the lock", crowd, pg, "_ACCOUNTS", " FOR UPDATE", ""),
    Mutant("postgres", "the run's key is not looked at", once, books.Books, "_hold", "self.holds.get(wanted.run_id)", "None"),
    Mutant("postgres", "held without a look at the balance", once, books.Books, "_hold", "< wanted.amount", "< 0"),
    Mutant(
        "postgres",
        "compared with the balance, not what is free",
        once,
        books.Books,
        "_hold",
        "account.balance - account.held <",
        "account.balance <",
    ),
    Mutant("postgres", "nothing is reserved", once, books.Books, "_hold", "account.held += wanted.amount", "pass"),
    Mutant(
        "postgres", "ended without a look whether it is open", once, books.Books, "_close", "kept.status is not HoldStatus.OPEN", "False"
    ),
    Mutant("postgres", "charged without releasing", once, books.Books, "_close", "account.held -= kept.amount", "pass"),
    Mutant("postgres", "released without charging", once, books.Books, "_close", "account.balance -= wanted.charged", "pass"),
    Mutant("postgres", "the lots do not pay", once, books.Books, "_post", "self.taken.get(debit.lot_id, 0) + debit.amount", "0"),
    Mutant(
        "postgres",
        "the end is forgotten within a commit",
        once,
        books.Books,
        "_close",
        "kept.label, wanted.status",
        "kept.label, kept.status",
    ),
]


@pytest.mark.parametrize(("kind", "trial"), [(kind, trial) for kind, trials in TRIALS.items() for trial in trials])
async def test_the_ledger_as_it_is_stands_every_trial(kind: str, trial: Trial, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        await trial(str(request.getfixturevalue(f"{kind}_url")), tmp_path, patch)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.kind}: {mutant.name}")
async def test_a_mistake_of_a_writer_fails_its_trial(mutant: Mutant, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    url = str(request.getfixturevalue(f"{mutant.kind}_url"))
    with pytest.MonkeyPatch.context() as patch:
        mutant.put(patch)
        with pytest.raises((Exception, pytest.fail.Exception)) as caught:
            await asyncio.wait_for(mutant.trial(url, tmp_path, patch), PATIENCE)
        await asyncio.gather(*LATER, return_exceptions=True)
        LATER.clear()
    assert not isinstance(caught.value, NameError | TypeError), "the mutant itself is broken"
