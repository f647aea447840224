"""The tables of runs and of their sums. A run's row is written with the ledger's hold in one transaction, its end with the settlement."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, Index, Text, text
from sqlmodel import Field

from backend.db.base import Table, UtcDateTime

_RUNNING = text("status = 'running'")
_KEYED = text("request_key IS NOT NULL")
_STOPPING = text("stop AND status = 'running'")


class GatewayRun(Table, table=True):
    """price: micro-credits quoted. owner: who asked. spender: who it is counted to, for a visitor the widget. background: carried on
    after a restart. stop: somebody wants it stopped, wherever it is carried out. request_key: owner and Idempotency-Key; request_hash:
    what was asked with it, or without one the name by which its client may stop it.

    lease_until: the process that runs it says "still mine" until then; a running row behind its lease is a dead run.
    budgets: the rows of `gateway_budget_use` that its hold is counted in, as [subject, period_start].
    """

    __tablename__ = "gateway_run"
    __table_args__ = (
        Index("ix_gateway_run_lease", "lease_until", sqlite_where=_RUNNING, postgresql_where=_RUNNING),
        Index("ix_gateway_run_stop", "id", sqlite_where=_STOPPING, postgresql_where=_STOPPING),
        Index("ix_gateway_run_workspace", "workspace_id", "started_at", "id"),
        Index("ix_gateway_run_instance", "instance_id", "started_at", "id"),
        Index("uq_gateway_run_request_key", "request_key", unique=True, sqlite_where=_KEYED, postgresql_where=_KEYED),
    )

    id: str = Field(primary_key=True, max_length=64)
    workspace_id: str = Field(max_length=64)
    instance_id: str = Field(max_length=64)
    instance_name: str = Field(max_length=80)
    door: str = Field(max_length=16)
    owner: str = Field(max_length=80)
    spender: str = Field(default="", max_length=80)
    conversation_id: str = Field(max_length=64)
    status: str = Field(max_length=16)
    query: str = Field(sa_type=Text)
    text: str = Field(sa_type=Text)
    sources: list[dict[str, Any]] = Field(sa_type=JSON)
    usage: dict[str, int] = Field(sa_type=JSON)
    price: int = Field(sa_type=BigInteger)
    error_code: str = Field(max_length=40)
    error_detail: str = Field(max_length=300)
    request_key: str | None = Field(max_length=64)
    request_hash: str = Field(max_length=64)
    background: bool = False
    stop: bool = False
    budgets: list[list[str]] = Field(sa_type=JSON, sa_column_kwargs={"server_default": "[]"})
    lease_until: datetime = Field(sa_type=UtcDateTime)
    started_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(sa_type=UtcDateTime)


class GatewayUsage(Table, table=True):
    """What the runs that ended on one UTC day (`2026-11-28`) came to. owner: their spender. Kept in the transaction that ends a run."""

    __tablename__ = "gateway_usage"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - as SQLAlchemy has it

    workspace_id: str = Field(primary_key=True, max_length=64)
    day: str = Field(primary_key=True, max_length=10)
    instance_id: str = Field(primary_key=True, max_length=64)
    owner: str = Field(primary_key=True, max_length=80)
    door: str = Field(primary_key=True, max_length=16)
    runs: int = Field(sa_type=BigInteger)
    succeeded: int = Field(sa_type=BigInteger)
    failed: int = Field(sa_type=BigInteger)
    cancelled: int = Field(sa_type=BigInteger)
    charged_micro: int = Field(sa_type=BigInteger)
    tokens: int = Field(sa_type=BigInteger)
    duration_ms: int = Field(sa_type=BigInteger)


class GatewayBudgetUse(Table, table=True):
    """What was charged to a budget and is held of it, in micro-credits. period_start: such as "day:2026-11-28" or "month:2026-11"."""

    __tablename__ = "gateway_budget_use"
    __table_args__ = (CheckConstraint("used >= 0", name="used_not_negative"), {"sqlite_with_rowid": False})

    subject: str = Field(primary_key=True, max_length=160)
    period_start: str = Field(primary_key=True, max_length=16)
    used: int = Field(sa_type=BigInteger)
