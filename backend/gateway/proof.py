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
        "usage against charges",
        "the usage of {0} by {1} through {2}, {3}, says {4}; its runs were charged {5}",
        """SELECT workspace_id, owner, door, instance_id, SUM(counted) AS counted, SUM(charged) AS charged FROM (
          SELECT workspace_id, owner, door, instance_id, charged_micro AS counted, 0 AS charged FROM gateway_usage
          UNION ALL SELECT r.workspace_id, r.spender, r.door, r.instance_id, 0, h.charged - COALESCE(f.amount, 0) FROM gateway_run r
          JOIN ledger_hold h ON h.run_id = r.id LEFT JOIN ledger_refund f ON f.run_id = r.id WHERE r.finished_at IS NOT NULL) both_told
        GROUP BY workspace_id, owner, door, instance_id HAVING SUM(counted) <> SUM(charged)""",
    ),
    Check(
        "failed runs against charges",
        "run {0} failed and was charged {1}",
        """SELECT r.id, h.charged FROM gateway_run r JOIN ledger_hold h ON h.run_id = r.id WHERE r.status = 'failed' AND h.charged <> 0""",
    ),
)
