"""What crosses HTTP for knowledge."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class DocumentOut(BaseModel):
    """size: bytes. error: why a failed document failed, else empty."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    status: str
    error: str
    size: int
    passages: int
    created_at: datetime


class DocumentList(BaseModel):
    items: list[DocumentOut]
    next: str | None = None
    used: int
    """Bytes that the instance's documents take up."""
