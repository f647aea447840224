"""The documents of the open agent. Files travel over the API's own upload; this State shows what became of them, live."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import reflex as rx

from backend.control_plane.knowledge.views import DocumentView
from backend.kernel.caller import Caller, Role
from backend.kernel.errors import DomainError
from backend.kernel.ids import DocumentId
from cmp_web.state import words
from cmp_web.state.app_agents import Agent, opened
from cmp_web.state.app_base import Loading, need
from cmp_web.state.app_rows import share, size_words, stamp
from cmp_web.state.services import services
from cmp_web.state.session import signed_in

POLL_SECONDS = 1.0
POLLS = 600
"""Watching ends by itself after ten minutes; the next visit goes on."""
STATUS = {"queued": ("Waiting", "ring"), "indexing": ("Reading", "live"), "ready": ("Ready", "go"), "failed": ("Not added", "ba")}


@dataclass(frozen=True)
class DocumentRow:
    id: str
    name: str
    detail: str
    status: str
    status_words: str
    tone: str
    error: str
    size: str
    added: str


@dataclass(frozen=True)
class FoundRow:
    n: int
    name: str
    place: str
    text: str


class Knowledge(Loading, rx.State):
    """used, room: the share of the plan's space in words; filled: in per cent. watching: whether a background handler follows indexing."""

    agent_id: str = ""
    rows: list[DocumentRow] = []
    used: str = ""
    room: str = ""
    filled: int = 0
    problem: str = ""
    asked: str = ""
    found: list[FoundRow] = []
    watching: bool = False

    @rx.event
    @signed_in
    async def load(self, caller: Caller) -> Any:
        self.problem = ""
        with self._loading():
            instance_id = opened(self)
            if instance_id != self.agent_id:
                self.rows, self.found, self.asked = [], [], ""
            self.agent_id = instance_id
            await self._look(caller)
        return Knowledge.watch if self._under_way() else None

    @rx.event(background=True)
    @signed_in
    async def watch(self, caller: Caller) -> Any:
        """Follow the documents until every one of them is ready or has failed."""
        async with self:
            if self.watching:
                return
            self.watching = True
        try:
            for _ in range(POLLS):
                await asyncio.sleep(POLL_SECONDS)
                async with self:
                    with self._loading():
                        await self._look(caller)
                    under_way = self._under_way()
                yield
                if not under_way:
                    break
        finally:
            async with self:
                self.watching = False

    @rx.event
    @signed_in
    async def remove(self, caller: Caller, document_id: str) -> None:
        self.problem = ""
        try:
            need(caller, Role.MEMBER, "Viewers cannot delete documents. Ask a member of the workspace.")
            await services().knowledge.remove(caller, self.agent_id, DocumentId(document_id))
        except DomainError as error:
            self.problem = error.detail
            return
        await self._look(caller)

    @rx.event
    @signed_in
    async def check(self, caller: Caller, form: dict[str, Any]) -> None:
        """Which passages an answer would come from."""
        self.asked, self.found, self.problem = str(form.get("asked", "")).strip(), [], ""
        try:
            view = await services().instances.get(caller, self.agent_id)
        except DomainError as error:
            self.problem = error.detail
            return
        passages = await services().knowledge.search(view.id, self.asked, limit=3)
        self.found = [FoundRow(n, p.document_name, p.place, _short(p.text)) for n, p in enumerate(passages, 1)]

    async def _look(self, caller: Caller) -> None:
        house = services()
        view = await house.instances.get(caller, self.agent_id)
        self.rows = [_row(document) for document in await house.knowledge.list(caller, view.id)]
        used = await house.knowledge.used(view.id)
        self.used, self.room, self.filled = size_words(used), words.megabytes(view.terms.knowledge), share(used, view.terms.knowledge)
        agent = await self.get_state(Agent)
        agent.documents = len(self.rows)

    def _under_way(self) -> bool:
        return any(row.status in {"queued", "indexing"} for row in self.rows)


def _row(view: DocumentView) -> DocumentRow:
    said, tone = STATUS[view.status]
    detail = words.count(view.passages, "passage") if view.status == "ready" else ""
    return DocumentRow(view.id, view.name, detail, view.status, said, tone, view.error, size_words(view.size), stamp(view.created_at))


def _short(text: str, limit: int = 280) -> str:
    return text if len(text) <= limit else f"{text[:limit].rsplit(' ', 1)[0]} …"
