"""The credit ledger: grants come in as lots, runs hold and settle, and every posting is double-entry, made once and kept for good.

Amounts inside are whole micro-credits. Whoever passes a `tx` passes one from `Database.write`. Holds and their ends share
transactions among all who wait for one: see `writing`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import insert, select

from backend.db.engine import Database, Tx
from backend.kernel.clock import Clock
from backend.kernel.errors import Invalid
from backend.kernel.ids import LotId, RunId, WorkspaceId, new_id, new_lot_id
from backend.kernel.money import ZERO, Credits
from backend.kernel.page import Page
from backend.ledger import proof, reading, refunds, repository
from backend.ledger.policy import Debit, OpenLot, burn_by
from backend.ledger.postgres_writer import OnPostgres
from backend.ledger.repository import LOT
from backend.ledger.sqlite_writer import OnSqlite
from backend.ledger.views import Balance, EntryKind, EntryView, HoldStatus, HoldView, LotBook, LotSource, LotsView, LotView, Receipt
from backend.ledger.writing import BREAKAGE, ISSUED, Beside, Close, Hold, Lapse, Writer

BesideRefund = Callable[[Tx, RunId, Credits], Awaitable[None]]
REMEMBERED = 10_000
"""Workspaces whose last known balance is kept in mind."""


class Ledger:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._available: dict[WorkspaceId, int] = {}

    async def grant(
        self,
        tx: Tx,
        *,
        workspace_id: WorkspaceId,
        amount: Credits,
        source: LotSource,
        ref: str,
        key: str,
        label: str = "",
        expires_at: datetime | None = None,
        priority: int = 100,
    ) -> bool:
        """Add a lot. ref: what it was bought or given with. key: the cause; False, and nothing changes, when it was granted before.

        Raises Invalid for an amount that is not positive.
        """
        if amount <= ZERO:
            raise Invalid("A grant must be more than 0 credits.", code="bad_amount")
        now = self._clock.now()
        txn = await repository.begin(tx, f"grant:{key}", EntryKind.GRANT, workspace_id, label, now)
        if txn is None:
            return False
        await repository.open_account(tx, workspace_id)
        after = await repository.move(tx, workspace_id, balance=amount.micro, entries=1)
        assert after is not None, "an account always takes a positive amount"
        lot_id = new_lot_id()
        lot = {"id": lot_id, "workspace_id": workspace_id, "source": source, "ref": ref, "label": label, "priority": priority}
        amounts: dict[str, Any] = {"granted": amount.micro, "remaining": amount.micro, "expires_at": expires_at, "created_at": now}
        amounts["burn_by"] = burn_by(expires_at)
        await tx.execute(insert(LOT).values(**lot, **amounts))
        await repository.post(tx, txn, workspace_id, [Debit(lot_id, amount.micro)], after, ISSUED)
        return True

    async def take_back(self, tx: Tx, *, workspace_id: WorkspaceId, ref: str, key: str) -> Credits:
        """Take out what is left of the lots of `ref`: never what was spent, nor what a run under way holds. What was taken.

        The same key again takes nothing more and returns the first answer.
        """
        now = self._clock.now()
        txn = await repository.begin(tx, f"take_back:{key}", EntryKind.TAKE_BACK, workspace_id, "Taken back", now)
        if txn is None:
            return await reading.posted(tx, f"take_back:{key}", ISSUED)
        lots, amount = await _unheld(tx, workspace_id, ref=ref)
        if amount:
            await repository.debit(tx, workspace_id, txn, lots, amount, ISSUED)
        return Credits(amount)

    async def takeable(self, tx: Tx, *, workspace_id: WorkspaceId, ref: str) -> Credits:
        """What `take_back` would take of the lots of `ref` now."""
        return Credits((await _unheld(tx, workspace_id, ref=ref))[1])

    async def hold(self, workspace_id: WorkspaceId, run_id: RunId, amount: Credits, *, label: str = "") -> HoldView:
        """Set `amount` aside for a run; the same run again returns the first hold. It is durable when this returns.

        Raises InsufficientCredits when less than `amount` is available, and Invalid for a negative amount.
        """
        held = await self.hold_beside(workspace_id, run_id, amount, label=label)
        assert held is not None, "nothing beside it could have been there before"
        return held

    async def hold_beside(
        self,
        workspace_id: WorkspaceId,
        run_id: RunId,
        amount: Credits,
        *,
        label: str = "",
        beside: Beside | None = None,
        until: datetime | None = None,
    ) -> HoldView | None:
        """`hold`, with rows of another room in the same transaction. None, and nothing is held, when those were there before.

        until: the hold's time limit, see `overdue`.

        Raises what `hold` raises, and what `beside` does.
        """
        if amount < ZERO:
            raise Invalid("A hold cannot be negative.", code="bad_amount")
        wanted = Hold(workspace_id, run_id, amount.micro, label, self._clock.now(), beside, until=until)
        held = await self._writer.hold(wanted)
        if isinstance(held, Lapse):
            async with self._database.write() as tx:
                await _lapse(tx, workspace_id, wanted.at)
            held = await self._writer.hold(replace(wanted, lapsed=True))
        assert not isinstance(held, Lapse), "it was asked only once"
        self._heard(workspace_id, self._available.get(workspace_id, 0) - amount.micro)
        return held

    def likely(self, workspace_id: WorkspaceId, amount: Credits) -> bool:
        """Whether `amount` was available when this process last heard of the workspace: a guess, for what can be taken back."""
        return self._available.get(workspace_id, 0) >= amount.micro

    async def settle(self, run_id: RunId, charged: Credits) -> Receipt:
        """Charge a held run and release the rest. A run that is closed already keeps its first receipt.

        Raises Invalid when `charged` is negative or more than was held, and NotFound when nothing was held.
        """
        return await self.close(run_id, charged) or await self._first_receipt(run_id)

    async def release(self, run_id: RunId) -> Receipt:
        """Give a hold back whole. A run that is closed already keeps its first receipt. Raises NotFound when nothing was held."""
        return await self.close(run_id, ZERO, HoldStatus.RELEASED) or await self._first_receipt(run_id)

    async def close(
        self,
        run_id: RunId,
        charged: Credits,
        status: HoldStatus = HoldStatus.SETTLED,
        *,
        beside: Beside | None = None,
        workspace_id: WorkspaceId | None = None,
    ) -> Receipt | None:
        """End a hold, with rows of another room in the same transaction. None, and nothing is written, when it was ended before.

        workspace_id: whose it is, where that is known; `likely` learns from it.

        Raises what `settle` raises.
        """
        receipt = await self._writer.close(Close(run_id, charged.micro, status, self._clock.now(), beside))
        if receipt is not None and workspace_id is not None:
            self._heard(workspace_id, receipt.available.micro)
        return receipt

    async def refund(self, run_id: RunId, reason: str, *, by: str, beside: BesideRefund | None = None) -> Receipt:
        """Give back what a run was charged, once: the same run again changes nothing. by: whoever decided it.

        beside: what another room writes in the same transaction, the one time that something is given back.

        Raises NotFound when nothing was held, Conflict while it is under way, Invalid without a reason or when nothing was charged.
        """
        now = self._clock.now()
        async with self._database.write() as tx:
            given = await refunds.refund(tx, run_id, reason, by, grant=self.grant, now=now)
            if given is not None and beside is not None:
                await beside(tx, run_id, given)
            return await reading.receipt(tx, run_id)

    async def expire(self) -> int:
        """Move what is left of expired lots to the breakage account, as far as no run holds it. How many workspaces had any."""
        now = self._clock.now()
        async with self._database.read() as tx:
            query = select(LOT.c.workspace_id).where(LOT.c.remaining > 0, LOT.c.expires_at <= now).distinct()
            workspaces = (await tx.execute(query)).scalars().all()
        for workspace_id in workspaces:
            async with self._database.write() as tx:
                await _lapse(tx, WorkspaceId(workspace_id), now)
        return len(workspaces)

    async def balance(self, workspace_id: WorkspaceId) -> Balance:
        """Zeros for a workspace that was never granted anything."""
        async with self._database.read() as tx:
            return await reading.balance(tx, workspace_id)

    async def lots(self, workspace_id: WorkspaceId) -> list[LotView]:
        """Every lot, newest first, spent ones too."""
        async with self._database.read() as tx:
            return await reading.lots(tx, workspace_id)

    async def lots_at_a_glance(self, workspace_id: WorkspaceId, most: int = 50) -> LotsView:
        """At most so many of either kind, and the sums of those with something left."""
        async with self._database.read() as tx:
            return await reading.lots_at_a_glance(tx, workspace_id, most)

    async def lots_of(self, entries: Sequence[EntryView]) -> dict[LotId, LotView]:
        """The lots that these entries moved."""
        async with self._database.read() as tx:
            return {lot.id: lot for lot in await reading.lots_named(tx, sorted({entry.lot_id for entry in entries}))}

    async def books(self, refs: Sequence[str]) -> list[LotBook]:
        """Every lot of these refs, of whatever workspace, with all that was posted to it. refs: at most a few hundred at once."""
        async with self._database.read() as tx:
            return await reading.books(tx, refs)

    async def entries(
        self, workspace_id: WorkspaceId, *, cursor: str | None = None, limit: int = 50, kind: EntryKind | None = None
    ) -> Page[EntryView]:
        """Newest first; only those of `kind`, when asked. Raises Invalid for a cursor that is none of ours."""
        async with self._database.read() as tx:
            return await reading.entries(tx, workspace_id, cursor, limit, kind)

    async def moved(self, workspace_id: WorkspaceId, since: datetime) -> list[tuple[datetime, Credits]]:
        """What was granted, taken back or expired since then: when, and how much."""
        async with self._database.read() as tx:
            return await reading.moved(tx, workspace_id, since)

    async def receipt(self, workspace_id: WorkspaceId, run_id: RunId) -> Receipt:
        """Raises NotFound for another workspace's run, and for one that never held credits."""
        async with self._database.read() as tx:
            return await reading.receipt(tx, run_id, workspace_id)

    async def receipts(self, workspace_id: WorkspaceId, run_ids: Sequence[RunId]) -> dict[RunId, Receipt]:
        """The receipts of those runs that are the workspace's and held credits."""
        async with self._database.read() as tx:
            return await reading.receipts(tx, run_ids, workspace_id)

    async def open_holds(self, older_than: datetime) -> list[HoldView]:
        """Holds still open that were made before `older_than`, oldest first."""
        async with self._database.read() as tx:
            return await reading.open_holds(tx, older_than)

    async def overdue(self) -> list[HoldView]:
        """Holds still open behind their own time limit, the longest first. To release one is safe: a run is closed once."""
        async with self._database.read() as tx:
            return await reading.overdue(tx, self._clock.now())

    async def prove(self) -> list[str]:
        """Check every sum of the ledger against every other. One line a fault; empty when all agree."""
        async with self._database.read() as tx:
            return await proof.faults(tx, self._clock.now())

    def _heard(self, workspace_id: WorkspaceId, available: int) -> None:
        if len(self._available) >= REMEMBERED and workspace_id not in self._available:
            self._available.clear()
        self._available[workspace_id] = available

    async def _first_receipt(self, run_id: RunId) -> Receipt:
        async with self._database.read() as tx:
            return await reading.receipt(tx, run_id)

    @cached_property
    def _writer(self) -> Writer:
        if self._database.is_sqlite:
            return OnSqlite(self._database.writer)
        made = OnPostgres(self._database.url.replace("+psycopg", "", 1))
        self._database.at_dispose(made.stop)
        return made


async def _lapse(tx: Tx, workspace_id: WorkspaceId, now: datetime) -> None:
    """Write expired lots off before they could back a new hold."""
    if not await repository.open_lots(tx, workspace_id, expired_at=now):
        return
    lots, amount = await _unheld(tx, workspace_id, expired_at=now)
    if amount and (txn := await repository.begin(tx, new_id("expiry"), EntryKind.EXPIRY, workspace_id, "Expired", now)):
        await repository.debit(tx, workspace_id, txn, lots, amount, BREAKAGE)


async def _unheld(tx: Tx, workspace_id: str, *, ref: str | None = None, expired_at: datetime | None = None) -> tuple[list[OpenLot], int]:
    """Lock the account. What is left of some of its lots, and how much of that no open run holds."""
    account = await repository.account(tx, workspace_id, lock=True)
    lots = await repository.open_lots(tx, workspace_id, ref=ref, expired_at=expired_at)
    left = sum(lot.remaining for lot in lots)
    return lots, min(left, account["balance"] - account["held"]) if account else 0
