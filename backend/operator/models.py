"""What operators' work remembers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field

from backend.db.base import Table, UtcDateTime


class ProofReport(Table, table=True):
    """What the last nightly proof found; there is one row. found: check → how many faults."""

    __tablename__ = "proof_report"

    id: int = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    found: dict[str, Any] = Field(sa_type=JSON)
