"""Tables of people and their proofs: accounts, sessions, API keys, mailed links. No secret is kept, only its hash."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON
from sqlmodel import Field

from backend.db.base import Table, UtcDateTime


class AccountRow(Table, table=True):
    __tablename__ = "account"

    id: str = Field(primary_key=True)
    email: str = Field(unique=True, max_length=254)
    name: str = Field(max_length=120)
    password_hash: str
    verified_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)


class SessionRow(Table, table=True):
    __tablename__ = "session"

    token_hash: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id", index=True, ondelete="CASCADE")
    user_agent: str = Field(max_length=300)
    created_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)


class ApiKeyRow(Table, table=True):
    """scopes: sorted. instances: the only ones it may use, NULL for all."""

    __tablename__ = "api_key"

    id: str = Field(primary_key=True)
    workspace_id: str = Field(foreign_key="workspace.id", index=True, ondelete="CASCADE")
    account_id: str | None = Field(foreign_key="account.id", ondelete="SET NULL")
    name: str = Field(max_length=80)
    prefix: str = Field(max_length=16)
    secret_hash: str = Field(unique=True)
    scopes: list[str] = Field(sa_type=JSON)
    instances: list[str] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class EmailProofRow(Table, table=True):
    """A link that was mailed to prove an address. It counts for the address it was sent to, not for a later one."""

    __tablename__ = "email_proof"

    token_hash: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id", index=True, ondelete="CASCADE")
    email: str = Field(max_length=254)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
