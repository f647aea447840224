"""Tables of knowledge. The full-text index is made by `fulltext` when the tables are."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, UniqueConstraint, event
from sqlmodel import Field

from backend.control_plane.knowledge import fulltext
from backend.db.base import Table, UtcDateTime

_BIG_KEY = BigInteger().with_variant(Integer(), "sqlite")


class KnowledgeDocument(Table, table=True):
    """size: bytes of the original. sha256: of the original, so that the same document is noticed."""

    __tablename__ = "knowledge_document"
    __table_args__ = (UniqueConstraint("instance_id", "sha256"),)

    id: str = Field(primary_key=True)
    instance_id: str = Field(index=True)
    name: str
    kind: str
    sha256: str
    size: int = Field(sa_type=BigInteger)
    status: str
    error: str = ""
    passages: int = 0
    created_at: datetime = Field(sa_type=UtcDateTime)


class KnowledgePassage(Table, table=True):
    """scope: the instance as one word of the index, so that a search touches no other customer's passages."""

    __tablename__ = "knowledge_passage"
    __table_args__ = (Index("ix_knowledge_passage_instance_id", "instance_id"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=_BIG_KEY)
    document_id: str = Field(foreign_key="knowledge_document.id", ondelete="CASCADE", index=True)
    instance_id: str
    scope: str
    position: int
    place: str
    text: str


fulltext.attach(event, KnowledgePassage.__table__)  # type: ignore[attr-defined]
