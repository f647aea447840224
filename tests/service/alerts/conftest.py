"""A workspace whose credits run low, and whoever is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from backend.control_plane.alerts.service import Alerts
from backend.control_plane.people import People
from backend.db.engine import Database, Tx
from backend.kernel.caller import Caller
from backend.kernel.clock import FrozenClock
from backend.kernel.ids import RunId, WorkspaceId, new_id
from backend.kernel.money import Credits
from backend.ledger.service import Ledger
from backend.ledger.views import LotSource
from backend.settings import Settings
from tests.service.identity.people import Town


@dataclass
class Announced:
    """The webhooks' port: keeps what it is told, if the transaction is committed."""

    said: list[tuple[str, str, Mapping[str, Any]]] = field(default_factory=list)

    async def announce(self, tx: Tx, workspace_id: WorkspaceId, event: str, data: Mapping[str, Any]) -> None:
        self.said.append((workspace_id, event, data))


class Purse:
    """One workspace's credits."""

    def __init__(self, town: Town, ledger: Ledger) -> None:
        self.town, self.ledger, self.hooks = town, ledger, Announced()
        self.alerts = self.another_process()
        self.caller: Caller
        self._grants = 0

    def another_process(self) -> Alerts:
        town = self.town
        people = People(town.workspaces, town.accounts)
        return Alerts(town.database, town.clock, self.ledger, people, town.outbox, "CMP", "https://cmp.example.com", self.hooks)

    async def open(self, email: str = "ann@example.com") -> None:
        self.caller = await self.town.member(email)
        assert self.caller.account_id
        async with self.town.database.write() as tx:
            await self.town.accounts.mark_verified(tx, self.caller.account_id)
        self.town.outbox.sent.clear()

    async def add(self, amount: str) -> None:
        self._grants += 1
        of: dict[str, Any] = {"amount": Credits.of(amount), "source": LotSource.ORDER, "ref": "r", "key": f"{self._grants}"}
        async with self.town.database.write() as tx:
            await self.ledger.grant(tx, workspace_id=self.caller.workspace_id, **of)

    async def spend(self, amount: str) -> RunId:
        run = RunId(new_id("run"))
        await self.ledger.hold(self.caller.workspace_id, run, Credits.of(amount))
        await self.ledger.settle(run, Credits.of(amount))
        return run

    def told(self) -> list[str]:
        """The subjects of the mails since the last time."""
        subjects = [mail.subject for mail in self.town.outbox.sent]
        self.town.outbox.sent.clear()
        return subjects


@pytest.fixture
async def purse(database: Database, clock: FrozenClock, settings: Settings) -> Purse:
    purse = Purse(Town(database, clock, settings), Ledger(database, clock))
    await purse.open()
    return purse
