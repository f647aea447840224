"""Runs as a list, and one run as a slip."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cmp_web.components.app_chat import cited_text
from cmp_web.components.app_parts import FULL, MOMENT, head_row, when
from cmp_web.components.base import icon_button, leader, note, status
from cmp_web.components.icons import icon


def runs_table(rows: rx.Var, act: Any, *, current: rx.Var[str] | str = "", agent: bool = True, dense: bool = True) -> rx.Component:
    """act: called with a run's id when its question is chosen. agent: whether the agent is named."""

    def row(run: Any) -> rx.Component:
        where = rx.el.span(", ", run.door, ", ", when(run.started), class_name="only-m-i")
        return rx.el.tr(
            rx.el.td(status(run.status_words, run.tone)),
            rx.el.td(run.short, class_name="mono i3 hide-m nowrap"),
            rx.el.td(rx.el.button(run.query, type="button", class_name="rowb", on_click=act(run.id)), class_name="q full"),
            rx.el.td(run.agent, where, class_name="i2 nowrap full")
            if agent
            else rx.el.td(run.door, ", ", when(run.started), class_name="i2 nowrap full only-m-td"),
            rx.el.td(run.door, class_name="i2 hide-m"),
            rx.el.td(when(run.started, MOMENT), class_name="n i2 hide-m"),
            rx.el.td(run.charged, class_name="n rc"),
            class_name=rx.cond(run.id == current, "on", "") if isinstance(current, rx.Var) else "",
        )

    agents = ["Agent"] if agent else []
    head = head_row("Status", "Run", "Question", *agents, "Door", ("Started", "n"), ("Charged", "n"))
    kind = "tbl dense hov stack rt" if dense else "tbl hov stack"
    return rx.el.table(head, rx.el.tbody(rx.foreach(rows, row)), class_name=kind)


def run_drawer(sheet: Any, close: Any) -> rx.Component:
    """One run in full: beside the list on a wide window, over it on a narrow one. Closed, it gives the focus back to the run's row."""
    run = sheet.row
    named = rx.el.div(
        rx.el.h2("Run", class_name="t0", id="run-title"), rx.el.span(run.id, class_name="xs mono i3 trunc"), class_name="col grow"
    )
    head = rx.el.div(
        named,
        icon_button("x", "Close", size="s", on_click=close, auto_focus=True, custom_attrs={"data-escape": "tr.on .rowb"}),
        class_name="row drh",
    )
    body = rx.el.div(_asked(sheet), _cost(sheet), _sources(sheet), _measured(sheet), class_name="col g6 drb")
    return rx.el.aside(head, body, class_name="drw", custom_attrs={"aria-labelledby": "run-title"})


def _asked(sheet: Any) -> rx.Component:
    run = sheet.row
    words = rx.cond(
        sheet.error_code != "",
        note(sheet.error, " ", rx.el.code(sheet.error_code), tone="ba", sign="alert"),
        rx.el.div(cited_text(sheet.pieces), class_name="i2 pre"),
    )
    top = rx.el.div(status(run.status_words, run.tone), when(run.started, FULL, class_name="xs i3 num"), class_name="row between")
    return rx.el.section(top, rx.el.p(run.query, class_name="me wide"), words, class_name="col g3")


def _cost(sheet: Any) -> rx.Component:
    receipt = sheet.receipt
    sums = rx.el.dl(
        leader("Quoted", receipt.quoted),
        leader("Held", receipt.held),
        leader("Charged", rx.cond(receipt.open, "not yet", receipt.charged)),
        leader("Released", rx.cond(receipt.open, "not yet", receipt.released)),
        class_name="lead-l",
    )
    lots = rx.el.dl(rx.foreach(receipt.lots, lambda lot: leader(lot.label, lot.amount)), class_name="lead-l")
    after = rx.el.dl(leader("Available after", receipt.available), class_name="lead-l")
    slip = rx.el.div(
        sums, rx.el.hr(), rx.cond(receipt.lots.length() > 0, rx.el.div(lots, rx.el.hr()), rx.fragment()), after, class_name="slip"
    )
    nothing = rx.el.p("Nothing was held: this run was refused before it began.", class_name="i2")
    drawn = rx.cond(receipt.quoted != "", rx.el.div(slip, class_name="slipw"), nothing)
    return rx.el.section(rx.el.h3("Cost", class_name="xs med"), drawn, class_name="col g3")


def _sources(sheet: Any) -> rx.Component:
    drawn = rx.el.section(rx.el.h3("Cited pages", class_name="xs med"), rx.foreach(sheet.sources, quoted), class_name="col g3")
    return rx.cond(sheet.sources.length() > 0, drawn, rx.fragment())


def quoted(source: Any) -> rx.Component:
    """A source with the words it was cited for."""
    head = rx.el.div(
        rx.el.span(source.n, class_name="cite"),
        rx.el.span(source.name, class_name="med trunc"),
        rx.el.span(source.place, class_name="i3 nowrap"),
        class_name="row xs",
    )
    return rx.el.article(
        head, rx.cond(source.quote != "", rx.el.blockquote(source.quote, class_name="xs i2"), rx.fragment()), class_name="col g2 quoted"
    )


def _measured(sheet: Any) -> rx.Component:
    run = sheet.row
    rows = rx.el.dl(
        leader("Agent", run.agent),
        leader("Door", run.door),
        leader("Whole run", rx.cond(run.seconds != "", run.seconds, "not over yet")),
        leader("Tokens in, out", rx.cond(sheet.tokens != "", sheet.tokens, "no model was asked")),
        class_name="lead-l",
    )
    return rx.el.section(rx.el.h3("Measured", class_name="xs med"), rx.el.div(rows, class_name="xs"), class_name="col g2")


def no_runs(*acts: rx.Component) -> rx.Component:
    said = rx.el.div(
        rx.el.h2("No runs yet", class_name="t0"),
        rx.el.p("Every question to an agent stands here, with what it cost.", class_name="sm i2"),
        class_name="col g1",
    )
    return rx.el.div(rx.el.span(icon("list", large=True), class_name="plate m i2"), said, *acts, class_name="emp flat")
