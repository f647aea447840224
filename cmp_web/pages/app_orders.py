"""The orders of the workspace, each with the way to its timeline."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cmp_web import routes
from cmp_web.components.app_parts import DAY, head_row, page_head, phased, when
from cmp_web.components.base import button, empty, link, link_button, status
from cmp_web.components.icons import icon
from cmp_web.layouts import workspace
from cmp_web.pages.page import Page
from cmp_web.state.app_orders import VIEWS, Orders
from cmp_web.state.app_workspace import Workspace


def view() -> rx.Component:
    head = page_head("Orders", "What was bought for this workspace, and what became of it.")
    ready = rx.cond(Orders.rows.length() > 0, _table(), _none())
    shown = phased(Orders, ready, loading="Loading the orders", retry=Orders.load, failed="The orders could not be loaded")
    return workspace.shell("orders", head, _filters(), shown)


def _filters() -> rx.Component:
    box = rx.el.input(
        id="q",
        name="q",
        type="search",
        class_name="inp s",
        placeholder="Order number or SKU",
        default_value=Orders.q,
        on_change=Orders.search.debounce(300),
        auto_complete="off",
    )
    label = rx.el.label("Search the orders", html_for="q", class_name="vh")
    states = rx.el.select(
        *[rx.el.option(words, value=value) for value, words in VIEWS.items()],
        class_name="inp s",
        value=Orders.state,
        on_change=Orders.filter_state,
        aria_label="State",
    )
    found = rx.el.span(Orders.said, class_name="xs i3 num nowrap", aria_live="polite")
    return rx.el.form(
        rx.el.div(icon("search"), label, box, class_name="inwrap grow"),
        states,
        found,
        class_name="row fl ofl",
        role="search",
        on_submit=Orders.submit,
    )


def _table() -> rx.Component:
    columns = head_row("Order", "What", "Placed", "Stages", "State", ("Total", "n"))
    table = rx.el.div(
        rx.el.table(columns, rx.el.tbody(rx.foreach(Orders.rows, _row)), class_name="tbl hov stack ords"), class_name="card clip"
    )
    newest = rx.cond(Orders.newest != "", link_button("Newest orders", href=Orders.newest, kind="o", size="s"), rx.fragment())
    older = rx.cond(Orders.older != "", link_button("Older orders", href=Orders.older, kind="o", size="s"), rx.fragment())
    pager = rx.el.nav(newest, older, class_name="row", aria_label="Pages")
    return rx.el.div(table, rx.cond((Orders.newest != "") | (Orders.older != ""), pager, rx.fragment()), class_name="col g4")


def _none() -> rx.Component:
    none = empty(
        "receipt",
        "No orders yet",
        "What you buy stands here with its timeline.",
        link_button("Browse agents", href=routes.MARKETPLACE, size="s"),
    )
    clear = button("Show all orders", kind="o", size="s", on_click=Orders.clear)
    unmatched = empty("search", "No order matches", "None has this number or SKU and stands like this.", clear)
    return rx.cond((Orders.q != "") | (Orders.state != ""), unmatched, none)


def _row(order: Any) -> rx.Component:
    pips = rx.el.span(rx.foreach(order.pips, lambda pip: rx.el.i(class_name=pip)), class_name="pips", role="img", aria_label=order.stages)
    return rx.el.tr(
        rx.el.td(
            link(rx.cond(order.number != "", "Order " + order.number, "Under way"), href="/orders/" + order.ref, class_name="link med num")
        ),
        rx.el.td(order.what, class_name="full"),
        rx.el.td(when(order.placed, DAY), class_name="i2 nowrap hide-m"),
        rx.el.td(pips, class_name="hide-m"),
        rx.el.td(status(order.status_words, order.tone)),
        rx.el.td(order.total, class_name="n"),
    )


PAGE = Page(routes.APP_ORDERS, "Orders", view, on_load=(Workspace.load, Orders.load))
