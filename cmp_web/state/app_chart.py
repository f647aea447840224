"""The burn-down of credits as a drawing: a week behind, a forecast ahead, all of it numbers made ready for an SVG. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from backend.kernel.money import MICRO
from backend.ledger.views import Balance, EntryKind, EntryView
from cmp_web.state.app_rows import stamp

DAYS = 7
WIDTH, HEIGHT = 640, 176
_LEFT, _RIGHT, _TOP, _BOTTOM = 8, 596, 24, 144
_MAX_AHEAD = 30


@dataclass(frozen=True)
class Mark:
    """A grid line (y, with its number) or a day under the axis (x, with its date)."""

    at: int
    label: str


@dataclass(frozen=True)
class Chart:
    """path, area, ahead: SVG paths, all "" when there never were credits. end: where the forecast meets zero, "" without one.

    pace: credits a day, in words.
    """

    path: str = ""
    area: str = ""
    ahead: str = ""
    lines: list[Mark] = field(default_factory=list)
    days: list[Mark] = field(default_factory=list)
    now_x: int = 0
    now_y: int = 0
    end_x: int = 0
    end: str = ""
    end_at: str = ""
    pace: str = ""
    words: str = ""


def chart(entries: Sequence[EntryView], balance: Balance, now: datetime) -> Chart:
    """entries: newest first, at least the last week's, unless there are more than a page of them."""
    if not entries:
        return Chart()
    past = balances(entries, balance, now)
    used = sum(-e.amount.micro for e in entries if e.kind is EntryKind.CHARGE and e.at > now - timedelta(days=DAYS)) / MICRO
    pace = used / DAYS
    days_left = balance.available.micro / MICRO / pace if pace else math.inf
    meets = days_left < _MAX_AHEAD
    ahead = math.ceil(days_left) + 1 if meets else DAYS
    top = _round_up(max(*past, 1))
    span = (_RIGHT - _LEFT) / (DAYS - 1 + ahead)

    def point(day: float, value: float) -> tuple[int, int]:
        return round(_LEFT + day * span), round(_BOTTOM - (_BOTTOM - _TOP) * value / top)

    drawn = [point(day, value) for day, value in enumerate(past)]
    line = "M" + " L".join(f"{x} {y}" for x, y in drawn)
    now_x, now_y = drawn[-1]
    end_x = point(DAYS - 1 + days_left, 0)[0] if meets else 0
    end_at = now + timedelta(days=days_left) if meets else now
    return Chart(
        path=line,
        area=f"{line} L{now_x} {_BOTTOM} L{_LEFT} {_BOTTOM}Z",
        ahead=f"M{now_x} {now_y} L{end_x} {_BOTTOM}" if meets else "",
        lines=[Mark(point(0, top * part / 2)[1], f"{top * part / 2:g}") for part in range(3)],
        days=[Mark(point(day, 0)[0], _day(now, day)) for day in range(0, DAYS + ahead, max(2, (DAYS + ahead) // 7))],
        now_x=now_x,
        now_y=now_y,
        end_x=end_x,
        end=f"about {end_at.astimezone(UTC):%-d %b}" if meets else "",
        end_at=stamp(end_at) if meets else "",
        pace=_credits(pace) if pace else "",
        words=f"Balance at the end of each of the last {DAYS} days: {', '.join(f'{value:g}' for value in past)} credits.",
    )


def balances(entries: Sequence[EntryView], balance: Balance, now: datetime) -> list[float]:
    """The balance at the end of each of the last days, today's last, in credits."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    found = []
    for back in range(DAYS - 1, 0, -1):
        end = midnight - timedelta(days=back - 1)
        before = next((entry.balance_after.micro for entry in entries if entry.at < end), 0)
        found.append(before / MICRO)
    return [*found, balance.balance.micro / MICRO]


def _round_up(value: float) -> int:
    """The next 1, 2, 4 or 5 times a power of ten, even, so that half of it is whole."""
    power = 10 ** math.floor(math.log10(max(value, 1)))
    return max(2, next(int(step * power) for step in (1, 2, 4, 6, 8, 10) if step * power >= value))


def _credits(pace: float) -> str:
    """To a tenth, with the unit: "1 credit", "0.4 credits"; "under 0.1 credits" for less."""
    if pace < 0.05:
        return "under 0.1 credits"
    number = f"{pace:.1f}".removesuffix(".0")
    return f"{number} credit{'' if number == '1' else 's'}"


def _day(now: datetime, day: int) -> str:
    return f"{(now.astimezone(UTC) + timedelta(days=day - DAYS + 1)):%-d %b}"
