"""Credits: the balance, the lots it is made of, and every entry that made it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cmp_web import routes
from cmp_web.components.app_chart import burn_down
from cmp_web.components.app_parts import DAY, card, head_row, page_head, phased, when
from cmp_web.components.base import button, leader, link_button, note
from cmp_web.components.emblems import plate
from cmp_web.layouts import workspace
from cmp_web.pages.page import Page
from cmp_web.state.app_credits import Credits
from cmp_web.state.app_workspace import Workspace


def view() -> rx.Component:
    head = page_head("Credits", "One balance for every agent in this workspace.")
    body = rx.el.div(rx.el.div(_balance(), _packs(), class_name="cg"), _lots(), _entries(), class_name="col g8")
    shown = phased(Credits, body, loading="Loading the credits", retry=Credits.load, failed="The credits could not be loaded")
    return workspace.shell("credits", head, shown)


def _balance() -> rx.Component:
    sums = rx.el.dl(
        leader("Balance", Workspace.balance),
        leader("Held", rx.cond(Workspace.held == "0", "0", "−" + Workspace.held)),
        rx.el.div(rx.el.dt("Available"), rx.el.dd(Workspace.available), class_name="tot"),
        class_name="lead-l",
    )
    big = rx.el.p(Workspace.available, " ", rx.el.span("credits", class_name="i2 unit"), class_name="big")
    top = rx.el.div(
        rx.el.div(rx.el.h2("Available", class_name="sm i2 reg", id="k1"), big, class_name="col g1"),
        rx.el.div(sums, class_name="sm sums"),
        class_name="row between top wrapx g4",
    )
    chart = Credits.chart
    lasts = rx.el.strong(rx.cond(chart.end != "", "until " + chart.end, "more than a month"))
    measured = note("At ", chart.pace, " a day, the average of the last 7 days, credits last ", lasts, ".", sign="clock")
    unmeasured = note("Nothing was used in the last 7 days, so there is no forecast.", sign="clock")
    body = rx.el.div(
        top,
        burn_down(chart),
        rx.cond(chart.path != "", rx.cond(chart.pace != "", measured, unmeasured), rx.fragment()),
        class_name="pad col g6",
    )
    return rx.el.section(body, class_name="card", custom_attrs={"aria-labelledby": "k1"})


def _packs() -> rx.Component:
    def pack(row: Any) -> rx.Component:
        named = rx.el.div(rx.el.span(row.credits, class_name="med"), rx.el.span(row.name, class_name="xs i3"), class_name="col grow")
        buy = link_button(rx.cond(row.price != "", "Buy " + row.price, "See price"), href=routes.MARKETPLACE + "/" + row.slug, kind="o")
        return rx.el.div(plate(row.emblem, "s"), named, buy, class_name="card pad4 row g4")

    rule = "At zero, a run under way finishes. The next one is refused, and the way to top up is said."
    return rx.el.section(
        rx.el.h2("Add credits", class_name="t0", id="k2"),
        rx.foreach(Credits.packs, pack),
        rx.el.p(rule, class_name="xs i3"),
        class_name="col g4",
        custom_attrs={"aria-labelledby": "k2"},
    )


def _lots() -> rx.Component:
    def row(lot: Any) -> rx.Component:
        tone = rx.match(lot.turn, ("Burns now", "go"), ("Used up", "i3"), "i2")
        bar = rx.el.div(
            rx.el.i(style={"width": lot.left.to_string() + "%"}), class_name="bar " + rx.cond(lot.turn == "Burns now", "go", "")
        )
        return rx.el.tr(
            rx.el.td(rx.el.div(rx.el.span(lot.source, class_name="med"), rx.el.span(lot.label, class_name="xs i3"), class_name="col")),
            rx.el.td(when(lot.granted_at, DAY), class_name="i2 nowrap hide-m"),
            rx.el.td(rx.cond(lot.expires != "", when(lot.expires, DAY), "Never"), class_name="i2 nowrap hide-m"),
            rx.el.td(bar, class_name="full lbar"),
            rx.el.td(lot.remaining, rx.el.span(" of ", lot.granted, class_name="i3"), class_name="n"),
            rx.el.td(rx.el.span(lot.turn, class_name=tone), class_name="n"),
        )

    head = head_row("From", "Granted", "Expires", ("Share left", "vh"), ("Left", "n"), ("Order", "n"))
    order = rx.el.span("The soonest to expire burns first, then the oldest", class_name="xs i3 only-d")
    table = rx.el.table(head, rx.el.tbody(rx.foreach(Credits.lots, row)), class_name="tbl stack lots")
    none = rx.el.p("No credits yet. Plans bring some, packs bring more.", class_name="pad i2")
    return card("Lots", rx.cond(Credits.lots.length() > 0, table, none), name="k3", aside=order)


def _entries() -> rx.Component:
    def row(entry: Any) -> rx.Component:
        return rx.el.tr(
            rx.el.td(when(entry.at), class_name="i2 nowrap num"),
            rx.el.td(rx.el.span(entry.kind, class_name="med"), " ", rx.el.span(entry.what, class_name="i2")),
            rx.el.td(entry.amount, class_name="n " + rx.cond(entry.gain, "go med", "")),
            rx.el.td(entry.balance, class_name="n hide-m"),
        )

    head = head_row("When", "What", ("Credits", "n"), ("Balance", "n"))
    table = rx.el.table(head, rx.el.tbody(rx.foreach(Credits.entries, row)), class_name="tbl dense stack ents")
    more = rx.el.div(button("Show older entries", kind="o", size="s", on_click=Credits.more), class_name="pad4")
    none = rx.el.p("Nothing has moved yet.", class_name="pad i2")
    listed = rx.cond(Credits.entries.length() > 0, table, none)
    return card("Entries", listed, rx.cond(Credits.cursor != "", more, rx.fragment()), name="k4")


PAGE = Page(routes.APP_CREDITS, "Credits", view, on_load=(Workspace.load, Credits.load))
