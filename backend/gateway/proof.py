"""The proof of the gateway: its runs against the ledger's holds. It only reads, each time both tables in one statement."""

from __future__ import annotations

from backend.db.proving import Check

CHECKS = (
    Check(
        "open holds against runs under way",
        "hold {0} of {1} micro-credits is open, and its run is {2}",
        """SELECT h.run_id, h.amount, COALESCE(r.status, 'nowhere') AS status FROM ledger_hold h LEFT JOIN gateway_run r ON r.id = h.run_id
        WHERE h.status = 'open' AND (r.status IS NULL OR r.status <> 'running')""",
    ),
    Check(
        "runs under way against open holds",
        "run {0} is under way, and its hold is {1}",
        """SELECT r.id, COALESCE(h.status, 'nowhere') AS status FROM gateway_run r LEFT JOIN ledger_hold h ON h.run_id = r.id
        WHERE r.status = 'running' AND (h.status IS NULL OR h.status <> 'open')""",
    ),
    Check(
        "runs against their holds",
        "run {0} of {1} was quoted {2}; held were {3} for {4}",
        """SELECT r.id, r.workspace_id, r.price, h.amount, COALESCE(h.workspace_id, 'nobody') AS held_for FROM gateway_run r
        LEFT JOIN ledger_hold h ON h.run_id = r.id
        WHERE h.run_id IS NULL OR h.workspace_id <> r.workspace_id OR h.amount <> r.price""",
    ),
    Check(
        "holds against runs",
        "hold {0} of {1} belongs to no run",
        """SELECT h.run_id, h.workspace_id FROM ledger_hold h LEFT JOIN gateway_run r ON r.id = h.run_id WHERE r.id IS NULL""",
    ),
    Check(
        "failed runs against charges",
        "run {0} failed and was charged {1}",
        """SELECT r.id, h.charged FROM gateway_run r JOIN ledger_hold h ON h.run_id = r.id WHERE r.status = 'failed' AND h.charged <> 0""",
    ),
)
