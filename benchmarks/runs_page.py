"""A page of runs among many past ones: `python -m benchmarks.runs_page [--url URL] [--runs N]`.

Fills an empty database with N runs and what they cost (by one statement a table), then asks for pages through the gateway's own search,
newest and far back, for every kind of filter, and prints p50 and p95 in milliseconds. The URL's database must be empty or made by this.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

from sqlalchemy import text

from backend.db.engine import Database
from backend.db.migrate import upgrade
from backend.gateway import repository, search
from backend.gateway.views import RunFilter, RunStatus
from backend.kernel.caller import Caller, Door, Role
from backend.kernel.clock import SystemClock
from backend.kernel.ids import InstanceId, RunId, WorkspaceId
from backend.ledger.service import Ledger

RUNS, TIMES = 1_000_000, 40
BEGAN = datetime(2025, 11, 22, tzinfo=UTC)
STEP = 30
"""Seconds between two runs."""
OWNER = Caller(Door.WORKSPACE, WorkspaceId("ws_bench"), Role.OWNER)
SERIES = {
    "sqlite": "WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < {last}) ",
    "postgresql": "WITH s AS (SELECT generate_series(0, {last}) AS n) ",
}
AT = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f000', {began}, 'unixepoch', '+' || (n * {step}) || ' seconds')",
    "postgresql": "to_timestamp({began}) + n * interval '{step} seconds'",
}
PADDED = {"sqlite": "printf('%026d', n)", "postgresql": "lpad(n::text, 26, '0')"}
JSON = {"sqlite": "'[]', '{}'", "postgresql": "'[]'::json, '{}'::json"}


def statements(dialect: str, runs: int) -> list[str]:
    """One in 100 fails, one in 1,000 is stopped; 20 agents, 50 keys, of which the last was used for the oldest thousand runs alone."""
    at = AT[dialect].format(began=int(BEGAN.timestamp()), step=STEP)
    run_id, series = f"'run_' || {PADDED[dialect]}", SERIES[dialect].format(last=runs - 1)
    status = "CASE WHEN n % 1000 = 7 THEN 'cancelled' WHEN n % 100 = 3 THEN 'failed' ELSE 'succeeded' END"
    owner = "CASE WHEN n < 1000 THEN 'key:key_old' ELSE 'key:key_' || (n % 50) END"
    door = "CASE WHEN n % 10 < 6 THEN 'api' WHEN n % 10 < 8 THEN 'workspace' ELSE 'widget' END"
    words = "'Where do I find the delivery note of order ' || n || ', and can I change its address?'"
    answer = (
        "'It is in the confirmation e-mail, on the first line [1]. ' || substr('"
        + "An answer has a few hundred characters. " * 12
        + "', 1, 450)"
    )
    into_runs = f"""{series}INSERT INTO gateway_run (id, workspace_id, instance_id, instance_name, door, owner, conversation_id, status,
        query, text, sources, usage, price, error_code, error_detail, request_key, request_hash, lease_until, started_at, finished_at)
        SELECT {run_id}, 'ws_bench', 'inst_' || (n % 20), 'Agent', {door}, {owner}, 'conv_1', {status},
        {words}, {answer}, {JSON[dialect]}, 1000000, '', '', NULL, '', {at}, {at}, {at} FROM s"""
    into_holds = f"""{series}INSERT INTO ledger_hold (run_id, workspace_id, amount, label, status, charged, available, created_at,
        closed_at) SELECT {run_id}, 'ws_bench', 1000000, '', 'settled', CASE WHEN n % 4 = 0 THEN 0 ELSE 1000000 END, 0, {at}, {at} FROM s"""
    # SQLite wants the WITH after the INSERT's head; both take it in front of the SELECT.
    return [_with_inside(sql, series) for sql in (into_runs, into_holds)] + ["ANALYZE"]


def _with_inside(sql: str, series: str) -> str:
    head, _, rest = sql.removeprefix(series).partition("SELECT")
    return f"{head}{series}SELECT{rest}"


async def fill(database: Database, runs: int) -> None:
    async with database.read() as tx:
        if (await tx.execute(text("SELECT count(*) FROM gateway_run"))).scalar() == runs:
            return
    began = time.perf_counter()
    for sql in statements("sqlite" if database.is_sqlite else "postgresql", runs):
        async with database.write() as tx:
            await tx.execute(text(sql))
    print(f"filled with {runs:,} runs in {time.perf_counter() - began:.0f} s")


def filters(runs: int) -> dict[str, RunFilter]:
    """Every combination of the cheap filters, and searches, each over all time and within a week far back."""
    middle = BEGAN + timedelta(seconds=STEP * runs // 2)
    spans = {"": {}, "week": {"since": middle, "until": middle + timedelta(days=7)}}
    found = {}
    parts = (
        {"": {}, "agent": {"instance_id": "inst_3"}},
        {"": {}, "failed": {"status": RunStatus.FAILED}},
        {"": {}, "door": {"door": Door.WIDGET}},
        {"": {}, "owner": {"owner": "key:key_13"}},
        {"": {}, "charged": {"charged": True}},
        spans,
    )
    for chosen in product(*(part.items() for part in parts)):
        name = " ".join(filter(None, (name for name, _ in chosen))) or "none"
        found[name] = replace(RunFilter(limit=25), **{key: value for _, given in chosen for key, value in given.items()})  # type: ignore[arg-type]
    found["rare owner"] = RunFilter(limit=25, owner="key:key_old")
    for name, words in {"common": "delivery", "rare": "order 123456,", "nowhere": "zebra"}.items():
        for span, given in spans.items():
            found[f"search {name} {span}".strip()] = RunFilter(limit=25, text=words, **given)  # type: ignore[arg-type]
    found["search id"] = RunFilter(limit=25, text=f"run_{runs // 3:026d}")
    return found


async def page(database: Database, ledger: Ledger, caller: Caller, wanted: RunFilter) -> tuple[int, str | None]:
    """What `Gateway.runs` does for one page."""
    async with database.read() as tx:
        found = await search.page(tx, caller, wanted)
    receipts = await ledger.receipts(caller.workspace_id, [RunId(row.id) for row in found.items])
    shown = found.map(lambda row: repository.view(row, receipts.get(RunId(row.id))))
    return len(shown.items), shown.next


async def measure(database: Database, runs: int, times: int) -> bool:
    ledger, worst = Ledger(database, SystemClock()), 0.0
    deep = search.cursor(BEGAN + timedelta(seconds=STEP * runs // 4), "run_z")
    narrow = replace(OWNER, instances=frozenset({InstanceId("inst_3"), InstanceId("inst_4")}))
    asked = [(name, OWNER, wanted) for name, wanted in filters(runs).items()]
    asked += [("key for two agents", narrow, RunFilter(limit=25)), ("none, far back", OWNER, RunFilter(limit=25, cursor=deep))]
    print(f"{'filter':<44} {'rows':>4} {'p50':>7} {'p95':>7}")
    for name, caller, wanted in asked:
        took = []
        for _ in range(times):
            began = time.perf_counter()
            rows, _ = await page(database, ledger, caller, wanted)
            took.append((time.perf_counter() - began) * 1000)
        p95 = statistics.quantiles(took, n=20)[-1]
        worst = max(worst, p95)
        print(f"{name:<44} {rows:>4} {statistics.median(took):>7.1f} {p95:>7.1f}")
    print(f"worst p95: {worst:.1f} ms")
    return worst < 50


async def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--url", default=f"sqlite:///{Path(tempfile.gettempdir()) / 'cmp-runs-page.db'}")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--times", type=int, default=TIMES)
    options = parser.parse_args()
    upgrade(options.url)
    database = Database(options.url)
    try:
        await fill(database, options.runs)
        return 0 if await measure(database, options.runs, options.times) else 1
    finally:
        await database.dispose()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
