"""Tables of workspaces and who belongs to them."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field

from backend.db.base import Table, UtcDateTime


class WorkspaceRow(Table, table=True):
    """personal_of: the one account this is the personal workspace of; the unique key makes it one an account."""

    __tablename__ = "workspace"

    id: str = Field(primary_key=True)
    name: str = Field(max_length=120)
    personal_of: str | None = Field(default=None, unique=True, foreign_key="account.id", ondelete="SET NULL")
    created_at: datetime = Field(sa_type=UtcDateTime)


class MembershipRow(Table, table=True):
    __tablename__ = "membership"

    workspace_id: str = Field(primary_key=True, foreign_key="workspace.id", ondelete="CASCADE")
    account_id: str = Field(primary_key=True, foreign_key="account.id", index=True, ondelete="CASCADE")
    role: str = Field(max_length=16)
    created_at: datetime = Field(sa_type=UtcDateTime)
