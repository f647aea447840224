"""The component of the sample flows: what it says, and when it says that it does not know."""

import re
from typing import Any

import pytest

from tests.contract.runner.component import extractive

COMPONENT = extractive()
SHOP = [
    ("Returns", "You can return an item within 30 days of delivery. Opened items can be returned within 14 days if they are complete."),
    ("Delivery", "Delivery within the country takes two to four working days. Standard delivery costs $4.90."),
    ("Opening hours", "The shop is open from Monday to Friday from 9:00 to 18:00. On Sundays the shop is closed."),
    ("Gift cards", "We sell gift cards of $10 and $25. Gift cards are valid for three years."),
]


def ask(question: str, manner: str = "support", before: str = "", shop: list[tuple[str, str]] = SHOP) -> str:
    passages = [{"n": n, "document_name": "a.md", "place": place, "text": text} for n, (place, text) in enumerate(shop, 1)]
    answer: Any = COMPONENT.answer(question, before, passages, manner)
    return str(answer)


@pytest.mark.parametrize(
    ("question", "holds", "mark"),
    [
        ("Can I return an item I have opened?", "Opened items can be returned within 14 days", "[1]"),
        ("How long is delivery?", "two to four working days", "[2]"),
        ("how much is delivery", "$4.90", "[2]"),
        ("When are you open?", "from 9:00 to 18:00", "[3]"),
        ("are you open on sunday?", "On Sundays the shop is closed.", "[3]"),
        ("Do you sell gift cards?", "We sell gift cards of $10 and $25.", "[4]"),
        ("For how many years is a gift card valid?", "valid for three years", "[4]"),
    ],
)
def test_the_sentence_that_answers_is_found_and_numbered(question: str, holds: str, mark: str) -> None:
    for manner in ("support", "quotes"):
        assert holds in ask(question, manner)
        assert mark in ask(question, manner)


@pytest.mark.parametrize(
    "question", ["Who is the president of France?", "Do you repair bicycles?", "???", "", "the of and", "Kann ich bar bezahlen?"]
)
@pytest.mark.parametrize("manner", ["support", "quotes"])
def test_what_is_not_there_is_said_without_a_number(question: str, manner: str) -> None:
    assert not re.search(r"\[\d+\]", ask(question, manner))


def test_the_knowledge_base_says_plainly_that_it_is_not_there() -> None:
    assert ask("Who is the president of France?", "quotes") == "This is not in your documents."


def test_support_hands_over_when_it_knows_nothing() -> None:
    assert "a person will answer" in ask("Who is the president of France?")


def test_support_asks_back_when_only_a_part_of_the_question_is_known() -> None:
    assert (
        ask("Do you sell bicycles?")
        == "I am not sure what you mean. Is it about one of these: Gift cards? Please ask again in a few more words."
    )


def test_a_short_question_is_understood_from_the_one_before() -> None:
    assert "14 days" in ask("And opened?", before="Can I return an item?")


def test_every_quote_is_word_for_word_from_the_passage_it_names() -> None:
    for question in ("Can I return an item?", "delivery", "gift cards"):
        for quote, number in re.findall(r"“(.*?)” \[(\d+)\]", ask(question, "quotes")):
            assert quote in SHOP[int(number) - 1][1]


def test_no_passages_is_not_there() -> None:
    assert ask("Do you sell gift cards?", "quotes", shop=[]) == "This is not in your documents."


@pytest.mark.parametrize("greeting", ["Hello", "hi!", "Good morning"])
def test_a_greeting_is_greeted(greeting: str) -> None:
    assert ask(greeting) == "Hello! What would you like to know?"


def test_a_very_long_sentence_is_cut_to_what_was_asked() -> None:
    long = "The cellar " + "and the stairs " * 60 + "hold a blue key " + "and a lamp " * 60
    found = ask("Where is the blue key?", "quotes", shop=[("", long + ".")])
    assert "blue key" in found
    assert len(found.split()) < 70
