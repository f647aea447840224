"""The durable workflow behind an order: look at it in Saleor, put what was seen into effect, fulfil it there, tell the buyer.

Every event about an order (paid, refunded, cancelled, the poll, a retry, a claim) starts the same workflow: the event is a hint, what
Saleor says when asked is the truth. Each step may run twice, and may run after a later event was dealt with:
- `look` draws a ticket before it asks, and `apply` does nothing when a later ticket was applied already (see `models.OrderRow`);
- `apply` is one transaction over the order, its grants, instances and credits, which holds the order's row;
- `fulfil` leaves fulfilled lines alone; `annotate` writes only what is not there yet, so that an event about our own writes ends nothing
  but a look;
- `mail` and `alert` remember what they wrote about, and name the mail after it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypedDict

from backend.db.engine import Database
from backend.durable import Durable, Retry
from backend.kernel.clock import Clock
from backend.kernel.errors import DomainError, Unavailable
from backend.kernel.ids import SaleorOrderId, WorkspaceId
from backend.provisioner import policy, repository
from backend.provisioner.door import Door
from backend.provisioner.handover import Handover
from backend.provisioner.models import OrderRow
from backend.provisioner.policy import Status
from backend.provisioner.ports import Accounts, Saleor, Workspaces
from backend.provisioner.settling import Settling
from backend.provisioner.snapshot import Look, Snapshot, record, snapshot
from backend.provisioner.telling import Telling

NAME = "provision_order"
PATIENT = Retry(attempts=8, interval=2.0, backoff=2.0)
"""About four minutes; then the poll takes the order up again."""
BRIEF = Retry(attempts=3, interval=0.5, backoff=2.0)
"""A mail server that is away holds no other order up; the poll takes the mail up again."""
NOT_OURS = "This order was placed in another channel. Install the app anew, and the shop no longer sends such orders as ours."
AT_ONCE = 8
"""Orders that one process works on. A burst becomes a line: neither our database nor Saleor's API sees all of it at the same time."""


class Applied(TypedDict):
    """What is left to do: deliver in Saleor, tell the buyer."""

    deliver: bool
    tell: bool


NOTHING = Applied(deliver=False, tell=False)


