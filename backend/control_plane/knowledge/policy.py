"""Rules of knowledge without any I/O: what a question asks for, how text is cut into passages, how passages are ranked."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from snowballstemmer import stemmer

MIN_WORDS, MAX_WORDS = 80, 160
MAX_QUERY_WORDS = 32
_WORD = re.compile(r"[^\W_]+")
_SENTENCE_END = re.compile(r"(?<=[.!?;:])\s+(?=[\"“'(\[]?[A-Z0-9“])|\n+")
_STOP_WORDS = """a about am an and any are as at be been but by can could did do does for from had has have how i if in into is it its
    may me might must my no not of on or our shall should so some such than that the their them then there these they this
    those to us was we were what when where which who whom whose why will with would you your"""
_STOP = frozenset(_STOP_WORDS.split())
# One stemmer is not safe to share between threads; indexing and searching here run on one loop.
_english = stemmer("english")


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph and where it stands: a heading, "p. 12" or "line 40"."""

    place: str
    text: str


def words(question: str) -> tuple[str, ...]:
    """The distinct words to search for, in order: those that carry meaning, or all of them when none does. Letters and digits only."""
    found = list(dict.fromkeys(word.lower() for word in _WORD.findall(question) if word.isalnum()))
    return tuple([word for word in found if word not in _STOP] or found)[:MAX_QUERY_WORDS]


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    return str(_english.stemWord(word))


def stems(text: str) -> list[str]:
    return [stem(word.lower()) for word in _WORD.findall(text)]


def rank(asked: Sequence[str], candidates: Sequence[tuple[str, str]]) -> list[float]:
    """BM25 of each (place, text) for the words asked, with the candidates as the collection; words that stand together count a little more.

    Both databases hand in candidates by their own measure. PostgreSQL's knows nothing of rare words, so the last word is said here.
    """
    wanted = [stem(word) for word in asked]
    bodies = [stems(f"{place} {text}") for place, text in candidates]
    average = sum(map(len, bodies)) / len(bodies) if bodies else 1.0
    spread = Counter(term for body in bodies for term in set(body))
    idf = {term: math.log(1 + (len(bodies) - spread[term] + 0.5) / (spread[term] + 0.5)) for term in wanted}
    return [_bm25(wanted, idf, body, average) + 0.3 * _together(wanted, body) for body in bodies]


def _bm25(wanted: Sequence[str], idf: dict[str, float], body: Sequence[str], average: float) -> float:
    counts, length = Counter(body), len(body) / (average or 1.0)
    return sum(idf[term] * counts[term] * 2.2 / (counts[term] + 1.2 * (0.25 + 0.75 * length)) for term in wanted if counts[term])


def _together(wanted: Sequence[str], body: Sequence[str]) -> int:
    pairs = set(pairwise(body))
    return sum((a, b) in pairs for a, b in pairwise(wanted))


def passages(blocks: Iterable[Block]) -> Iterator[Block]:
    """Join and cut blocks into passages of about 80 to 160 words. A passage never spans two places; a short section is a short passage."""
    place, held = "", list[str]()
    for block in blocks:
        for piece in _pieces(block.text):
            size = _size(held) + len(piece.split())
            if held and (block.place != place or size > MAX_WORDS or _size(held) >= MIN_WORDS):
                yield Block(place, "\n".join(held))
                held = []
            place = block.place
            held.append(piece)
    if held:
        yield Block(place, "\n".join(held))


def _size(held: Sequence[str]) -> int:
    return sum(len(part.split()) for part in held)


def _pieces(text: str) -> Iterator[str]:
    """A paragraph as it is, or, when it is longer than a passage may be, cut between sentences, or between words if it has none."""
    text = "\n".join(" ".join(line.split()) for line in text.splitlines() if line.strip())
    if len(text.split()) <= MAX_WORDS:
        if text:
            yield text
        return
    held: list[str] = []
    for sentence in _SENTENCE_END.split(text):
        for part in _by_words(sentence):
            if held and _size(held) + len(part.split()) > MAX_WORDS:
                yield " ".join(held)
                held = []
            held.append(part)
    if held:
        yield " ".join(held)


def _by_words(sentence: str) -> Iterator[str]:
    parts = sentence.split()
    for start in range(0, len(parts), MAX_WORDS):
        yield " ".join(parts[start : start + MAX_WORDS])
