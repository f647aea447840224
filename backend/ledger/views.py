"""What the ledger tells: frozen copies, never rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from backend.kernel.ids import LotId, RunId, WorkspaceId
from backend.kernel.money import ZERO, Credits


class LotSource(StrEnum):
    """Where credits came from: bought in an order, included in a plan, given, or given back for a run."""

    ORDER = "order"
    PLAN = "plan"
    GIFT = "gift"
    REFUND = "refund"


class EntryKind(StrEnum):
    GRANT = "grant"
    CHARGE = "charge"
    TAKE_BACK = "take_back"
    EXPIRY = "expiry"
    REFUND = "refund"


class HoldStatus(StrEnum):
    OPEN = "open"
    SETTLED = "settled"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class Balance:
    """available = balance − held: what a new run may use."""

    balance: Credits
    held: Credits

    @property
    def available(self) -> Credits:
        return self.balance - self.held


@dataclass(frozen=True, slots=True)
class LotView:
    id: LotId
    label: str
    source: LotSource
    ref: str
    granted: Credits
    remaining: Credits
    expires_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class LotsView:
    """A workspace's lots at a glance. open: the first to burn, in order. spent: the last that were used up. of_open: how many are open,
    granted: what those brought, left: what is left of it."""

    open: tuple[LotView, ...]
    spent: tuple[LotView, ...]
    of_open: int
    granted: Credits
    left: Credits


@dataclass(frozen=True, slots=True)
class HoldView:
    """expires_at: by then it is over, whatever becomes of the run; None for one without such a limit."""

    run_id: RunId
    workspace_id: WorkspaceId
    amount: Credits
    status: HoldStatus
    created_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EntryView:
    """One line of a workspace's account. amount: signed. run_id: the run a charge belongs to."""

    id: str
    at: datetime
    kind: EntryKind
    amount: Credits
    balance_after: Credits
    label: str
    run_id: RunId | None
    lot_id: LotId


@dataclass(frozen=True, slots=True)
class LotBook:
    """A lot with everything that was ever posted to it, oldest first."""

    lot: LotView
    workspace_id: WorkspaceId
    entries: tuple[EntryView, ...]

    def sum(self, kind: EntryKind) -> Credits:
        return Credits(sum(entry.amount.micro for entry in self.entries if entry.kind is kind))


@dataclass(frozen=True, slots=True)
class LotCharge:
    lot_id: LotId
    label: str
    amount: Credits


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one run cost. at: when it was closed, or held while it is open. available: after it was closed.

    refunded: what was given back of it, at `refunded_at`.
    """

    run_id: RunId
    quoted: Credits
    held: Credits
    charged: Credits
    released: Credits
    available: Credits
    lots: tuple[LotCharge, ...]
    at: datetime
    status: HoldStatus
    refunded: Credits = ZERO
    refunded_at: datetime | None = None
