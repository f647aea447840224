"""The rules of burning credits, as pure functions over micro-credits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class OpenLot:
    """A lot with something left. remaining: micro-credits. priority: a smaller number burns first."""

    id: str
    priority: int
    expires_at: datetime | None
    created_at: datetime
    remaining: int


@dataclass(frozen=True, slots=True)
class Debit:
    """amount: micro-credits to take out of the lot."""

    lot_id: str
    amount: int


def burn(lots: Iterable[OpenLot], amount: int) -> list[Debit]:
    """Which lots pay `amount` micro-credits: by priority, then the soonest-expiring, then the oldest.

    Raises ValueError when the lots together hold less.
    """
    debits: list[Debit] = []
    for lot in sorted(lots, key=lambda lot: (lot.priority, lot.expires_at or _NEVER, lot.created_at, lot.id)):
        if amount == 0:
            break
        part = min(lot.remaining, amount)
        debits.append(Debit(lot.id, part))
        amount -= part
    if amount:
        raise ValueError(f"the lots are {amount} micro-credits short")
    return debits
