"""Runs as a list, and one run as a slip."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cmp_web.components.app_chat import cited_text
from cmp_web.components.app_parts import FULL, MOMENT, copy_button, when
from cmp_web.components.base import icon_button, leader, link, link_button, note, plain_link, status
from cmp_web.components.icons import icon


def runs_table(rows: rx.Var, *, current: rx.Var[str] | str = "", agent: bool = True, dense: bool = True) -> rx.Component:
    """Newest first. current: the id of the open run. agent: whether the agent is named."""

    def row(run: Any) -> rx.Component:
        where = rx.el.span(", ", run.door, ", ", when(run.started), class_name="only-m-i")
        here = run.id == current
        words = rx.cond(run.query != "", run.query, "…")
        return rx.el.tr(
            rx.el.td(status(run.status_words, run.tone)),
            rx.el.td(run.short, class_name="mono i3 hide-m nowrap"),
            rx.el.td(link(words, href=run.href, class_name="rowb", aria_current=rx.cond(here, "true", "false")), class_name="q full"),
            rx.el.td(run.agent, where, class_name="i2 nowrap full")
            if agent
            else rx.el.td(run.door, ", ", when(run.started), class_name="i2 nowrap full only-m-td"),
            rx.el.td(run.door, class_name="i2 hide-m"),
            rx.el.td(when(run.started, MOMENT), class_name="n i2 hide-m"),
            rx.el.td(run.charged, class_name="n rc"),
            class_name=rx.cond(here, "on", "") if isinstance(current, rx.Var) else "",
        )

    agents = [rx.el.th("Agent", scope="col")] if agent else []
    head = rx.el.thead(
        rx.el.tr(
            *[rx.el.th(words, scope="col") for words in ("Status", "Run", "Question")],
            *agents,
            rx.el.th("Door", scope="col"),
            rx.el.th("Started", scope="col", class_name="n", custom_attrs={"aria-sort": "descending"}),
            rx.el.th("Charged", scope="col", class_name="n"),
        )
    )
    kind = "tbl dense hov stack rt" if dense else "tbl hov stack"
    return rx.el.table(head, rx.el.tbody(rx.foreach(rows, row)), class_name=kind)


def pager(state: Any, reached: rx.Var[str] | None = None) -> rx.Component:
    """state: one with `rows`, and the addresses `older` and `newest`. reached: how far back a page looked that found too little."""
    first = rx.cond(state.newest != "", link_button(icon("back"), "Newest", href=state.newest, kind="o", size="s"), rx.fragment())
    count = rx.el.span(state.rows.length(), " on this page, newest first", class_name="xs i3 num")
    said: rx.Component = rx.cond(state.rows.length() > 0, count, rx.fragment())
    on: Any = "Older"
    if reached is not None:
        so_far = rx.el.span(
            "Looked at every run back to ", when(reached, FULL), ". Older ones were not looked at yet.", class_name="xs i3 num"
        )
        said, on = rx.cond(reached != "", so_far, said), rx.cond(reached != "", "Look further back", "Older")
    last = rx.cond(state.older != "", link_button(on, icon("cr"), href=state.older, kind="o", size="s"), rx.fragment())
    return rx.el.nav(said, rx.el.span(class_name="grow"), first, last, class_name="row wrapx rfoot", aria_label="Pages")


def run_drawer(sheet: Any, closed: Any) -> rx.Component:
    """One run in full: beside the list on a wide window, over it on a narrow one. Closed, it gives the focus back to the run's row.

    closed: the address of the list without it.
    """
    run = sheet.row
    named = rx.el.div(
        rx.el.h2("Run", class_name="t0", id="run-title"), rx.el.span(run.id, class_name="xs mono i3 trunc"), class_name="col grow"
    )
    head = rx.el.div(
        named,
        copy_button("Copy id", run.id, kind="q", size="s"),
        rx.cond(sheet.newer != "", _step("cu", "Newer run", sheet.newer), rx.fragment()),
        rx.cond(sheet.older != "", _step("cd", "Older run", sheet.older), rx.fragment()),
        icon_button(
            "x",
            "Close",
            size="s",
            on_click=rx.redirect(closed, replace=True),
            auto_focus=True,
            custom_attrs={"data-escape": "tr.on .rowb"},
        ),
        class_name="row drh",
    )
    body = rx.el.div(_asked(sheet), _cost(sheet), _sources(sheet), _events(sheet), _measured(sheet), class_name="col g6 drb")
    return rx.el.aside(head, body, class_name="drw", custom_attrs={"aria-labelledby": "run-title"})


def _step(sign: str, words: str, href: Any) -> rx.Component:
    return link(icon(sign), href=href, class_name="btn q i s", aria_label=words)


def _asked(sheet: Any) -> rx.Component:
    run = sheet.row
    wrong = note(sheet.error, " ", rx.el.strong(sheet.cost), " ", rx.el.code(sheet.error_code), tone="ba", sign="alert")
    words = rx.cond(sheet.error_code != "", wrong, rx.el.div(cited_text(sheet.pieces), class_name="i2 pre"))
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
    free = rx.cond((sheet.cost != "") & (sheet.error_code == ""), rx.el.p(sheet.cost, class_name="xs i2"), rx.fragment())
    file = plain_link(icon("download"), "Signed receipt", href=sheet.file, class_name="btn o s", download=run_file(sheet.row.id))
    drawn = rx.cond(
        receipt.quoted != "", rx.fragment(rx.el.div(slip, class_name="slipw"), free, rx.el.div(file, class_name="row")), nothing
    )
    return rx.el.section(rx.el.h3("Cost", class_name="xs med"), drawn, class_name="col g3")


def run_file(run_id: Any) -> Any:
    return "receipt-" + run_id + ".json"


def _events(sheet: Any) -> rx.Component:
    def event(item: Any) -> rx.Component:
        return rx.el.li(
            rx.el.span(item.n, class_name="mono i3 num"),
            rx.el.span(item.name, class_name="mono med trunc"),
            rx.el.span(item.words, class_name="i2 trunc", title=item.words),
        )

    listed = rx.el.ol(rx.foreach(sheet.events, event), class_name="evs xs")
    return rx.el.section(rx.el.h3("Events", class_name="xs med"), listed, class_name="col g2")


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
        leader("Asked by", sheet.caller),
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
