"""What the rest of the house sees of documents and passages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from backend.catalogue import Terms
from backend.kernel.caller import Caller
from backend.kernel.ids import DocumentId, InstanceId


@dataclass(frozen=True, slots=True)
class DocumentView:
    """status: "queued", "indexing", "ready" or "failed"; error says why it failed, for the customer. size: bytes of the original."""

    id: DocumentId
    name: str
    status: str
    error: str
    size: int
    passages: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document that speaks of what was asked. place: a heading or "p. 12". score: only for comparing; higher is better."""

    document_id: DocumentId
    document_name: str
    place: str
    text: str
    score: float


class Instance(Protocol):
    """What knowledge needs to know of an instance."""

    @property
    def id(self) -> InstanceId: ...
    @property
    def terms(self) -> Terms: ...


class Instances(Protocol):
    async def get(self, caller: Caller, instance_id: InstanceId, /) -> Instance:
        """Raises NotFound for what is not the caller's."""
        ...
