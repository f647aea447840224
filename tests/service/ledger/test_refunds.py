"""Giving a run back: once, to the lots that paid, and whole even when such a lot has expired."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from backend.db.engine import Database
from backend.kernel.clock import FrozenClock
from backend.kernel.errors import Conflict, Invalid, NotFound
from backend.kernel.ids import RunId
from backend.kernel.money import Credits
from backend.ledger.service import Ledger
from backend.ledger.views import EntryKind, LotSource
from tests.service.ledger.conftest import WS, Grant

RUN = RunId("run_1")


def c(amount: str) -> Credits:
    return Credits.of(amount)


async def spend(ledger: Ledger, amount: str, run: RunId = RUN) -> None:
    await ledger.hold(WS, run, c(amount), label="Front desk")
    await ledger.settle(run, c(amount))


async def test_a_refund_goes_back_to_the_lots_that_paid(ledger: Ledger, grant: Grant, clock: FrozenClock) -> None:
    await grant("2", "soon", expires_at=clock.now() + timedelta(days=1))
    await grant("10", "never")
    await spend(ledger, "5")
    clock.advance(timedelta(hours=1))
    receipt = await ledger.refund(RUN, "It answered  nonsense", by="operator@example.com")
    assert (receipt.charged, receipt.refunded, receipt.refunded_at) == (c("5"), c("5"), clock.now())
    assert [(lot.label, lot.amount) for lot in receipt.lots] == [("lot soon", c("2")), ("lot never", c("3"))]
    assert {lot.label: lot.remaining for lot in await ledger.lots(WS)} == {"lot soon": c("2"), "lot never": c("10")}
    page = (await ledger.entries(WS, limit=2)).items
    assert [(e.kind, e.amount, e.run_id, e.label) for e in page] == [
        (EntryKind.REFUND, c("3"), RUN, "Given back: It answered nonsense"),
        (EntryKind.REFUND, c("2"), RUN, "Given back: It answered nonsense"),
    ]


async def test_a_run_is_given_back_once_however_often_and_by_however_many(ledger: Ledger, grant: Grant) -> None:
    await grant("10")
    await spend(ledger, "4")
    receipts = await asyncio.gather(*(ledger.refund(RUN, f"try {n}", by="x") for n in range(8)))
    assert {receipt.refunded for receipt in receipts} == {c("4")}
    assert await ledger.refund(RUN, "again", by="x") == receipts[0]
    assert (await ledger.balance(WS)).balance == c("10")


async def test_what_an_expired_lot_paid_comes_as_a_new_lot_that_does_not_expire(ledger: Ledger, grant: Grant, clock: FrozenClock) -> None:
    await grant("2", "soon", expires_at=clock.now() + timedelta(days=1))
    await grant("10", "never")
    await spend(ledger, "5")
    clock.advance(timedelta(days=2))
    assert (await ledger.refund(RUN, "nonsense", by="x")).refunded == c("5")
    await ledger.expire()
    made = next(lot for lot in await ledger.lots(WS) if lot.source is LotSource.REFUND)
    assert (made.granted, made.remaining, made.ref, made.expires_at) == (c("2"), c("2"), RUN, None)
    assert (await ledger.balance(WS)).balance == c("12")


async def test_a_run_whose_lots_have_all_expired_is_given_back_too(ledger: Ledger, grant: Grant, clock: FrozenClock) -> None:
    await grant("2", "soon", expires_at=clock.now() + timedelta(days=1))
    await spend(ledger, "2")
    clock.advance(timedelta(days=2))
    assert (await ledger.refund(RUN, "nonsense", by="x")).refunded == c("2")
    assert (await ledger.balance(WS)).balance == c("2")


async def test_credits_that_were_given_back_can_be_spent_and_given_back_again(ledger: Ledger, grant: Grant) -> None:
    await grant("2")
    for n in range(3):
        await spend(ledger, "2", RunId(f"run_{n}"))
        await ledger.refund(RunId(f"run_{n}"), "nonsense", by="x")
    assert (await ledger.balance(WS)).balance == c("2")


async def test_settling_again_after_a_refund_changes_nothing(ledger: Ledger, grant: Grant) -> None:
    await grant("10")
    await spend(ledger, "4")
    given = await ledger.refund(RUN, "nonsense", by="x")
    assert await ledger.settle(RUN, c("4")) == given


async def test_a_run_under_way_one_that_cost_nothing_and_one_that_never_was_are_not_given_back(ledger: Ledger, grant: Grant) -> None:
    await grant("10")
    await ledger.hold(WS, RUN, c("4"))
    with pytest.raises(Conflict, match="under way"):
        await ledger.refund(RUN, "nonsense", by="x")
    await ledger.release(RUN)
    with pytest.raises(Invalid, match="cost nothing"):
        await ledger.refund(RUN, "nonsense", by="x")
    with pytest.raises(NotFound):
        await ledger.refund(RunId("run_none"), "nonsense", by="x")


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201])
async def test_a_refund_says_why(ledger: Ledger, grant: Grant, reason: str) -> None:
    await grant("10")
    await spend(ledger, "4")
    with pytest.raises(Invalid, match="Say why"):
        await ledger.refund(RUN, reason, by="x")


async def test_who_gave_a_run_back_and_why_is_kept_for_good(ledger: Ledger, grant: Grant, database: Database) -> None:
    await grant("10")
    await spend(ledger, "4")
    await ledger.refund(RUN, "nonsense", by="operator@example.com")
    async with database.read() as tx:
        kept = (await tx.execute(text("SELECT amount, anew, reason, by FROM ledger_refund"))).one()
    assert tuple(kept) == (4_000_000, 0, "nonsense", "operator@example.com")
    for change in ("UPDATE ledger_refund SET reason = 'x'", "DELETE FROM ledger_refund"):
        with pytest.raises(DBAPIError, match="append-only"):
            async with database.write() as tx:
                await tx.execute(text(change))
