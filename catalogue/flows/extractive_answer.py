"""Answers a question with sentences of the passages it was given, without a language model.

This text is the code of a Langflow component: it stands alone, because it runs wherever the flow does.
"""

import json
import math
import re

from lfx.custom.custom_component.component import Component
from lfx.io import DropdownInput, MessageTextInput, MultilineInput, Output
from lfx.schema.message import Message

WORD = re.compile(r"[^\W_]+(?:['’][a-z]+)?")
SENTENCE = re.compile(
    r"(?<!\b[A-Z])(?<!\bNo)(?<!\bArt)(?<!\bSec)(?<!\be\.g)(?<!\bi\.e)(?<=[.!?;])[\"”')]*\s+(?=[\"“'(\[]?[A-Z0-9\"“–—-])|\n+"
)
STOP_WORDS = """
a about all also am an and any anything are as at be been being but by can could did do does doing for from get got had has have
he her here him his how i if in into is it its just like make many may me might more much must my need no not now of on one or our
out please shall she should so some such tell than that the their them then there these they this those to up us use want was we
were what when where whether which while who whom whose why will with would you your yours long far often happen happens say says
way
"""
STOP = set(STOP_WORDS.split())
FACTS = [
    (
        re.compile(r"\bhow long\b|\bhow soon\b|\bhow fast\b|\bdeadline\b", re.I),
        re.compile(
            r"\b(\d+|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen|thirty)\b.{0,24}\b(minute|hour|day|week|month|year)s?\b",
            re.I,
        ),
    ),
    (
        re.compile(r"\bhow much\b|\bprice\b|\bcosts?\b|\bfees?\b", re.I),
        re.compile(r"[$€£]\s?\d|\b\d+([.,]\d\d)?\s?(euros?|dollars?|usd|eur)\b|\bfree\b", re.I),
    ),
    (
        re.compile(r"\bhow (many|old)\b|\bnumber of\b", re.I),
        re.compile(r"\b(\d+|one|two|three|four|five|six|seven|eight|nine|ten|thirty|[a-z]+teen|[a-z]+ty)\b", re.I),
    ),
    (
        re.compile(r"\bwhen\b|\bopening hours\b|\bopen\b|\bwhat time\b", re.I),
        re.compile(r"\b\d{1,2}[:.]\d\d\b|\b(mon|tues|wednes|thurs|fri|satur|sun)day\b|\b\d{1,2} ?[ap]m\b", re.I),
    ),
]
GREETING = re.compile(r"^\W*(hi|hello|hey|good (morning|afternoon|evening|day)|thanks|thank you)\b[\w\s]{0,20}\W*$", re.I)
ENOUGH = 0.55  # of what was asked, weighed by rarity, must be spoken of for an answer
UNSURE = 0.34  # from here on it is worth asking back


