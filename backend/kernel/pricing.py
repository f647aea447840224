"""What a run costs: a price a run or a price for tokens, and what of it is charged by the way the run ended. Pure.

The laws stand here, where every rule is made, so that no catalogue and no table can hold one that breaks them: a run that fails, times out
or is refused costs nothing, one that is stopped never costs more than its part, and none costs more than its rule's `most`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from backend.kernel.money import ZERO, Credits

FULL_ANSWER = 800
"""Characters after which a stopped answer counts as whole."""


class Ending(StrEnum):
    """How a run ended. EMPTY: answered without naming a passage ("not in your documents"). REFUSED: it never began."""

    SUCCESS = "success"
    EMPTY = "empty"
    ERROR = "error"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    REFUSED = "refused"


class Charge(StrEnum):
    """PRICE: what the pricing rule says. PART: what was used, or delivered, of it."""

    PRICE = "price"
    PART = "part"
    NOTHING = "nothing"


_LAWFUL = {
    Ending.SUCCESS: (Charge.PRICE,),
    Ending.EMPTY: (Charge.NOTHING, Charge.PRICE),
    Ending.ERROR: (Charge.NOTHING,),
    Ending.TIMEOUT: (Charge.NOTHING,),
    Ending.CANCELLED: (Charge.PART, Charge.NOTHING),
    Ending.REFUSED: (Charge.NOTHING,),
}


@dataclass(frozen=True, slots=True)
class Charges:
    """What is charged for each ending. Raises ValueError for what no listing may declare."""

    success: Charge = Charge.PRICE
    empty: Charge = Charge.NOTHING
    error: Charge = Charge.NOTHING
    timeout: Charge = Charge.NOTHING
    cancelled: Charge = Charge.PART
    refused: Charge = Charge.NOTHING

    def __post_init__(self) -> None:
        for ending, lawful in _LAWFUL.items():
            if self.of(ending) not in lawful:
                raise ValueError(f'charges.{ending} is "{self.of(ending)}", and may only be {" or ".join(map(_quoted, lawful))}')

    def of(self, ending: Ending) -> Charge:
        charge: Charge = getattr(self, ending)
        return charge


USUAL = Charges()


@dataclass(frozen=True, slots=True)
class TokenPrice:
    """per_1000: for 1,000 tokens. run: for the run itself, beside its tokens. minimum: what a run that answered costs at least."""

    per_1000: Credits
    run: Credits
    minimum: Credits


@dataclass(frozen=True, slots=True)
class Rules:
    """most: what one run costs at most; without `tokens`, what each costs. Raises ValueError for rules that contradict themselves."""

    most: Credits
    tokens: TokenPrice | None = None
    charges: Charges = USUAL

    def __post_init__(self) -> None:
        if self.most < ZERO:
            raise ValueError("a run cannot cost less than nothing")
        if self.tokens:
            _check(self.tokens, self.most)

    @property
    def least(self) -> Credits:
        """What a run that answered costs at least."""
        return self.tokens.minimum if self.tokens else self.most

    def cost(self, ending: Ending, *, tokens: int | None, delivered: int) -> Credits:
        """tokens: None when nobody counted them. delivered: characters of the answer that reached the customer."""
        match self.charges.of(ending):
            case Charge.PRICE:
                return self._price(tokens)
            case Charge.PART:
                return self._part(tokens, delivered)
            case Charge.NOTHING:
                return ZERO

    def never_dearer(self, other: Rules) -> bool:
        """Whether no run can cost more by these rules than by `other`. False where that cannot be told from the figures alone."""
        mine, theirs = self.tokens, other.tokens
        if (mine is None) is not (theirs is None):
            return False
        pairs = [(self.most, other.most)]
        if mine and theirs:
            pairs += [(mine.per_1000, theirs.per_1000), (mine.run, theirs.run), (mine.minimum, theirs.minimum)]
        lighter = all(self.charges.of(e) in {Charge.NOTHING, other.charges.of(e)} for e in Ending)
        return lighter and all(a <= b for a, b in pairs)

    def _price(self, tokens: int | None) -> Credits:
        """Nobody pays for a guess: tokens that were not counted cost the minimum."""
        if self.tokens is None:
            return self.most
        if tokens is None:
            return self.tokens.minimum
        return min(self.most, max(self.tokens.minimum, _metered(self.tokens, tokens)))

    def _part(self, tokens: int | None, delivered: int) -> Credits:
        if self.tokens and tokens is not None:
            return min(self.most, _metered(self.tokens, tokens)) if tokens else ZERO
        return Credits(self.least.micro * min(delivered, FULL_ANSWER) // FULL_ANSWER)


def _metered(price: TokenPrice, tokens: int) -> Credits:
    """Rounded down to the micro-credit."""
    return price.run + Credits(price.per_1000.micro * tokens // 1000)


def _check(tokens: TokenPrice, most: Credits) -> None:
    if tokens.per_1000 <= ZERO:
        raise ValueError("a price for 1,000 tokens must be more than 0")
    if tokens.run < ZERO:
        raise ValueError("a run cannot cost less than nothing")
    if tokens.minimum < tokens.run:
        raise ValueError(f"the minimum of {tokens.minimum} is below the {tokens.run} that every run costs")
    if most <= tokens.minimum:
        raise ValueError(f"the maximum of {most} leaves no room for tokens above the minimum of {tokens.minimum}")


def _quoted(charge: Charge) -> str:
    return f'"{charge}"'
