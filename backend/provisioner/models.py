"""The provisioner's tables: an order as we know it, the stages on its timeline, and what each unit of each line was given."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, UniqueConstraint
from sqlmodel import Field

from backend.db.base import Table, UtcDateTime


class OrderRow(Table, table=True):
    """One paid (or once paid) order of Saleor's.

    saleor_order_id: a secret, since anyone who holds it can read the order there; people are shown `ref`.
    standing: how the order stood with Saleor when that was last put into effect.
    facts: what Saleor said of its money then (`facts.Facts`), empty before the first look; mark: its fingerprint.
    sums: what the total is made of (`snapshot.Sums`), empty before the first look.
    received_minor: the most that was ever seen to have come in for it; a sum that falls without a refund was charged back.
    decision: what an operator decided about a refund (`policy.Decision`), empty when nobody had to.
    told_at: when the buyer was told of how it stands, None while that is owed.
    visitor_hash: fingerprint of the visitor cookie of the browser that bought.
    tickets, applied: the fence against stale reads. Whoever is about to read the order from Saleor draws the next ticket first; what was
    read is put into effect only when no later ticket has been. The last change of an order is always followed by a read, and that read
    holds the highest ticket, so whatever order events arrive in, the last truth wins.
    """

    __tablename__ = "provision_order"

    ref: str = Field(primary_key=True)
    saleor_order_id: str = Field(unique=True)
    number: str = ""
    email: str = Field(default="", index=True)
    workspace_id: str | None = Field(default=None, index=True)
    visitor_hash: str = Field(default="", index=True)
    status: str = Field(index=True)
    reason: str = ""
    standing: str = ""
    refund_seen: bool = False
    currency: str = ""
    total_minor: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    lines: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    tickets: int = 0
    applied: int = 0
    facts: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False, server_default="{}"))
    sums: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False, server_default="{}"))
    mark: str = Field(default="", sa_column_kwargs={"server_default": ""})
    received_minor: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    decision: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False, server_default="{}"))
    told_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    placed_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False, index=True))
    updated_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class StageRow(Table, table=True):
    """A stage that was reached, once; `note` is for the buyer."""

    __tablename__ = "provision_stage"

    order_ref: str = Field(primary_key=True, foreign_key="provision_order.ref")
    key: str = Field(primary_key=True)
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    note: str = ""


class GrantRow(Table, table=True):
    """What one unit of one order line was given, unique on (order, line, unit): the reason why nothing is given twice.

    turn: how often it was given; a refund takes it back, and a charge after that refund gives it again with the next turn.
    taken_micro: micro-credits the last refund took back, which is what a later charge gives again.
    at: when it was last given or taken back.
    """

    __tablename__ = "provision_grant"
    __table_args__ = (UniqueConstraint("order_ref", "line_id", "unit"),)

    id: int | None = Field(default=None, primary_key=True)
    order_ref: str = Field(index=True, foreign_key="provision_order.ref")
    line_id: str
    unit: int
    sku: str
    kind: str
    workspace_id: str
    instance_id: str | None = None
    credits_micro: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    taken_micro: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    turn: int = 1
    active: bool = True
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class EventRow(Table, table=True):
    """A line of an order's log: a delivery, a look, a decision; written once by its key. by: the operator's e-mail, or who else did it."""

    __tablename__ = "provision_event"
    __table_args__ = (UniqueConstraint("order_ref", "key"),)

    id: int | None = Field(default=None, primary_key=True)
    order_ref: str = Field(index=True, foreign_key="provision_order.ref")
    key: str
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    words: str
    by: str


class ReportRow(Table, table=True):
    """What the last reconciliation found; there is one row."""

    __tablename__ = "provision_report"

    id: int = Field(primary_key=True)
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    looked_at: int
    taken_up: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    without_order: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