def stem(word):
    word = re.sub(r"['’][a-z]+$", "", word.lower())
    for end, put in (("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("shes", "sh"), ("xes", "x")):
        if word.endswith(end) and len(word) > len(end) + 2:
            word = word[: -len(end)] + put
            break
    else:
        if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
            word = word[:-1]
    for end in ("ingly", "edly", "ing", "ed", "ly"):
        if word.endswith(end) and len(word) - len(end) >= 3 and re.search(r"[aeiouy]", word[: -len(end)]):
            word = word[: -len(end)]
            if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
                word = word[:-1]
            break
    word = word[:-1] if word.endswith("e") and len(word) > 3 else word
    return word[:-1] + "i" if word.endswith("y") and len(word) > 3 else word


def terms(text):
    found = [stem(word) for word in WORD.findall(text) if word.lower() not in STOP]
    return list(dict.fromkeys(term for term in found if len(term) > 1 or term.isdigit()))


def alike(term, words):
    """1 for the same word, 0.8 for a relative of it (elect, election), 0 for none."""
    if term in words:
        return 1.0
    if len(term) < 5:
        return 0.0
    near = (word for word in words if len(word) >= 5 and abs(len(word) - len(term)) <= 4)
    return 0.8 if any(word.startswith(term) or term.startswith(word) for word in near) else 0.0


class Finder:
    """The sentences of the passages, weighed against one question."""

    def __init__(self, question, before, passages):
        self.question = question
        self.sentences = []  # (passage, position, text, words)
        for passage in passages:
            for position, raw in enumerate(SENTENCE.split(passage["text"])):
                text = raw.strip(" \t–—-•*")
                if len(WORD.findall(text)) >= 3:
                    self.sentences.append((passage, position, text, {stem(word) for word in WORD.findall(text)}))
        self.heads = {p["n"]: {stem(word) for word in WORD.findall(p.get("place", ""))} for p in passages}
        self.asked = dict.fromkeys(terms(question), 1.0)
        if len(self.asked) < 2 or re.match(r"\s*(and|what about|how about)\b", question, re.I):
            for term in terms(before):
                self.asked.setdefault(term, 0.4)
        self.weight = {term: share * self.rarity(term) for term, share in self.asked.items()}

    def rarity(self, term):
        count = sum(alike(term, words | self.heads[p["n"]]) > 0 for p, _, _, words in self.sentences)
        return math.log(1 + (len(self.sentences) - count + 0.5) / (count + 0.5)) + 0.7

    def covered(self, words):
        """How much of what was asked the words speak of, from 0 to 1."""
        total = sum(self.weight.values())
        return sum(weight * alike(term, words) for term, weight in self.weight.items()) / total if total else 0.0

    def best(self):
        """(score, coverage, sentence) of every sentence that speaks of the question, best first."""
        expected = [fact for asks, fact in FACTS if asks.search(self.question)]
        around = {}
        for passage, position, _, words in self.sentences:
            around[passage["n"], position] = words
        scored = []
        for order, (passage, position, text, words) in enumerate(self.sentences):
            own = self.covered(words)
            near = words | self.heads[passage["n"]]
            for step in (-1, 1):
                near = near | around.get((passage["n"], position + step), set())
            wide = self.covered(near)
            fact = any(pattern.search(text) for pattern in expected)
            if own == 0 and not (fact and self.covered(self.heads[passage["n"]]) > 0):
                continue
            long = min(0.08, max(0, len(text.split()) - 45) * 0.002)
            score = own + 0.45 * wide + (0.25 if fact else 0) - long - 0.015 * passage["n"] - 0.0001 * order
            scored.append((score, max(own, 0.9 * wide), (passage, position, text)))
        return sorted(scored, key=lambda entry: -entry[0])


def shorten(text, question_terms, limit=60):
    """A sentence of more words than `limit` is cut to the clauses around what was asked."""
    words = text.split()
    if len(words) <= limit:
        return text
    hits = [i for i, word in enumerate(words) if any(alike(term, {stem(w) for w in WORD.findall(word)}) for term in question_terms)]
    middle = hits[len(hits) // 2] if hits else 0
    start = max(0, min(middle - limit // 2, len(words) - limit))
    end = start + limit
    return ("… " if start else "") + " ".join(words[start:end]) + (" …" if end < len(words) else "")


def choose(found, many):
    """The best sentences that are nearly as good as the first, each once, in reading order within a passage."""
    kept = []
    for score, _, sentence in found:
        if len(kept) == many or score < 0.62 * found[0][0]:
            break
        if all(sentence[2] != other[2] for other in kept):
            kept.append(sentence)
    first = {}
    for rank, sentence in enumerate(kept):
        first.setdefault(sentence[0]["n"], rank)
    return sorted(kept, key=lambda sentence: (first[sentence[0]["n"]], sentence[1]))


def support(finder, found):
    kept = choose(found, 2)
    return " ".join(f"{closed(shorten(text, finder.asked))} [{passage['n']}]" for passage, _, text in kept)


def quotes(finder, found):
    kept = choose(found, 3)
    return "\n\n".join(f"“{shorten(text, finder.asked)}” [{passage['n']}]" for passage, _, text in kept)


def closed(text):
    text = text.rstrip(" ;,:–—")
    return text if text.endswith((".", "!", "?", "…", "”", '"')) else text + "."


def places(found):
    """The headings of the best passages, to offer when the question is not clear."""
    named = [(p.get("place") or "").split(" › ")[-1] for _, _, (p, _, _) in found]
    return [name for name in dict.fromkeys(named) if name and not re.match(r"(p\.|line) \d+$", name)][:3]


class ExtractiveAnswer(Component):
    display_name = "Extractive Answer"
    description = "Answers with sentences of the given passages, each with its number. No language model."
    icon = "quote"
    name = "ExtractiveAnswer"
    inputs = [
        MessageTextInput(name="question", display_name="Question", required=True),
        MultilineInput(
            name="passages", display_name="Passages (JSON)", value="[]", info='[{"n": 1, "document_name": "…", "place": "…", "text": "…"}]'
        ),
        MultilineInput(name="history", display_name="History (JSON)", value="[]", info='[{"role": "user", "text": "…"}]'),
        DropdownInput(name="manner", display_name="Manner", options=["support", "quotes"], value="quotes"),
    ]
    outputs = [Output(name="answer", display_name="Answer", method="build_answer")]

    def build_answer(self) -> Message:
        question = getattr(self.question, "text", None) or str(self.question or "")
        passages = json.loads(self.passages or "[]")
        asked_before = [turn["text"] for turn in json.loads(self.history or "[]") if turn.get("role") == "user"]
        return Message(text=answer(question, asked_before[-1] if asked_before else "", passages, self.manner))


def answer(question, before, passages, manner):
    """What is not in the passages is said without any [n]: that is how a run that found nothing is known, and costs nothing."""
    helping = manner == "support"
    if helping and GREETING.match(question):
        return "You are welcome. Is there anything else?" if "thank" in question.lower() else "Hello! What would you like to know?"
    finder = Finder(question, before, passages)
    found = finder.best() if finder.asked else []
    best = max((coverage for _, coverage, _ in found[:4]), default=0.0)
    if best >= ENOUGH:
        return support(finder, found) if helping else quotes(finder, found)
    if helping and best >= UNSURE and places(found):
        return f"I am not sure what you mean. Is it about one of these: {', '.join(places(found))}? Please ask again in a few more words."
    if helping:
        return (
            "I could not find that in our documents, so I would rather not guess. Please contact us directly, and a person will answer you."
        )
    return "This is not in your documents."
