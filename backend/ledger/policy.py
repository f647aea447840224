"""The rules of burning credits, as pure functions over micro-credits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

NEVER = 2**63 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class OpenLot:
    """A lot with something left. remaining: micro-credits."""

    id: str
    remaining: int
    label: str = ""


@dataclass(frozen=True, slots=True)
class Debit:
    """amount: micro-credits to take out of the lot."""

    lot_id: str
    amount: int


def burn_by(expires_at: datetime | None) -> int:
    """Whole microseconds since 1970 in UTC at which a lot expires; `NEVER`, the last of all, for one that does not."""
    return NEVER if expires_at is None else (expires_at - _EPOCH) // timedelta(microseconds=1)


def burn(lots: Iterable[OpenLot], amount: int) -> list[Debit]:
    """Which of `lots`, given in the order they burn, pay `amount` micro-credits.

    Raises ValueError when the lots together hold less.
    """
    debits: list[Debit] = []
    for lot in lots:
        if amount == 0:
            break
        part = min(lot.remaining, amount)
        debits.append(Debit(lot.id, part))
        amount -= part
    if amount:
        raise ValueError(f"the lots are {amount} micro-credits short")
    return debits
