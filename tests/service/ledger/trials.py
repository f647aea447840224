"""What the ledger and its writers must withstand, as trials that a broken one fails."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from backend.db import writer
from backend.db.engine import Database
from backend.kernel.clock import SystemClock
from backend.kernel.errors import InsufficientCredits, NotFound
from backend.kernel.ids import RunId
from backend.kernel.money import Credits
from backend.ledger.service import Ledger
from backend.ledger.views import HoldStatus, LotSource
from tests.service.ledger.conftest import WS

Trial = Callable[[str, Path, pytest.MonkeyPatch], Awaitable[None]]


@asynccontextmanager
async def _house(url: str) -> Any:
    """Two processes' worth of ledgers on one database, and 100 micro-credits."""
    databases = [Database(url), Database(url)]
    ledgers = [Ledger(database, SystemClock()) for database in databases]
    async with databases[0].write() as tx:
        for key in ("a", "b"):
            await ledgers[0].grant(tx, workspace_id=WS, amount=Credits(50), source=LotSource.ORDER, ref=key, key=key)
    try:
        yield ledgers
    finally:
        for database in databases:
            await database.dispose()


async def _together(*work: Awaitable[Any]) -> list[Any]:
    """What they come to, once all are over; the first failure, if there is one."""
    results = await asyncio.gather(*work, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results


async def _amounts(ledger: Ledger) -> tuple[int, int]:
    balance = await ledger.balance(WS)
    return balance.balance.micro, balance.held.micro


async def each_thing_happens_once(url: str, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """One client, who asks for everything twice."""
    async with _house(url) as (ledger, other):
        run, gone, late = RunId("run_1"), RunId("run_2"), RunId("run_3")
        for one in (ledger, other, ledger):
            assert (await one.hold(WS, run, Credits(60))).amount == Credits(60)
        assert await _amounts(other) == (100, 60)
        with pytest.raises(InsufficientCredits):
            await ledger.hold(WS, late, Credits(41))
        with pytest.raises(NotFound):
            await ledger.settle(late, Credits(1))
        first = await ledger.settle(run, Credits(55))
        assert await _amounts(other) == (45, 0)
        assert [one.amount.micro for one in first.lots] == [50, 5]
        assert (await other.settle(run, Credits(20)), await ledger.release(run)) == (first, first)
        await ledger.hold(WS, gone, Credits(45))
        back = await ledger.release(gone)
        assert await ledger.release(gone) == await other.settle(gone, Credits(3)) == back
        assert await _amounts(ledger) == (45, 0)
        # And twice in one commit, while another run holds something.
        twice, beside = RunId("run_4"), RunId("run_5")
        await _together(ledger.hold(WS, twice, Credits(20)), ledger.hold(WS, beside, Credits(20)), ledger.hold(WS, twice, Credits(20)))
        assert await _amounts(ledger) == (45, 40)
        one, again = await _together(ledger.release(twice), ledger.release(twice))
        assert one == again
        assert await _amounts(ledger) == (45, 20)
        assert await ledger.prove() == []


async def a_crowd_spends_what_there_is(url: str, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Many clients of two processes at once, for fewer credits than they want."""
    dice = random.Random(3)
    async with _house(url) as ledgers:
        databases = [ledger._database for ledger in ledgers]
        charged: dict[RunId, int] = {}

        async def client(number: int) -> None:
            for turn in range(3):
                run, ledger = RunId(f"run_{number}_{turn}"), ledgers[(number + turn) % 2]
                try:
                    await ledger.hold(WS, run, Credits(9))
                except InsufficientCredits:
                    continue
                part = Credits(dice.randrange(5))
                ends = await _together(ledgers[0].settle(run, part), ledgers[1].settle(run, part), ledger.settle(run, Credits(2)))
                assert len({end.charged for end in ends}) == 1
                charged[run] = ends[0].charged.micro

        async def granted(number: int) -> None:
            async with databases[1].write() as tx:
                await ledgers[1].grant(tx, workspace_id=WS, amount=Credits(2), source=LotSource.ORDER, ref="more", key=f"more-{number}")

        await _together(*(client(number) for number in range(24)), *(granted(number) for number in range(10)))
        assert await _amounts(ledgers[0]) == (120 - sum(charged.values()), 0)
        assert await ledgers[1].prove() == []


async def another_who_writes_is_waited_for(url: str, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """And what it wrote counts."""
    async with _house(url) as (ledger, other):
        async with other._database.write() as tx:
            await other.grant(tx, workspace_id=WS, amount=Credits(5), source=LotSource.ORDER, ref="more", key="more")
            holding = asyncio.create_task(ledger.hold(WS, RunId("run_1"), Credits(105)))
            await asyncio.wait([holding], timeout=0.05)
        await holding
        assert await _amounts(other) == (105, 105)


async def what_is_told_is_seen_by_others(url: str, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """As soon as a caller has an answer, every other process has it too."""
    async with _house(url) as (ledger, other):

        async def client(number: int) -> None:
            run = RunId(f"run_{number}")
            await ledger.hold(WS, run, Credits(9))
            assert run in {hold.run_id for hold in await other.open_holds(SystemClock().now())}
            told = await ledger.settle(run, Credits(2))
            assert await other.receipt(WS, run) == told

        await _together(*(client(number) for number in range(8)))


async def what_is_told_outlives_a_power_cut(url: str, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """SQLite: what the disk was made to keep is all that is left, and whatever was told by then is in it."""
    path, disk = Path(url.removeprefix("sqlite:///")), folder / "disk"
    disk.mkdir()
    told: dict[RunId, HoldStatus] = {}
    cuts: list[tuple[Path, dict[RunId, HoldStatus]]] = []
    kept: list[Path] = []
    real = writer._sync

    def sync(file: int) -> None:
        real(file)
        keep()

    def keep() -> None:
        # All that was written when the sync began; nobody writes through this writer until it has returned.
        to = disk / str(len(list(disk.iterdir())))
        to.mkdir()
        for name in (path.name, f"{path.name}-wal"):
            shutil.copy(path.parent / name, to / name)
        kept.append(to)

    async with _house(url) as (ledger, _):
        keep()
        patch.setattr(writer, "_sync", sync)

        async def client(number: int) -> None:
            for turn in range(3):
                run = RunId(f"run_{number}_{turn}")
                await ledger.hold(WS, run, Credits(4))
                told[run] = HoldStatus.OPEN
                cuts.append((kept[-1], dict(told)))
                await ledger.settle(run, Credits(1))
                told[run] = HoldStatus.SETTLED
                cuts.append((kept[-1], dict(told)))

        await _together(*(client(number) for number in range(4)))
    for left, then in dict(cuts).items():
        await _is_in(f"sqlite:///{left / path.name}", then)


async def _is_in(url: str, told: dict[RunId, HoldStatus]) -> None:
    database = Database(url)
    try:
        ledger = Ledger(database, SystemClock())
        assert await ledger.prove() == []
        open_holds = {hold.run_id for hold in await ledger.open_holds(SystemClock().now())}
        receipts = await ledger.receipts(WS, list(told))
        for run, status in told.items():
            assert run in open_holds or run in receipts, f"{run} was held, and is lost"
            assert status is HoldStatus.OPEN or run not in open_holds, f"{run} was settled, and is not"
    finally:
        await database.dispose()
