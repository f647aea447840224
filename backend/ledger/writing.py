"""What a run asks of the ledger, as values: to hold, and to close. Each database has a writer of its own; both commit many at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, Self

from backend.db.writer import Execute
from backend.kernel.errors import InsufficientCredits, Invalid, NotFound
from backend.kernel.ids import LotId, RunId, WorkspaceId
from backend.kernel.money import Credits
from backend.ledger.policy import Debit, OpenLot
from backend.ledger.views import HoldStatus, HoldView, LotCharge, Receipt

ISSUED, REVENUE, BREAKAGE = "system:issued", "system:revenue", "system:breakage"
TOP_UP_PATH = "/app/credits"
"""Where a person buys more credits; the detail of InsufficientCredits names it."""


class Beside(Protocol):
    """Rows of another room that belong in the same transaction as a hold, or as its end."""

    @property
    def bound(self) -> bool:
        """Whether writing them may be refused: then that refusal comes before one for want of credits."""
        ...

    def on_sqlite(self, execute: Execute) -> bool:
        """Write them. False when they were written before: then the hold is undone as well. Raises what refuses them, a DomainError."""
        ...

    @classmethod
    async def on_postgres(cls, connection: Any, rows: Sequence[Self]) -> bool:
        """Write those of many, on psycopg's AsyncConnection. False, or a unique index that refuses, when any was written before: then each
        is tried in a transaction of its own."""
        ...


@dataclass(frozen=True, slots=True)
class Hold:
    """amount: micro-credits. lapsed: expired lots were seen to already. until: its time limit."""

    workspace_id: WorkspaceId
    run_id: RunId
    amount: int
    label: str
    at: datetime
    beside: Beside | None = None
    lapsed: bool = False
    until: datetime | None = None

    def made(self) -> HoldView:
        return HoldView(self.run_id, self.workspace_id, Credits(self.amount), HoldStatus.OPEN, self.at, self.until)


@dataclass(frozen=True, slots=True)
class Close:
    """charged: micro-credits, at most what is held."""

    run_id: RunId
    charged: int
    status: HoldStatus
    at: datetime
    beside: Beside | None = None


class Lapse:
    """The answer to a hold while lots of its workspace have expired and were not written off yet."""


LAPSE = Lapse()
Held = HoldView | Lapse | None
"""None: what stands beside the hold was written before."""


class Writer(Protocol):
    async def hold(self, wanted: Hold) -> Held:
        """Raises InsufficientCredits, and what `beside` raises. The same run again returns the first hold."""
        ...

    async def close(self, wanted: Close) -> Receipt | None:
        """The receipt; None when the run was closed before. Raises NotFound, Invalid."""
        ...


def short(amount: int, available: int) -> InsufficientCredits:
    needed, left = Credits(amount), Credits(available)
    return InsufficientCredits(f"This run needs {needed.words} and {left} are available. Top up at {TOP_UP_PATH} and run it again.")


def unheld() -> NotFound:
    return NotFound("Nothing was held for this run.")


def beyond() -> Invalid:
    return Invalid("A run is charged between nothing and what was held.", code="bad_amount")


def charge_key(run_id: str) -> str:
    """The key of the posting that charges a run; each run is charged once."""
    return f"charge:{run_id}"


def refund_key(run_id: str) -> str:
    """The key of the posting that gives it back, which happens once too."""
    return f"refund:{run_id}"


def txn_id(run_id: str) -> str:
    """A run is charged once, so its charge can go by its name."""
    return f"txn_{run_id.removeprefix('run_')}"


def receipt(wanted: Close, held: int, available: int, debits: Sequence[Debit], lots: Sequence[OpenLot]) -> Receipt:
    labels = {lot.id: lot.label for lot in lots}
    return Receipt(
        run_id=wanted.run_id,
        quoted=Credits(held),
        held=Credits(held),
        charged=Credits(wanted.charged),
        released=Credits(held - wanted.charged),
        available=Credits(available),
        lots=tuple(LotCharge(LotId(d.lot_id), labels[d.lot_id], Credits(d.amount)) for d in debits),
        at=wanted.at,
        status=wanted.status,
    )
