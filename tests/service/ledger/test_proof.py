"""The proof finds what was tampered with, behind the ledger's back, in each kind of row."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from backend.db.engine import Database
from backend.kernel.clock import FrozenClock
from backend.kernel.ids import RunId, WorkspaceId
from backend.kernel.money import Credits
from backend.ledger.service import Ledger
from backend.ledger.views import LotSource

WS = WorkspaceId("ws_one")


@pytest.mark.parametrize(
    ("tamper", "fault"),
    [
        ("UPDATE ledger_account SET balance = balance + 1", "is not the sum of its entries"),
        ("UPDATE ledger_account SET held = held + 1", "is not the sum of its open holds"),
        ("UPDATE ledger_account SET entries = 9", "counts 9 entries"),
        ("UPDATE ledger_lot SET remaining = remaining - 1", "is not what its lots have left"),
        ("UPDATE ledger_hold SET charged = charged - 1", "run run_1: charged 1999999, posted 2000000"),
        (
            "INSERT INTO ledger_entry (id, transaction_id, account, amount) "
            "SELECT 'x', MIN(id), 'system:issued', 5 FROM ledger_transaction",
            "does not sum to zero but to 5",
        ),
        (
            "INSERT INTO ledger_entry (id, transaction_id, account, amount, position, balance_after) "
            "SELECT 'x', MIN(id), 'ws_one', 0, 9, 7 FROM ledger_transaction",
            "entry 9 has running balance 7, not 8000000",
        ),
    ],
)
async def test_a_drift_is_found(database: Database, clock: FrozenClock, tamper: str, fault: str) -> None:
    ledger = Ledger(database, clock)
    async with database.write() as tx:
        await ledger.grant(tx, workspace_id=WS, amount=Credits.of(10), source=LotSource.GIFT, ref="g", key="g")
    await ledger.hold(WS, RunId("run_1"), Credits.of(3))
    await ledger.settle(RunId("run_1"), Credits.of(2))
    assert await ledger.prove() == []
    async with database.write() as tx:
        await tx.execute(text(tamper))
    assert any(fault in line for line in await ledger.prove())
