"""The proof: every sum of the ledger against every other, each as one query that returns only what disagrees."""

from __future__ import annotations

from sqlalchemy import text

from backend.db.engine import Tx

_CHECKS = {
    "posting {0} does not sum to zero but to {1}": """
        SELECT t.id, COALESCE(SUM(e.amount), 0) FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id
        GROUP BY t.id HAVING SUM(e.amount) <> 0""",
    "account {0}: balance {1} is not the sum of its entries, {2}": """
        SELECT a.workspace_id, a.balance, COALESCE(SUM(e.amount), 0) FROM ledger_account a
        LEFT JOIN ledger_entry e ON e.account = a.workspace_id
        GROUP BY a.workspace_id, a.balance HAVING a.balance <> COALESCE(SUM(e.amount), 0)""",
    "account {0}: held {1} is not the sum of its open holds, {2}": """
        SELECT a.workspace_id, a.held, COALESCE(SUM(h.amount), 0) FROM ledger_account a
        LEFT JOIN ledger_hold h ON h.workspace_id = a.workspace_id AND h.status = 'open'
        GROUP BY a.workspace_id, a.held HAVING a.held <> COALESCE(SUM(h.amount), 0)""",
    "account {0}: balance {1} is not what its lots have left, {2}": """
        SELECT a.workspace_id, a.balance, COALESCE(SUM(l.remaining), 0) FROM ledger_account a
        LEFT JOIN ledger_lot l ON l.workspace_id = a.workspace_id
        GROUP BY a.workspace_id, a.balance HAVING a.balance <> COALESCE(SUM(l.remaining), 0)""",
    "lot {0}: remaining {1} is not the sum of its entries, {2}": """
        SELECT l.id, l.remaining, COALESCE(SUM(e.amount), 0) FROM ledger_lot l LEFT JOIN ledger_entry e ON e.lot_id = l.id
        GROUP BY l.id, l.remaining HAVING l.remaining <> COALESCE(SUM(e.amount), 0)""",
    "account {0}: entry {1} has running balance {2}, not {3}": """
        SELECT account, position, balance_after, running FROM (
          SELECT account, position, balance_after, SUM(amount) OVER (PARTITION BY account ORDER BY position) AS running
          FROM ledger_entry WHERE position IS NOT NULL) e WHERE balance_after <> running""",
    "account {0}: counts {1} entries and has {2}": """
        SELECT a.workspace_id, a.entries, COUNT(e.id) FROM ledger_account a LEFT JOIN ledger_entry e ON e.account = a.workspace_id
        GROUP BY a.workspace_id, a.entries HAVING a.entries <> COUNT(e.id) OR a.entries <> COALESCE(MAX(e.position), 0)""",
    "run {0}: charged {1}, posted {2}": """
        SELECT h.run_id, h.charged, COALESCE(-SUM(e.amount), 0) FROM ledger_hold h
        LEFT JOIN ledger_transaction t ON t.run_id = h.run_id
        LEFT JOIN ledger_entry e ON e.transaction_id = t.id AND e.lot_id IS NOT NULL
        GROUP BY h.run_id, h.charged HAVING h.charged <> COALESCE(-SUM(e.amount), 0)""",
}


async def faults(tx: Tx) -> list[str]:
    """One line a disagreement, in micro-credits."""
    return [sentence.format(*row) for sentence, query in _CHECKS.items() for row in (await tx.execute(text(query))).all()]
