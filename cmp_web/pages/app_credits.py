"""Credits: the balance, the lots it is made of, every entry that made it, and the way to more."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cmp_web import routes
from cmp_web.components.app_alerts import alert_form
from cmp_web.components.app_chart import burn_down
from cmp_web.components.app_parts import DAY, card, fault_note, head_row, page_head, phased, when
from cmp_web.components.app_runs import pager
from cmp_web.components.base import leader, link, note, plain_link
from cmp_web.components.emblems import plate
from cmp_web.components.icons import icon
from cmp_web.layouts import workspace
from cmp_web.pages.page import Page
from cmp_web.state.app_alerts import CreditAlerts
from cmp_web.state.app_credits import KIND_CHOICES, Credits
from cmp_web.state.app_workspace import Workspace


def view() -> rx.Component:
    export = plain_link(icon("download"), "Export CSV", href=Credits.file, class_name="btn o", download="credits.csv")
    head = page_head("Credits", "One balance for every agent in this workspace.", export)
    body = rx.el.div(rx.el.div(_balance(), _aside(), class_name="cg"), _lots(), _entries(), class_name="col g8")
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
    end = rx.cond(Credits.ahead.end != "", rx.fragment(" ", rx.el.strong(Credits.ahead.end), "."), rx.fragment())
    said = note(Credits.ahead.said, end, rx.cond(Credits.lapse != "", " " + Credits.lapse, ""), sign="clock")
    here = {"aria_current": rx.cond(Credits.days == "", "true", "false")}, {"aria_current": rx.cond(Credits.days != "", "true", "false")}
    spans = rx.el.nav(
        link("7 days", href=routes.APP_CREDITS, **here[0]),
        link("28 days", href=routes.APP_CREDITS + "?days=28", **here[1]),
        class_name="seg",
        aria_label="Days drawn",
    )
    drawn = rx.cond(Credits.chart.path != "", rx.fragment(rx.el.div(spans, class_name="row"), burn_down(Credits.chart), said), _none_yet())
    return rx.el.section(rx.el.div(top, drawn, class_name="pad col g6"), class_name="card", custom_attrs={"aria-labelledby": "k1"})


def _none_yet() -> rx.Component:
    return rx.el.p("Credits come with the plan of an agent, or in packs.", class_name="i2")


def _aside() -> rx.Component:
    """More credits, and beneath it what is told when they run low."""
    rule = "At zero, a run under way finishes. The next one is refused, and the way to top up is said."
    return rx.el.div(_packs(), rx.el.p(rule, class_name="xs i3"), alert_form(CreditAlerts), class_name="col g6")


def _packs() -> rx.Component:
    def pack(row: Any, n: Any) -> rx.Component:
        named = rx.el.div(rx.el.span(row.credits, class_name="med"), rx.el.span(row.each, class_name="xs i3"), class_name="col grow")
        busy = rx.cond(Credits.adding == row.sku, rx.fragment(rx.el.span(class_name="spin"), "Buy " + row.price), "Buy " + row.price)
        buy = rx.el.button(
            busy,
            type="button",
            class_name=rx.cond(n == Credits.packs.length() - 1, "btn p", "btn o"),
            on_click=Credits.top_up(row.slug, row.sku, Credits.turn),
            disabled=Credits.adding != "",
            aria_label="Buy " + row.credits + " for " + row.price + ", to the checkout",
        )
        away = link("See price", href=routes.MARKETPLACE + "/" + row.slug, class_name="btn o")
        return rx.el.div(plate(row.emblem, "s"), named, rx.cond(row.price != "", buy, away), class_name="card pad4 row g4")

    return rx.el.section(
        rx.el.h2("Add credits", class_name="t0", id="k2"),
        rx.foreach(Credits.packs, pack),
        fault_note(Credits.problem),
        class_name="col g4",
        custom_attrs={"aria-labelledby": "k2"},
    )


def _lots() -> rx.Component:
    def row(lot: Any) -> rx.Component:
        tone = rx.match(lot.turn, ("Burns now", "go"), ("Used up", "i3"), "i2")
        bar = rx.el.div(
            rx.el.i(style={"width": lot.left.to_string() + "%"}), class_name="bar " + rx.cond(lot.turn == "Burns now", "go", "")
        )
        label = rx.cond(lot.href != "", link(lot.label, href=lot.href, class_name="xs i3 link"), rx.el.span(lot.label, class_name="xs i3"))
        return rx.el.tr(
            rx.el.td(rx.el.div(rx.el.span(lot.source, class_name="med"), label, class_name="col")),
            rx.el.td(when(lot.granted_at, DAY), class_name="i2 nowrap hide-m"),
            rx.el.td(rx.cond(lot.expires != "", when(lot.expires, DAY), "Never"), class_name="i2 nowrap hide-m"),
            rx.el.td(bar, class_name="full lbar"),
            rx.el.td(lot.remaining, rx.el.span(" of ", lot.granted, class_name="i3"), class_name="n"),
            rx.el.td(rx.el.span(lot.turn, class_name=tone), class_name="n"),
        )

    head = head_row("From", "Granted", "Expires", ("Share left", "vh"), ("Left", "n"), ("Turn", "n"))
    order = rx.el.span("The soonest to expire burns first, then the oldest", class_name="xs i3 only-d")
    whole = rx.el.tfoot(
        rx.el.tr(
            rx.el.th("Balance", scope="row", class_name="semi"),
            rx.el.td(class_name="hide-m", col_span=3),
            rx.el.td(rx.el.strong(Workspace.balance), rx.el.span(" of ", Credits.granted, class_name="i3"), class_name="n"),
            rx.el.td(class_name="hide-m"),
        )
    )
    table = rx.el.table(head, rx.el.tbody(rx.foreach(Credits.lots, row)), whole, class_name="tbl stack lots")
    more = rx.cond(Credits.more_lots != "", rx.el.p("And ", Credits.more_lots, " that burn later.", class_name="pad4 xs i3"), rx.fragment())
    none = rx.el.p("No credits yet. Plans bring some, packs bring more.", class_name="pad i2")
    return card("Lots", rx.cond(Credits.lots.length() > 0, rx.fragment(table, more), none), name="k3", aside=order)


def _entries() -> rx.Component:
    def row(entry: Any) -> rx.Component:
        opened = rx.cond(entry.link != "", link(entry.link, href=entry.href, class_name="link"), rx.fragment())
        return rx.el.tr(
            rx.el.td(when(entry.at), class_name="i2 nowrap num"),
            rx.el.td(rx.el.span(entry.kind, class_name="med"), " ", opened),
            rx.el.td(entry.what, class_name="i2 hide-m trunc"),
            rx.el.td(entry.amount, class_name="n " + rx.cond(entry.gain, "go med", "")),
            rx.el.td(entry.balance, class_name="n hide-m"),
        )

    kinds = rx.el.select(
        rx.el.option("Kind: all", value=""),
        *[rx.el.option(words, value=value) for value, words in KIND_CHOICES],
        class_name="inp s",
        value=Credits.kind,
        on_change=Credits.only,
        aria_label="Kind of entry",
    )
    head = head_row("When", "What", "For", ("Credits", "n"), ("Balance", "n"))
    table = rx.el.table(head, rx.el.tbody(rx.foreach(Credits.rows, row)), class_name="tbl dense stack ents")
    none = rx.cond(Credits.kind != "", "No entry is of this kind.", "Nothing has moved yet.")
    paged = rx.cond((Credits.older != "") | (Credits.newest != ""), pager(Credits), rx.fragment())
    listed = rx.cond(Credits.rows.length() > 0, rx.fragment(table, paged), rx.el.p(none, class_name="pad i2"))
    return card("Entries", listed, name="k4", aside=kinds)


PAGE = Page(routes.APP_CREDITS, "Credits", view, on_load=(Workspace.load, Credits.load, CreditAlerts.load))
