"""The table of runs. Its row and the ledger's hold are written in one transaction, and so are its end and the settlement."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Text, text
from sqlmodel import Field

from backend.db.base import Table, UtcDateTime

_RUNNING = text("status = 'running'")


class GatewayRun(Table, table=True):
    """price: micro-credits quoted. owner: who asked. request_key: owner and Idempotency-Key; request_hash: what was asked with it.

    lease_until: the process that runs it says "still mine" until then; a running row behind its lease is a dead run.
    """

    __tablename__ = "gateway_run"
    __table_args__ = (
        Index("ix_gateway_run_lease", "lease_until", sqlite_where=_RUNNING, postgresql_where=_RUNNING),
        Index("ix_gateway_run_workspace", "workspace_id", "id"),
        Index("ix_gateway_run_instance", "instance_id", "id"),
    )

    id: str = Field(primary_key=True, max_length=64)
    workspace_id: str = Field(max_length=64)
    instance_id: str = Field(max_length=64)
    instance_name: str = Field(max_length=80)
    door: str = Field(max_length=16)
    owner: str = Field(max_length=80)
    conversation_id: str = Field(max_length=64)
    status: str = Field(max_length=16)
    query: str = Field(sa_type=Text)
    text: str = Field(sa_type=Text)
    sources: list[dict[str, Any]] = Field(sa_type=JSON)
    usage: dict[str, int] = Field(sa_type=JSON)
    price: int = Field(sa_type=BigInteger)
    error_code: str = Field(max_length=40)
    error_detail: str = Field(max_length=300)
    request_key: str | None = Field(unique=True, max_length=64)
    request_hash: str = Field(max_length=64)
    lease_until: datetime = Field(sa_type=UtcDateTime)
    started_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(sa_type=UtcDateTime)
