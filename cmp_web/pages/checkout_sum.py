"""The sum beside the checkout's questions."""

from __future__ import annotations

import reflex as rx

from cmp_web import routes
from cmp_web.components.base import button, field, leader, plain_link, text_input
from cmp_web.components.emblems import plate
from cmp_web.components.icons import icon
from cmp_web.state.cart import CartView
from cmp_web.state.checkout import Checkout


def summary() -> rx.Component:
    head = rx.el.div(
        rx.el.h2("Summary", class_name="t1", id="sum-h"),
        plain_link("Edit cart", href=routes.CART, class_name="sm link"),
        class_name="row between base",
    )
    steps = (
        "The payment is confirmed and your order received.",
        "What you bought appears in your workspace.",
        "You add documents and place the widget.",
    )
    after = rx.el.div(
        rx.el.h3("After you pay", class_name="xs med"),
        rx.el.ol(*[rx.el.li(words) for words in steps], class_name="col g2 sm i2 steps"),
        class_name="col g2 after",
    )
    rule = rx.el.hr(class_name="hr")
    lines = rx.el.ul(rx.foreach(Checkout.cart.lines, _line), class_name="col g4")
    sums = rx.el.dl(*rows(Checkout.cart), class_name="lead-l sm")
    inner = rx.el.div(head, lines, rule, code(), sums, rx.el.hr(class_name="hr after"), after, class_name="col g6 ckin")
    return rx.el.aside(inner, class_name="cka", aria_labelledby="sum-h")


def rows(cart: CartView | rx.Var) -> list[rx.Component]:
    """Rows that add up. Where prices hold the tax, it is named below the total instead of being added to it."""
    tax = rx.cond(cart.taxed, rx.fragment(), leader("Tax", cart.tax))
    included = rx.cond(cart.taxed, rx.el.div(rx.el.dt("Tax in it"), rx.el.dd(cart.tax), class_name="i3"), rx.fragment())
    return [
        leader("Subtotal", cart.subtotal),
        rx.cond(cart.discount != "", leader("Discount", "-" + cart.discount), rx.fragment()),
        tax,
        rx.cond(cart.cards != "", leader("Gift card", "-" + cart.cards), rx.fragment()),
        rx.el.div(rx.el.dt("Total"), rx.el.dd(cart.total), class_name="tot"),
        included,
    ]


def _line(item: rx.Var) -> rx.Component:
    name = rx.cond(item.quantity > 1, f"{item.quantity} × {item.name}", item.name)
    told = rx.el.p(item.note, class_name=rx.cond(item.wrong, "xs bad lnote", "xs i3 lnote"))
    said = rx.el.div(
        rx.el.p(name, class_name="med"),
        rx.el.p(item.brings, class_name="xs i3"),
        rx.cond(item.note != "", told, rx.fragment()),
        class_name="grow sm",
    )
    return rx.el.li(plate(item.emblem, "s"), said, rx.el.span(item.total, class_name="sm num"), class_name="row top g4")


def code() -> rx.Component:
    error = Checkout.errors["promo_code"]
    box = field("Promo code or gift card", text_input("promo_code", error=error, auto_complete="off"), name="promo_code", error="")
    wrong = rx.cond(error != "", rx.el.p(icon("alert"), error, class_name="err", id="promo_code-error", role="alert"), rx.fragment())
    ask = rx.el.form(
        rx.el.div(box, button("Apply", kind="o", type="submit"), class_name="row promo"),
        wrong,
        on_submit=Checkout.apply_code,
        class_name="col g2",
    )
    have = rx.el.div(
        rx.el.span("Code ", rx.el.strong(Checkout.cart.promo_code), class_name="sm grow"),
        button("Remove", kind="q", size="s", on_click=Checkout.drop_code),
        class_name="row",
    )
    card = rx.el.div(
        rx.el.span("A gift card pays ", rx.el.strong(Checkout.cart.cards), class_name="sm grow"),
        button("Remove", kind="q", size="s", on_click=Checkout.drop_card(Checkout.cart.card), aria_label="Remove the gift card"),
        class_name="row",
    )
    kept = rx.cond(Checkout.cart.card != "", card, rx.fragment())
    return rx.el.div(rx.cond(Checkout.cart.promo_code != "", have, ask), kept, class_name="col g3")
