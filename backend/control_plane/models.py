"""Tables of what is on offer, what was bought, and what was said. Credits are micro-credits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Integer, Text, UniqueConstraint
from sqlmodel import Field

from backend.control_plane.knowledge import models as knowledge
from backend.db.base import Table, UtcDateTime

__all__ = ["BudgetRow", "ConversationRow", "InstanceRow", "MessageRow", "OfferingRow", "knowledge"]

_BIG_KEY = BigInteger().with_variant(Integer(), "sqlite")


class OfferingRow(Table, table=True):
    """rules: what a run costs, as `rules.written`. knowledge: bytes. on_sale is false once the catalogue drops the SKU.

    run_seconds: the longest a run may take, of the plan and the installation whichever is less; 0 for what is not run.
    """

    __tablename__ = "offering"

    sku: str = Field(primary_key=True, max_length=80)
    kind: str = Field(max_length=16)
    product_slug: str = Field(max_length=120)
    product_name: str = Field(max_length=200)
    plan: str = Field(max_length=40)
    plan_name: str = Field(max_length=80)
    emblem: str = Field(max_length=40)
    flow: str = Field(max_length=120)
    flow_hash: str = Field(max_length=64)
    credits_micro: int = Field(sa_type=BigInteger)
    rules: str = Field(sa_type=Text)
    knowledge: int = Field(sa_type=BigInteger)
    widgets: int
    rest: bool
    mcp: bool
    rpm: int
    run_seconds: int
    position: int
    on_sale: bool


class InstanceRow(Table, table=True):
    """source_key: the order line and unit this came from; its unique key makes a repeated grant harmless.

    bought_rules: what a run cost by its offering when it was bought, as `rules.written`.
    """

    __tablename__ = "instance"

    id: str = Field(primary_key=True)
    workspace_id: str = Field(foreign_key="workspace.id", index=True, ondelete="CASCADE")
    sku: str = Field(foreign_key="offering.sku")
    name: str = Field(max_length=80)
    status: str = Field(max_length=16)
    suspended_for: str = Field(default="", max_length=300)
    source_key: str = Field(unique=True, max_length=200)
    bought_rules: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=UtcDateTime)


class ConversationRow(Table, table=True):
    """owner: whose it is (an account, a key or a widget). external: the name an API client gave it, unique to its owner."""

    __tablename__ = "conversation"
    __table_args__ = (UniqueConstraint("instance_id", "owner", "external"),)

    id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True)
    instance_id: str = Field(foreign_key="instance.id", index=True, ondelete="CASCADE")
    owner: str = Field(max_length=64)
    external: str | None = Field(default=None, max_length=200)
    title: str = Field(default="", max_length=120)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class MessageRow(Table, table=True):
    """One side of a turn. A run has one message of each role, so that recovery cannot write it twice."""

    __tablename__ = "message"
    __table_args__ = (UniqueConstraint("run_id", "role"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=_BIG_KEY)
    conversation_id: str = Field(foreign_key="conversation.id", index=True, ondelete="CASCADE")
    role: str = Field(max_length=16)
    text: str = Field(sa_type=Text)
    run_id: str | None = Field(default=None, max_length=64)
    sources: list[dict[str, Any]] = Field(sa_type=JSON)
    created_at: datetime = Field(sa_type=UtcDateTime)


class BudgetRow(Table, table=True):
    """day, month: micro-credits a subject may spend in a UTC day and in a calendar month; NULL for no such bound."""

    __tablename__ = "budget"

    subject: str = Field(primary_key=True, max_length=160)
    workspace_id: str = Field(foreign_key="workspace.id", index=True, ondelete="CASCADE")
    day: int | None = Field(sa_type=BigInteger)
    month: int | None = Field(sa_type=BigInteger)
