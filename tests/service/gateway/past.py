"""Runs that are over, put straight into the tables: lists are read from there, whoever wrote them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from backend.db.engine import Database
from backend.gateway.models import GatewayRun
from backend.gateway.views import RunFilter
from backend.kernel.caller import Caller
from backend.ledger.models import LedgerHold
from tests.conftest import NOW

WORKSPACES, AGENTS, OWNERS = ("ws_a", "ws_b"), ("inst_1", "inst_2", "inst_3"), ("key:key_1", "key:key_2", "account:acc_1")
STATUSES = ("succeeded", "succeeded", "failed", "cancelled", "running")
WORDS = ("Can I return a lamp?", "100% cotton", "under_score", "Grüße", "RETURN / 50", "", "10 per cent")


@dataclass(frozen=True)
class Past:
    id: str
    workspace_id: str
    instance_id: str
    door: str
    owner: str
    status: str
    query: str
    text: str
    started_at: datetime
    charged: int


def some(count: int, seed: int = 4) -> list[Past]:
    """A few minutes between two of them, or none at all."""
    dice = random.Random(seed)
    made, at = [], NOW - timedelta(days=3)
    for n in range(count):
        at += timedelta(minutes=dice.choice((0, 1, 90)))
        status, door = dice.choice(STATUSES), dice.choice(("api", "workspace", "widget"))
        owner = f"session:conv_{n}" if door == "widget" else dice.choice(OWNERS)
        cost = dice.choice((0, 1_000_000)) if status in {"succeeded", "cancelled"} else 0
        run_id = f"run_{dice.getrandbits(130):026X}"[:30]
        where = dice.choice(WORKSPACES), dice.choice(AGENTS)
        made.append(Past(run_id, *where, door, owner, status, dice.choice(WORDS), dice.choice(WORDS), at, cost))
    return made


async def put(database: Database, runs: Sequence[Past]) -> None:
    async with database.write() as tx:
        await tx.execute(insert(GatewayRun), [_row(run) for run in runs])
        await tx.execute(insert(LedgerHold), [_hold(run) for run in runs])


def naive(runs: Sequence[Past], caller: Caller, wanted: RunFilter) -> list[str]:
    """What a list should show, worked out in the simplest way."""
    low = wanted.text.lower()
    by_id = wanted.text in {run.id for run in runs}
    found = [
        run
        for run in runs
        if run.workspace_id == caller.workspace_id
        and (caller.instances is None or run.instance_id in caller.instances)
        and wanted.instance_id in (None, run.instance_id)
        and wanted.status in (None, run.status)
        and wanted.door in (None, run.door)
        and wanted.owner in (None, run.owner)
        and (by_id or wanted.since is None or run.started_at >= wanted.since)
        and (by_id or wanted.until is None or run.started_at < wanted.until)
        and (not wanted.charged or run.charged > 0)
        and (low in run.query.lower() or low in run.text.lower() or run.id.lower().endswith(low.removeprefix("…")))
    ]
    return [run.id for run in sorted(found, key=lambda run: (run.started_at, run.id), reverse=True)]


def _row(run: Past) -> dict[str, Any]:
    over = run.status != "running"
    return {
        **{name: getattr(run, name) for name in ("id", "workspace_id", "instance_id", "door", "owner", "status", "query", "text")},
        "spender": run.owner if run.door != "widget" else "widget:wid_1",
        "instance_name": "Desk",
        "conversation_id": "conv_1",
        "sources": [],
        "usage": {},
        "price": 1_000_000,
        "error_code": "",
        "error_detail": "",
        "request_key": None,
        "request_hash": "",
        "lease_until": run.started_at,
        "started_at": run.started_at,
        "finished_at": run.started_at + timedelta(seconds=2) if over else None,
    }


def _hold(run: Past) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "workspace_id": run.workspace_id,
        "amount": 1_000_000,
        "label": "",
        "charged": run.charged,
        "available": 0,
        "status": "open" if run.status == "running" else "settled",
        "created_at": run.started_at,
        "closed_at": None,
    }
