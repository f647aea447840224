"""What a run costs, which passages are cited, and which two requests are the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.catalogue import Terms
from backend.gateway import policy
from backend.gateway.views import Outcome, RunCommand, RunStatus, SourceView
from backend.kernel.money import ZERO, Credits
from backend.runner.ports import PassageIn

PRICE = Credits.of(2)
TERMS = Terms(credits=ZERO, run=PRICE, knowledge=0, widgets=0, rest=True, mcp=True, rpm=30)
SOURCE = SourceView(1, "doc_1", "handbook.md", "Returns", "Within 30 days.")
PASSAGES = [PassageIn(n, f"doc_{n}", f"{n}.md", f"p. {n}", f"Passage {n}") for n in (1, 2, 3)]


def test_an_answer_from_the_documents_costs_the_price() -> None:
    assert policy.charge(Outcome(RunStatus.SUCCEEDED, "Yes [1].", (SOURCE,)), TERMS, PRICE) == PRICE


@pytest.mark.parametrize("status", [RunStatus.SUCCEEDED, RunStatus.FAILED])
def test_an_answer_without_sources_and_a_failure_cost_nothing(status: RunStatus) -> None:
    assert policy.charge(Outcome(status, "Not in your documents."), TERMS, PRICE) == ZERO


@pytest.mark.parametrize(("delivered", "cost"), [(0, "0"), (1, "0.0025"), (400, "1"), (800, "2"), (5000, "2")])
def test_a_stopped_run_costs_the_share_that_was_delivered(delivered: int, cost: str) -> None:
    assert policy.charge(Outcome(RunStatus.CANCELLED, "x" * delivered), TERMS, PRICE) == Credits.of(cost)


@given(st.sampled_from(RunStatus), st.integers(0, 3000), st.booleans(), st.integers(0, 10**9))
def test_no_run_ever_costs_more_than_its_price_or_less_than_nothing(status: RunStatus, length: int, cites: bool, price: int) -> None:
    charged = policy.charge(Outcome(status, "x" * length, (SOURCE,) if cites else ()), TERMS, Credits(price))
    assert ZERO <= charged <= Credits(price)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Yes [2]. And [1], again [2].", [2, 1]),
        ("Both [1, 3] and [2,3].", [1, 3, 2]),
        ("None [0] [4] [x] [1.5] (1) [] [-1] [1000].", []),
        ("[1][2]", [1, 2]),
    ],
)
def test_the_marks_of_an_answer_name_passages_that_exist_in_the_order_of_their_first_mark(text: str, numbers: list[int]) -> None:
    assert [source.n for source in policy.cited(text, PASSAGES)] == numbers


def test_a_long_passage_is_quoted_in_part() -> None:
    [source] = policy.cited("[1]", [PassageIn(1, "d", "d.md", "", "word " * 200)])
    assert len(source.quote) <= 302
    assert source.quote.endswith("word …")


def test_two_requests_are_the_same_when_they_ask_the_same() -> None:
    base = RunCommand("inst_1", "Hi", "conv_1", Credits.of("2.5"), "k")
    assert policy.request_hash(base) == policy.request_hash(RunCommand("inst_1", "Hi", "conv_1", Credits.of("2.50"), "other"))
    for other in (
        RunCommand("inst_2", "Hi", "conv_1", Credits.of("2.5")),
        RunCommand("inst_1", "Hi!", "conv_1", Credits.of("2.5")),
        RunCommand("inst_1", "Hi", None, Credits.of("2.5")),
        RunCommand("inst_1", "Hi", "conv_1", None),
    ):
        assert policy.request_hash(other) != policy.request_hash(base)


def test_a_key_of_one_sender_is_not_the_key_of_another() -> None:
    assert policy.request_key("key:1", "k") != policy.request_key("key:2", "k")
