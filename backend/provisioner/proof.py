"""The proof of the provisioner: what orders were given against the lots and agents that there are. It only reads, each time all the
tables in one statement.

What a unit has net, granted less taken back, is what it was to bring, less what its last return took while that stands.
"""

from __future__ import annotations

from backend.db.proving import Check

_REF = "g.order_ref || ':' || g.line_id || ':' || CAST(g.unit AS VARCHAR)"
_UNITS = f"""SELECT {_REF} AS ref, g.* FROM provision_grant g"""  # noqa: S608
_TAKEN = """SELECT e.lot_id, -SUM(e.amount) AS taken FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id
    WHERE t.kind = 'take_back' AND e.lot_id IS NOT NULL GROUP BY e.lot_id"""
_LOTS = f"""SELECT l.ref, SUM(l.granted) - SUM(COALESCE(b.taken, 0)) AS net, COUNT(*) AS many FROM ledger_lot l
    LEFT JOIN ({_TAKEN}) b ON b.lot_id = l.id WHERE l.source IN ('order', 'plan') GROUP BY l.ref"""  # noqa: S608

CHECKS = (
    Check(
        "units against their lots",
        "unit {0} should have brought {1} micro-credits net, and its lots say {2}",
        f"""SELECT u.ref, u.credits_micro - CASE WHEN u.active THEN 0 ELSE u.taken_micro END AS due, COALESCE(l.net, 0) AS net
        FROM ({_UNITS}) u LEFT JOIN ({_LOTS}) l ON l.ref = u.ref
        WHERE u.credits_micro - CASE WHEN u.active THEN 0 ELSE u.taken_micro END <> COALESCE(l.net, 0)""",  # noqa: S608
    ),
    Check(
        "units given once a turn",
        "unit {0} was given {1} times and has {2} lots",
        f"""SELECT u.ref, u.turn, l.many FROM ({_UNITS}) u JOIN ({_LOTS}) l ON l.ref = u.ref WHERE l.many > u.turn""",  # noqa: S608
    ),
    Check(
        "lots of orders against units",
        "lot {0} of {1} came with {2}, which no order was given",
        f"""SELECT l.id, l.workspace_id, l.ref FROM ledger_lot l LEFT JOIN ({_UNITS}) u ON u.ref = l.ref AND u.workspace_id = l.workspace_id
        WHERE l.source IN ('order', 'plan') AND u.ref IS NULL""",  # noqa: S608
    ),
    Check(
        "units against their agents",
        "unit {0} is {1}, and its agent {2} is {3}",
        f"""SELECT u.ref, CASE WHEN u.active THEN 'given' ELSE 'taken back' END AS given, COALESCE(u.instance_id, 'none') AS agent,
        CASE WHEN i.workspace_id <> u.workspace_id THEN 'another workspace''s' ELSE COALESCE(i.status, 'nowhere') END AS status
        FROM ({_UNITS}) u LEFT JOIN instance i ON i.id = u.instance_id
        WHERE u.kind = 'agent' AND (i.id IS NULL OR i.workspace_id <> u.workspace_id OR u.active = (i.status = 'suspended'))""",  # noqa: S608
    ),
    Check(
        "agents against units",
        "agent {0} of {1} came with no order",
        """SELECT i.id, i.workspace_id FROM instance i LEFT JOIN provision_grant g ON g.instance_id = i.id WHERE g.id IS NULL""",
    ),
    Check(
        "units against their orders",
        "order {0} is workspace {1}'s, and its unit {2} was given to {3}",
        f"""SELECT o.ref, COALESCE(o.workspace_id, 'nobody') AS owner, u.ref AS unit, u.workspace_id FROM ({_UNITS}) u
        JOIN provision_order o ON o.ref = u.order_ref WHERE o.workspace_id IS NULL OR o.workspace_id <> u.workspace_id""",  # noqa: S608
    ),
)
