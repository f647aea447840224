"""Drawings of credits and runs, made from numbers on the server, each with the same as a table."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cmp_web.components.app_parts import head_row
from cmp_web.components.base import link


def burn_down(chart: Any) -> rx.Component:
    """The balance in ink, the forecast in dashes. chart: paths and marks in a field of 640 × 176."""
    forecast = rx.cond(
        chart.ahead != "",
        rx.fragment(
            rx.el.svg.path(d=chart.ahead, class_name="fc"),
            rx.el.svg.circle(cx=chart.end_x, cy="144", r="3.5", class_name="fe"),
            rx.el.svg.text(chart.end, x=chart.end_x, y="124", class_name="ax", text_anchor="middle"),
        ),
        rx.fragment(),
    )
    drawn = rx.el.svg(
        _grid(chart),
        rx.el.svg.path(d=chart.area, class_name="ar"),
        rx.el.svg.path(d=chart.path, class_name="ln"),
        forecast,
        rx.el.svg.circle(cx=chart.now_x, cy=chart.now_y, r="4.5", class_name="nw"),
        _days(chart),
        view_box="0 0 640 176",
        class_name="burn",
        custom_attrs={"role": "img", "aria-label": chart.words},
    )
    shown = rx.el.div(drawn, as_table(chart, "Balance at the end of the day, credits"), class_name="col g2")
    return rx.cond(chart.path != "", shown, rx.el.p("Credits come with the plan of an agent, or in packs.", class_name="i2"))


def day_columns(plot: Any, measure: rx.Var[str] | str) -> rx.Component:
    """A column for each day, in a field of 1040 × 176. measure: the head of the table's second column."""

    def column(item: Any) -> rx.Component:
        box = rx.el.svg.rect(x=item.x, y=item.y, width=item.width, height=item.height, rx="1.5", class_name="cb")
        return rx.el.svg.g(box, rx.el.svg.title(item.words))

    drawn = rx.el.svg(
        _grid(plot, 1040),
        rx.foreach(plot.columns, column),
        _days(plot),
        view_box="0 0 1040 176",
        class_name="burn wide",
        custom_attrs={"role": "img", "aria-label": plot.words},
    )
    return rx.el.div(drawn, as_table(plot, measure), class_name="col g2")


def stroke_days(path: Any, words: Any) -> rx.Component:
    """A row's days, one stroke each."""
    return rx.el.svg(
        rx.el.svg.path(d=path),
        view_box="0 0 112 24",
        class_name="strokes",
        custom_attrs={"role": "img", "aria-label": words},
    )


def as_table(drawn: Any, measure: rx.Var[str] | str) -> rx.Component:
    def row(figure: Any) -> rx.Component:
        return rx.el.tr(rx.el.th(figure.day, scope="row", class_name="reg nowrap"), rx.el.td(figure.value, class_name="n"))

    table = rx.el.table(head_row("Day", (measure, "n")), rx.el.tbody(rx.foreach(drawn.figures, row)), class_name="tbl dense figs")
    return rx.el.details(rx.el.summary("As a table", class_name="xs i3"), table, class_name="astable")


def seg(steps: Any, label: str) -> rx.Component:
    """A choice between views of the same. steps: words, href, here."""

    def step(item: Any) -> rx.Component:
        return link(item.words, href=item.href, aria_current=rx.cond(item.here, "true", "false"))

    return rx.el.nav(rx.foreach(steps, step), class_name="seg", aria_label=label)


def _grid(drawn: Any, width: int = 640) -> rx.Component:
    return rx.foreach(
        drawn.lines,
        lambda mark: rx.fragment(
            rx.el.svg.line(x1="8", x2=width - 44, y1=mark.at, y2=mark.at, class_name="gl"),
            rx.el.svg.text(mark.label, x=width, y=mark.at + 4, text_anchor="end", class_name="ax"),
        ),
    )


def _days(drawn: Any) -> rx.Component:
    return rx.foreach(drawn.days, lambda mark: rx.el.svg.text(mark.label, x=mark.at, y="168", class_name="ax", text_anchor="start"))
