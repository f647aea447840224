"""The durable workflow behind an order: look at it in Saleor, put what was seen into effect, fulfil it there, tell the buyer.

Every event about an order (paid, refunded, cancelled, the poll, a retry, a claim) starts the same workflow: the event is a hint, what
Saleor says when asked is the truth. Each step may run twice, and may run after a later event was dealt with:
- `look` draws a ticket before it asks, and `apply` does nothing when a later ticket was applied already (see `models.OrderRow`);
- `apply` is one transaction over the order, its grants, instances and credits, which holds the order's row;
- `fulfil` leaves fulfilled lines alone, and the metadata it writes is the same each time;
- `mail` remembers which state of the grants it wrote about, and names the mail after it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict

from backend.control_plane.offerings import Offering
from backend.db.engine import Database, Tx
from backend.durable import Durable, Retry
from backend.kernel.clock import Clock
from backend.kernel.errors import DomainError, Unavailable
from backend.kernel.ids import SaleorOrderId, WorkspaceId
from backend.mail import Mail, Mailer
from backend.provisioner import letters, policy, repository
from backend.provisioner.door import Door
from backend.provisioner.granting import Granting
from backend.provisioner.models import OrderRow
from backend.provisioner.policy import Standing, Status
from backend.provisioner.ports import Accounts, Saleor, Workspaces
from backend.provisioner.snapshot import Look, Snapshot, record, snapshot

NAME = "provision_order"
PATIENT = Retry(attempts=8, interval=2.0, backoff=2.0)
"""About four minutes; then the poll takes the order up again."""
AT_ONCE = 8
"""Orders that one process works on. A burst becomes a line: neither our database nor Saleor's API sees all of it at the same time."""
PARTLY = "Partly refunded. Decide which agents or credits to take back; nothing was taken back by itself."


class Applied(TypedDict):
    """What is left to do: deliver in Saleor, tell the buyer."""

    deliver: bool
    tell: bool


NOTHING = Applied(deliver=False, tell=False)


