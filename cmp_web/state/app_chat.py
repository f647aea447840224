"""A conversation with one agent: the answer is streamed by a background handler, in batches the eye cannot tell from a flow."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import reflex as rx

from backend.control_plane.conversations import MessageView
from backend.gateway.views import RunCommand, RunEvent
from backend.kernel.caller import Caller
from backend.kernel.errors import DomainError, InsufficientCredits, NotFound
from backend.kernel.money import ZERO, Credits
from backend.ledger.views import Receipt
from cmp_web.state import words
from cmp_web.state.app_agents import opened
from cmp_web.state.app_base import Loading
from cmp_web.state.app_rows import Piece, SourceRow, pieces, receipt_parts, stamp
from cmp_web.state.app_workspace import recount
from cmp_web.state.services import services
from cmp_web.state.session import signed_in

BATCH_SECONDS = 0.05
"""How often a growing answer is sent to the browser."""


@dataclass(frozen=True)
class TurnRow:
    """One message. receipt: the parts of the line under an answer. fault: why there is no answer."""

    id: str
    mine: bool
    text: str = ""
    pieces: list[Piece] = field(default_factory=list)
    sources: list[SourceRow] = field(default_factory=list)
    receipt: list[str] = field(default_factory=list)
    run_id: str = ""
    fault: str = ""


@dataclass(frozen=True)
class TalkRow:
    id: str
    title: str
    at: str


class Chat(Loading, rx.State):
    """partial: the answer so far, while it is written. run_id: the run under way. poor: the last message found too few credits."""

    agent_id: str = ""
    conversation_id: str = ""
    turns: list[TurnRow] = []
    cited: list[SourceRow] = []
    earlier: list[TalkRow] = []
    partial: str = ""
    busy: bool = False
    stopping: bool = False
    run_id: str = ""
    poor: bool = False
    charged: str = "0 credits"
    _spent: int = 0
    _person: str = ""

    @rx.event
    @signed_in
    async def load(self, caller: Caller) -> None:
        """Goes on with the conversation that is open in this tab, unless another agent was opened, or another person signed in."""
        with self._loading():
            instance_id, person = opened(self), str(caller.account_id)
            if (instance_id, person) != (self.agent_id, self._person):
                await self._begin(instance_id)
                self._person = person
            await services().instances.get(caller, instance_id)
            await self._list(caller)

    @rx.event
    @signed_in
    async def fresh(self, caller: Caller) -> None:
        await self._begin(self.agent_id)
        await self._list(caller)

    @rx.event
    @signed_in
    async def recall(self, caller: Caller, conversation_id: str) -> None:
        """Open an earlier conversation."""
        with self._loading():
            said = await services().conversations.messages(caller, conversation_id)
            await self._begin(self.agent_id)
            self.conversation_id = conversation_id
            ran = {message.run_id for message in said if message.run_id}
            receipts = await services().ledger.receipts(caller.workspace_id, sorted(ran))
            self.turns = [_turn(message, receipts.get(message.run_id) if message.run_id else None) for message in said]
            self._spent = sum(receipt.charged.micro for receipt in receipts.values())
            self._tell()

    @rx.event(background=True)
    @signed_in
    async def send(self, caller: Caller, form: dict[str, Any]) -> Any:
        """Ask, and show the answer while it comes."""
        text = str(form.get("text", "")).strip()
        async with self:
            if self.busy or not text:
                return
            self._ask(text)
            command = RunCommand(instance_id=self.agent_id, text=text, conversation_id=self.conversation_id or None)
        yield rx.set_value("text-field", "")
        answer = _Answer()
        try:
            async for event in services().gateway.stream(caller, command):
                if answer.take(event):
                    async with self:
                        self._show_partial(answer)
        except DomainError as error:
            answer.refuse(error)
        except Exception:
            answer.fault = "The answer was lost on its way here. What became of the run stands under Runs."
            raise
        finally:
            async with self:
                await self._close(caller, answer)

    @rx.event
    @signed_in
    async def stop(self, caller: Caller) -> None:
        """Stop the run under way; the part that was used is charged."""
        if not self.run_id:
            return
        self.stopping = True
        try:
            await services().gateway.cancel(caller, self.run_id)
        except DomainError:
            self.stopping = False

    async def _begin(self, instance_id: str) -> None:
        self.agent_id, self.conversation_id, self.turns, self.cited = instance_id, "", [], []
        self.partial = self.run_id = ""
        self.busy = self.stopping = self.poor = False
        self._spent, self.charged = 0, words.credits(ZERO)

    async def _list(self, caller: Caller) -> None:
        recent = await services().conversations.recent(caller, self.agent_id)
        self.earlier = [
            TalkRow(talk.id, talk.title or "Untitled", stamp(talk.updated_at)) for talk in recent if talk.id != self.conversation_id
        ]

    def _ask(self, text: str) -> None:
        self.busy, self.stopping, self.poor = True, False, False
        self.partial = self.run_id = ""
        self.turns = [*self.turns, TurnRow(f"q{len(self.turns)}", mine=True, text=text)]

    def _show_partial(self, answer: _Answer) -> None:
        self.partial, self.run_id = answer.text, answer.run_id

    async def _close(self, caller: Caller, answer: _Answer) -> None:
        """The run is over: its answer, its sources and its receipt stand in the log."""
        receipt = await _receipt(caller, answer.run_id) if answer.run_id else None
        self.turns = [*self.turns, answer.turn(f"a{len(self.turns)}", receipt)]
        self.conversation_id = answer.conversation_id or self.conversation_id
        self.partial, self.busy, self.stopping, self.run_id, self.poor = "", False, False, "", answer.poor
        self._spent += receipt.charged.micro if receipt else 0
        self._tell()
        await recount(self, caller)

    def _tell(self) -> None:
        self.charged = words.credits(Credits(self._spent))
        self.cited = next((turn.sources for turn in reversed(self.turns) if not turn.mine), [])


class _Answer:
    """An answer as it is put together from the events of a run."""

    def __init__(self) -> None:
        self.text = self.run_id = self.conversation_id = self.fault = ""
        self.poor = False
        self._sources: list[SourceRow] = []
        self._shown = 0.0

    def take(self, event: RunEvent) -> bool:
        """Whether the page should be told now."""
        data = event.data
        if event.name == "token":
            self.text += data["text"]
            return self._due()
        if event.name == "source":
            self._sources.append(source_row(data))
        elif event.name == "run.started":
            self.run_id, self.conversation_id = data["id"], data["session_id"]
        elif event.name == "run.completed":
            self.text = data["output"]["text"] or self.text
            self.fault = "Stopped. At most the part you got is charged." if data["status"] == "cancelled" else ""
        elif event.name == "run.failed":
            self.fault = f"{data['error']['detail']} It cost nothing."
        return event.name == "run.started"

    def refuse(self, error: DomainError) -> None:
        self.fault, self.poor = error.detail, isinstance(error, InsufficientCredits)

    def turn(self, turn_id: str, receipt: Receipt | None) -> TurnRow:
        return TurnRow(
            turn_id,
            mine=False,
            text=self.text,
            pieces=pieces(self.text),
            sources=self._sources,
            receipt=receipt_parts(receipt),
            run_id=self.run_id,
            fault=self.fault,
        )

    def _due(self) -> bool:
        now = time.monotonic()
        if now - self._shown < BATCH_SECONDS:
            return False
        self._shown = now
        return True


def source_row(data: Mapping[str, Any]) -> SourceRow:
    return SourceRow(int(data["n"]), str(data["document_name"]), str(data.get("place", "")), str(data.get("quote", "")))


def _turn(message: MessageView, receipt: Receipt | None) -> TurnRow:
    mine = message.role == "user"
    return TurnRow(
        message.id,
        mine=mine,
        text=message.text,
        pieces=[] if mine else pieces(message.text),
        sources=[source_row(source) for source in message.sources],
        receipt=[] if mine else receipt_parts(receipt),
        run_id=message.run_id or "",
    )


async def _receipt(caller: Caller, run_id: str | None) -> Receipt | None:
    """None for a run that never held anything."""
    try:
        return await services().ledger.receipt(caller.workspace_id, run_id) if run_id else None
    except NotFound:
        return None
