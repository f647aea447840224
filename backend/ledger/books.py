"""Holds and closings decided in memory over rows that are locked, for a database that is better asked once for many. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from backend.kernel.ids import RunId, WorkspaceId
from backend.kernel.money import Credits
from backend.ledger.policy import Debit, OpenLot, burn
from backend.ledger.views import EntryKind, HoldStatus, HoldView, Receipt
from backend.ledger.writing import LAPSE, REVENUE, Close, Hold, Lapse, beyond, charge_key, receipt, short, txn_id, unheld

Answer = HoldView | Receipt | Lapse | Exception | None
Row = dict[str, Any]


@dataclass(slots=True)
class Account:
    """lots: in the order they burn. cut: there may be more of them than were read. expired: some have to be written off first."""

    balance: int = 0
    held: int = 0
    entries: int = 0
    lots: list[OpenLot] = field(default_factory=list)
    cut: bool = False
    expired: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """A hold as it is kept. at: when it was made. until: its time limit, if it has one."""

    workspace_id: str
    amount: int
    label: str
    status: HoldStatus
    at: Any
    until: Any = None


class MoreLots(Exception):
    """The lots that were read do not cover what is to be charged."""


@dataclass(slots=True)
class Books:
    """What is known of the accounts and holds concerned; `decide` changes them and notes the rows to write."""

    accounts: dict[str, Account]
    holds: dict[str, Kept]
    moved: set[str] = field(default_factory=set)
    held: list[Row] = field(default_factory=list)
    closed: list[Row] = field(default_factory=list)
    taken: dict[str, int] = field(default_factory=dict)
    postings: list[Row] = field(default_factory=list)
    entries: list[Row] = field(default_factory=list)
    fresh: list[Hold | Close] = field(default_factory=list)
    """Those that change something, unlike one that is asked again."""

    def decide(self, wanted: Sequence[Hold | Close]) -> list[Answer]:
        """An answer for each, in their order. Raises MoreLots."""
        return [self._hold(one) if isinstance(one, Hold) else self._close(one) for one in wanted]

    def _hold(self, wanted: Hold) -> Answer:
        account = self.accounts.get(wanted.workspace_id, Account())
        if account.expired and not wanted.lapsed:
            return LAPSE
        if kept := self.holds.get(wanted.run_id):
            return HoldView(wanted.run_id, WorkspaceId(kept.workspace_id), Credits(kept.amount), kept.status, kept.at, kept.until)
        if account.balance - account.held < wanted.amount:
            return short(wanted.amount, account.balance - account.held)
        account.held += wanted.amount
        self.moved.add(wanted.workspace_id)
        row = {"run_id": wanted.run_id, "workspace_id": wanted.workspace_id, "amount": wanted.amount, "label": wanted.label}
        self.held.append(row | {"at": wanted.at.isoformat(), "until": wanted.until.isoformat() if wanted.until else None})
        self.holds[wanted.run_id] = Kept(wanted.workspace_id, wanted.amount, wanted.label, HoldStatus.OPEN, wanted.at, wanted.until)
        self.fresh.append(wanted)
        return wanted.made()

    def _close(self, wanted: Close) -> Answer:
        kept = self.holds.get(wanted.run_id)
        if kept is None:
            return unheld()
        if kept.status is not HoldStatus.OPEN:
            return None
        if not 0 <= wanted.charged <= kept.amount:
            return beyond()
        account = self.accounts.get(kept.workspace_id, Account())
        lots, debits = list(account.lots), _burnt(account, wanted.charged)
        account.balance -= wanted.charged
        account.held -= kept.amount
        self.moved.add(kept.workspace_id)
        if debits:
            self._post(wanted.run_id, kept, debits, account, wanted.at.isoformat())
        available = account.balance - account.held
        row = {"run_id": wanted.run_id, "charged": wanted.charged, "status": wanted.status.value, "available": available}
        self.closed.append(row | {"at": wanted.at.isoformat()})
        self.holds[wanted.run_id] = Kept(kept.workspace_id, kept.amount, kept.label, wanted.status, kept.at, kept.until)
        self.fresh.append(wanted)
        return receipt(wanted, kept.amount, available, debits, lots)

    def _post(self, run_id: RunId, kept: Kept, debits: Sequence[Debit], account: Account, at: str) -> None:
        txn, total = txn_id(run_id), sum(debit.amount for debit in debits)
        row = {"id": txn, "key": charge_key(run_id), "kind": EntryKind.CHARGE.value, "workspace_id": kept.workspace_id}
        self.postings.append(row | {"label": kept.label, "run_id": run_id, "at": at})
        running = account.balance + total
        for n, debit in enumerate(debits, start=1):
            running -= debit.amount
            account.entries += 1
            self.taken[debit.lot_id] = self.taken.get(debit.lot_id, 0) + debit.amount
            self.entries.append(_entry(txn, n, kept.workspace_id, -debit.amount, debit.lot_id, account.entries, running))
        self.entries.append(_entry(txn, len(debits) + 1, REVENUE, total))


def _burnt(account: Account, amount: int) -> list[Debit]:
    """Take `amount` out of the account's lots as they are known."""
    if not amount:
        return []
    if account.cut and sum(lot.remaining for lot in account.lots) < amount:
        raise MoreLots
    debits = burn(account.lots, amount)
    paid = {debit.lot_id: debit.amount for debit in debits}
    left = [OpenLot(lot.id, lot.remaining - paid.get(lot.id, 0), lot.label) for lot in account.lots]
    account.lots = [lot for lot in left if lot.remaining]
    return debits


def _entry(
    txn: str, number: int, account: str, amount: int, lot: str | None = None, position: int | None = None, after: int | None = None
) -> Row:
    row: Row = {"transaction_id": txn, "number": number, "account": account, "lot_id": lot}
    return row | {"amount": amount, "position": position, "balance_after": after}
