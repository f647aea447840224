"""The rows of a run that belong in the ledger's transactions: its begin beside the hold, its end beside the settlement."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

import orjson

from backend.db.moments import stored
from backend.db.writer import Execute
from backend.gateway import policy, spending
from backend.gateway.budgets import Line
from backend.gateway.views import Outcome, RunStatus

_INSERT = """INSERT INTO gateway_run (id, workspace_id, instance_id, instance_name, door, owner, spender, conversation_id, query, price,
request_key, request_hash, background, budgets, lease_until, started_at, stop, status, text, sources, usage, error_code, error_detail)
{}"""
_BLANK = "FALSE, 'running', '', '[]', '{}', '', ''"
_BEGIN = _INSERT.format(f"VALUES ({'?, ' * 16} {_BLANK}) ON CONFLICT (request_key) WHERE request_key IS NOT NULL DO NOTHING")
_BEGIN_ALL = _INSERT.format(f"""SELECT x.id, x.workspace_id, x.instance_id, x.instance_name, x.door, x.owner, x.spender,
x.conversation_id, x.query, x.price, x.request_key, x.request_hash, x.background, x.budgets::json, x.lease_until, x.started_at, {_BLANK}
FROM json_to_recordset(%s::json) AS x(id text, workspace_id text, instance_id text,
instance_name text, door text, owner text, spender text, conversation_id text, query text, price bigint, request_key text,
request_hash text, background boolean, budgets text, lease_until timestamptz, started_at timestamptz)""")

_END = """UPDATE gateway_run SET status = ?, text = ?, sources = ?, usage = ?, error_code = ?, error_detail = ?, finished_at = ?
WHERE id = ? AND status = 'running'"""
_END_ALL = """UPDATE gateway_run r SET status = x.status, text = x.text, sources = x.sources::json, usage = x.usage::json,
error_code = x.error_code, error_detail = x.error_detail, finished_at = x.finished_at
FROM json_to_recordset(%s::json) AS x(id text, status text, text text, sources text, usage text, error_code text, error_detail text,
finished_at timestamptz) WHERE r.id = x.id AND r.status = 'running'"""

_COUNT = """INSERT INTO gateway_usage (workspace_id, day, instance_id, owner, door, runs, succeeded, failed, cancelled, charged_micro,
tokens, duration_ms) {} ON CONFLICT (workspace_id, day, instance_id, owner, door) DO UPDATE SET runs = gateway_usage.runs + excluded.runs,
succeeded = gateway_usage.succeeded + excluded.succeeded, failed = gateway_usage.failed + excluded.failed,
cancelled = gateway_usage.cancelled + excluded.cancelled, charged_micro = gateway_usage.charged_micro + excluded.charged_micro,
tokens = gateway_usage.tokens + excluded.tokens, duration_ms = gateway_usage.duration_ms + excluded.duration_ms"""
_COUNT_SUM = _COUNT.format(f"VALUES ({', '.join('?' * 12)})")
_COUNT_ALL = _COUNT.format("""SELECT workspace_id, day, instance_id, owner, door, count(*), sum(succeeded), sum(failed), sum(cancelled),
sum(charged_micro), sum(tokens), sum(duration_ms) FROM json_to_recordset(%s::json) AS x(workspace_id text, day text, instance_id text,
owner text, door text, succeeded int, failed int, cancelled int, charged_micro bigint, tokens bigint, duration_ms bigint)
GROUP BY workspace_id, day, instance_id, owner, door""")

_TELL = "INSERT INTO webhook_event (id, workspace_id, type, data, at_ms, spread) "
_TELL_ONE = _TELL + "VALUES (:id, :workspace_id, :type, :data, :at_ms, :spread)"
_TELL_ALL = (
    _TELL
    + """SELECT id, workspace_id, type, data, at_ms, spread
FROM json_to_recordset(%s::json) AS x(id text, workspace_id text, type text, data text, at_ms bigint, spread int)"""
)


@dataclass(frozen=True, slots=True)
class RunBegun:
    """A row of `gateway_run`, running, and its price in every budget that binds it. A repeated request_key makes it one that was there
    before. lines: the budgets' counters, in their order."""

    id: str
    workspace_id: str
    instance_id: str
    instance_name: str
    door: str
    owner: str
    spender: str
    conversation_id: str
    query: str
    price: int
    request_key: str | None
    request_hash: str
    background: bool
    lines: tuple[Line, ...]
    lease_until: datetime
    started_at: datetime

    @property
    def bound(self) -> bool:
        return bool(self.lines) or self.request_key is not None

    def on_sqlite(self, execute: Execute) -> bool:
        row = (
            *(self.id, self.workspace_id, self.instance_id, self.instance_name, self.door, self.owner, self.spender, self.conversation_id),
            *(self.query, self.price, self.request_key, self.request_hash, self.background, _json([line.row for line in self.lines])),
            *(stored(self.lease_until), stored(self.started_at)),
        )
        if execute(_BEGIN, row).rowcount != 1:
            return False
        if self.lines:
            spending.take_on_sqlite(execute, self.lines, self.price, self.started_at)
        return True

    @classmethod
    async def on_postgres(cls, connection: Any, rows: Sequence[RunBegun]) -> bool:
        # A key that was used before breaks the unique index, and the writer takes that for an answer.
        await connection.execute(_BEGIN_ALL, (json.dumps([row._plain() for row in rows]),))
        for row in rows:
            await spending.take_on_postgres(connection, row.lines, row.price, row.started_at)
        return True

    def _plain(self) -> dict[str, Any]:
        row = {name: getattr(self, name) for name in _COLUMNS} | {"budgets": _json([line.row for line in self.lines])}
        return row | {"lease_until": self.lease_until.isoformat(), "started_at": self.started_at.isoformat()}


