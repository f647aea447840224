"""The orders of the workspace, each with the way to its timeline."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cmp_web import routes
from cmp_web.components.app_parts import DAY, head_row, page_head, phased, when
from cmp_web.components.base import empty, link, link_button, status
from cmp_web.layouts import workspace
from cmp_web.pages.page import Page
from cmp_web.state.app_orders import Orders
from cmp_web.state.app_workspace import Workspace


def view() -> rx.Component:
    head = page_head("Orders", "What was bought for this workspace, and what became of it.")
    none = empty(
        "receipt",
        "No orders yet",
        "What you buy stands here with its timeline.",
        link_button("Browse agents", href=routes.MARKETPLACE, size="s"),
    )
    columns = head_row("Order", "What", "Placed", "Stages", "State", ("Total", "n"))
    table = rx.el.div(
        rx.el.table(columns, rx.el.tbody(rx.foreach(Orders.rows, _row)), class_name="tbl hov stack ords"), class_name="card clip"
    )
    ready = rx.cond(Orders.rows.length() > 0, table, none)
    shown = phased(Orders, ready, loading="Loading the orders", retry=Orders.load, failed="The orders could not be loaded")
    return workspace.shell("orders", head, shown)


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
