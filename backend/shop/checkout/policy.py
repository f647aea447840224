"""What a checkout costs and whether it is paid for. Pure; amounts in minor units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, pairwise

PRICE_HOLDS = timedelta(hours=1)
"""A line keeps the price it was added at for this long, whatever the catalogue says meanwhile."""


@dataclass(frozen=True, slots=True)
class Discount:
    """value: hundredths of a percent for PERCENTAGE, minor units for FIXED."""

    code: str
    name: str
    value_type: str
    value: int

    def of(self, amount: int) -> int:
        """What is taken off `amount`: never more than all of it. Half a cent rounds up, in the buyer's favour."""
        off = (amount * self.value + 5_000) // 10_000 if self.value_type == "PERCENTAGE" else self.value
        return max(0, min(off, amount))


def unit_price(held: int, priced_at: datetime, current: int, now: datetime) -> int:
    return held if now - priced_at < PRICE_HOLDS else current


def spread(discount: int, amounts: Sequence[int]) -> list[int]:
    """The discount shared out over line totals in proportion. The parts sum to it exactly, and none is more than its line.

    Each part is the difference of two rounded running sums: rounding every part by itself would leave cents over.
    """
    whole = sum(amounts)
    if not whole:
        return [0] * len(amounts)
    reached = [discount * running // whole for running in accumulate(amounts, initial=0)]
    return [after - before for before, after in pairwise(reached)]


def charge_status(total: int, charged: int, *, anything: bool = True) -> str:
    """anything: whether there is something to buy at all; an empty checkout costs nothing and is not paid."""
    if charged > total:
        return "OVERCHARGED"
    if charged == total and (total or anything):
        return "FULL"
    return "PARTIAL" if charged > 0 else "NONE"


def authorize_status(total: int, covered: int, *, anything: bool = True) -> str:
    """covered: authorised and charged together."""
    if covered >= total and (total or anything):
        return "FULL"
    return "PARTIAL" if covered > 0 else "NONE"
