"""The laws of price and charge rules, whatever the rules are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.kernel.money import ZERO, Credits
from backend.kernel.pricing import FULL_ANSWER, Charge, Charges, Ending, Rules, TokenPrice

AMOUNTS = st.integers(0, 10**9).map(Credits)
COUNTS = st.none() | st.integers(0, 10**7)
DELIVERED = st.integers(0, 3 * FULL_ANSWER)
LAWFUL = st.builds(
    Charges,
    empty=st.sampled_from([Charge.NOTHING, Charge.PRICE]),
    cancelled=st.sampled_from([Charge.NOTHING, Charge.PART]),
)


@st.composite
def rules(draw: st.DrawFn) -> Rules:
    charges = draw(LAWFUL)
    if draw(st.booleans()):
        return Rules(draw(AMOUNTS), charges=charges)
    run, more, room = draw(AMOUNTS), draw(AMOUNTS), draw(st.integers(1, 10**9))
    price = TokenPrice(Credits(draw(st.integers(1, 10**8))), run, run + more)
    return Rules(price.minimum + Credits(room), price, charges)


@given(rules(), st.sampled_from(Ending), COUNTS, DELIVERED)
def test_no_run_costs_more_than_the_most_or_less_than_nothing(rules: Rules, ending: Ending, tokens: int | None, delivered: int) -> None:
    assert ZERO <= rules.cost(ending, tokens=tokens, delivered=delivered) <= rules.most


@given(rules(), st.sampled_from([Ending.ERROR, Ending.TIMEOUT, Ending.REFUSED]), COUNTS, DELIVERED)
def test_what_failed_timed_out_or_was_refused_costs_nothing(rules: Rules, ending: Ending, tokens: int | None, delivered: int) -> None:
    assert rules.cost(ending, tokens=tokens, delivered=delivered) == ZERO


@given(rules(), COUNTS, DELIVERED, DELIVERED)
def test_a_stopped_run_never_costs_more_for_less_delivered(rules: Rules, tokens: int | None, one: int, other: int) -> None:
    less, more = (rules.cost(Ending.CANCELLED, tokens=tokens, delivered=n) for n in sorted((one, other)))
    assert less <= more


@given(rules(), st.integers(0, 10**7), st.integers(0, 10**7), DELIVERED)
def test_a_stopped_run_never_costs_more_for_less_used(rules: Rules, one: int, other: int, delivered: int) -> None:
    less, more = (rules.cost(Ending.CANCELLED, tokens=n, delivered=delivered) for n in sorted((one, other)))
    assert less <= more


@given(rules(), COUNTS, DELIVERED)
def test_stopping_a_run_never_costs_more_than_letting_it_answer(rules: Rules, tokens: int | None, delivered: int) -> None:
    stopped, answered = (rules.cost(e, tokens=tokens, delivered=delivered) for e in (Ending.CANCELLED, Ending.SUCCESS))
    assert stopped <= answered
    assert answered >= rules.least


@given(rules(), rules(), st.sampled_from(Ending), COUNTS, DELIVERED)
def test_rules_that_are_never_dearer_are_not(mine: Rules, theirs: Rules, ending: Ending, tokens: int | None, delivered: int) -> None:
    if mine.never_dearer(theirs):
        assert mine.cost(ending, tokens=tokens, delivered=delivered) <= theirs.cost(ending, tokens=tokens, delivered=delivered)


@given(rules())
def test_the_same_rules_are_never_dearer_than_themselves(rules: Rules) -> None:
    assert rules.never_dearer(rules)
    assert not replace(rules, most=rules.most + Credits(1)).never_dearer(rules)


TOKENS = Rules(Credits.of(6), TokenPrice(Credits.of("0.4"), Credits.of("0.1"), Credits.of("0.5")))


@pytest.mark.parametrize(
    ("tokens", "cost"),
    [(None, "0.5"), (0, "0.5"), (999, "0.5"), (1000, "0.5"), (2500, "1.1"), (2501, "1.1004"), (14_750, "6"), (10**9, "6")],
)
def test_tokens_cost_their_price_between_the_minimum_and_the_maximum(tokens: int | None, cost: str) -> None:
    assert TOKENS.cost(Ending.SUCCESS, tokens=tokens, delivered=0) == Credits.of(cost)


@pytest.mark.parametrize(
    ("tokens", "delivered", "cost"),
    [(None, 0, "0"), (None, 400, "0.25"), (None, 9000, "0.5"), (0, 400, "0"), (1000, 0, "0.5"), (100, 9000, "0.14"), (10**9, 1, "6")],
)
def test_a_stopped_run_costs_the_tokens_it_used_or_else_a_part_of_the_minimum(tokens: int | None, delivered: int, cost: str) -> None:
    assert TOKENS.cost(Ending.CANCELLED, tokens=tokens, delivered=delivered) == Credits.of(cost)


@pytest.mark.parametrize(
    ("ending", "charge"),
    [
        ("success", "part"),
        ("success", "nothing"),
        ("empty", "part"),
        ("error", "price"),
        ("timeout", "part"),
        ("cancelled", "price"),
        ("refused", "price"),
    ],
)
def test_no_listing_can_declare_what_breaks_a_law(ending: str, charge: str) -> None:
    with pytest.raises(ValueError, match=f"charges.{ending}"):
        Charges(**{ending: Charge(charge)})


@pytest.mark.parametrize(
    ("most", "per_1000", "run", "minimum", "words"),
    [
        ("1", "0", "0", "0", "must be more than 0"),
        ("1", "-1", "0", "0", "must be more than 0"),
        ("1", "1", "-1", "0", "less than nothing"),
        ("9", "1", "2", "1", "below"),
        ("2", "1", "0", "2", "no room"),
        ("1", "1", "0", "2", "no room"),
    ],
)
def test_a_price_that_contradicts_itself_is_no_price(most: str, per_1000: str, run: str, minimum: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Rules(Credits.of(most), TokenPrice(Credits.of(per_1000), Credits.of(run), Credits.of(minimum)))
