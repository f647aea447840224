"""What counts as an amount of credits, and of money."""

from __future__ import annotations

import pytest

from backend.kernel.money import Credits, Money


@pytest.mark.parametrize(
    "text", ["1e999999", "1e900000", "9e13", "-9e13", "NaN", "sNaN", "Infinity", "many", "0.0000001", "1." + "0" * 40 + "1"]
)
def test_what_no_ledger_could_hold_exactly_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="credits"):
        Credits.of(text)


@pytest.mark.parametrize(("text", "micro"), [("2.5", 2_500_000), ("9e12", 9 * 10**18), ("-1", -1_000_000), ("0", 0)])
def test_an_amount_is_kept_to_the_micro_credit(text: str, micro: int) -> None:
    assert Credits.of(text).micro == micro


@pytest.mark.parametrize(
    ("amount", "currency", "minor", "shown"),
    [
        ("1999", "JPY", 1999, "1,999 JPY"),
        ("250000", "VND", 250000, "250,000 VND"),
        ("19.99", "EUR", 1999, "19.99 EUR"),
        ("19.99", "USD", 1999, "$19.99"),
        ("1.234", "KWD", 1234, "1.234 KWD"),
        ("1.2345", "CLF", 12345, "1.2345 CLF"),
    ],
)
def test_money_is_kept_and_shown_in_the_minor_units_that_iso_4217_gives_its_currency(
    amount: str, currency: str, minor: int, shown: str
) -> None:
    money = Money.of(amount, currency)
    assert (money.amount_minor, str(money.decimal), str(money)) == (minor, amount, shown)


@pytest.mark.parametrize(
    ("micro", "words"), [(1_000_000, "1 credit"), (0, "0 credits"), (2_500_000, "2.5 credits"), (100_000, "0.1 credits")]
)
def test_one_credit_is_one_and_all_else_are_several(micro: int, words: str) -> None:
    assert Credits(micro).words == words
