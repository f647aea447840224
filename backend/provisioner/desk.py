"""What the people who run the market see of orders, and may do to them.

Every method is for operators: the doors and the pages' State check the caller before. Every change is written down with who made it.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from backend.db.engine import Database, Tx
from backend.kernel.caller import Caller
from backend.kernel.clock import Clock
from backend.kernel.errors import Conflict, Invalid, NotFound
from backend.kernel.ids import new_id
from backend.kernel.page import Page, cut
from backend.provisioner import policy, repository
from backend.provisioner.books import Books
from backend.provisioner.desk_views import Counts, DeskEvent, DeskOrder, DeskRow, DeskUnit, Report, order_of, plan_of, row_of
from backend.provisioner.facts import Facts
from backend.provisioner.granting import lot_of
from backend.provisioner.models import OrderRow
from backend.provisioner.orders import Begin
from backend.provisioner.policy import Piece, Plan, Standing, Status
from backend.provisioner.ports import Ledger, Workspaces
from backend.provisioner.reconcile import LOOK_BACK, Reconciler
from backend.provisioner.settling import Settling

__all__ = ["Counts", "Desk", "DeskEvent", "DeskOrder", "DeskRow", "DeskUnit", "Report"]

VIEWS: dict[str, frozenset[Status]] = {
    "all": frozenset(),
    "needs_hand": frozenset({Status.NEEDS_HAND}),
    "under_way": frozenset({Status.PAID, Status.UNPAID}),
    "unclaimed": frozenset({Status.UNCLAIMED}),
    "done": frozenset({Status.READY}),
    "returned": policy.RETURNED,
}
_log = logging.getLogger(__name__)
MAX_SEARCH, MAX_REASON = 120, 500
"""Characters."""


@dataclass(frozen=True, slots=True)
class Case:
    """What a decision is made about. plan: what is taken back by now. given: whether each unit that was ever given is active."""

    row: OrderRow
    plan: Plan
    given: Mapping[Piece, bool]


Choose = Callable[[Case], Collection[Piece]]
"""Which units are to be taken back then."""


class Desk:
    """saleor_url: the GraphQL URL of a real Saleor, whose dashboard orders are linked to; empty for the embedded shop."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        settling: Settling,
        begin: Begin,
        reconciler: Reconciler,
        ledger: Ledger,
        workspaces: Workspaces,
        books: Books,
        saleor_url: str = "",
    ) -> None:
        self._database, self._clock, self._settling, self._begin = database, clock, settling, begin
        self._reconciler, self._ledger, self._workspaces, self._books = reconciler, ledger, workspaces, books
        self._saleor_url = saleor_url

    async def counts(self) -> Counts:
        async with self._database.read() as tx:
            found = await repository.counts(tx)
        numbers = {view: sum(found.get(status, 0) for status in statuses) for view, statuses in VIEWS.items() if statuses}
        return Counts(all=sum(found.values()), **numbers)

    async def page(self, view: str = "all", search: str = "", cursor: str | None = None, limit: int = 50) -> Page[DeskRow]:
        """Newest first. view: a key of `VIEWS`. search: a number, an e-mail, a ref, or how a SKU begins. Raises Invalid."""
        if view not in VIEWS:
            raise Invalid("There is no such view.", fields={"view": f"one of {', '.join(VIEWS)}"})
        if cursor is not None and not cursor.startswith("ord_"):
            raise Invalid("This is not a cursor of this list.", fields={"cursor": "unknown"})
        async with self._database.read() as tx:
            rows = await repository.search(tx, VIEWS[view], search.strip()[:MAX_SEARCH], cursor, limit + 1)
            page = cut(rows, limit, lambda row: row.ref)
            stages = await repository.stages(tx, [row.ref for row in page.items])
        names = await self._workspaces.names({row.workspace_id for row in page.items if row.workspace_id})
        return page.map(lambda row: row_of(row, stages[row.ref], names.get(row.workspace_id or "", "")))

    async def order(self, ref: str) -> DeskOrder:
        """Raises NotFound."""
        async with self._database.read() as tx:
            row = await _found(tx, ref)
            stages, grants = (await repository.stages(tx, [ref]))[ref], (await repository.grants(tx, [ref]))[ref]
            log = await repository.events(tx, ref)
        names = await self._workspaces.names({row.workspace_id} if row.workspace_id else ())
        books = await self._ledger.books([lot_of(grant) for grant in grants])
        return order_of(row, stages, names.get(row.workspace_id or "", ""), grants, books, log, self._saleor_url)

    async def retry(self, caller: Caller, ref: str) -> None:
        """Have another look at it. Raises NotFound, and Conflict when it does not wait for anything."""
        now = self._clock.now()
        async with self._database.write() as tx:
            row = await _found(tx, ref)
            if row.status not in policy.WAITING:
                raise Conflict("This order does not wait for anything.")
            key = policy.look_key(row.tickets, now, policy.RETRY)
            await repository.log(tx, ref, f"retry:{key}", now, "Tried again.", caller.email)
        await self._begin(ref, "retry", key)

    async def restore(self, caller: Caller, ref: str) -> None:
        """Let its suspended agents run again, and give the credits that were taken back again. Raises NotFound, Conflict."""

        def taken(case: Case) -> Collection[Piece]:
            if all(case.given.values()):
                raise Conflict("Nothing of this order was taken back.")
            return ()

        await self._decide(caller, ref, "Restored.", taken)

    async def take_back(self, caller: Caller, ref: str, units: Sequence[Piece], reason: str) -> None:
        """Decide a partial refund: these units, as (line id, unit), are taken back, the others stay.

        Raises NotFound; Invalid for no units, for one the buyer does not have, and without a reason; Conflict when there is no partial
        refund to decide.
        """
        wanted = frozenset((str(line), int(unit)) for line, unit in units)

        def taken(case: Case) -> Collection[Piece]:
            _refuse_unless_partly(case.row)
            if faults := _faults(reason, units=bool(wanted) and all(case.given.get(piece) for piece in wanted)):
                raise Invalid("Choose units that the buyer has, and say why.", fields=faults)
            return case.plan.away | wanted

        await self._decide(caller, ref, _said(f"Took back {len(wanted)} of it", reason), taken)

    async def keep(self, caller: Caller, ref: str, reason: str) -> None:
        """Decide that a partial refund takes nothing more. Raises NotFound, Invalid without a reason, and Conflict when there is nothing to
        decide."""

        def taken(case: Case) -> Collection[Piece]:
            _refuse_unless_partly(case.row)
            if not case.plan.undecided:
                raise Conflict("There is nothing to decide about this order.")
            if faults := _faults(reason):
                raise Invalid("Say why.", fields=faults)
            return case.plan.away

        await self._decide(caller, ref, _said("Took nothing back", reason), taken)

    async def reconcile(self, caller: Caller) -> Report:
        """Compare the last days with Saleor. Raises Unavailable."""
        _log.info("orders are compared with Saleor for %s", caller.email or caller.account_id)
        return await self._reconciler.reconcile(self._clock.now() - LOOK_BACK)

    async def last_report(self) -> Report | None:
        return await self._reconciler.last()

    def books(self, since: datetime | None = None) -> AsyncIterator[str]:
        """CSV, a line at a time, the header first."""
        return self._books.lines(since)

    async def _decide(self, caller: Caller, ref: str, words: str, taken: Choose) -> None:
        """Remember the decision and put it into effect at once; Saleor need not be there for it."""
        async with self._database.read() as tx:
            skus = [str(line["sku"]) for line in (await _found(tx, ref)).lines]
        known = await self._settling.granting.known(skus)
        key = new_id("dec")
        async with self._database.write() as tx:
            row = await repository.lock(tx, ref)
            if not row.facts or row.workspace_id is None:
                raise Conflict("This order has given nobody anything yet.")
            given = {(grant.line_id, grant.unit): grant.active for grant in (await repository.grants(tx, [ref]))[ref]}
            away = taken(Case(row, plan_of(row), given))
            seen: Facts = row.facts  # type: ignore[assignment]
            if policy.unpaid(seen, row.received_minor):
                # Whatever is decided about such an order, what nobody paid for is given only once it is paid.
                away = {*away, *(piece for piece in policy.pieces(seen["lines"]) if piece not in given)}
            row.decision = dict(policy.decide(Standing(row.standing), seen, row.received_minor, away))
            await repository.log(tx, ref, key, self._clock.now(), words, caller.email)
            await self._settling.settle(tx, row, seen, known, f"{key}:done", caller.email)
            row.updated_at = self._clock.now()
        await self._begin(ref, "decision", key)


async def _found(tx: Tx, ref: str) -> OrderRow:
    row = await repository.find(tx, ref)
    if row is None:
        raise NotFound("There is no such order.")
    return row


def _refuse_unless_partly(row: OrderRow) -> None:
    if row.standing != Standing.PARTLY_REFUNDED:
        raise Conflict("This order is not partly refunded.")


def _faults(reason: str, *, units: bool = True) -> dict[str, str]:
    """What is wrong with a decision, by its field."""
    chosen = {} if units else {"units": "Choose at least one thing that the buyer still has."}
    return chosen if reason.strip() else chosen | {"reason": "Say why, in a few words: it is kept in the log."}


def _said(words: str, reason: str) -> str:
    reason = " ".join(reason.split())[:MAX_REASON]
    return f"{words}: {reason}" if reason else f"{words}."
