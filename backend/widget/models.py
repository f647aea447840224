"""Tables of the chat widget: its settings, and the short sessions of visitors."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field

from backend.db.base import Table, UtcDateTime


class WidgetRow(Table, table=True):
    """number: 1 for an agent's first widget; a plan allows so many."""

    __tablename__ = "widget"
    __table_args__ = (UniqueConstraint("instance_id", "number"),)

    id: str = Field(primary_key=True)
    instance_id: str = Field(foreign_key="instance.id", ondelete="CASCADE")
    workspace_id: str = Field(index=True)
    number: int
    allowed_origins: list[str] = Field(sa_type=JSON)
    title: str = Field(max_length=60)
    greeting: str = Field(max_length=300)
    contact_email: str = Field(max_length=254)
    enabled: bool
    created_at: datetime = Field(sa_type=UtcDateTime)


class WidgetSessionRow(Table, table=True):
    """conversation_id: the visitor's conversation, which outlives the token."""

    __tablename__ = "widget_session"

    token_hash: str = Field(primary_key=True)
    widget_id: str = Field(foreign_key="widget.id", index=True, ondelete="CASCADE")
    conversation_id: str
    origin: str = Field(max_length=300)
    expires_at: datetime = Field(sa_type=UtcDateTime)
