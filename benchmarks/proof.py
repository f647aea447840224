"""How long the proof takes over a long history, and what a minute's look for low credits costs there.

`python -m benchmarks.proof --runs 1000000 --lots 100000 [--database postgresql://…]`: fills a database of its own with sound books
(on PostgreSQL one that it makes and drops), proves them, and prints a line a check. It ends with 1 when the books do not prove.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
import uuid
from pathlib import Path

import psycopg
from sqlalchemy import text

from backend.db.engine import Database
from backend.db.migrate import upgrade
from backend.db.proving import Check
from backend.ledger import watching
from backend.operator.proofs import CHECKS

WORKSPACES = 1000
AT = "'2026-11-01 00:00:00+00:00'"


def counted(name: str, most: int) -> str:
    return f"{name}(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM {name} WHERE n < {most - 1})"


def fill(runs: int, lots: int) -> list[str]:
    """runs, lots: of each workspace. Each lot has 20 credits and each run costs 1, taken from the oldest lot that has something."""
    each = 20 * lots * 1_000_000
    per = f"WITH RECURSIVE {counted('w', WORKSPACES)}"
    of_lots, of_runs = f"{per}, {counted('l', lots)}", f"{per}, {counted('r', runs)}"
    ref, lot = "'ord_' || w.n || ':l' || l.n || ':1'", "'lot_' || w.n || '_' || l.n"
    run, paid = "'run_' || w.n || '_' || r.n", "'lot_' || w.n || '_' || (r.n / 20)"
    left = f"CASE WHEN (l.n + 1) * 20 <= {runs} THEN 0 WHEN l.n * 20 >= {runs} THEN 20000000 ELSE ((l.n + 1) * 20 - {runs}) * 1000000 END"
    given, spent = "(l.n + 1) * CAST(20000000 AS BIGINT)", "(r.n + 1) * CAST(1000000 AS BIGINT)"
    order = "status, currency, saleor_order_id, number, email, visitor_hash, reason, standing, refund_seen, total_minor, tickets, applied"
    rest = "instance_name, door, owner, conversation_id, status, query, text, sources, usage, price, error_code, error_detail, request_hash"
    return [
        f"INSERT INTO ledger_account {per} SELECT 'ws_' || n, {each} - {runs * 1_000_000}, 0, {runs + lots} FROM w",
        f"""INSERT INTO ledger_lot (id, workspace_id, source, ref, label, priority, granted, remaining, created_at) {of_lots}
            SELECT {lot}, 'ws_' || w.n, 'order', {ref}, 'a pack', 100, 20000000, {left}, {AT} FROM w CROSS JOIN l""",
        f"""INSERT INTO ledger_transaction (id, key, kind, workspace_id, label, at) {of_lots}
            SELECT 'txn_' || w.n || '_g' || l.n, 'grant:' || {ref}, 'grant', 'ws_' || w.n, '', {AT} FROM w CROSS JOIN l""",
        f"""INSERT INTO ledger_transaction (id, key, kind, workspace_id, label, run_id, at) {of_runs}
            SELECT 'txn_' || w.n || '_c' || r.n, 'charge:' || {run}, 'charge', 'ws_' || w.n, '', {run}, {AT} FROM w CROSS JOIN r""",
        f"""INSERT INTO ledger_entry (transaction_id, number, account, lot_id, amount, position, balance_after) {of_lots}
            SELECT 'txn_' || w.n || '_g' || l.n, 1, 'ws_' || w.n, {lot}, 20000000, l.n + 1, {given}
            FROM w CROSS JOIN l""",
        f"""INSERT INTO ledger_entry (transaction_id, number, account, amount) {of_lots}
            SELECT 'txn_' || w.n || '_g' || l.n, 2, 'system:issued', -20000000 FROM w CROSS JOIN l""",
        f"""INSERT INTO ledger_entry (transaction_id, number, account, lot_id, amount, position, balance_after) {of_runs}
            SELECT 'txn_' || w.n || '_c' || r.n, 1, 'ws_' || w.n, {paid}, -1000000, {lots} + r.n + 1,
            {each} - {spent} FROM w CROSS JOIN r""",
        f"""INSERT INTO ledger_entry (transaction_id, number, account, amount) {of_runs}
            SELECT 'txn_' || w.n || '_c' || r.n, 2, 'system:revenue', 1000000 FROM w CROSS JOIN r""",
        f"""INSERT INTO ledger_hold (run_id, workspace_id, amount, label, status, charged, available, created_at, closed_at) {of_runs}
            SELECT {run}, 'ws_' || w.n, 1000000, '', 'settled', 1000000, {each} - {spent}, {AT}, {AT} FROM w CROSS JOIN r""",
        f"""INSERT INTO gateway_run (id, workspace_id, instance_id, {rest}, lease_until, started_at, finished_at) {of_runs}
            SELECT {run}, 'ws_' || w.n, 'inst_' || w.n, '', 'api', '', '', 'succeeded', 'A lamp?', 'Within 30 days.', '[]', '{{}}',
            1000000, '', '', '', {AT}, {AT}, {AT} FROM w CROSS JOIN r""",
        f"""INSERT INTO gateway_usage (workspace_id, day, instance_id, owner, door, runs, succeeded, failed, cancelled, charged_micro,
            tokens, duration_ms) {per}
            SELECT 'ws_' || n, '2026-11-01', 'inst_' || n, '', 'api', {runs}, {runs}, 0, 0, {runs * 1_000_000}, 0, 0 FROM w""",
        f"""INSERT INTO provision_order (ref, workspace_id, {order}, lines, placed_at, updated_at) {per}
            SELECT 'ord_' || n, 'ws_' || n, 'ready', 'USD', 'o' || n, '', '', '', '', '', false, 0, 0, 0, '[]', {AT}, {AT} FROM w""",
        f"""INSERT INTO provision_grant (order_ref, line_id, unit, sku, kind, workspace_id, credits_micro, taken_micro, turn, active, at)
            {of_lots} SELECT 'ord_' || w.n, 'l' || l.n, 1, 'CREDITS', 'credits', 'ws_' || w.n, 20000000, 0, 1, true, {AT}
            FROM w CROSS JOIN l""",
    ]


async def measure(url: str, runs: int, lots: int) -> int:
    upgrade(url)
    database = Database(url)
    began = time.monotonic()
    for statement in fill(runs // WORKSPACES, lots // WORKSPACES):
        typed = statement if database.is_sqlite else statement.replace(AT, f"CAST({AT} AS timestamptz)")
        async with database.write() as tx:
            await (await tx.connection()).exec_driver_sql(typed)
    if not database.is_sqlite:
        async with database.write() as tx:
            await tx.execute(text("ANALYZE"))
    print(f"filled with {runs:,} runs and {lots:,} lots in {time.monotonic() - began:.0f} s", flush=True)
    faults = await prove(database, CHECKS)
    await look(database)
    await database.dispose()
    return 1 if faults else 0


async def prove(database: Database, checks: tuple[Check, ...]) -> int:
    count, whole = 0, time.monotonic()
    for check in checks:
        began = time.monotonic()
        async with database.read() as tx:
            found = await check.faults(tx)
        count += len(found)
        print(f"{time.monotonic() - began:7.2f} s  {check.name}", *found[:3], sep="\n           ", flush=True)
    print(f"{time.monotonic() - whole:7.2f} s  in all, {count} faults")
    return count


async def look(database: Database) -> None:
    """First each account is new; then none has moved."""
    for words in ("the first look at every account", "a look when nothing moved"):
        began, after, seen = time.monotonic(), "", 0
        while True:
            async with database.read() as tx:
                found = await watching.moved(tx, after, 200)
            if not found:
                break
            async with database.write() as tx:
                await watching.claim(tx, found)
            after, seen = found[-1].workspace_id, seen + len(found)
        print(f"{time.monotonic() - began:7.3f} s  {words}: {seen} accounts")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--lots", type=int, default=100_000)
    parser.add_argument("--database", default="", help="URL of a PostgreSQL database from which others can be made; SQLite when left out")
    asked = parser.parse_args()
    if not asked.database:
        with tempfile.TemporaryDirectory() as folder:
            return asyncio.run(measure(f"sqlite:///{Path(folder) / 'cmp.db'}", asked.runs, asked.lots))
    name = f"cmp_proof_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(asked.database, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
        try:
            return asyncio.run(measure(f"{asked.database.rsplit('/', 1)[0]}/{name}", asked.runs, asked.lots))
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[call-overload]


if __name__ == "__main__":
    sys.exit(main())
