"""Price and charge rules in the words of a listing. What a listing says is made from what is enforced, so the two cannot differ. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from backend.kernel.pricing import Charge, Rules
from cmp_web.state import words

ASKED_AGAIN = "when the same request is sent again with its key"
REFUSED = "when it is refused, for limits or low credits"


def price(rules: Rules) -> str:
    """ "1 credit", "0.5 to 6 credits", "up to 6 credits": what a run costs."""
    if rules.tokens is None:
        return words.credits(rules.most)
    return f"{rules.least} to {words.credits(rules.most)}" if rules.least else f"up to {words.credits(rules.most)}"


def by_tokens(rules: Rules) -> str:
    """ "0.4 credits for 1,000 tokens"; "" for a price a run."""
    if rules.tokens is None:
        return ""
    metered = f"{words.credits(rules.tokens.per_1000)} for 1,000 tokens"
    return f"{words.credits(rules.tokens.run)} and {metered}" if rules.tokens.run else metered


def charged(rules: Rules) -> list[str]:
    """When a run is charged, and how much at most."""
    found = ["when the agent answers from your documents"] if rules.charges.empty is Charge.NOTHING else ["when the agent answers"]
    if rules.tokens:
        found.append(f"by its tokens: {by_tokens(rules)}, in all {price(rules)}")
        found.append(f"{words.credits(rules.least)} when nobody counted the tokens")
    found.append("never more than the quote, or the cap you set")
    if rules.charges.cancelled is Charge.PART:
        found.append("for the part that was used, if you stop it")
    return found


def not_charged(rules: Rules) -> list[str]:
    found = ["when a run fails or times out", REFUSED]
    if rules.charges.empty is Charge.NOTHING:
        found.append("when the answer is not in your documents")
    if rules.charges.cancelled is Charge.NOTHING:
        found.append("when you stop it")
    return [*found, ASKED_AGAIN]


def free(agents: Iterable[Rules]) -> str:
    """What costs nothing with every agent of the market."""
    all_free = all(rules.charges.empty is Charge.NOTHING for rules in agents)
    ways = "fails, times out, is refused, or finds nothing in your documents" if all_free else "fails, times out or is refused"
    return f"A run that {ways} costs nothing."
