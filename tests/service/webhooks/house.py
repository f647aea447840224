"""Webhooks on a real database, with a real way out to servers on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from backend.db.engine import Database
from backend.kernel.clock import FrozenClock
from backend.kernel.ids import WorkspaceId
from backend.kernel.secrets import SecretBox
from backend.mail import FolderMailer
from backend.webhooks.calling import Courier
from backend.webhooks.delivering import Deliverer
from backend.webhooks.keys import Keys
from backend.webhooks.models import EventRow
from backend.webhooks.outbox import Outbox
from backend.webhooks.ports import Content, no_content
from backend.webhooks.service import Webhooks
from backend.webhooks.telling import Telling
from backend.webhooks.views import EndpointChange, NewSecret

ANN, BOB = WorkspaceId("ws_ann"), WorkspaceId("ws_bob")
RUN = "run.completed"


class House:
    """One process. `another` is a second one on the same database."""

    def __init__(
        self, database: Database, clock: FrozenClock, mail: Path, courier: Courier | None = None, content: Content = no_content
    ) -> None:
        self.database, self.clock, self.mail, self.content = database, clock, mail, content
        self.courier = courier or Courier(private=True, timeout=5)
        keys = Keys(SecretBox("a-secret-for-tests", "webhooks"))
        self.outbox = Outbox(database, clock)
        self.deliverer = Deliverer(database, clock, self.outbox, keys, self.courier, content)
        self.webhooks = Webhooks(database, clock, self.outbox, keys, self.deliverer, private=True)
        mailer = FolderMailer(mail, sender="CMP <no-reply@localhost>", clock=clock)
        self.telling = Telling(database, clock, mailer, self._admins, "CMP", "http://localhost:3000")

    async def _admins(self, workspace_id: WorkspaceId) -> list[str]:
        return [f"{workspace_id}@example.com"]

    def another(self, **options: Any) -> House:
        return House(self.database, self.clock, self.mail, **options)

    async def endpoint(self, url: str, *events: str, workspace: WorkspaceId = ANN, **more: Any) -> NewSecret:
        return await self.webhooks.create(workspace, EndpointChange(url=url, events=events or (RUN,), **more))

    async def happens(self, kind: str = RUN, data: Mapping[str, Any] | None = None, workspace: WorkspaceId = ANN) -> None:
        async with self.database.write() as tx:
            await self.outbox.announce(tx, workspace, kind, {"id": "run_1"} if data is None else data)

    async def delivered(self, kind: str = RUN, **more: Any) -> None:
        await self.happens(kind, **more)
        await self.deliverer.turn()

    async def count(self) -> int:
        async with self.database.read() as tx:
            return await tx.scalar(select(func.count()).select_from(EventRow)) or 0

    def mails(self) -> list[str]:
        return [path.read_text() for path in sorted(self.mail.glob("*.eml"))]
