"""Use cases of knowledge: add, list, remove, search. Indexing is durable work, so a document is never lost between two starts."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, select, text, update
from sqlmodel import col

from backend.catalogue import Terms
from backend.control_plane.knowledge import fulltext, kinds, policy
from backend.control_plane.knowledge.extraction import extract
from backend.control_plane.knowledge.models import KnowledgeDocument, KnowledgePassage
from backend.control_plane.knowledge.views import DocumentView, Instances, Passage
from backend.db.engine import Database, Tx
from backend.db.upsert import insert_once
from backend.durable import Durable, Retry
from backend.kernel.caller import Caller
from backend.kernel.clock import Clock
from backend.kernel.errors import Conflict, Invalid, NotFound, TooLarge
from backend.kernel.ids import DocumentId, InstanceId, new_document_id
from backend.kernel.together import Recent
from backend.settings import Settings

MAX_FILE = 50 * 1024 * 1024
"""Bytes of one document, whatever the plan."""
WORKFLOW = "knowledge_index"
_CANDIDATES = 60
LIFE, MOST = 1.0, 10_000
"""Seconds that an agent is remembered to have documents or none, and how many are. Another process may just have given it one."""
_MB = 1024 * 1024


class Knowledge:
    """Registers its durable workflow, so it is made before `durable.start()`; call `resume` after it."""

    def __init__(self, database: Database, clock: Clock, settings: Settings, durable: Durable, instances: Instances) -> None:
        self._database, self._clock, self._durable, self._instances = database, clock, durable, instances
        self._folder = settings.data_dir.resolve() / "knowledge"
        self._speaks = Recent(self._has_passages, life=LIFE, most=MOST)

        async def index(document_id: str) -> None:
            await self._workflow(document_id)

        durable.workflow(WORKFLOW, index)

    async def add(self, caller: Caller, instance_id: InstanceId, filename: str, data: bytes) -> DocumentView:
        """Keep the document and have it indexed; it is durable when this returns.

        Raises NotFound for an instance that is not the caller's, UnsupportedMedia or Invalid for a file that is not a readable document,
        TooLarge when the plan's room is used up, Conflict when the same document is there already.
        """
        instance = await self._instances.get(caller, instance_id)
        name = _file_name(filename)
        kind = await asyncio.to_thread(kinds.recognise, name, data)
        document = KnowledgeDocument(
            id=new_document_id(),
            instance_id=instance_id,
            name=name,
            kind=kind,
            sha256=hashlib.sha256(data).hexdigest(),
            size=len(data),
            status="queued",
            created_at=self._clock.now(),
        )
        try:
            await asyncio.to_thread(_keep, self._path(document), data)
            async with self._database.write() as tx:
                await _admit(tx, document, instance.terms)
        except BaseException:
            self._path(document).unlink(missing_ok=True)
            raise
        await self._begin(document.id)
        return _view(document)

    async def list(self, caller: Caller, instance_id: InstanceId) -> Sequence[DocumentView]:
        """Newest first."""
        await self._instances.get(caller, instance_id)
        async with self._database.read() as tx:
            rows = await tx.scalars(select(KnowledgeDocument).where(_of(instance_id)).order_by(col(KnowledgeDocument.id).desc()))
            return [_view(row) for row in rows]

    async def remove(self, caller: Caller, instance_id: InstanceId, document_id: DocumentId) -> None:
        """Delete the document, its passages and the original. Raises NotFound when it is not there."""
        await self._instances.get(caller, instance_id)
        async with self._database.write() as tx:
            document = await tx.get(KnowledgeDocument, document_id)
            if document is None or document.instance_id != instance_id:
                raise NotFound("There is no such document.")
            await _forget_passages(tx, document_id)
            await tx.delete(document)
        self._speaks.forget(instance_id)
        self._path(document).unlink(missing_ok=True)

    async def used(self, instance_id: InstanceId) -> int:
        """Bytes of documents kept for the instance."""
        async with self._database.read() as tx:
            return await _used(tx, instance_id)

    async def search(self, instance_id: InstanceId, query: str, limit: int = 6) -> Sequence[Passage]:
        """The passages that speak most of what `query` asks, best first. Any text is a valid query; one without words finds nothing."""
        if not await self._speaks.get(instance_id) or not (asked := policy.words(query)):
            return []
        async with self._database.read() as tx:
            statement, values = fulltext.query(tx.get_bind().dialect.name, instance_id, asked, _CANDIDATES)
            rows = (await tx.execute(statement, values)).all()
        scores = policy.rank(asked, [(place, body) for _, _, place, body in rows])
        ranked = sorted(zip(scores, rows, strict=True), key=lambda pair: -pair[0])[:limit]
        return [Passage(DocumentId(row[0]), row[1], row[2], row[3], score) for score, row in ranked]

    async def _has_passages(self, instance_id: str) -> bool:
        async with self._database.read() as tx:
            return await tx.scalar(select(col(KnowledgePassage.id)).where(_in(InstanceId(instance_id))).limit(1)) is not None

    async def resume(self) -> None:
        """Take up documents whose work was never begun because the process ended right after they were kept."""
        async with self._database.read() as tx:
            waiting = (
                await tx.scalars(select(col(KnowledgeDocument.id)).where(col(KnowledgeDocument.status).in_(("queued", "indexing"))))
            ).all()
        for document_id in waiting:
            await self._begin(document_id)

    async def _begin(self, document_id: str) -> None:
        await self._durable.begin(WORKFLOW, f"knowledge-{document_id}", document_id)

    async def _workflow(self, document_id: str) -> None:
        try:
            await self._durable.step("index", self.index, document_id, retry=Retry(attempts=4))
        except Exception:
            await self._durable.step(
                "give up", self._fail, document_id, "It could not be indexed because of a fault of ours. Upload it again."
            )
            raise

    async def index(self, document_id: str) -> None:
        """Read the document and put its passages in the index, all of them in one transaction. Harmless to repeat."""
        async with self._database.write() as tx:
            document = await tx.get(KnowledgeDocument, document_id)
            if document is None or document.status == "ready":
                return
            document.status = "indexing"
        try:
            found = await extract(document.kind, self._path(document))
        except Invalid as fault:
            await self._fail(document_id, fault.detail)
            return
        async with self._database.write() as tx:
            # Locked, so that it cannot be removed, or indexed a second time, under our hands.
            current = await tx.get(KnowledgeDocument, document_id, with_for_update=True)
            if current is None:
                return
            await _forget_passages(tx, document_id)
            await tx.execute(insert(KnowledgePassage), _rows(current, found))
            current.status, current.error, current.passages = "ready", "", len(found)
        self._speaks.forget(current.instance_id)

    async def _fail(self, document_id: str, error: str) -> None:
        async with self._database.write() as tx:
            await tx.execute(update(KnowledgeDocument).where(col(KnowledgeDocument.id) == document_id).values(status="failed", error=error))

    def _path(self, document: KnowledgeDocument) -> Path:
        return self._folder / document.instance_id / document.id


async def _admit(tx: Tx, document: KnowledgeDocument, terms: Terms) -> None:
    """One admission at a time for an instance: SQLite has one writer anyway."""
    if tx.get_bind().dialect.name == "postgresql":
        await tx.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:instance, 0))"), {"instance": document.instance_id})
    used = await _used(tx, document.instance_id)
    if document.size > MAX_FILE:
        raise TooLarge(f"“{document.name}” has {_mb(document.size)}; one document may have {_mb(MAX_FILE)}.", fields={"file": "too large"})
    if used + document.size > terms.knowledge:
        raise TooLarge(
            f"“{document.name}” has {_mb(document.size)}, but {_mb(used)} of the plan's {_mb(terms.knowledge)} are used.",
            fields={"file": "over the plan's size"},
        )
    values = document.model_dump()
    if not await insert_once(tx, KnowledgeDocument, values, unique=("instance_id", "sha256")):
        same = col(KnowledgeDocument.sha256) == document.sha256
        name = await tx.scalar(select(col(KnowledgeDocument.name)).where(_of(document.instance_id), same))
        raise Conflict(f"The same document is there already, as “{name}”.", code="duplicate_document", fields={"file": "duplicate"})


async def _used(tx: Tx, instance_id: str) -> int:
    return int(await tx.scalar(select(func.coalesce(func.sum(col(KnowledgeDocument.size)), 0)).where(_of(instance_id))) or 0)


async def _forget_passages(tx: Tx, document_id: str) -> None:
    await tx.execute(delete(KnowledgePassage).where(col(KnowledgePassage.document_id) == document_id))


def _in(instance_id: str) -> ColumnElement[bool]:
    return col(KnowledgePassage.instance_id) == instance_id


def _of(instance_id: str) -> ColumnElement[bool]:
    return col(KnowledgeDocument.instance_id) == instance_id


def _rows(document: KnowledgeDocument, found: Sequence[policy.Block]) -> Sequence[dict[str, Any]]:
    shared = {"document_id": document.id, "instance_id": document.instance_id, "scope": fulltext.scope(document.instance_id)}
    return [shared | {"position": n, "place": block.place, "text": block.text} for n, block in enumerate(found)]


def _view(row: KnowledgeDocument) -> DocumentView:
    return DocumentView(DocumentId(row.id), row.name, row.status, row.error, row.size, row.passages, row.created_at)


def _keep(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _file_name(filename: str) -> str:
    """The last part of a path, without control characters: it is only ever shown."""
    name = "".join(c for c in PurePath(filename.replace("\\", "/")).name if c.isprintable()).strip()[:200]
    if not name:
        raise Invalid("The file has no name.", fields={"file": "no name"})
    return name


def _mb(size: int) -> str:
    return f"{size / _MB:.1f} MB"
