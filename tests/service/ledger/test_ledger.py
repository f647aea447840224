"""What the ledger promises, one rule a test, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from backend.db.engine import Database
from backend.db.writer import Execute
from backend.kernel.clock import FrozenClock
from backend.kernel.errors import Conflict, InsufficientCredits, Invalid, NotFound
from backend.kernel.ids import RunId, WorkspaceId
from backend.kernel.money import Credits
from backend.ledger.service import Ledger
from backend.ledger.views import Balance, EntryKind, HoldStatus, LotSource
from tests.conftest import NOW
from tests.service.ledger.conftest import WS, Grant

R1, R2 = RunId("run_1"), RunId("run_2")


def c(amount: str) -> Credits:
    return Credits.of(amount)


async def test_a_workspace_without_grants_has_nothing(ledger: Ledger) -> None:
    assert await ledger.balance(WS) == Balance(c("0"), c("0"))
    assert (await ledger.entries(WS)).items == []


async def test_a_grant_adds_a_lot_and_an_entry(ledger: Ledger, grant: Grant) -> None:
    assert await grant("100")
    [lot] = await ledger.lots(WS)
    assert (lot.granted, lot.remaining, lot.ref, lot.label) == (c("100"), c("100"), "order-1", "lot k1")
    [entry] = (await ledger.entries(WS)).items
    assert (entry.kind, entry.amount, entry.balance_after, entry.lot_id) == (EntryKind.GRANT, c("100"), c("100"), lot.id)


async def test_the_same_key_grants_once(ledger: Ledger, grant: Grant) -> None:
    assert [await grant("100"), await grant("100"), await grant("7")] == [True, False, False]
    assert (await ledger.balance(WS)).balance == c("100")


@pytest.mark.parametrize("amount", ["0", "-1"])
async def test_a_grant_of_nothing_or_less_is_refused(grant: Grant, amount: str) -> None:
    with pytest.raises(Invalid):
        await grant(amount)


async def test_a_hold_lowers_what_is_available_and_not_the_balance(ledger: Ledger, grant: Grant) -> None:
    await grant("10")
    await ledger.hold(WS, R1, c("4"))
    balance = await ledger.balance(WS)
    assert (balance.balance, balance.held, balance.available) == (c("10"), c("4"), c("6"))


async def test_hold_is_refused_when_other_holds_leave_too_little(ledger: Ledger, grant: Grant) -> None:
    await grant("10")
    await ledger.hold(WS, R1, c("7"))
    with pytest.raises(InsufficientCredits, match=r"needs 4 credits and 3 are available\. Top up at /"):
        await ledger.hold(WS, R2, c("4"))
    with pytest.raises(NotFound):
        await ledger.receipt(WS, R2)


async def test_a_workspace_that_never_had_credits_is_told_to_top_up(ledger: Ledger) -> None:
    with pytest.raises(InsufficientCredits):
        await ledger.hold(WS, R1, c("1"))


async def test_the_same_run_holds_once(ledger: Ledger, grant: Grant) -> None:
    await grant("10")
    first = await ledger.hold(WS, R1, c("4"))
    assert await ledger.hold(WS, R1, c("9")) == first
    assert (await ledger.balance(WS)).held == c("4")


async def test_a_free_run_holds_nothing_and_needs_no_account(ledger: Ledger) -> None:
    await ledger.hold(WS, R1, c("0"))
    assert (await ledger.settle(R1, c("0"))).status == HoldStatus.SETTLED


async def test_settling_charges_the_part_used_and_releases_the_rest(ledger: Ledger, grant: Grant, clock: FrozenClock) -> None:
    await grant("10")
    await ledger.hold(WS, R1, c("4"), label="Front desk")
    clock.advance(timedelta(seconds=3))
    receipt = await ledger.settle(R1, c("1.5"))
    assert (receipt.held, receipt.charged, receipt.released, receipt.available) == (c("4"), c("1.5"), c("2.5"), c("8.5"))
    assert (receipt.status, receipt.at) == (HoldStatus.SETTLED, clock.now())
    assert await ledger.receipt(WS, R1) == receipt
    entry = (await ledger.entries(WS)).items[0]
    assert (entry.kind, entry.amount, entry.run_id, entry.label) == (EntryKind.CHARGE, c("-1.5"), R1, "Front desk")


async def test_a_receipt_names_the_lots_that_paid(ledger: Ledger, grant: Grant, clock: FrozenClock) -> None:
    await grant("2", "never")
    await grant("3", "soon", expires_at=clock.now() + timedelta(days=1))
    await ledger.hold(WS, R1, c("4"))
    receipt = await ledger.settle(R1, c("4"))
    assert [(lot.label, lot.amount) for lot in receipt.lots] == [("lot soon", c("3")), ("lot never", c("1"))]
    assert [e.balance_after for e in (await ledger.entries(WS)).items] == [c("1"), c("2"), c("5"), c("2")]


async def test_settling_or_releasing_again_keeps_the_first_receipt(ledger: Ledger, grant: Grant) -> None:
    await grant("10")
    await ledger.hold(WS, R1, c("4"))
    first = await ledger.settle(R1, c("1"))
    assert [await ledger.settle(R1, c("3")), await ledger.release(R1)] == [first, first]
    assert (await ledger.balance(WS)).balance == c("9")


async def test_a_released_hold_costs_nothing_and_posts_nothing(ledger: Ledger, grant: Grant) -> None:
    await grant("10")
    await ledger.hold(WS, R1, c("4"))
    receipt = await ledger.release(R1)
    assert (receipt.charged, receipt.released, receipt.status) == (c("0"), c("4"), HoldStatus.RELEASED)
    assert len((await ledger.entries(WS)).items) == 1


@pytest.mark.parametrize("charged", ["4.000001", "-1"])
async def test_a_charge_beyond_the_hold_or_below_nothing_is_refused(ledger: Ledger, grant: Grant, charged: str) -> None:
    await grant("10")
    await ledger.hold(WS, R1, c("4"))
    with pytest.raises(Invalid):
        await ledger.settle(R1, c(charged))
    assert (await ledger.balance(WS)).held == c("4")


async def test_what_was_never_held_cannot_be_settled(ledger: Ledger) -> None:
    with pytest.raises(NotFound):
        await ledger.settle(R1, c("0"))


async def test_another_workspace_cannot_read_a_receipt(ledger: Ledger, grant: Grant) -> None:
    await grant("10")
    await ledger.hold(WS, R1, c("4"))
    with pytest.raises(NotFound):
        await ledger.receipt(WorkspaceId("ws_two"), R1)


async def test_an_open_hold_has_a_receipt_that_says_so(ledger: Ledger, grant: Grant) -> None:
    await grant("10")
    await ledger.hold(WS, R1, c("4"))
    receipt = await ledger.receipt(WS, R1)
    assert (receipt.status, receipt.charged, receipt.released, receipt.available) == (HoldStatus.OPEN, c("0"), c("0"), c("6"))


async def test_open_holds_are_found_by_age(ledger: Ledger, grant: Grant, clock: FrozenClock) -> None:
    await grant("10")
    await ledger.hold(WS, R1, c("1"))
    clock.advance(timedelta(minutes=5))
    await ledger.hold(WS, R2, c("1"))
    assert [hold.run_id for hold in await ledger.open_holds(clock.now() - timedelta(minutes=1))] == [R1]


async def test_a_hold_with_a_time_limit_is_overdue_when_it_has_passed_and_until_it_is_closed(
    ledger: Ledger, grant: Grant, clock: FrozenClock
) -> None:
    await grant("10")
    limit = clock.now() + timedelta(minutes=5)
    first = await ledger.hold_beside(WS, R1, c("1"), until=limit)
    await ledger.hold(WS, R2, c("1"))
    assert first is not None
    assert (first.expires_at, await ledger.hold_beside(WS, R1, c("1"), until=limit + timedelta(days=1))) == (limit, first)
    clock.advance(timedelta(minutes=5))
    assert await ledger.overdue() == []
    clock.advance(timedelta(microseconds=1))
    # The one that names no time is never overdue.
    assert await ledger.overdue() == [first]
    await ledger.release(R1)
    assert await ledger.overdue() == []


async def test_the_proof_notices_an_open_hold_an_hour_after_its_time(ledger: Ledger, grant: Grant, clock: FrozenClock) -> None:
    await grant("10")
    await ledger.hold_beside(WS, R1, c("1"), until=clock.now())
    clock.advance(timedelta(hours=1))
    assert await ledger.prove() == []
    clock.advance(timedelta(microseconds=1))
    [fault] = await ledger.prove()
    assert fault.startswith("hold run_1 of 1000000 micro-credits of ws_one is open, and was to be over by 2026-11-22 12:00:00")
    await ledger.release(R1)


async def test_taking_back_leaves_what_was_spent(ledger: Ledger, grant: Grant, database: Database) -> None:
    await grant("10", "a", ref="order-a")
    await grant("5", "b", ref="order-b")
    await ledger.hold(WS, R1, c("4"))
    await ledger.settle(R1, c("4"))
    async with database.write() as tx:
        assert await ledger.take_back(tx, workspace_id=WS, ref="order-a", key="refund-a") == c("6")
    async with database.write() as tx:
        assert await ledger.take_back(tx, workspace_id=WS, ref="order-a", key="refund-a") == c("6")
    assert (await ledger.balance(WS)).balance == c("5")
    assert (await ledger.entries(WS)).items[0].kind == EntryKind.TAKE_BACK


async def test_taking_back_leaves_what_a_run_under_way_holds(ledger: Ledger, grant: Grant, database: Database) -> None:
    await grant("10")
    await ledger.hold(WS, R1, c("4"))
    async with database.write() as tx:
        assert await ledger.take_back(tx, workspace_id=WS, ref="order-1", key="refund") == c("6")
    assert (await ledger.settle(R1, c("4"))).charged == c("4")


async def test_taking_back_what_was_never_granted_takes_nothing(ledger: Ledger, database: Database) -> None:
    async with database.write() as tx:
        assert await ledger.take_back(tx, workspace_id=WS, ref="order-x", key="refund") == c("0")


async def test_expired_credits_back_no_new_hold(ledger: Ledger, grant: Grant, clock: FrozenClock) -> None:
    await grant("5", "soon", expires_at=clock.now() + timedelta(days=1))
    await grant("2", "never")
    clock.advance(timedelta(days=1))
    await ledger.hold(WS, R1, c("2"))
    assert (await ledger.settle(R1, c("2"))).available == c("0")
    assert [e.kind for e in (await ledger.entries(WS)).items][:2] == [EntryKind.CHARGE, EntryKind.EXPIRY]


async def test_expiry_waits_for_the_run_that_holds_the_credits(ledger: Ledger, grant: Grant, clock: FrozenClock) -> None:
    await grant("5", "soon", expires_at=clock.now() + timedelta(days=1))
    await ledger.hold(WS, R1, c("3"))
    clock.advance(timedelta(days=2))
    assert await ledger.expire() == 1
    assert (await ledger.balance(WS)).balance == c("3")
    assert (await ledger.settle(R1, c("1"))).charged == c("1")
    await ledger.expire()
    assert (await ledger.balance(WS)).balance == c("0")


async def test_entries_are_paged_newest_first(ledger: Ledger, grant: Grant) -> None:
    for n in range(5):
        await grant("1", f"k{n}")
    first = await ledger.entries(WS, limit=3)
    second = await ledger.entries(WS, limit=3, cursor=first.next)
    assert [e.label for e in (*first.items, *second.items)] == [f"lot k{n}" for n in (4, 3, 2, 1, 0)]
    assert second.next is None


@pytest.mark.parametrize("cursor", ["", "x", "-1", "٣", "9" * 40])
async def test_a_cursor_of_nobody_is_refused(ledger: Ledger, cursor: str) -> None:
    with pytest.raises(Invalid):
        await ledger.entries(WS, cursor=cursor)


@pytest.mark.parametrize("change", ["UPDATE ledger_entry SET amount = 0", "DELETE FROM ledger_transaction"])
async def test_what_is_posted_cannot_be_changed(ledger: Ledger, grant: Grant, database: Database, change: str) -> None:
    await grant("1")
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.write() as tx:
            await tx.execute(text(change))


class Refusing:
    """Rows of another room that cannot be written."""

    bound = True

    def on_sqlite(self, execute: Execute) -> bool:
        raise Conflict("No.")

    @classmethod
    async def on_postgres(cls, connection: object, rows: Sequence[Refusing]) -> bool:
        raise Conflict("No.")


class WrittenBefore:
    bound = False

    def on_sqlite(self, execute: Execute) -> bool:
        return False

    @classmethod
    async def on_postgres(cls, connection: object, rows: Sequence[WrittenBefore]) -> bool:
        return False


async def test_rows_beside_a_hold_that_are_refused_take_it_with_them_and_no_other(ledger: Ledger, grant: Grant) -> None:
    await grant("10")
    refused = ledger.hold_beside(WS, R1, c("4"), beside=Refusing())
    before = ledger.hold_beside(WS, RunId("run_0"), c("4"), beside=WrittenBefore())
    results = await asyncio.gather(refused, before, ledger.hold(WS, RunId("run_9"), c("3")), return_exceptions=True)
    assert isinstance(results[0], Conflict)
    assert results[1] is None
    assert (await ledger.balance(WS)).held == c("3")


async def test_a_label_that_cannot_be_kept_is_refused_alone(ledger: Ledger, grant: Grant) -> None:
    await grant("10")
    broken = ledger.hold(WS, R1, c("4"), label="half a pair \ud800")
    results = await asyncio.gather(broken, ledger.hold(WS, RunId("run_9"), c("3")), return_exceptions=True)
    assert isinstance(results[0], Invalid)
    assert (await ledger.balance(WS)).held == c("3")


async def test_a_charge_finds_its_lots_however_many_there_are(ledger: Ledger, grant: Grant, clock: FrozenClock) -> None:
    for n in range(40):
        clock.advance(timedelta(seconds=1))
        await grant("0.5", f"k{n:02d}")
    await ledger.hold(WS, R1, c("19.25"))
    receipt = await ledger.settle(R1, c("18.75"))
    assert [lot.label for lot in receipt.lots] == [f"lot k{n:02d}" for n in range(38)]
    assert receipt == await ledger.receipt(WS, R1)


async def test_lots_burn_by_priority_then_expiry_then_age(ledger: Ledger, clock: FrozenClock, database: Database) -> None:
    days = {"never": None, "late": 30, "soon": 3, "soon, but newer": 3}
    for name, priority in {"never": 100, "late": 100, "soon": 100, "soon, but newer": 100, "first": 1}.items():
        clock.advance(timedelta(seconds=1))
        life = days.get(name)
        async with database.write() as tx:
            await ledger.grant(
                tx,
                workspace_id=WS,
                amount=c("1"),
                source=LotSource.GIFT,
                ref=name,
                key=name,
                label=name,
                priority=priority,
                expires_at=NOW + timedelta(days=life) if life else None,
            )
    await ledger.hold(WS, R1, c("5"))
    receipt = await ledger.settle(R1, c("5"))
    assert [lot.label for lot in receipt.lots] == ["first", "soon", "soon, but newer", "late", "never"]