@dataclass(frozen=True, slots=True)
class OrderWorkflow:
    database: Database
    clock: Clock
    durable: Durable
    saleor: Saleor
    granting: Granting
    workspaces: Workspaces
    accounts: Accounts
    mailer: Mailer
    brand: str
    base_url: str
    retry: Retry = PATIENT
    door: Door = field(default_factory=Door)

    def register(self) -> None:
        async def provision_order(ref: str, cause: str) -> None:
            await self.run(ref, cause)

        self.durable.workflow(NAME, provision_order, at_once=AT_ONCE)

    async def begin(self, ref: str, cause: str, key: str | int) -> None:
        """Durable when this returns. The same cause and key again changes nothing. Our ref names the work: Saleor's id is a secret."""
        await self.durable.begin(NAME, f"order:{ref}:{cause}:{key}", ref, cause)

    async def run(self, ref: str, cause: str) -> None:
        seen = await self.durable.step("look", self.look, ref, cause, retry=self.retry)
        applied = await self.durable.step("apply", self.apply, ref, seen, retry=self.retry)
        if applied["deliver"]:
            trouble = await self.durable.step("fulfil", self.fulfil, ref, retry=self.retry)
            await self.durable.step("finish", self.finish, ref, seen["ticket"], trouble, retry=self.retry)
        if applied["tell"]:
            await self.durable.step("mail", self.mail, ref, retry=self.retry)

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
        known = await self.granting.known(line["sku"] for line in seen["lines"]) if seen else {}
        home = await self._home(seen) if seen else None
        async with self.database.write() as tx:
            row = await repository.lock(tx, ref)
            if look["ticket"] < row.applied:
                return NOTHING
            row.applied, row.updated_at = look["ticket"], self.clock.now()
            if seen is None:
                row.status, row.reason = Status.NEEDS_HAND, look["refused"]
                return NOTHING
            record(row, seen)
            row.workspace_id = row.workspace_id or home
            await self._settle(tx, row, seen, known)
            paid = row.standing == Standing.PAID
            return Applied(deliver=paid and row.status != Status.UNCLAIMED, tell=paid)

    async def _settle(self, tx: Tx, row: OrderRow, seen: Snapshot, known: dict[str, Offering]) -> None:
        before = policy.once_paid(row.standing)
        row.standing = now = policy.standing(seen["charge_status"], seen["status"], refund_seen=row.refund_seen, once_paid=before)
        if now is Standing.PAID:
            await self._give(tx, row, seen, known)
        elif now is Standing.UNPAID:
            await repository.forget(tx, row.ref, "paid")
            row.status, row.reason = Status.UNPAID, "The shop does not hold the whole sum yet."
        elif now is Standing.PARTLY_REFUNDED:
            row.status, row.reason = Status.NEEDS_HAND, PARTLY
        else:
            await self._take(tx, row, Status.CANCELLED if now is Standing.CANCELLED else Status.REFUNDED)

    async def _give(self, tx: Tx, row: OrderRow, seen: Snapshot, known: dict[str, Offering]) -> None:
        now = self.clock.now()
        await repository.reach(tx, row.ref, "paid", datetime.fromisoformat(seen["created"]))
        await repository.reach(tx, row.ref, "received", now)
        await repository.forget(tx, row.ref, "returned")
        if row.workspace_id is None:
            row.status, row.reason = Status.UNCLAIMED, f"Waits to be claimed by whoever proves the e-mail address {row.email}."
            return
        await self.granting.give(tx, row, row.lines, known, now)
        missing = policy.unknown(row.lines, known)
        row.status = Status.NEEDS_HAND if missing else Status.PAID
        row.reason = f"Nothing is offered under {', '.join(missing)}." if missing else ""
        if not missing:
            await repository.reach(tx, row.ref, "granted", now)

    async def _take(self, tx: Tx, row: OrderRow, status: Status) -> None:
        word = "refunded" if status is Status.REFUNDED else "cancelled"
        taken = await self.granting.take(tx, row, f"Order {row.number} was {word}.")
        row.status, row.reason = status, ""
        note = f"Unspent credits taken back: {taken}." if taken else ""
        await repository.reach(tx, row.ref, "returned", self.clock.now(), note)

    async def fulfil(self, ref: str) -> str:
        """Mark what was granted as delivered in Saleor. "" when that is done, else why Saleor refuses."""
        async with self.database.read() as tx:
            row = await repository.get(tx, ref)
            granted = {grant.line_id for grant in (await repository.grants(tx, [ref]))[ref] if grant.active}
        if not granted:
            return ""
        try:
            order = await self.saleor.order(SaleorOrderId(row.saleor_order_id))
            if order is None or order.status == "CANCELED":
                return ""
            await self.saleor.fulfil(order.id, [line for line in order.lines if line.id in granted])
            await self.saleor.set_metadata(order.id, {"cmp_order": ref})
        except Unavailable:
            await self._say(ref, "Everything was added. The shop cannot be told just now; we keep trying.")
            raise
        except DomainError as refusal:
            return f"The shop would not mark the order as fulfilled: {refusal.detail}"
        return ""

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

    async def mail(self, ref: str) -> None:
        """Tell the buyer, once for each state worth telling. An address that takes no mail does not hold the order up."""
        async with self.database.read() as tx:
            row = await repository.get(tx, ref)
            grants = (await repository.grants(tx, [ref]))[ref]
            told = (await repository.stages(tx, [ref]))[ref]
        key = f"mailed:{sum(grant.turn for grant in grants)}" if row.status != Status.UNCLAIMED else "mailed:unclaimed"
        if (
            key in told
            or row.status not in {Status.READY, Status.NEEDS_HAND, Status.UNCLAIMED}
            or not (grants or key == "mailed:unclaimed")
        ):
            return
        write = letters.order_unclaimed if row.status == Status.UNCLAIMED else letters.order_ready
        note = await self._send(write(row, grants, brand=self.brand, base_url=self.base_url), f"{ref}:{key}")
        async with self.database.write() as tx:
            await repository.reach(tx, ref, key, self.clock.now(), note)

    async def _send(self, mail: Mail, key: str) -> str:
        try:
            await self.mailer.send(mail, key=key)
        except Unavailable:
            raise
        except DomainError as refusal:
            return f"No mail could be sent: {refusal.detail}"
        return ""

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
