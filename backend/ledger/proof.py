"""The proof of the ledger: every sum against every other."""

from __future__ import annotations

from datetime import datetime

from backend.db import proving
from backend.db.engine import Tx
from backend.db.proving import Check

CHECKS = (
    Check(
        "postings sum to zero",
        "posting {0} does not sum to zero but to {1}",
        """SELECT transaction_id, SUM(amount) FROM ledger_entry GROUP BY transaction_id HAVING SUM(amount) <> 0""",
    ),
    Check(
        "balances against entries",
        "account {0}: balance {1} is not the sum of its entries, {2}",
        """SELECT a.workspace_id, a.balance, COALESCE(e.total, 0) AS total FROM ledger_account a
        LEFT JOIN (SELECT account, SUM(amount) AS total FROM ledger_entry GROUP BY account) e ON e.account = a.workspace_id
        WHERE a.balance <> COALESCE(e.total, 0)""",
    ),
    Check(
        "accounts against what is posted to them",
        "entries of {0} belong to no account",
        """SELECT DISTINCT e.account FROM ledger_entry e LEFT JOIN ledger_account a ON a.workspace_id = e.account
        WHERE a.workspace_id IS NULL AND (e.position IS NOT NULL OR e.account NOT LIKE 'system:%')""",
    ),
    Check(
        "held against open holds",
        "account {0}: held {1} is not the sum of its open holds, {2}",
        """SELECT a.workspace_id, a.held, COALESCE(h.total, 0) AS total FROM ledger_account a
        LEFT JOIN (SELECT workspace_id, SUM(amount) AS total FROM ledger_hold WHERE status = 'open' GROUP BY workspace_id) h
        ON h.workspace_id = a.workspace_id WHERE a.held <> COALESCE(h.total, 0)""",
    ),
    Check(
        "balances against lots",
        "account {0}: balance {1} is not what its lots have left, {2}",
        """SELECT a.workspace_id, a.balance, COALESCE(l.total, 0) AS total FROM ledger_account a
        LEFT JOIN (SELECT workspace_id, SUM(remaining) AS total FROM ledger_lot GROUP BY workspace_id) l
        ON l.workspace_id = a.workspace_id WHERE a.balance <> COALESCE(l.total, 0)""",
    ),
    Check(
        "lots against entries",
        "lot {0}: remaining {1} is not the sum of its entries, {2}",
        """SELECT l.id, l.remaining, COALESCE(e.total, 0) AS total FROM ledger_lot l
        LEFT JOIN (SELECT lot_id, SUM(amount) AS total FROM ledger_entry WHERE lot_id IS NOT NULL GROUP BY lot_id) e ON e.lot_id = l.id
        WHERE l.remaining <> COALESCE(e.total, 0)""",
    ),
    Check(
        "lots against their grants",
        "lot {0}: granted {1}, posted {2}",
        """SELECT l.id, l.granted, COALESCE(g.total, 0) AS total FROM ledger_lot l LEFT JOIN (
          SELECT e.lot_id, SUM(e.amount) AS total FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id
          WHERE t.kind = 'grant' AND e.lot_id IS NOT NULL GROUP BY e.lot_id) g ON g.lot_id = l.id
        WHERE l.granted <> COALESCE(g.total, 0)""",
    ),
    Check(
        "entries against the owner of their lot",
        "entry {1} of {0}, of {2}, moves the lot of {3}",
        """SELECT e.transaction_id, e.number, e.account, l.workspace_id FROM ledger_entry e JOIN ledger_lot l ON l.id = e.lot_id
        WHERE e.account <> l.workspace_id""",
    ),
    Check(
        "running balances",
        "account {0}: entry {1} has running balance {2}, not {3}",
        """SELECT account, position, balance_after, running FROM (
          SELECT account, position, balance_after, SUM(amount) OVER (PARTITION BY account ORDER BY position) AS running
          FROM ledger_entry WHERE position IS NOT NULL) e WHERE balance_after IS NULL OR balance_after <> running""",
    ),
    Check(
        "entries without a gap",
        "account {0}: counts {1} entries and has {2}",
        """SELECT a.workspace_id, a.entries, COALESCE(e.many, 0) AS many FROM ledger_account a
        LEFT JOIN (SELECT account, COUNT(*) AS many, MAX(position) AS latest FROM ledger_entry
          WHERE position IS NOT NULL GROUP BY account) e ON e.account = a.workspace_id
        WHERE a.entries <> COALESCE(e.many, 0) OR a.entries <> COALESCE(e.latest, 0)""",
    ),
    Check(
        "charges against entries",
        "run {0}: charged {1}, posted {2}",
        """SELECT h.run_id, h.charged, COALESCE(p.total, 0) AS total FROM ledger_hold h LEFT JOIN (
          SELECT t.run_id, -SUM(e.amount) AS total FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id
          WHERE t.kind = 'charge' AND e.lot_id IS NOT NULL GROUP BY t.run_id) p ON p.run_id = h.run_id
        WHERE h.charged <> COALESCE(p.total, 0)""",
    ),
    Check(
        "charges against holds",
        "posting {0} charges run {1}, for which {2} never held anything",
        """SELECT t.id, t.run_id, t.workspace_id FROM ledger_transaction t
        LEFT JOIN ledger_hold h ON h.run_id = t.run_id AND h.workspace_id = t.workspace_id
        WHERE t.kind IN ('charge', 'refund') AND h.run_id IS NULL""",
    ),
    Check(
        "holds that are over",
        "hold {0} is {1} and charged {2}, closed at {3}",
        """SELECT run_id, status, charged, closed_at FROM ledger_hold
        WHERE status NOT IN ('open', 'settled', 'released') OR (status <> 'settled' AND charged <> 0)
        OR (status = 'open') <> (closed_at IS NULL)""",
    ),
    Check(
        "open holds against their time",
        "hold {0} of {1} micro-credits of {2} is open, and was to be over by {3}",
        """SELECT run_id, amount, workspace_id, expires_at FROM ledger_hold WHERE status = 'open' AND expires_at < :long_ago""",
    ),
    Check(
        "refunds against charges",
        "run {0}: {1} was given back, {2} was charged, {3} was posted",
        """SELECT r.run_id, r.amount, h.charged, COALESCE(p.total, 0) + COALESCE(l.total, 0) AS total FROM ledger_refund r
        LEFT JOIN ledger_hold h ON h.run_id = r.run_id
        LEFT JOIN (SELECT t.run_id, SUM(e.amount) AS total FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id
          WHERE t.kind = 'refund' AND e.lot_id IS NOT NULL GROUP BY t.run_id) p ON p.run_id = r.run_id
        LEFT JOIN (SELECT ref, SUM(granted) AS total FROM ledger_lot WHERE source = 'refund' GROUP BY ref) l ON l.ref = r.run_id
        WHERE h.charged IS NULL OR r.amount <> h.charged OR r.amount <> COALESCE(p.total, 0) + COALESCE(l.total, 0)""",
    ),
    Check(
        "postings against refunds",
        "posting {0} gives run {1} back, and nobody decided so",
        """SELECT t.id, t.run_id FROM ledger_transaction t LEFT JOIN ledger_refund r ON r.run_id = t.run_id
        WHERE t.kind = 'refund' AND r.run_id IS NULL
        UNION ALL SELECT l.id, l.ref FROM ledger_lot l LEFT JOIN ledger_refund r ON r.run_id = l.ref
        WHERE l.source = 'refund' AND r.run_id IS NULL""",
    ),
)


async def faults(tx: Tx, now: datetime) -> list[str]:
    """One line a disagreement, in micro-credits."""
    return await proving.faults(tx, CHECKS, now)
