"""Orders as their buyers see them: the timeline, what each line became, and the claim of those whose owner was not known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from backend.db.engine import Database, Tx
from backend.identity.service import AccountView
from backend.kernel.caller import Caller, Door, Role
from backend.kernel.clock import Clock
from backend.kernel.errors import Conflict, Invalid, NotFound
from backend.kernel.ids import InstanceId, SaleorOrderId, WorkspaceId
from backend.kernel.money import Credits, Money
from backend.kernel.page import MAX_PAGE, Page, cut
from backend.kernel.secrets import fingerprint
from backend.provisioner import policy, repository
from backend.provisioner.models import GrantRow, OrderRow
from backend.provisioner.policy import Reached, StageView, Status
from backend.provisioner.ports import Workspaces


@dataclass(frozen=True, slots=True)
class OrderLineView:
    """outcome: what the line became, in words. instance_ids: the agents, one a unit; instance_id is the first of them."""

    sku: str
    name: str
    quantity: int
    total: str
    outcome: str
    instance_id: InstanceId | None
    instance_ids: tuple[InstanceId, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderSums:
    """Amounts with their currency, "" where there is none. subtotal: before anything was taken off. tax: within the total."""

    subtotal: str = ""
    discount: str = ""
    tax: str = ""
    refunded: str = ""
    charged_back: str = ""


@dataclass(frozen=True, slots=True)
class OrderView:
    """total: with its currency. stuck_reason: why it waits, and for whom; empty when it does not. claimable: nobody owns it yet.

    payment: how it stands (`policy.Payment`), "" before the shop was asked.
    """

    ref: str
    number: str
    email: str
    status: str
    total: str
    placed_at: datetime
    lines: list[OrderLineView]
    stages: list[StageView]
    stuck_reason: str
    claimable: bool
    payment: str = ""
    sums: OrderSums = OrderSums()


VIEWS: dict[str, frozenset[Status]] = {
    "": frozenset(),
    "under_way": frozenset({Status.PAID, Status.UNPAID, Status.UNCLAIMED, Status.NEEDS_HAND}),
    "ready": frozenset({Status.READY}),
    "returned": policy.RETURNED,
}
"""How a buyer may narrow the list; "" for all."""
MAX_SEARCH = 120
"""Characters."""


class Begin(Protocol):
    async def __call__(self, ref: str, cause: str, key: str | int) -> None: ...


class Orders:
    """begin: starts the workflow of an order, durably (`OrderWorkflow.begin`)."""

    def __init__(self, database: Database, clock: Clock, workspaces: Workspaces, begin: Begin) -> None:
        self._database, self._clock, self._workspaces, self._begin = database, clock, workspaces, begin

    async def track(self, saleor_order_id: SaleorOrderId, *, visitor: str = "", workspace_id: WorkspaceId | None = None) -> str:
        """Our ref of an order that was just placed, known to us from now on. Called right after checkoutComplete, safe to repeat.

        visitor: the value of the visitor cookie of the browser that bought; it may see the order. workspace_id: of the buyer who is signed
        in. Neither replaces what the order has already.
        """
        now = self._clock.now()
        async with self._database.write() as tx:
            row = await repository.open_order(tx, saleor_order_id, now)
            row.visitor_hash = row.visitor_hash or (fingerprint(visitor) if visitor else "")
            adopted = row.workspace_id is None and workspace_id is not None
            row.workspace_id = row.workspace_id or workspace_id
            if row.status != Status.UNPAID:
                await repository.reach(tx, row.ref, "paid", now)
            waits = adopted and row.status == Status.UNCLAIMED
            if waits:
                row.status, row.reason, row.told_at = Status.PAID, "", None
        if waits:
            await self._begin(row.ref, "claim", row.tickets)
        return row.ref

    async def view(self, ref: str, *, caller: Caller | None = None, visitor: str = "") -> OrderView:
        """For members of its workspace and for the browser that bought it. Raises NotFound for everybody else."""
        async with self._database.read() as tx:
            row = await repository.find(tx, ref)
            if row is None or not _may_see(row, caller, visitor):
                raise NotFound("There is no such order.")
            return (await _views(tx, [row]))[0]

    async def page(
        self, caller: Caller, *, cursor: str | None = None, limit: int = 50, view: str = "", search: str = ""
    ) -> Page[OrderView]:
        """Newest first. view: a key of `VIEWS`. search: a number, a ref, or how a SKU begins. Raises Invalid for a cursor that is none of
        ours, and for an unknown view."""
        if cursor is not None and not cursor.startswith("ord_"):
            raise Invalid("This is not a cursor of this list.", fields={"cursor": "unknown"})
        async with self._database.read() as tx:
            text = search.strip()[:MAX_SEARCH]
            rows = await repository.search(tx, _statuses(view), text, cursor, limit + 1, workspace_id=caller.workspace_id)
            page = cut(rows, limit, lambda row: row.ref)
            return Page(await _views(tx, list(page.items)), page.next)

    async def count(self, caller: Caller, *, view: str = "", search: str = "") -> int:
        """How many orders `page` shows in all."""
        async with self._database.read() as tx:
            return await repository.count(tx, _statuses(view), search.strip()[:MAX_SEARCH], caller.workspace_id)

    async def latest(self, caller: Caller) -> SaleorOrderId | None:
        """The workspace's last order, whose billing the caller may see: of a member their own, of an admin anybody's."""
        email = None if caller.at_least(Role.ADMIN) else caller.email
        async with self._database.read() as tx:
            return await repository.latest(tx, caller.workspace_id, email)

    async def bought(self, caller: Caller) -> bool:
        """Whether the caller has ordered for the workspace before, by their own address; of an owner, whether anything was: an order by
        another address than the account's is theirs too."""
        email = None if caller.at_least(Role.OWNER) else caller.email
        async with self._database.read() as tx:
            return await repository.latest(tx, caller.workspace_id, email) is not None

    async def claim(self, account: AccountView, *, visitor: str = "") -> list[str]:
        """Give orders nobody owns yet to the account's own workspace, and provision them. The refs of those.

        An order is the account's when its e-mail address is, proven by mail or by being the browser that bought.
        """
        home = next((membership.workspace.id for membership in await self._workspaces.of(account.id)), None)
        if home is None:
            return []
        seen = fingerprint(visitor) if visitor else None
        async with self._database.write() as tx:
            mine = [row for row in await repository.unclaimed(tx, account.email) if account.email_verified or row.visitor_hash == seen]
            for row in mine:
                row.workspace_id, row.status, row.reason, row.told_at = home, Status.PAID, "", None
        for row in mine:
            await self._begin(row.ref, "claim", row.tickets)
        return [row.ref for row in mine]

    async def retry(self, ref: str) -> None:
        """Have another look at an order that waits for a hand. Raises NotFound, and Conflict when it does not wait."""
        async with self._database.read() as tx:
            row = await repository.find(tx, ref)
        if row is None:
            raise NotFound("There is no such order.")
        if row.status not in policy.WAITING:
            raise Conflict("This order does not wait for anything.")
        await self._begin(ref, "retry", policy.look_key(row.tickets, self._clock.now(), policy.RETRY))

    async def list(self, caller: Caller) -> list[OrderView]:
        """The newest orders of the caller's workspace."""
        return list((await self.page(caller, limit=MAX_PAGE)).items)


