"""The gateway over the real rooms, with a runner that plays a script and documents that are at hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from backend import catalogue
from backend.control_plane.instances import InstanceView
from backend.control_plane.knowledge.views import Passage
from backend.db.engine import Database
from backend.gateway.ports import Outbox
from backend.gateway.service import Gateway
from backend.gateway.views import RunCommand, RunEvent
from backend.kernel.caller import Caller
from backend.kernel.clock import FrozenClock
from backend.kernel.ids import DocumentId, InstanceId
from backend.kernel.money import Credits
from backend.ledger.service import Ledger
from backend.ledger.views import Balance, LotSource
from backend.runner.ports import Event, Finished, Job, Token
from backend.settings import Settings
from tests.service.identity.people import Town

ANSWER = [Token("Within 30 days "), Token("[1]."), Finished("Within 30 days [1].", {"total_tokens": 9})]
Step = Event | asyncio.Event | Exception


class ScriptedRunner:
    """Keeps the runner's contract: tokens, then one ending. A step that is an Event is waited for; an exception breaks the contract."""

    def __init__(self) -> None:
        self.script: Sequence[Step] = ANSWER
        self.jobs: list[Job] = []
        self.closed = 0
        self.reached = asyncio.Event()

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def health(self) -> str:
        return ""

    async def stream(self, job: Job) -> AsyncIterator[Event]:
        self.jobs.append(job)
        try:
            for step in self.script:
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, asyncio.Event):
                    self.reached.set()
                    await step.wait()
                else:
                    yield step
        finally:
            self.closed += 1


class Shelf:
    """Knowledge that finds what was put on it, whatever is asked."""

    def __init__(self) -> None:
        self.passages = [
            Passage(DocumentId("doc_1"), "handbook.md", "Returns", "You can return a lamp within 30 days.", 2.0),
            Passage(DocumentId("doc_1"), "handbook.md", "Delivery", "Delivery takes 3 days.", 1.0),
        ]

    async def search(self, instance_id: InstanceId, query: str, limit: int = 6) -> list[Passage]:
        return self.passages[:limit]


class House:
    def __init__(self, database: Database, clock: FrozenClock, settings: Settings) -> None:
        self.database, self.clock, self.settings = database, clock, settings
        self.town = Town(database, clock, settings)
        self.ledger = Ledger(database, clock)
        self.runner, self.shelf = ScriptedRunner(), Shelf()
        self.gateway = self.another_process()

    def another_process(self, outbox: Outbox | None = None) -> Gateway:
        town, shelf = self.town, self.shelf
        return Gateway(
            self.database,
            self.clock,
            self.ledger,
            town.instances,
            shelf,
            town.conversations,
            self.runner,
            catalogue.load(),
            self.settings,
            outbox=outbox,
        )

    async def owner(self, email: str = "ann@example.com", credits_: str = "5", sku: str = "CSA-BASIC") -> tuple[Caller, InstanceView]:
        """A member with one agent and some credits."""
        caller = await self.town.member(email)
        agent = await self.town.agent(caller, sku, source_key=f"{email}:1")
        if credits_ != "0":
            async with self.database.write() as tx:
                gift = Credits.of(credits_)
                await self.ledger.grant(tx, workspace_id=caller.workspace_id, amount=gift, source=LotSource.GIFT, ref="g", key=email)
        return caller, agent

    async def balance(self, caller: Caller) -> Balance:
        return await self.ledger.balance(caller.workspace_id)

    async def events(self, caller: Caller, command: RunCommand) -> list[RunEvent]:
        return [event async for event in self.gateway.stream(caller, command)]