_COLUMNS = tuple(field.name for field in fields(RunBegun) if field.name != "lines")


@dataclass(frozen=True, slots=True)
class Subject:
    """Which run, and to whom it is counted. price: micro-credits. budgets: the counters it is in, as (subject, period_start)."""

    run_id: str
    workspace_id: str
    instance_id: str
    spender: str
    door: str
    started_at: datetime
    price: int
    budgets: Sequence[Sequence[str]]
    instance_name: str
    conversation_id: str


@dataclass(frozen=True, slots=True)
class RunEnded:
    """How a running row ends, what that adds to its day, and what its budgets get back. charged: micro-credits. event: the row that tells
    of it, if anybody asked."""

    run: Subject
    outcome: Outcome
    error_detail: str
    charged: int
    finished_at: datetime
    event: Mapping[str, str | int] | None = None

    @property
    def bound(self) -> bool:
        return False

    @property
    def duration_ms(self) -> int:
        return round((self.finished_at - self.run.started_at).total_seconds() * 1000)

    def on_sqlite(self, execute: Execute) -> bool:
        outcome, at = self.outcome, stored(self.finished_at)
        sources, usage = _json([asdict(source) for source in outcome.sources]), _json(dict(outcome.usage))
        row = (outcome.status.value, outcome.text, sources, usage, outcome.error_code, self.error_detail, at, self.run.run_id)
        execute(_END, row)
        execute.add(_COUNT_SUM, self._whose(), (1, *self._counts()))
        for subject, start in self.run.budgets:
            execute(spending.GIVE_BACK, (self.run.price - self.charged, subject, start))
        if self.event is not None:
            execute(_TELL_ONE, self.event)
        return True

    @classmethod
    async def on_postgres(cls, connection: Any, rows: Sequence[RunEnded]) -> bool:
        await connection.execute(_END_ALL, (json.dumps([row._ending() for row in rows]),))
        await connection.execute(_COUNT_ALL, (json.dumps([row._added() for row in rows]),))
        for row in rows:
            for subject, start in row.run.budgets:
                await connection.execute(spending.GIVE_BACK.replace("?", "%s"), (row.run.price - row.charged, subject, start))
        if told := [dict(row.event) for row in rows if row.event is not None]:
            await connection.execute(_TELL_ALL, (json.dumps(told),))
        return True

    def _whose(self) -> tuple[str, str, str, str, str]:
        run = self.run
        return run.workspace_id, self.finished_at.date().isoformat(), run.instance_id, run.spender, run.door

    def _counts(self) -> tuple[int, int, int, int, int, int]:
        status = self.outcome.status
        succeeded, failed, cancelled = (int(status is one) for one in (RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED))
        return succeeded, failed, cancelled, self.charged, policy.tokens(self.outcome.usage) or 0, self.duration_ms

    def _ending(self) -> dict[str, Any]:
        outcome = self.outcome
        row = {"id": self.run.run_id, "status": outcome.status.value, "text": outcome.text, "error_code": outcome.error_code}
        row |= {"sources": _json([asdict(source) for source in outcome.sources]), "usage": _json(dict(outcome.usage))}
        return row | {"error_detail": self.error_detail, "finished_at": self.finished_at.isoformat()}

    def _added(self) -> dict[str, Any]:
        whose = dict(zip(("workspace_id", "day", "instance_id", "owner", "door"), self._whose(), strict=True))
        counts = ("succeeded", "failed", "cancelled", "charged_micro", "tokens", "duration_ms")
        return whose | dict(zip(counts, self._counts(), strict=True))


def _json(value: list[Any] | dict[str, Any]) -> str:
    """As the database keeps it. Half a surrogate pair, which the quick library refuses, is written as the slow one writes it."""
    if not value:
        return "[]" if isinstance(value, list) else "{}"
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value)
