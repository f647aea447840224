"""Many writers at once, each with a connection of its own: nobody overspends, nothing is lost, nothing happens twice."""

from __future__ import annotations

import asyncio
import random

from backend.db.engine import Database
from backend.kernel.errors import InsufficientCredits
from backend.kernel.ids import RunId
from backend.kernel.money import Credits
from backend.ledger.service import Ledger
from backend.ledger.views import LotSource
from tests.service.ledger.conftest import WS, Grant


async def test_concurrent_holds_never_hold_more_than_there_is(ledger: Ledger, grant: Grant) -> None:
    await grant("10")
    asked = [ledger.hold(WS, RunId(f"run_{n}"), Credits.of(1)) for n in range(30)]
    results = await asyncio.gather(*asked, return_exceptions=True)
    refused = [result for result in results if isinstance(result, InsufficientCredits)]
    assert (len(refused), len(results) - len(refused)) == (20, 10)
    assert (await ledger.balance(WS)).available == Credits(0)


async def test_the_same_run_held_and_settled_many_times_at_once_is_charged_once(ledger: Ledger, grant: Grant) -> None:
    await grant("10")
    run = RunId("run_1")
    await asyncio.gather(*(ledger.hold(WS, run, Credits.of(2)) for _ in range(10)))
    receipts = await asyncio.gather(*(ledger.settle(run, Credits.of(n % 3)) for n in range(10)))
    assert len({(r.charged, r.available) for r in receipts}) == 1
    assert (await ledger.balance(WS)).balance == Credits.of(10) - receipts[0].charged


async def test_the_same_grant_many_times_at_once_is_made_once(ledger: Ledger, grant: Grant) -> None:
    assert sum(await asyncio.gather(*(grant("7") for _ in range(10)))) == 1
    assert (await ledger.balance(WS)).balance == Credits.of(7)


async def test_credits_are_conserved_whatever_many_writers_do(database: Database, ledger: Ledger, grant: Grant) -> None:
    dice = random.Random(7)
    taken = Credits(0)

    async def grants(n: int) -> None:
        async with database.write() as tx:
            amount = Credits.of(5)
            await ledger.grant(tx, workspace_id=WS, amount=amount, source=LotSource.PLAN, ref=f"order-{n % 3}", key=f"g{n}")

    async def runs(n: int, part: int, leave: bool) -> Credits:
        try:
            await ledger.hold(WS, RunId(f"run_{n}"), Credits.of(2))
        except InsufficientCredits:
            return Credits(0)
        receipt = await (ledger.release(RunId(f"run_{n}")) if leave else ledger.settle(RunId(f"run_{n}"), Credits(part)))
        return receipt.charged

    async def takes_back(n: int) -> None:
        nonlocal taken
        async with database.write() as tx:
            back = await ledger.take_back(tx, workspace_id=WS, ref=f"order-{n % 3}", key=f"t{n}")
        taken += back

    async def client(first: int) -> Credits:
        """Asks again when it has its answer, so that no batch of runs is all of them."""
        spent = Credits(0)
        for n in range(first, first + 5):
            spent += await runs(n, dice.randrange(2_000_001), dice.random() < 0.2)
        return spent

    await grant("60")
    await ledger.release((await ledger.hold(WS, RunId("run_first"), Credits(0))).run_id)
    work = [grants(n) for n in range(12)] + [takes_back(n) for n in range(4)]
    charged = [client(100 * n) for n in range(12)]
    # Mixed: writers are served in the order they come, and runs are to meet grants and takings of all kinds.
    mixed = [*work, *charged]
    dice.shuffle(mixed)
    results = await asyncio.gather(*mixed)
    spent = sum((result for result in results if result is not None), Credits(0))
    assert spent > Credits.of(10)
    balance = await ledger.balance(WS)
    assert balance.balance == Credits.of(60 + 12 * 5) - spent - taken
    assert balance.held == Credits(0)