@dataclass(frozen=True, slots=True)
class OrderWorkflow:
    """channel: the slug of the one channel whose orders are ours; a Saleor may sell other things in others."""

    database: Database
    clock: Clock
    durable: Durable
    saleor: Saleor
    settling: Settling
    handover: Handover
    telling: Telling
    workspaces: Workspaces
    accounts: Accounts
    channel: str
    retry: Retry = PATIENT
    door: Door = field(default_factory=Door)

    def register(self) -> None:
        async def provision_order(ref: str, cause: str) -> None:
            await self.run(ref, cause)

        self.durable.workflow(NAME, provision_order, at_once=AT_ONCE)

    def foreign(self, channel: str, *, known: bool) -> bool:
        """Whether an order is another channel's. One that we know stays ours, or its refund would be lost once the channel is another."""
        return not known and channel not in {"", self.channel}

    async def begin(self, ref: str, cause: str, key: str | int) -> None:
        """Durable when this returns. The same cause and key again changes nothing. Our ref names the work: Saleor's id is a secret."""
        await self.durable.begin(NAME, f"order:{ref}:{cause}:{key}", ref, cause)

    async def again(self, ref: str, cause: str, tickets: int, every: timedelta) -> None:
        """Begin another look at an order that we know, at most one in `every` while no ticket is drawn (`policy.look_key`)."""
        await self.begin(ref, cause, policy.look_key(tickets, self.clock.now(), every))

    async def run(self, ref: str, cause: str) -> None:
        seen = await self.durable.step("look", self.look, ref, cause, retry=self.retry)
        applied = await self.durable.step("apply", self.apply, ref, seen, retry=self.retry)
        if applied["deliver"]:
            trouble = await self.durable.step("fulfil", self.fulfil, ref, retry=self.retry)
            await self.durable.step("annotate", self.annotate, ref, seen["ticket"], retry=self.retry)
            await self.durable.step("finish", self.finish, ref, seen["ticket"], trouble, retry=self.retry)
        if applied["tell"]:
            await self.durable.step("mail", self.telling.buyer, ref, seen["ticket"], retry=BRIEF)
        await self.durable.step("alert", self.telling.operators, ref, seen["ticket"], retry=BRIEF)

    async def look(self, ref: str, cause: str) -> Look:
        """Ask Saleor. Raises Unavailable, which is worth another try; any other refusal is for the operator to read."""
        await self.door.quiet()
        async with self.database.write() as tx:
            row = await repository.lock(tx, ref)
            row.refund_seen = row.refund_seen or cause == "refunded"
            ticket = row.tickets = row.tickets + 1
        try:
            order = await self.saleor.order(SaleorOrderId(row.saleor_order_id))
        except Unavailable:
            await self._say(ref, "The shop cannot be reached just now. We keep trying.")
            raise
        except DomainError as refusal:
            return Look(ticket=ticket, order=None, refused=f"The shop would not show this order: {refusal.detail}")
        if order is None:
            return Look(ticket=ticket, order=None, refused="The shop does not know this order.")
        return Look(ticket=ticket, order=snapshot(order), refused="")

    async def apply(self, ref: str, look: Look) -> Applied:
        """Put what was seen into effect, unless a later look was applied before this one."""
        seen = look["order"]
        known = await self.settling.granting.known(line["sku"] for line in seen["lines"]) if seen else {}
        home = await self._home(seen) if seen else None
        async with self.database.write() as tx:
            row = await repository.lock(tx, ref)
            if look["ticket"] < row.applied:
                return NOTHING
            row.applied, row.updated_at = look["ticket"], self.clock.now()
            if seen is None:
                # The refusal may pass: without its mark the poll looks again. What was put into effect stays so until then.
                row.mark = ""
                if not row.standing:
                    row.status, row.reason = Status.NEEDS_HAND, look["refused"]
                elif row.status in {Status.PAID, Status.READY}:
                    row.reason = look["refused"]
                await repository.log(tx, ref, f"look:{look['ticket']}", self.clock.now(), look["refused"], "Saleor")
                return NOTHING
            if self.foreign(seen.get("channel", ""), known=bool(row.standing)):
                row.status, row.reason = Status.NEEDS_HAND, NOT_OURS
                return NOTHING
            record(row, seen)
            row.workspace_id = row.workspace_id or home
            await self.settling.settle(tx, row, seen["facts"], known, f"look:{look['ticket']}")
            return _next(row)

    async def fulfil(self, ref: str) -> str:
        """Mark what was given as delivered in Saleor. "" when that is done, else why Saleor refuses."""
        async with self.database.read() as tx:
            row = await repository.get(tx, ref)
            given = Counter(grant.line_id for grant in (await repository.grants(tx, [ref]))[ref] if grant.active)
        try:
            return await self.handover.fulfil(row, given)
        except Unavailable:
            await self._say(ref, "Everything was added. The shop cannot be told just now; we keep trying.")
            raise

    async def annotate(self, ref: str, ticket: int) -> None:
        """Leave the links to what was delivered in Saleor. A refusal is written down and holds nothing up."""
        async with self.database.write() as tx:
            row = await repository.lock(tx, ref)
            grants = (await repository.grants(tx, [ref]))[ref]
            agents = [grant.instance_id for grant in grants if grant.instance_id]
            if not grants or not await repository.claim(tx, ref, f"note:{len(agents)}", str(ticket), self.clock.now()):
                return
        try:
            refusal = await self.handover.annotate(row, agents)
        except Unavailable:
            async with self.database.write() as tx:
                await repository.release(tx, ref, f"note:{len(agents)}")
            raise
        if refusal:
            async with self.database.write() as tx:
                await repository.log(tx, ref, f"annotate:{row.applied}", self.clock.now(), refusal, "Saleor")

    async def finish(self, ref: str, ticket: int, trouble: str) -> None:
        async with self.database.write() as tx:
            row = await repository.lock(tx, ref)
            if row.applied != ticket:
                return
            if trouble:
                row.status, row.reason = Status.NEEDS_HAND, trouble
            elif row.status == Status.PAID:
                row.status, row.reason = Status.READY, ""
                await repository.reach(tx, ref, "fulfilled", self.clock.now())

    async def _home(self, seen: Snapshot) -> WorkspaceId | None:
        """The workspace the order belongs to: the one it names, else the one of the account that has proven its e-mail address."""
        named = WorkspaceId(seen["workspace"])
        if named and await self.workspaces.exists(named):
            return named
        account = await self.accounts.by_email(seen["email"])
        if account is None or not account.email_verified:
            return None
        return next((membership.workspace.id for membership in await self.workspaces.of(account.id)), None)

    async def _say(self, ref: str, reason: str) -> None:
        async with self.database.write() as tx:
            row = await repository.lock(tx, ref)
            row.reason = reason


def _next(row: OrderRow) -> Applied:
    """Partly refunded orders are delivered too, and those an operator restored: whatever the buyer is to have."""
    under_way = row.status in {Status.PAID, Status.NEEDS_HAND}
    return Applied(deliver=under_way, tell=under_way or row.status in {Status.UNCLAIMED, Status.READY})
