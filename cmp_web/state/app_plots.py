"""Counts a day as drawings: columns for a whole page, strokes for a row of a table. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from cmp_web.state import words
from cmp_web.state.app_chart import Figure, Mark, rounded

_LEFT, _RIGHT, _TOP, _BOTTOM = 8, 996, 12, 144
"""Of a field of 1040 × 176."""
STROKE_WIDTH, STROKE_HEIGHT = 112, 24


@dataclass(frozen=True)
class Column:
    """x, y, width, height: of a rectangle, as an SVG takes them. words: what it stands for."""

    x: str
    y: str
    width: str
    height: str
    words: str


@dataclass(frozen=True)
class Columns:
    columns: list[Column] = field(default_factory=list)
    lines: list[Mark] = field(default_factory=list)
    days: list[Mark] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    words: str = ""


def columns(values: Mapping[str, float], unit: str) -> Columns:
    """values: by the day. unit: what is counted, in the plural."""
    top = rounded(max([*values.values(), 1]))
    step = (_RIGHT - _LEFT) / max(len(values), 1)
    width = max(1.0, min(step * 0.7, 28))
    drawn, marks = [], []
    every = max(1, len(values) // 7)
    for n, (day, value) in enumerate(values.items()):
        height = max((_BOTTOM - _TOP) * value / top, 1.5 if value else 0)
        x = _LEFT + n * step + (step - width) / 2
        box = (x, _BOTTOM - height, width, height)
        drawn.append(Column(*(f"{part:.1f}" for part in box), words=f"{_day(day)}: {words.number(value)} {unit}"))
        if n % every == 0:
            marks.append(Mark(round(x), _day(day)))
    total = sum(values.values())
    return Columns(
        columns=drawn,
        lines=[Mark(round(_BOTTOM - (_BOTTOM - _TOP) * part / 2), words.number(top * part / 2)) for part in range(3)],
        days=marks,
        figures=[Figure(_day(day), words.number(value)) for day, value in values.items()],
        words=f"{unit.capitalize()} on each of {len(values)} days, {words.number(total)} in all.",
    )


def strokes(values: Sequence[float], top: float) -> str:
    """One upright stroke a day, as an SVG path. top: the value of a whole stroke."""
    step = STROKE_WIDTH / max(len(values), 1)
    drawn = []
    for n, value in enumerate(values):
        if value:
            height = max(2, (STROKE_HEIGHT - 2) * value / max(top, 1e-9))
            drawn.append(f"M{round((n + 0.5) * step, 1)} {STROKE_HEIGHT}v-{round(height, 1)}")
    return "".join(drawn)


def _day(day: str) -> str:
    return f"{date.fromisoformat(day):%-d %b}"
