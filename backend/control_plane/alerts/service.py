"""Looks each minute at the accounts that have moved, and tells whoever looks after one that has fallen to a threshold."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from backend.control_plane.alerts import letters, policy, ports, repository
from backend.control_plane.alerts.models import AlertRow
from backend.control_plane.alerts.policy import Level, Rule, Threshold
from backend.db.engine import Database, Tx
from backend.durable import Durable
from backend.kernel.caller import Caller, Role
from backend.kernel.clock import Clock
from backend.kernel.errors import DomainError, Forbidden, Unavailable
from backend.kernel.ids import WorkspaceId
from backend.kernel.money import Credits
from backend.ledger import watching
from backend.ledger.watching import Moved
from backend.mail import Mailer

AT = "* * * * *"
BATCH = 200
PATIENCE = 3
"""Mails in one sweep that nobody takes before the mail server itself is taken to be away."""
"""Accounts looked at in one transaction, and mails sent in one sweep."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Alerts:
    """webhooks: None where there are none."""

    database: Database
    clock: Clock
    ledger: ports.Ledger
    recipients: ports.Recipients
    mailer: Mailer
    brand: str
    base_url: str
    webhooks: ports.Webhooks | None = None

    def register(self, durable: Durable) -> None:
        durable.schedule("control_plane.alerts", AT, self.sweep)

    async def rule(self, workspace_id: WorkspaceId) -> Rule:
        async with self.database.read() as tx:
            return await repository.rule(tx, workspace_id)

    async def set_rule(self, caller: Caller, wanted: Rule) -> None:
        """Raises Forbidden for anyone below an admin, Invalid with fields."""
        if not caller.at_least(Role.ADMIN):
            raise Forbidden("Only owners and admins choose when the workspace is told.")
        policy.check(wanted)
        async with self.database.write() as tx:
            await repository.keep_rule(tx, caller.workspace_id, wanted)

    async def thresholds(self, workspace_id: WorkspaceId) -> list[Threshold]:
        """As they are now, the gravest first."""
        async with self.database.read() as tx:
            return policy.thresholds(await repository.rule(tx, workspace_id), await watching.granted(tx, workspace_id))

    async def standing(self, workspace_id: WorkspaceId) -> Threshold | None:
        """The threshold that the balance is at or below, for the banner. None too for a workspace that never had credits."""
        async with self.database.read() as tx:
            granted = await watching.granted(tx, workspace_id)
        if not granted:
            return None
        return policy.standing(await self.thresholds(workspace_id), (await self.ledger.balance(workspace_id)).balance)

    async def sweep(self) -> None:
        """Once a minute among all processes; harmless when two do it at once."""
        after = ""
        while True:
            async with self.database.read() as tx:
                found = await watching.moved(tx, after, BATCH)
            if not found:
                break
            async with self.database.write() as tx:
                mine = await watching.claim(tx, found)
                rules = await repository.rules(tx, [move.workspace_id for move in mine])
                for move in mine:
                    await self._tell(tx, move, rules.get(move.workspace_id, Rule()))
            after = found[-1].workspace_id
        await self._mail()

    async def _tell(self, tx: Tx, move: Moved, rule: Rule) -> None:
        met = policy.crossed(policy.thresholds(rule, move.granted), peak=move.peak, balance=move.balance)
        if met is None or not await repository.add(tx, move, met, self.clock.now(), mail=rule.mail):
            return
        if self.webhooks is not None:
            data = {"level": met.level.value, "threshold": str(met.at), "balance": str(move.balance), "held": str(move.held)}
            available = {"available": str(move.balance - move.held), "top_up_url": f"{self.base_url}{letters.TOP_UP_PATH}"}
            await self.webhooks.announce(tx, move.workspace_id, "credits.low", data | available)

    async def _mail(self) -> None:
        """While the mail server is away, what is owed waits for the next sweep."""
        async with self.database.read() as tx:
            owed = await repository.owed(tx, self.clock.now(), BATCH)
        away = 0
        for row in owed:
            key = repository.key_of(row)
            async with self.database.write() as tx:
                if not await repository.claim(tx, key, self.clock.now()):
                    continue
            try:
                await self._send(row)
            except Unavailable as fault:
                async with self.database.write() as tx:
                    await repository.give_back(tx, key)
                log.warning("nobody could be told of low credits yet: %s", fault.detail)
                away += 1
                if away == PATIENCE:
                    return
                continue
            async with self.database.write() as tx:
                await repository.told(tx, key, self.clock.now())

    async def _send(self, row: AlertRow) -> None:
        """Nothing when credits were added meanwhile. An address that is refused, for good or for now, keeps nobody else from being told.

        Raises Unavailable when nobody could be told.
        """
        workspace_id = WorkspaceId(row.workspace_id)
        balance = (await self.ledger.balance(workspace_id)).balance
        if balance > Credits(row.threshold_micro):
            return
        sent, fault = 0, None
        for to in await self.recipients.admins(workspace_id):
            mail = letters.low(to, Level(row.level), balance, brand=self.brand, base_url=self.base_url)
            try:
                await self.mailer.send(mail, key=f"credits:{row.workspace_id}:{row.level}:{row.position}:{to}")
                sent += 1
            except Unavailable as away:
                fault = away
            except DomainError as refusal:
                log.error("somebody cannot be told of low credits: %s", refusal.detail)
        if fault is not None and not sent:
            raise fault
