"""Budgets as the workspace's pages show and take them: of a key, a widget, a member, the workspace. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from backend.control_plane.budgets import Limits, Spent
from backend.kernel.errors import Invalid
from backend.kernel.money import Credits
from cmp_web.state import words
from cmp_web.state.app_rows import share

PERIODS = ("day", "month")
NEARLY = 80
"""Per cent."""


@dataclass(frozen=True)
class BoundRow:
    """One bound and how far it is used. filled: per cent. tone: of the bar; "" while there is plenty."""

    words: str = ""
    filled: int = 0
    tone: str = ""


def bounds(limits: Limits, spent: Spent | None) -> list[BoundRow]:
    """Those that are set, the day's first."""
    used = spent or Spent()
    pairs = ((limits.day, used.day, "today"), (limits.month, used.month, "this month"))
    return [_bound(limit, so_far, when) for limit, so_far, when in pairs if limit is not None]


def _bound(limit: Credits, used: Credits, when: str) -> BoundRow:
    filled = share(used.micro, limit.micro) if limit else 100
    end, tone = (", used up", "ba") if used >= limit else (", nearly used", "wa") if filled >= NEARLY else ("", "")
    return BoundRow(f"{used} of {words.credits(limit)} {when}{end}", filled, tone)


def typed(limit: Credits | None) -> str:
    return "" if limit is None else str(limit)


def asked(form: Mapping[str, object]) -> Limits:
    """From the fields `budget_day` and `budget_month`. Raises Invalid with fields."""
    found: dict[str, Credits | None] = {}
    faults: dict[str, str] = {}
    for period in PERIODS:
        text = str(form.get(f"budget_{period}") or "").strip()
        try:
            found[period] = Credits.of(text) if text else None
        except ValueError:
            faults[f"budget.{period}"] = "A number of credits, such as 10 or 2.5. Leave it empty for no budget."
    if faults:
        raise Invalid("Check the budget.", fields=faults)
    return Limits(found["day"], found["month"])
