"""Holds that are over by their own time limit, though no run ends them: their credits go back.

A run under way ends its own, and one whose process died is closed with its hold by `Execution.recover`. What is left are holds whose run
has ended without them or is nowhere: no fault of ours should bring that about, and it would keep a customer's credits for good.
"""

from __future__ import annotations

import logging

from backend.db.engine import Database
from backend.gateway import repository
from backend.ledger.service import Ledger

log = logging.getLogger(__name__)


async def release(database: Database, ledger: Ledger) -> int:
    """How many were released."""
    over = await ledger.overdue()
    if not over:
        return 0
    async with database.read() as tx:
        under_way = await repository.running(tx, [hold.run_id for hold in over])
    lost = [hold for hold in over if hold.run_id not in under_way]
    released = 0
    for hold in lost:
        words = "the hold of run %s, %s credits of workspace %s, was to be over by %s, and is released"
        log.error(words, hold.run_id, hold.amount, hold.workspace_id, hold.expires_at)
        try:
            await ledger.release(hold.run_id)
        except Exception:
            # Books that were tampered with refuse it. Neither the others' credits nor the start wait for that; the proof tells of it.
            log.exception("the hold of run %s could not be released", hold.run_id)
        else:
            released += 1
    return released
