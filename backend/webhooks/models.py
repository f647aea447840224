"""Tables of webhooks: where to tell, what happened, and how each was told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from backend.db.base import Table, UtcDateTime

_NEW = text("spread = 0")
_PENDING = text("status = 'pending'")


class EndpointRow(Table, table=True):
    """status: live, paused by its owner, or disabled by us. secret, old_secret: sealed; the old one signs too until `old_until`.

    failing_since: the first failure since anything was taken. told_at: when the admins were told that it was disabled.
    """

    __tablename__ = "webhook_endpoint"

    id: str = Field(primary_key=True, max_length=64)
    workspace_id: str = Field(index=True, max_length=64)
    url: str = Field(max_length=500)
    description: str = Field(max_length=80)
    events: list[str] = Field(sa_type=JSON)
    include_content: bool
    status: str = Field(max_length=16)
    secret: str = Field(sa_type=Text)
    old_secret: str | None = Field(default=None, sa_type=Text)
    old_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    failing_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    disabled_for: str = Field(default="", max_length=300)
    told_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    changed_at: datetime = Field(index=True, sa_type=UtcDateTime)


class EventRow(Table, table=True):
    """Something that happened, written in the transaction of its cause; columns of plain types, so that any writer can insert one.

    id: sorts by time, and is the `webhook-id` of every delivery. data: JSON. at_ms: Unix milliseconds. spread: 0 until its deliveries are
    written, then 1.
    """

    __tablename__ = "webhook_event"
    __table_args__ = (Index("ix_webhook_event_new", "id", sqlite_where=_NEW, postgresql_where=_NEW),)

    id: str = Field(primary_key=True, max_length=64)
    workspace_id: str = Field(max_length=64)
    type: str = Field(max_length=40)
    data: str = Field(sa_type=Text)
    at_ms: int = Field(sa_type=BigInteger)
    spread: int


class DeliveryRow(Table, table=True):
    """One event for one endpoint. status: pending, delivered or failed. due_at: when it is tried next; None while its endpoint rests.

    tries: failures since it was begun or replayed. attempts: of its whole life. code: the last HTTP status. log: the last attempts.
    """

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("event_id", "endpoint_id"),
        Index("ix_webhook_delivery_due", "due_at", sqlite_where=_PENDING, postgresql_where=_PENDING),
        Index("ix_webhook_delivery_endpoint", "endpoint_id", "id"),
    )

    id: str = Field(primary_key=True, max_length=64)
    event_id: str = Field(foreign_key="webhook_event.id", ondelete="CASCADE", max_length=64)
    endpoint_id: str = Field(foreign_key="webhook_endpoint.id", ondelete="CASCADE", max_length=64)
    status: str = Field(max_length=16)
    tries: int
    attempts: int
    due_at: datetime | None = Field(sa_type=UtcDateTime)
    code: int | None
    error: str = Field(max_length=300)
    snippet: str = Field(sa_type=Text)
    took_ms: int
    log: list[dict[str, Any]] = Field(sa_type=JSON)
    created_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(sa_type=UtcDateTime)
