"""What counts as an amount of credits."""

from __future__ import annotations

import pytest

from backend.kernel.money import Credits


@pytest.mark.parametrize(
    "text", ["1e999999", "1e900000", "9e13", "-9e13", "NaN", "sNaN", "Infinity", "many", "0.0000001", "1." + "0" * 40 + "1"]
)
def test_what_no_ledger_could_hold_exactly_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="credits"):
        Credits.of(text)


@pytest.mark.parametrize(("text", "micro"), [("2.5", 2_500_000), ("9e12", 9 * 10**18), ("-1", -1_000_000), ("0", 0)])
def test_an_amount_is_kept_to_the_micro_credit(text: str, micro: int) -> None:
    assert Credits.of(text).micro == micro
