import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.control_plane.knowledge import policy
from backend.control_plane.knowledge.policy import Block


def cut(*blocks: Block) -> list[Block]:
    return list(policy.passages(blocks))


def test_short_paragraphs_of_one_place_are_joined_until_a_passage_is_long_enough() -> None:
    found = cut(*(Block("Keys", f"{n} " + "word " * 39) for n in range(5)))
    assert [len(block.text.split()) for block in found] == [80, 80, 40]


def test_a_passage_never_spans_two_places() -> None:
    assert cut(Block("Keys", "blue"), Block("Dogs", "brown")) == [Block("Keys", "blue"), Block("Dogs", "brown")]


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    found = cut(Block("", "This sentence has exactly six words. " * 60))
    assert all(block.text.endswith("words.") for block in found)
    assert all(len(block.text.split()) <= policy.MAX_WORDS for block in found)


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.text()), max_size=12))
def test_cutting_loses_no_word_and_makes_no_passage_too_long(blocks: list[tuple[str, str]]) -> None:
    found = cut(*(Block(place, text) for place, text in blocks))
    assert " ".join(block.text for block in found).split() == " ".join(text for _, text in blocks).split()
    assert all(len(block.text.split()) <= policy.MAX_WORDS for block in found)
    assert all(block.text.strip() for block in found)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Can I return an item?", ("return", "item")),
        ("who may", ("who", "may")),
        ("Straße naïve 24/7", ("straße", "naïve", "24", "7")),
        ("a_b-c", ("b", "c")),
        ('"); DROP TABLE x --', ("drop", "table", "x")),
        ("?!", ()),
    ],
)
def test_a_question_is_searched_by_its_meaningful_words(question: str, words: tuple[str, ...]) -> None:
    assert policy.words(question) == words


@given(st.text())
def test_words_of_any_text_are_letters_and_digits_only(text: str) -> None:
    found = policy.words(text)
    assert all(word.isalnum() for word in found)
    assert len(found) <= policy.MAX_QUERY_WORDS


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    common = [("", f"the order of item {n}") for n in range(9)]
    scores = policy.rank(("order", "lloyd"), [*common, ("", "an order by lloyd")])
    assert scores.index(max(scores)) == 9


def test_words_that_stand_together_weigh_more() -> None:
    together, apart = policy.rank(("gift", "card"), [("", "a gift card for you"), ("", "a card for your gift")])
    assert together > apart
