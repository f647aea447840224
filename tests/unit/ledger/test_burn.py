"""Which lots pay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.ledger.policy import Debit, OpenLot, burn

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def lot(name: str, remaining: int, *, expires: int | None = None, made: int = 0, priority: int = 100) -> OpenLot:
    return OpenLot(name, priority, DAY + timedelta(days=expires) if expires is not None else None, DAY + timedelta(days=made), remaining)


def test_the_soonest_expiring_lot_burns_first_and_one_that_never_expires_last() -> None:
    lots = [lot("never", 5, made=-9), lot("late", 5, expires=30), lot("soon", 5, expires=3, made=2)]
    assert burn(lots, 12) == [Debit("soon", 5), Debit("late", 5), Debit("never", 2)]


def test_of_lots_that_expire_together_the_oldest_burns_first() -> None:
    assert burn([lot("new", 5, made=2), lot("old", 5, made=1)], 6) == [Debit("old", 5), Debit("new", 1)]


def test_a_smaller_priority_burns_before_any_expiry() -> None:
    assert burn([lot("soon", 5, expires=1), lot("first", 5, priority=1)], 5) == [Debit("first", 5)]


def test_lots_that_are_short_are_refused() -> None:
    with pytest.raises(ValueError, match="2 micro-credits short"):
        burn([lot("a", 3)], 5)


@given(
    st.lists(st.tuples(st.integers(1, 50), st.none() | st.integers(0, 9), st.integers(0, 9)), max_size=8),
    st.integers(0, 400),
)
def test_debits_sum_to_the_amount_and_empty_every_lot_but_the_last(parts: list[tuple[int, int | None, int]], amount: int) -> None:
    lots = {str(n): lot(str(n), left, expires=expires, made=made) for n, (left, expires, made) in enumerate(parts)}
    amount = min(amount, sum(left for left, _, _ in parts))
    debits = burn(lots.values(), amount)
    assert sum(d.amount for d in debits) == amount
    assert all(d.amount > 0 for d in debits)
    assert all(d.amount == lots[d.lot_id].remaining for d in debits[:-1])
