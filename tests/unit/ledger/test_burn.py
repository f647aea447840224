"""Which lots pay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.ledger.policy import Debit, OpenLot, burn, burn_by

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def lot(name: str, remaining: int) -> OpenLot:
    return OpenLot(name, remaining)


def test_lots_burn_in_their_order_and_the_last_only_as_far_as_needed() -> None:
    assert burn([lot("soon", 5), lot("late", 5), lot("never", 5)], 12) == [Debit("soon", 5), Debit("late", 5), Debit("never", 2)]


def test_the_sooner_a_lot_expires_the_smaller_its_number_and_one_that_never_does_has_the_greatest() -> None:
    assert burn_by(DAY) + 1 == burn_by(DAY + timedelta(microseconds=1)) < burn_by(datetime.max.replace(tzinfo=UTC)) < burn_by(None)


def test_lots_that_are_short_are_refused() -> None:
    with pytest.raises(ValueError, match="2 micro-credits short"):
        burn([lot("a", 3)], 5)


@given(st.lists(st.integers(1, 50), max_size=8), st.integers(0, 400))
def test_debits_sum_to_the_amount_and_empty_every_lot_but_the_last(parts: list[int], amount: int) -> None:
    lots = {str(n): lot(str(n), left) for n, left in enumerate(parts)}
    amount = min(amount, sum(parts))
    debits = burn(lots.values(), amount)
    assert sum(d.amount for d in debits) == amount
    assert all(d.amount > 0 for d in debits)
    assert all(d.amount == lots[d.lot_id].remaining for d in debits[:-1])
