"""A budget: two fields to set it, bars that say how far it is used. Pure."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cmp_web.components.app_parts import meter
from cmp_web.components.base import Text, field, text_input


def budget_bars(rows: rx.Var, none: Text = "No budget") -> rx.Component:
    """rows: of `BoundRow`."""
    bars = rx.el.div(rx.foreach(rows, _bar), class_name="col g3")
    return rx.cond(rows.length() > 0, bars, rx.el.span(none, class_name="i3"))


def _bar(row: Any) -> rx.Component:
    said = rx.el.span(row.words, class_name=rx.match(row.tone, ("wa", "xs num warn"), ("ba", "xs num bad"), "xs num i2"))
    return rx.el.div(said, meter(row.words, row.filled, row.tone), class_name="col g1")


def budget_fields(day: rx.Var[str], month: rx.Var[str], day_fault: rx.Var[str], month_fault: rx.Var[str], hint: str) -> rx.Component:
    """Fields `budget_day` and `budget_month`. hint: what the budget is for."""
    return rx.el.fieldset(
        rx.el.legend("Budget", rx.el.span(" optional", class_name="i3 reg"), class_name="lgd"),
        rx.el.div(
            _credits("budget_day", "Credits a day", day, day_fault),
            _credits("budget_month", "Credits a month", month, month_fault),
            class_name="cols2 tight",
        ),
        rx.el.p(hint, class_name="hint"),
        class_name="col g2",
    )


def _credits(name: str, label: str, value: rx.Var[str], fault: rx.Var[str]) -> rx.Component:
    props = {"input_mode": "decimal", "auto_complete": "off", "placeholder": "No limit", "max_length": 40}
    return field(label, text_input(name, error=fault, default_value=value, key=value, **props), name=name, error=fault)
