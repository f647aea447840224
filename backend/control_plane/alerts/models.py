"""Tables of low-balance alerts. Amounts are micro-credits."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, text
from sqlmodel import Field

from backend.db.base import Table, UtcDateTime

_OWED = text("told_at IS NULL")


class AlertRuleRow(Table, table=True):
    """When a workspace wants to be told; one without a row has the defaults. percent: of the latest grant. None: not at all."""

    __tablename__ = "credit_alert_rule"

    workspace_id: str = Field(primary_key=True, foreign_key="workspace.id", ondelete="CASCADE")
    percent: int | None
    credits_micro: int | None = Field(sa_type=BigInteger)
    mail: bool


class AlertRow(Table, table=True):
    """One fall of a balance to a threshold. position: of the account's latest entry then. told_at: None while a mail about it is owed.

    claimed_at: since when a process is at that mail.
    """

    __tablename__ = "credit_alert"
    __table_args__ = (Index("ix_credit_alert_owed", "at", sqlite_where=_OWED, postgresql_where=_OWED),)

    workspace_id: str = Field(primary_key=True)
    level: str = Field(primary_key=True, max_length=16)
    position: int = Field(primary_key=True, sa_type=BigInteger)
    threshold_micro: int = Field(sa_type=BigInteger)
    balance_micro: int = Field(sa_type=BigInteger)
    at: datetime = Field(sa_type=UtcDateTime)
    claimed_at: datetime | None = Field(sa_type=UtcDateTime)
    told_at: datetime | None = Field(sa_type=UtcDateTime)
