"""The burn-down of credits as a drawing: days behind, a forecast ahead, all of it numbers made ready for an SVG. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from backend.kernel.money import MICRO, Credits
from backend.ledger.views import Balance
from cmp_web.state import words
from cmp_web.state.app_forecast import Forecast

WIDTH, HEIGHT = 640, 176
_LEFT, _RIGHT, _TOP, _BOTTOM = 8, 596, 24, 144
_MAX_AHEAD = 30


@dataclass(frozen=True)
class Mark:
    """A grid line (y, with its number) or a day under the axis (x, with its date)."""

    at: int
    label: str


@dataclass(frozen=True)
class Figure:
    """One row of the table beside a drawing."""

    day: str
    value: str


@dataclass(frozen=True)
class Chart:
    """path, area, ahead: SVG paths, all "" when there never were credits. end: where the forecast meets zero, "" without one. figures: the
    same as a table."""

    path: str = ""
    area: str = ""
    ahead: str = ""
    lines: list[Mark] = field(default_factory=list)
    days: list[Mark] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    now_x: int = 0
    now_y: int = 0
    end_x: int = 0
    end: str = ""
    words: str = ""


def chart(past: Sequence[float], ahead: Forecast, balance: Balance, now: datetime) -> Chart:
    """past: of `balances`."""
    if not any(past) and not balance.balance:
        return Chart()
    behind = len(past)
    meets = ahead.enough and 0 < ahead.days < _MAX_AHEAD
    more = math.ceil(ahead.days) + 1 if meets else max(2, behind // 4)
    top = rounded(max(*past, 1))
    span = (_RIGHT - _LEFT) / (behind - 1 + more)

    def point(day: float, value: float) -> tuple[int, int]:
        return round(_LEFT + day * span), round(_BOTTOM - (_BOTTOM - _TOP) * max(value, 0) / top)

    drawn = [point(day, value) for day, value in enumerate(past)]
    line = "M" + " L".join(f"{x} {y}" for x, y in drawn)
    now_x, now_y = drawn[-1]
    end_x = point(behind - 1 + ahead.days, 0)[0] if meets else 0
    return Chart(
        path=line,
        area=f"{line} L{now_x} {_BOTTOM} L{_LEFT} {_BOTTOM}Z",
        ahead=f"M{now_x} {now_y} L{end_x} {_BOTTOM}" if meets else "",
        lines=[Mark(point(0, top * part / 2)[1], words.number(top * part / 2)) for part in range(3)],
        days=[Mark(point(day, 0)[0], _day(now, day - behind + 1)) for day in range(0, behind + more, max(2, (behind + more) // 7))],
        figures=[Figure(_day(now, day - behind + 1), words.number(value)) for day, value in enumerate(past)],
        now_x=now_x,
        now_y=now_y,
        end_x=end_x,
        end=_about(ahead.days, now) if meets else "",
        words=f"Balance of {behind} days, {words.number(past[0])} to {words.number(past[-1])} credits. {ahead.said} {ahead.end}".rstrip(),
    )


def balances(balance: Balance, spent: Mapping[str, Credits], moved: Sequence[tuple[datetime, Credits]]) -> list[float]:
    """The balance at the end of each day of `spent`, today's last, in credits: from what there is now, back over what came and went.

    spent: by the day, in order. moved: what was granted, taken back or expired.
    """
    change = {day: -amount.micro for day, amount in spent.items()}
    for at, amount in moved:
        day = at.astimezone(UTC).date().isoformat()
        if day in change:
            change[day] += amount.micro
    found, standing = [], balance.balance.micro
    for day in reversed(change):
        found.append(standing / MICRO)
        standing -= change[day]
    return found[::-1]


def rounded(value: float) -> int:
    """The next 1, 2, 3, … times a power of ten, even, so that half of it is whole."""
    power = 10 ** math.floor(math.log10(max(value, 1)))
    return next(step * power for step in range(1, 11) if step * power >= value and step * power % 2 == 0)


def _about(days: float, now: datetime) -> str:
    return f"about {(now + timedelta(days=days)).astimezone(UTC):%-d %b}"


def _day(now: datetime, ahead: int) -> str:
    return f"{(now.astimezone(UTC) + timedelta(days=ahead)):%-d %b}"
