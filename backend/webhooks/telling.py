"""Mail to the admins of a workspace whose endpoint was disabled: once for each time."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlmodel import col

from backend.db.engine import Database
from backend.durable import Durable
from backend.kernel.clock import Clock
from backend.kernel.errors import DomainError, Unavailable
from backend.kernel.ids import WorkspaceId
from backend.mail import Mail, Mailer
from backend.webhooks import policy, repository
from backend.webhooks.models import EndpointRow
from backend.webhooks.ports import Admins
from backend.webhooks.views import EndpointStatus

log = logging.getLogger(__name__)
AT, NIGHTLY = "*/2 * * * *", "41 3 * * *"
_AT_ONCE = 1000
"""Events forgotten in one transaction."""


@dataclass(frozen=True, slots=True)
class Telling:
    database: Database
    clock: Clock
    mailer: Mailer
    admins: Admins
    brand: str
    base_url: str

    def register(self, durable: Durable) -> None:
        durable.schedule("webhooks.telling", AT, self.run)
        durable.schedule("webhooks.forget", NIGHTLY, self.forget)

    async def run(self) -> None:
        """While the mail server is away it waits for the next time; a mail sent twice after a crash has the same Message-ID."""
        untold = (col(EndpointRow.status) == EndpointStatus.DISABLED.value) & col(EndpointRow.told_at).is_(None)
        async with self.database.read() as tx:
            rows = list(await tx.scalars(select(EndpointRow).where(untold).order_by(col(EndpointRow.id))))
        for row in rows:
            told = [await self._send(row, to) for to in await self.admins(WorkspaceId(row.workspace_id))]
            if told and not any(told):
                log.warning("nobody is told yet that the webhook %s is disabled", row.id)
                continue
            async with self.database.write() as tx:
                this = (col(EndpointRow.id) == row.id) & (col(EndpointRow.disabled_at) == row.disabled_at)
                await tx.execute(update(EndpointRow).where(this).values(told_at=self.clock.now()))

    async def forget(self) -> None:
        """What is older than `policy.KEEP` goes, in pieces."""
        forgotten = _AT_ONCE
        while forgotten == _AT_ONCE:
            async with self.database.write() as tx:
                forgotten = await repository.forget(tx, self.clock.now() - policy.KEEP, _AT_ONCE)

    async def _send(self, row: EndpointRow, to: str) -> bool:
        """An address that is refused must not keep the others from being told. False when it may be taken later."""
        try:
            await self.mailer.send(_letter(row, to, brand=self.brand, base_url=self.base_url), key=f"{row.id}:{row.disabled_at}:{to}")
        except Unavailable:
            return False
        except DomainError as refusal:
            log.error("an admin cannot be told that the webhook %s is disabled: %s", row.id, refusal.detail)
        return True


def _letter(row: EndpointRow, to: str, *, brand: str, base_url: str) -> Mail:
    parts = [
        f"At {brand}, the webhook {row.url.partition('?')[0]} was disabled.",
        row.disabled_for,
        f"What was still to be delivered waits for up to {policy.KEEP.days} days. What happens from now on is not kept for this webhook.",
        f"Mend the receiver, then resume it here:\n{base_url}/app/webhooks",
    ]
    return Mail(to, "A webhook was disabled", "\n\n".join(parts) + "\n")
