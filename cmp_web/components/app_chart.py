"""The burn-down of credits: what happened in ink, the forecast in dashes."""

from __future__ import annotations

from typing import Any

import reflex as rx


def burn_down(chart: Any) -> rx.Component:
    """chart: paths and marks in a field of 640 × 176."""
    grid = rx.foreach(
        chart.lines,
        lambda mark: rx.fragment(
            rx.el.svg.line(x1="8", x2="596", y1=mark.at, y2=mark.at, class_name="gl"),
            rx.el.svg.text(mark.label, x="640", y=mark.at + 4, text_anchor="end", class_name="ax"),
        ),
    )
    days = rx.foreach(chart.days, lambda mark: rx.el.svg.text(mark.label, x=mark.at, y="168", class_name="ax", text_anchor="start"))
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
        grid,
        rx.el.svg.path(d=chart.area, class_name="ar"),
        rx.el.svg.path(d=chart.path, class_name="ln"),
        forecast,
        rx.el.svg.circle(cx=chart.now_x, cy=chart.now_y, r="4.5", class_name="nw"),
        days,
        view_box="0 0 640 176",
        class_name="burn",
        custom_attrs={"role": "img", "aria-label": chart.words},
    )
    return rx.cond(chart.path != "", drawn, rx.el.p("Credits come with the plan of an agent, or in packs.", class_name="i2"))
