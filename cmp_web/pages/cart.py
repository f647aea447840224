"""The cart."""

from __future__ import annotations

import reflex as rx

from cmp_web import routes
from cmp_web.components.base import button, empty, failure, leader, link, link_button, note, plain_button
from cmp_web.components.emblems import plate
from cmp_web.components.icons import icon
from cmp_web.layouts.store import ON_LOAD, shell
from cmp_web.pages.page import Page
from cmp_web.state.cart import Cart


def cart() -> rx.Component:
    head = rx.el.div(
        rx.el.h1("Cart", class_name="t3"),
        link("Keep looking", href=routes.MARKETPLACE, class_name="sm link"),
        class_name="row between base wrapx headrow",
    )
    none = empty(
        "cart",
        "Your cart is empty",
        "Choose an agent or a pack of credits, and it waits here, also after you close the page.",
        link_button("Go to the marketplace", href=routes.MARKETPLACE),
    )
    refused = rx.cond(Cart.failed != "", note(Cart.failed, tone="ba", sign="alert", role="alert"), rx.fragment())
    full = rx.el.div(
        rx.el.div(refused, news(), rx.el.ul(rx.foreach(Cart.cart.lines, line))), summary(), class_name="cgrid", aria_busy=Cart.busy
    )
    broken = failure("The cart could not be loaded", Cart.failed, button("Try again", kind="o", size="s", on_click=Cart.load))
    shown = rx.cond(Cart.cart.lines.length() > 0, full, rx.cond(Cart.failed != "", broken, rx.cond(Cart.loaded, none, waiting())))
    return shell(rx.el.div(head, shown, class_name="wrap opening"))


def news() -> rx.Component:
    """What is not as this visitor was shown it last."""
    listed = rx.el.ul(rx.foreach(Cart.changes, rx.el.li), class_name="col")
    said = rx.el.div(rx.el.strong("This changed since you looked"), listed, class_name="col g1 grow")
    told = rx.el.div(icon("alert"), said, class_name="note wa", role="status")
    return rx.cond(Cart.changes.length() > 0, told, rx.fragment())


def waiting() -> rx.Component:
    row = rx.el.li(
        rx.el.span(class_name="plate m"),
        rx.el.div(*[rx.el.span(class_name=f"sk {kind}") for kind in ("w1 t", "w2")], class_name="col g3 grow"),
        class_name="cl",
    )
    return rx.el.ul(row, row, role="status", aria_label="Loading the cart")


def line(item: rx.Var) -> rx.Component:
    fewer = _step("minus", "One less", item.quantity - 1, item)
    more = _step("plus", "One more", item.quantity + 1, item)
    steps = rx.el.div(fewer, rx.el.output(item.quantity), more, class_name="step", role="group", aria_label="Quantity of " + item.name)
    remove = button("Remove", kind="q", size="s", on_click=Cart.remove(item.id), aria_label="Remove " + item.name)
    swap = note(
        item.swap_words,
        " ",
        rx.el.button("Take that pack instead", type="button", class_name="aslink link med nowrap", on_click=Cart.swap(item.id, item.swap)),
    )
    said = rx.el.div(
        rx.el.h2(link(item.name, href=f"{routes.MARKETPLACE}/" + item.slug), class_name="t0"),
        rx.el.p(item.brings, class_name="sm i2"),
        rx.el.p(item.sku, class_name="xxs i3 num"),
        rx.cond(item.note != "", rx.el.p(item.note, class_name=rx.cond(item.wrong, "xs bad", "xs i3")), rx.fragment()),
        rx.el.div(steps, remove, class_name="row acts"),
        rx.cond(item.swap != "", swap, rx.fragment()),
        class_name="col g1 grow",
    )
    return rx.el.li(plate(item.emblem), said, rx.el.span(item.total, class_name="semi num"), class_name="cl")


def _step(sign: str, label: str, quantity: rx.Var, item: rx.Var) -> rx.Component:
    return rx.el.button(icon(sign), type="button", aria_label=label, on_click=Cart.set_quantity(item.id, quantity), disabled=Cart.busy)


def summary() -> rx.Component:
    rows = rx.el.dl(
        rx.foreach(Cart.cart.lines, lambda item: leader(item.name, item.total)),
        rx.cond(Cart.cart.discount != "", leader("Discount", "-" + Cart.cart.discount), rx.fragment()),
        rx.cond(Cart.cart.cards != "", leader("Gift card", "-" + Cart.cart.cards), rx.fragment()),
        rx.cond(Cart.cart.taxed, rx.fragment(), leader("Tax", Cart.cart.tax)),
        rx.el.div(rx.el.dt("Total"), rx.el.dd(Cart.cart.total), class_name="tot"),
        class_name="lead-l sm",
    )
    arrives = rx.el.div(
        rx.el.h3("What arrives", class_name="xs med"),
        rx.el.ul(
            rx.foreach(Cart.cart.arrives, lambda words: rx.el.li(icon("check"), words, class_name="row")),
            rx.el.li(icon("receipt"), "An order page that updates by itself", class_name="row"),
            class_name="col g2 sm i2",
        ),
        class_name="col g3",
    )
    # Loaded anew: only then does the browser have the checkout's own policy, which lets a payment service's script in.
    pay = plain_button("Check out", href=routes.CHECKOUT, size="l", wide=True)
    parts = [rx.el.h2("Summary", class_name="t0", id="sum-h"), rows, pay, rx.el.hr(class_name="hr"), arrives]
    return rx.el.aside(*parts, class_name="card pad col g6 sum", aria_labelledby="sum-h")


PAGE = Page(routes.CART, "Cart · CMP", cart, on_load=(*ON_LOAD, Cart.load))
