"""The proof names what was tampered with behind the ledger's back, each kind by its own check, and is silent about a sound ledger."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backend.db.engine import Database
from backend.db.proving import MOST
from backend.kernel.clock import FrozenClock
from backend.kernel.ids import RunId, WorkspaceId
from backend.kernel.money import Credits
from backend.ledger.proof import CHECKS
from backend.ledger.service import Ledger
from backend.ledger.views import LotSource
from tests.service.tampering import tamper

WS, OTHER = WorkspaceId("ws_one"), WorkspaceId("ws_two")
FIRST = "SELECT MIN(id) FROM ledger_transaction"
LOT = "SELECT MIN(id) FROM ledger_lot"

DRIFTS = [
    (
        "postings sum to zero",
        f"INSERT INTO ledger_entry (transaction_id, number, account, amount) VALUES (({FIRST}), 9, 'system:issued', 5)",
        "does not sum to zero but to 5",
    ),
    (
        "balances against entries",
        "UPDATE ledger_account SET balance = balance + 1 WHERE workspace_id = 'ws_one'",
        "is not the sum of its entries",
    ),
    (
        "accounts against what is posted to them",
        "UPDATE ledger_entry SET account = 'ws_nobody' WHERE account = 'system:issued'",
        "entries of ws_nobody belong to no account",
    ),
    (
        "held against open holds",
        "UPDATE ledger_account SET held = held + 1 WHERE workspace_id = 'ws_one'",
        "held 1000001 is not the sum of its open holds",
    ),
    (
        "balances against lots",
        "UPDATE ledger_lot SET remaining = remaining - 1 WHERE remaining > 5000000",
        "is not what its lots have left",
    ),
    (
        "lots against entries",
        "UPDATE ledger_entry SET amount = amount + 1 WHERE lot_id IS NOT NULL AND amount < 0",
        "is not the sum of its entries",
    ),
    (
        "lots against their grants",
        "UPDATE ledger_lot SET granted = granted + 1 WHERE workspace_id = 'ws_two'",
        "granted 4000001, posted 4000000",
    ),
    (
        "entries against the owner of their lot",
        "UPDATE ledger_lot SET workspace_id = 'ws_two' WHERE workspace_id = 'ws_one'",
        "of ws_one, moves the lot of ws_two",
    ),
    (
        "running balances",
        "UPDATE ledger_entry SET balance_after = 7 WHERE account = 'ws_two'",
        "entry 1 has running balance 7, not 4000000",
    ),
    ("running balances", "UPDATE ledger_entry SET balance_after = NULL WHERE account = 'ws_two'", "entry 1 has running balance None"),
    ("entries without a gap", "UPDATE ledger_account SET entries = 9 WHERE workspace_id = 'ws_two'", "counts 9 entries and has 1"),
    (
        "entries without a gap",
        "UPDATE ledger_entry SET position = 5 WHERE account = 'ws_two'",
        "account ws_two: counts 1 entries and has 1",
    ),
    (
        "charges against entries",
        "UPDATE ledger_hold SET charged = charged - 1 WHERE run_id = 'run_1'",
        "run run_1: charged 1999999, posted 2000000",
    ),
    ("charges against holds", "DELETE FROM ledger_hold WHERE run_id = 'run_1'", "charges run run_1, for which ws_one never held anything"),
    (
        "charges against holds",
        "UPDATE ledger_hold SET workspace_id = 'ws_two' WHERE run_id = 'run_1'",
        "for which ws_one never held anything",
    ),
    (
        "holds that are over",
        "UPDATE ledger_hold SET closed_at = NULL WHERE run_id = 'run_1'",
        "hold run_1 is settled and charged 2000000, closed at None",
    ),
    (
        "holds that are over",
        "UPDATE ledger_hold SET status = 'released' WHERE run_id = 'run_1'",
        "hold run_1 is released and charged 2000000",
    ),
    (
        "open holds against their time",
        "UPDATE ledger_hold SET expires_at = '2020-01-01 00:00:00.000000' WHERE run_id = 'run_3'",
        "hold run_3 of 1000000 micro-credits of ws_one is open, and was to be over by 2020-01-01 00:00:00",
    ),
    ("holds that are over", "UPDATE ledger_hold SET status = 'lost' WHERE run_id = 'run_1'", "hold run_1 is lost"),
    (
        "refunds against charges",
        "UPDATE ledger_refund SET amount = 1",
        "run run_2: 1 was given back, 3000000 was charged, 3000000 was posted",
    ),
    ("refunds against charges", "DELETE FROM ledger_hold WHERE run_id = 'run_2'", "run run_2: 3000000 was given back, None was charged"),
    (
        "refunds against charges",
        "UPDATE ledger_lot SET granted = granted + 1 WHERE source = 'refund'",
        "3000000 was charged, 3000001 was posted",
    ),
    ("postings against refunds", "DELETE FROM ledger_refund", "gives run run_2 back, and nobody decided so"),
]


@pytest.fixture
async def ledger(database: Database, clock: FrozenClock) -> Ledger:
    """Two workspaces; one has spent, has a run under way, and was given back one that an expired lot had paid in part."""
    ledger = Ledger(database, clock)
    tomorrow = clock.now() + timedelta(days=1)
    async with database.write() as tx:
        for workspace, amount, key, expires in ((WS, 1, "soon", tomorrow), (WS, 10, "never", None), (OTHER, 4, "theirs", None)):
            of = {"amount": Credits.of(amount), "source": LotSource.GIFT, "ref": "g", "key": key, "expires_at": expires}
            await ledger.grant(tx, workspace_id=workspace, **of)  # type: ignore[arg-type]
    for run, held, charged in (("run_2", 3, 3), ("run_1", 3, 2)):
        await ledger.hold(WS, RunId(run), Credits.of(held))
        await ledger.settle(RunId(run), Credits.of(charged))
    await ledger.hold(WS, RunId("run_3"), Credits.of(1))
    clock.advance(timedelta(days=2))
    await ledger.refund(RunId("run_2"), "nonsense", by="x")
    return ledger


async def test_a_sound_ledger_is_proven(ledger: Ledger) -> None:
    assert await ledger.prove() == []


@pytest.mark.parametrize(("check", "change", "fault"), DRIFTS, ids=[f"{n}:{check}" for n, (check, _, _) in enumerate(DRIFTS)])
async def test_a_drift_is_named_by_its_own_check(ledger: Ledger, database: Database, check: str, change: str, fault: str) -> None:
    await tamper(database, change)
    async with database.read() as tx:
        found = await next(one for one in CHECKS if one.name == check).faults(tx)
    assert any(fault in line for line in found), found
    assert set(found) <= set(await ledger.prove())


def test_every_check_is_shown_to_find_something() -> None:
    assert {check.name for check in CHECKS} == {check for check, _, _ in DRIFTS}


async def test_many_faults_are_counted_and_the_first_are_named(database: Database, ledger: Ledger) -> None:
    columns = "run_id, workspace_id, amount, label, status, charged, available, created_at"
    rows = ", ".join(f"('r{n}', 'ws_one', 0, '', 'lost', 0, 0, '2026-01-01')" for n in range(MOST + 7))
    await tamper(database, f"INSERT INTO ledger_hold ({columns}) VALUES {rows}")
    async with database.read() as tx:
        found = await next(one for one in CHECKS if one.name == "holds that are over").faults(tx)
    assert (len(found), found[-1]) == (MOST + 1, "holds that are over: 7 more like these")
