"""When credits count as low. Pure.

The balance decides, not what is available: holds come and go with every run, and would cry wolf. A balance falls by what was spent
and rises by what was granted, so it is above a threshold again only when it was topped up.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from backend.kernel.errors import Invalid
from backend.kernel.money import ZERO, Credits

TEN = Credits.of(10)


class Level(StrEnum):
    """Which threshold was met: a share of the latest grant, a number of credits, or nothing left."""

    SHARE = "share"
    AMOUNT = "amount"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Rule:
    """percent: of the latest grant. credits: a number of them. None: not at all. mail: whether owners and admins are written to."""

    percent: int | None = 20
    credits: Credits | None = TEN
    mail: bool = True


@dataclass(frozen=True, slots=True)
class Threshold:
    level: Level
    at: Credits


def check(rule: Rule) -> None:
    """Raises Invalid with fields."""
    faults: dict[str, str] = {}
    if rule.percent is not None and not 1 <= rule.percent <= 90:
        faults["percent"] = "1 to 90, or nothing."
    if rule.credits is not None and not ZERO < rule.credits <= Credits.of(1_000_000_000):
        faults["credits"] = "More than 0 and at most 1,000,000,000, or nothing."
    if faults:
        raise Invalid("Check the thresholds.", fields=faults)


def thresholds(rule: Rule, granted: Credits) -> list[Threshold]:
    """The gravest, which is the lowest, first. granted: the latest grant."""
    found = [Threshold(Level.EMPTY, ZERO)]
    if rule.credits is not None:
        found.append(Threshold(Level.AMOUNT, rule.credits))
    if rule.percent is not None and granted:
        found.append(Threshold(Level.SHARE, Credits(granted.micro * rule.percent // 100)))
    return sorted(found, key=lambda threshold: threshold.at)


def crossed(found: list[Threshold], *, peak: Credits, balance: Credits) -> Threshold | None:
    """The gravest threshold that the balance has fallen to. peak: the most there was since the last look."""
    return next((threshold for threshold in found if balance <= threshold.at < peak), None)


def standing(found: list[Threshold], balance: Credits) -> Threshold | None:
    """The gravest threshold that the balance is at or below."""
    return next((threshold for threshold in found if balance <= threshold.at), None)