def _may_see(row: OrderRow, caller: Caller | None, visitor: str) -> bool:
    if visitor and row.visitor_hash == fingerprint(visitor):
        return True
    return caller is not None and caller.door is not Door.WIDGET and row.workspace_id == caller.workspace_id


def _statuses(view: str) -> frozenset[Status]:
    if view not in VIEWS:
        raise Invalid("There is no such view.", fields={"view": f"one of {', '.join(filter(None, VIEWS))}"})
    return VIEWS[view]


async def _views(tx: Tx, rows: list[OrderRow]) -> list[OrderView]:
    refs = [row.ref for row in rows]
    stages, grants = await repository.stages(tx, refs), await repository.grants(tx, refs)
    return [_view(row, stages[row.ref], grants[row.ref]) for row in rows]


def _view(row: OrderRow, reached: dict[str, Reached], grants: list[GrantRow]) -> OrderView:
    return OrderView(
        ref=row.ref,
        number=row.number,
        email=row.email,
        status=row.status,
        total=str(Money(row.total_minor, row.currency)) if row.currency else "",
        placed_at=row.placed_at,
        lines=[_line(line, row, [grant for grant in grants if grant.line_id == line["id"]]) for line in row.lines],
        stages=policy.timeline(row.status, row.reason, reached),
        stuck_reason=row.reason if row.status in policy.STUCK else "",
        claimable=row.status == Status.UNCLAIMED,
        payment=policy.payment(row.standing, row.facts, row.sums, row.received_minor) if row.facts else "",
        sums=_sums(row),
    )


def _sums(row: OrderRow) -> OrderSums:
    """Where nothing was taken off, the subtotal is the total."""
    if not row.facts:
        return OrderSums()
    whole = row.sums.get("undiscounted", row.total_minor)

    def said(minor: int) -> str:
        return str(Money(minor, row.currency)) if minor > 0 else ""

    return OrderSums(
        subtotal=str(Money(whole, row.currency)),
        discount=said(whole - row.total_minor),
        tax=said(row.sums.get("tax", 0)),
        refunded=said(row.facts["refunded"]),
        charged_back=said(policy.lost(row.facts, row.received_minor)),  # type: ignore[arg-type]
    )


def _line(line: dict[str, object], row: OrderRow, grants: list[GrantRow]) -> OrderLineView:
    quantity = int(str(line["quantity"]))
    agents = tuple(InstanceId(grant.instance_id) for grant in grants if grant.instance_id)
    return OrderLineView(
        sku=str(line["sku"]),
        name=str(line["name"]),
        quantity=quantity,
        total=str(Money(int(str(line["total"])), row.currency)),
        outcome=_outcome(row, grants),
        instance_id=agents[0] if agents else None,
        instance_ids=agents,
    )


def _outcome(row: OrderRow, grants: list[GrantRow]) -> str:
    active = [grant for grant in grants if grant.active]
    if not grants:
        return "" if row.status in policy.RETURNED else "Waiting"
    if not active:
        return "Taken back"
    included = Credits(sum(grant.credits_micro for grant in active))
    agents = sum(1 for grant in active if grant.instance_id)
    gone = f", {len(grants) - len(active)} taken back" if len(active) < len(grants) else ""
    if not agents:
        return f"{included} credits added{gone}"
    ready = "Agent ready" if agents == 1 else f"{agents} agents ready"
    return f"{ready}, {included} credits included{gone}" if included else f"{ready}{gone}"
