"""Mails about orders: to the buyer, once for each state worth telling, and to the operators, once for each order and reason."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from backend.db.engine import Database
from backend.kernel.clock import Clock
from backend.kernel.errors import DomainError, Unavailable
from backend.mail import Mail, Mailer
from backend.provisioner import letters, repository
from backend.provisioner.models import GrantRow, OrderRow
from backend.provisioner.policy import Status

NOT_TOLD = "The buyer could not be told"
TELLING = frozenset({Status.READY, Status.NEEDS_HAND, Status.UNCLAIMED})
ALERTING = frozenset({Status.NEEDS_HAND, Status.CHARGED_BACK})


@dataclass(frozen=True, slots=True)
class Telling:
    """operators: their e-mail addresses."""

    database: Database
    clock: Clock
    mailer: Mailer
    brand: str
    base_url: str
    operators_at: Sequence[str] = ()

    async def buyer(self, ref: str, ticket: int) -> None:
        """A mail that is refused for good waits for the operator: the order is delivered, and nobody knows. Raises Unavailable."""
        async with self.database.write() as tx:
            row = await repository.lock(tx, ref)
            grants = (await repository.grants(tx, [ref]))[ref]
            told = (await repository.stages(tx, [ref]))[ref]
            if not (key := _worth_telling(row, grants)):
                return
            if key not in told and not await repository.claim(tx, ref, key, str(ticket), self.clock.now()):
                return
        refusal = "" if key in told else await self._sent(ref, key, [self._letter(row, grants)])
        if not refusal:
            await self._remember(ref, key)
            return
        async with self.database.write() as tx:
            row = await repository.lock(tx, ref)
            await repository.release(tx, ref, key)
            await repository.log(tx, ref, f"untold:{key}", self.clock.now(), f"{NOT_TOLD}: {refusal}", "CMP")
            if row.status in {Status.READY, Status.UNCLAIMED}:
                row.status, row.reason = Status.NEEDS_HAND, f"{NOT_TOLD}: {refusal}"

    async def _remember(self, ref: str, key: str) -> None:
        now = self.clock.now()
        async with self.database.write() as tx:
            row = await repository.lock(tx, ref)
            if await repository.reach(tx, ref, key, now):
                await repository.log(tx, ref, key, now, f"Mail sent to {row.email}.", "CMP")
            # What is to be told may be something else by now, of which the buyer knows nothing yet.
            if key == _worth_telling(row, (await repository.grants(tx, [ref]))[ref]):
                row.told_at = row.told_at or now

    async def operators(self, ref: str, ticket: int) -> None:
        """Raises Unavailable."""
        async with self.database.write() as tx:
            row = await repository.lock(tx, ref)
            key = _alert(row.reason)
            if row.status not in ALERTING or not row.reason or await repository.logged(tx, ref, key):
                return
            if not await repository.claim(tx, ref, key, str(ticket), self.clock.now()):
                return
        mails = [letters.needs_hand(row, to, brand=self.brand, base_url=self.base_url) for to in self.operators_at]
        said = await self._sent(ref, key, mails) or f"Operators told: {row.reason}"
        async with self.database.write() as tx:
            await repository.log(tx, ref, key, self.clock.now(), said, "CMP")

    def _letter(self, row: OrderRow, grants: Sequence[GrantRow]) -> Mail:
        write = letters.order_unclaimed if row.status == Status.UNCLAIMED else letters.order_ready
        return write(row, grants, brand=self.brand, base_url=self.base_url)

    async def owed(self, limit: int) -> list[OrderRow]:
        """Orders whose buyer or operators have not been told; what a mail server refused for good is not owed."""
        async with self.database.read() as tx:
            rows = await repository.untold(tx, limit)
            waiting = await repository.alerts(tx, ALERTING)
            late = [ref for ref, (reason, logged) in waiting.items() if _alert(reason) not in logged][:limit]
            return rows + [row for row in await repository.of_refs(tx, late) if row not in rows]

    async def _sent(self, ref: str, key: str, mails: Sequence[Mail]) -> str:
        """ "" when all are sent, else why some never will be. Raises Unavailable, and then the next one who asks may try it."""
        try:
            refusals = [await self._send(mail, f"{ref}:{key}:{mail.to}") for mail in mails]
        except Unavailable:
            async with self.database.write() as tx:
                await repository.release(tx, ref, key)
            raise
        return "; ".join(refusal for refusal in refusals if refusal)

    async def _send(self, mail: Mail, key: str) -> str:
        """ "" when it is sent, else why it never will be."""
        try:
            await self.mailer.send(mail, key=key)
        except Unavailable:
            raise
        except DomainError as refusal:
            return refusal.detail
        return ""


def _worth_telling(row: OrderRow, grants: Sequence[GrantRow]) -> str:
    """Names what its buyer is to be told of the order, "" when that is nothing: each state has a mail of its own."""
    if row.status == Status.UNCLAIMED:
        return "mailed:unclaimed"
    told = row.status in TELLING and any(grant.active for grant in grants)
    return f"mailed:{sum(grant.turn for grant in grants)}" if told else ""


def _alert(reason: str) -> str:
    return f"alert:{hashlib.sha256(reason.encode()).hexdigest()[:16]}"
