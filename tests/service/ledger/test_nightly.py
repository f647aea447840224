"""The nightly proof raises its voice when a balance has drifted, and only then."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy import text

from backend.db.engine import Database
from backend.kernel.clock import Clock
from backend.kernel.ids import WorkspaceId
from backend.kernel.money import Credits
from backend.ledger.nightly import Nightly
from backend.ledger.service import Ledger
from backend.ledger.views import LotSource


async def test_a_drift_is_logged_as_an_error_and_a_sound_ledger_is_silent(
    database: Database, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = Ledger(database, clock)
    async with database.write() as tx:
        await ledger.grant(tx, workspace_id=WorkspaceId("ws_1"), amount=Credits.of(5), source=LotSource.GIFT, ref="gift", key="gift:1")
    with caplog.at_level(logging.ERROR, logger="backend.ledger.nightly"):
        await Nightly(ledger).run()
        assert caplog.records == []
        async with database.write() as tx:
            await tx.execute(text("UPDATE ledger_account SET balance = balance + 1 WHERE balance > 0"))
        await Nightly(ledger).run()
    assert caplog.records
