"""Every order there is, for the people who run the market, and the open one beside the list."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cmp_web import routes
from cmp_web.components.app_parts import head_row, page_head
from cmp_web.components.base import button, empty, failure, link, link_button, note, plain_link, skeleton_rows
from cmp_web.components.icons import icon
from cmp_web.components.operator_order import back, drawer
from cmp_web.components.operator_payments import payments
from cmp_web.layouts import operator
from cmp_web.pages.page import Page
from cmp_web.state.operator_order import OperatorOrder
from cmp_web.state.operator_orders import OperatorOrders
from cmp_web.state.operator_payments import OperatorPayments
from cmp_web.state.session import Operator


def view() -> rx.Component:
    listed = rx.el.div(_head(), _list(), class_name="opl")
    opened = rx.cond(OperatorOrder.ref != "", _opened(), rx.fragment())
    return operator.shell("orders", rx.el.div(listed, opened, class_name=rx.cond(OperatorOrder.ref != "", "opg on", "opg")))


def _head() -> rx.Component:
    busy = rx.fragment(rx.el.span(class_name="spin"), "Reconciling")
    words = rx.cond(OperatorOrders.busy, busy, rx.fragment(icon("refresh"), "Reconcile now"))
    reconcile = button(words, kind="o", disabled=OperatorOrders.busy, on_click=OperatorOrders.reconcile(OperatorOrders.turn))
    books = plain_link(icon("download"), "Books as CSV", href=routes.OPERATOR_BOOKS, class_name="btn o", download=True)
    head = page_head("Orders", "From paid to delivered. Most need nobody.", books, reconcile)
    done = rx.cond(OperatorOrders.said != "", note(OperatorOrders.said, tone="go", sign="check"), rx.fragment())
    wrong = rx.cond(OperatorOrders.problem != "", note(OperatorOrders.problem, tone="ba", sign="alert"), rx.fragment())
    said = rx.el.div(done, wrong, role="status", class_name="said")
    tabs = rx.el.nav(rx.foreach(OperatorOrders.tabs, _tab), class_name="tabs", aria_label="Which orders")
    return rx.el.div(head, said, payments(OperatorPayments), _search(), tabs, class_name="oph1")


def _tab(tab: Any) -> rx.Component:
    waits = rx.el.span(tab.count, class_name="bdg wa small")
    count = rx.cond(tab.waits, waits, rx.el.span(tab.count, class_name="c"))
    return link(tab.words, count, href=tab.href, aria_current=rx.cond(tab.here, "page", "false"))


def _search() -> rx.Component:
    box = rx.el.input(
        id="q",
        name="q",
        type="search",
        class_name="inp",
        placeholder="Order number, e-mail or SKU",
        default_value=OperatorOrders.q,
        on_change=OperatorOrders.search.debounce(300),
        auto_complete="off",
    )
    label = rx.el.label("Search the orders", html_for="q", class_name="vh")
    return rx.el.form(
        rx.el.div(icon("search"), label, box, class_name="inwrap grow"),
        role="search",
        on_submit=OperatorOrders.submit,
        class_name="row ops",
    )


def _list() -> rx.Component:
    again = button("Try again", kind="o", size="s", on_click=OperatorOrders.load)
    wrong = failure("The orders could not be loaded", OperatorOrders.fault, again, code=OperatorOrders.fault_code)
    ready = rx.cond(OperatorOrders.rows.length() > 0, _table(), rx.el.div(_nothing(), class_name="opi"))
    return rx.match(
        OperatorOrders.phase,
        ("ready", rx.fragment(ready, _legend())),
        ("loading", rx.el.div(skeleton_rows("Loading the orders"), class_name="opi")),
        rx.el.div(wrong, class_name="opi"),
    )


def _table() -> rx.Component:
    head = head_row("Order, placed", "Lines", "Workspace, buyer", "Stage", ("Total", "n"))
    table = rx.el.table(head, rx.el.tbody(rx.foreach(OperatorOrders.rows, _row)), class_name="tbl hov stack opt")
    newest = rx.cond(
        OperatorOrders.newest != "", link_button("Newest orders", href=OperatorOrders.newest, kind="o", size="s"), rx.fragment()
    )
    older = rx.cond(OperatorOrders.older != "", link_button("Older orders", href=OperatorOrders.older, kind="o", size="s"), rx.fragment())
    pager = rx.cond(
        (OperatorOrders.newest != "") | (OperatorOrders.older != ""),
        rx.el.nav(newest, older, class_name="row opf", aria_label="Pages"),
        rx.fragment(),
    )
    return rx.fragment(rx.el.div(table, class_name="opx"), pager)


def _row(order: Any) -> rx.Component:
    here = order.ref == OperatorOrder.ref
    named = link(order.number, href=order.href, class_name="num med", id="row-" + order.ref, aria_current=rx.cond(here, "true", "false"))
    whose = rx.cond(order.workspace != "", order.workspace, "Nobody's yet")
    pips = rx.el.span(rx.foreach(order.pips, lambda pip: rx.el.i(class_name=pip)), class_name="pips", role="img", aria_label=order.done)
    skus = rx.el.div(rx.foreach(order.skus, _sku), class_name="col mono xs nowrap")
    return rx.el.tr(
        rx.el.td(rx.el.div(named, rx.el.span(order.placed, class_name="xs i3 nowrap num"), class_name="col")),
        rx.el.td(skus, class_name="hide-m"),
        rx.el.td(
            rx.el.div(rx.el.span(whose, class_name="trunc"), rx.el.span(order.email, class_name="xs i3 trunc"), class_name="col"),
            class_name="full who",
        ),
        rx.el.td(rx.el.div(rx.el.span(order.stage, class_name="xs " + order.tone), pips, class_name="col g2"), class_name="full"),
        rx.el.td(order.total, class_name="n"),
        class_name=rx.cond(here, "on", ""),
    )


def _sku(sku: Any) -> rx.Component:
    return rx.el.span(sku)


def _nothing() -> rx.Component:
    sold = "The first order stands here as soon as it is placed."
    none = empty("receipt", "No orders yet", sold, link_button("Open the marketplace", href=routes.MARKETPLACE, kind="o", size="s"))
    clear = button("Clear the search", kind="o", size="s", on_click=OperatorOrders.clear)
    unmatched = empty("search", "No order matches", "None of this view has this number, e-mail or SKU.", clear)
    every = link_button("All orders", href=routes.OPERATOR_ORDERS, kind="o", size="s")
    calm = empty("check", "Nothing needs a hand", "Every order went its way by itself, or waits for its buyer.", every)
    bare = empty("list", "None", "No order stands like this now.", every)
    return rx.cond(
        OperatorOrders.total == 0,
        none,
        rx.cond(OperatorOrders.q != "", unmatched, rx.cond(OperatorOrders.view == "needs_hand", calm, bare)),
    )


def _legend() -> rx.Component:
    def stray(ref: Any) -> rx.Component:
        return rx.el.li(link(ref, href=routes.OPERATOR_ORDERS + "?order=" + ref, class_name="link mono"))

    strays = rx.el.div(
        note(rx.el.strong("Granted without a paid order in Saleor."), " Open each and decide.", tone="wa", sign="alert"),
        rx.el.ul(rx.foreach(OperatorOrders.strays, stray), class_name="col g1 xs"),
        class_name="col g3",
    )
    words = rx.el.p(OperatorOrders.report, " Times are UTC.", class_name="xs i3 num")
    return rx.el.div(rx.cond(OperatorOrders.strays.length() > 0, strays, rx.fragment()), words, class_name="col g4 opn")


def _opened() -> rx.Component:
    again = button("Try again", kind="o", size="s", on_click=OperatorOrder.load)
    wrong = failure("The order could not be loaded", OperatorOrder.fault, again, code=OperatorOrder.fault_code)
    missing = empty("search", "No such order", "There is none with this address.")
    shown = rx.match(
        OperatorOrder.phase,
        ("ready", drawer(OperatorOrder, OperatorOrders.closed)),
        ("loading", rx.el.div(skeleton_rows("Loading the order"), class_name="opi")),
        ("missing", rx.el.div(back(OperatorOrders.closed), missing, class_name="opi")),
        rx.el.div(back(OperatorOrders.closed), wrong, class_name="opi"),
    )
    return rx.el.aside(shown, class_name="opd", custom_attrs={"data-back": "row-" + OperatorOrder.ref, "aria-label": "The open order"})


ON_LOAD = (Operator.load, OperatorPayments.load, OperatorOrders.load, OperatorOrder.load)
PAGE = Page(routes.OPERATOR_ORDERS, "Orders, operator · CMP", view, on_load=ON_LOAD)
