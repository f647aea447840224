"""What a run costs, which passages are cited, and which two requests are the same."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.catalogue import Terms
from backend.gateway import policy
from backend.gateway.views import Outcome, RunCommand, RunStatus, SourceView
from backend.kernel.caller import Caller, Door, Role
from backend.kernel.errors import Forbidden, Invalid
from backend.kernel.ids import WorkspaceId
from backend.kernel.money import ZERO, Credits
from backend.kernel.pricing import Charge, Charges, Ending, Rules, TokenPrice
from backend.runner.ports import PassageIn, Turn

PRICE = Credits.of(2)
TERMS = Terms(credits=ZERO, run=PRICE, knowledge=0, widgets=0, rest=True, mcp=True, rpm=30)
BY_TOKENS = TERMS.under(Rules(Credits.of(6), TokenPrice(Credits.of("0.4"), ZERO, Credits.of("0.5"))))
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


USAGES = st.dictionaries(st.sampled_from(["input_tokens", "output_tokens", "total_tokens"]), st.integers(-5, 10**6))
ENDED = st.builds(
    Outcome,
    st.sampled_from(RunStatus),
    st.integers(0, 3000).map("x".__mul__),
    st.sampled_from([(), (SOURCE,)]),
    USAGES,
    st.sampled_from(["", "timeout", "crashed"]),
)


@given(ENDED, st.sampled_from([TERMS, BY_TOKENS]), st.integers(0, 10**9))
def test_no_run_is_ever_charged_more_than_was_held_or_less_than_nothing(outcome: Outcome, terms: Terms, held: int) -> None:
    assert ZERO <= policy.charge(outcome, terms, Credits(held)) <= Credits(held)


@given(ENDED, st.sampled_from([TERMS, BY_TOKENS]))
def test_a_failed_run_is_never_charged(outcome: Outcome, terms: Terms) -> None:
    if outcome.status is RunStatus.FAILED:
        assert policy.charge(outcome, terms, terms.run) == ZERO


@given(st.sampled_from([TERMS, BY_TOKENS]), st.none() | st.integers(1, 10**8).map(Credits))
def test_a_hold_is_all_that_a_run_may_cost_and_within_the_cap(terms: Terms, most: Credits | None) -> None:
    if most is None or most >= terms.run:
        assert policy.hold(terms, most) == terms.run
        return
    with pytest.raises(Invalid) as refused:
        policy.hold(terms, most)
    assert (refused.value.code, list(refused.value.fields)) == ("quote_exceeds_cap", ["max_credits"])


@pytest.mark.parametrize("most", ["0", "-1", "-0.000001"])
def test_a_cap_is_more_than_nothing(most: str) -> None:
    with pytest.raises(Invalid, match="more than 0") as refused:
        policy.hold(TERMS, Credits.of(most))
    assert refused.value.fields == {"max_credits": "must be more than 0"}


def test_tokens_are_charged_as_the_runner_counted_them_and_by_the_minimum_when_it_did_not() -> None:
    def cost(usage: dict[str, int]) -> str:
        return str(policy.charge(Outcome(RunStatus.SUCCEEDED, "Yes [1].", (SOURCE,), usage), BY_TOKENS, BY_TOKENS.run))

    assert cost({"total_tokens": 5000}) == "2"
    assert cost({"input_tokens": 4000, "output_tokens": 1000}) == "2"
    assert cost({"input_tokens": 4000, "output_tokens": 1000, "total_tokens": 6000}) == "2.4"
    assert [cost(usage) for usage in ({}, {"total_tokens": -1}, {"input_tokens": 9000, "output_tokens": -1})] == ["0.5"] * 3


def test_an_answer_without_a_source_is_charged_where_the_listing_says_so() -> None:
    terms = TERMS.under(Rules(PRICE, charges=Charges(empty=Charge.PRICE, cancelled=Charge.NOTHING)))
    assert policy.charge(Outcome(RunStatus.SUCCEEDED, "Hello."), terms, PRICE) == PRICE
    assert policy.charge(Outcome(RunStatus.CANCELLED, "x" * 900), terms, PRICE) == ZERO


@pytest.mark.parametrize(
    ("outcome", "ending"),
    [
        (Outcome(RunStatus.SUCCEEDED, "Yes [1].", (SOURCE,)), Ending.SUCCESS),
        (Outcome(RunStatus.SUCCEEDED, "No."), Ending.EMPTY),
        (Outcome(RunStatus.CANCELLED), Ending.CANCELLED),
        (Outcome(RunStatus.FAILED, error_code="timeout"), Ending.TIMEOUT),
        (Outcome(RunStatus.FAILED, error_code="crashed"), Ending.ERROR),
        (Outcome(RunStatus.RUNNING), Ending.ERROR),
    ],
)
def test_every_outcome_has_its_ending(outcome: Outcome, ending: Ending) -> None:
    assert policy.ending(outcome) is ending


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


@dataclass(frozen=True)
class Sold:
    terms: Terms
    status: str = "live"


@pytest.mark.parametrize("door", Door)
def test_a_door_that_the_plan_lacks_is_refused_and_no_other(door: Door) -> None:
    caller = Caller(door, WorkspaceId("ws_1"), Role.MEMBER)
    for rest, mcp in ((True, True), (False, True), (True, False), (False, False)):
        agent = Sold(replace(TERMS, rest=rest, mcp=mcp))
        if (door in {Door.API, Door.OPENAI} and not rest) or (door is Door.MCP and not mcp):
            with pytest.raises(Forbidden):
                policy.admit(caller, agent)
        else:
            policy.admit(caller, agent)


def test_what_was_said_before_is_part_of_what_is_asked() -> None:
    plain = RunCommand("inst_1", "Hi")
    told = [replace(plain, history=(Turn("user", text),)) for text in ("A", "B")]
    assert len({policy.request_hash(command) for command in (plain, *told)}) == 3
    assert policy.request_hash(told[0]) == policy.request_hash(replace(told[0], idempotency_key="k"))


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
