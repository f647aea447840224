"""Conversations: what was said to an agent, each belonging to the one who began it.

A conversation's id is ours. An API client may name one itself (`session_id`); such a name means something only to the same key
and agent, so nobody can walk into another's conversation by guessing it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select, update
from sqlmodel import col

from backend.control_plane.models import ConversationRow, MessageRow
from backend.db.engine import Database, Tx
from backend.db.upsert import insert_once
from backend.kernel.caller import Caller, Door
from backend.kernel.clock import Clock
from backend.kernel.errors import Invalid, NotFound
from backend.kernel.ids import ConversationId, InstanceId, RunId, new_conversation_id

Said = Literal["user", "agent"]
MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class Turn:
    role: Said
    text: str


@dataclass(frozen=True, slots=True)
class MessageView:
    id: int
    role: Said
    text: str
    run_id: RunId | None
    sources: tuple[Mapping[str, Any], ...]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ConversationView:
    id: ConversationId
    title: str
    updated_at: datetime


class Conversations:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def open(self, caller: Caller, instance_id: InstanceId, conversation_id: str | None = None) -> ConversationId:
        """The conversation to go on with, or a new one. Raises NotFound for someone else's, Invalid for a name that is too long."""
        if caller.door is Door.WIDGET:
            if conversation_id not in (None, caller.session_id):
                raise NotFound("There is no such conversation.")
            return await self._named(caller, instance_id, ConversationId(caller.session_id), None)
        if not conversation_id:
            return await self._named(caller, instance_id, new_conversation_id(), None)
        if conversation_id.startswith("conv_"):
            return await self._own(caller, instance_id, conversation_id)
        if len(conversation_id) > MAX_NAME:
            raise Invalid("The session's name is too long.", fields={"session_id": f"At most {MAX_NAME} characters."})
        return await self._named(caller, instance_id, new_conversation_id(), conversation_id)

    async def adopt(self, caller: Caller, instance_id: InstanceId, conversation_id: ConversationId) -> None:
        """Make a conversation of the caller's that goes by this id. Whoever calls knows that it is theirs. Safe to repeat."""
        await self._named(caller, instance_id, conversation_id, None)

    async def append(
        self,
        conversation_id: str,
        role: Said,
        text: str,
        run_id: str | None = None,
        sources: Sequence[Mapping[str, Any]] = (),
        *,
        at: datetime | None = None,
    ) -> None:
        """Write down one side of a turn, said now or `at` a moment before. The same run's side is written once."""
        now = at or self._clock.now()
        values: dict[str, Any] = {"conversation_id": conversation_id, "role": role, "text": text, "run_id": run_id}
        values |= {"sources": [dict(source) for source in sources], "created_at": now}
        async with self._database.write() as tx:
            if await insert_once(tx, MessageRow, values, unique=["run_id", "role"]):
                mine = update(ConversationRow).where(col(ConversationRow.id) == conversation_id)
                await tx.execute(mine.values(updated_at=now))
                if role == "user":
                    await tx.execute(mine.where(col(ConversationRow.title) == "").values(title=" ".join(text.split())[:80]))

    async def history(self, conversation_id: str, limit: int = 20, *, before: str = "") -> list[Turn]:
        """The last `limit` messages, oldest first, without what the run `before` may have written already."""
        async with self._database.read() as tx:
            rows = [row for row in await _messages(tx, conversation_id, limit + 2) if not before or row.run_id != before]
        return [Turn("user" if row.role == "user" else "agent", row.text) for row in rows[-limit:]]

    async def messages(self, caller: Caller, conversation_id: str) -> list[MessageView]:
        """What was said. A workspace reads its agents' conversations; a visitor only their own. Raises NotFound."""
        async with self._database.read() as tx:
            row = await tx.get(ConversationRow, conversation_id)
            visible = row is not None and row.workspace_id == caller.workspace_id and caller.may_use(InstanceId(row.instance_id))
            if row is None or not visible or (caller.door is Door.WIDGET and row.id != caller.session_id):
                raise NotFound("There is no such conversation.")
            return [_message(message) for message in await _messages(tx, conversation_id, 1000)]

    async def recent(self, caller: Caller, instance_id: str, limit: int = 10) -> list[ConversationView]:
        """The caller's own, the latest first."""
        own = (col(ConversationRow.instance_id) == instance_id) & (col(ConversationRow.owner) == _owner(caller))
        latest = select(ConversationRow).where(own).order_by(col(ConversationRow.updated_at).desc(), col(ConversationRow.id).desc())
        async with self._database.read() as tx:
            return [ConversationView(ConversationId(row.id), row.title, row.updated_at) for row in await tx.scalars(latest.limit(limit))]

    async def _own(self, caller: Caller, instance_id: str, conversation_id: str) -> ConversationId:
        async with self._database.read() as tx:
            row = await tx.get(ConversationRow, conversation_id)
        if row is None or (row.workspace_id, row.instance_id, row.owner) != (caller.workspace_id, instance_id, _owner(caller)):
            raise NotFound("There is no such conversation.")
        return ConversationId(row.id)

    async def _named(self, caller: Caller, instance_id: str, fresh: ConversationId, external: str | None) -> ConversationId:
        """The conversation with this id, or with this external name: made if it is not there yet."""
        now, owner = self._clock.now(), _owner(caller)
        values: dict[str, Any] = {"id": fresh, "workspace_id": caller.workspace_id, "instance_id": instance_id}
        values |= {"owner": owner, "external": external, "title": "", "created_at": now, "updated_at": now}
        unique = ["id"] if external is None else ["instance_id", "owner", "external"]
        async with self._database.write() as tx:
            if await insert_once(tx, ConversationRow, values, unique=unique) or external is None:
                return fresh
            name = (col(ConversationRow.owner) == owner) & (col(ConversationRow.external) == external)
            found = select(col(ConversationRow.id)).where(col(ConversationRow.instance_id) == instance_id, name)
            return ConversationId((await tx.scalars(found)).one())


def _owner(caller: Caller) -> str:
    """One name for whoever began a conversation, the same each time they come."""
    return str(caller.session_id or caller.key_id or caller.account_id)


async def _messages(tx: Tx, conversation_id: str, limit: int) -> list[MessageRow]:
    said = select(MessageRow).where(col(MessageRow.conversation_id) == conversation_id)
    rows = await tx.scalars(said.order_by(col(MessageRow.id).desc()).limit(limit))
    return list(reversed(rows.all()))


def _message(row: MessageRow) -> MessageView:
    run_id = RunId(row.run_id) if row.run_id else None
    assert row.id is not None
    return MessageView(row.id, "user" if row.role == "user" else "agent", row.text, run_id, tuple(row.sources), row.created_at)
