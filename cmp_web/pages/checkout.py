"""The checkout: one column of questions, the sum beside it. Its links load the next page anew, so that what a payment service brought into
this one stays behind."""

from __future__ import annotations

import reflex as rx

from cmp_web import routes, theme
from cmp_web.components.base import button, empty, failure, field, note, plain_button, plain_link, text_input
from cmp_web.components.connection import offline
from cmp_web.components.emblems import brand
from cmp_web.components.icons import icon
from cmp_web.layouts.store import skip
from cmp_web.pages.checkout_pay import payment
from cmp_web.pages.checkout_sum import summary
from cmp_web.pages.page import Page
from cmp_web.state.checkout import Checkout
from cmp_web.state.session import Session


def checkout() -> rx.Component:
    safe = rx.el.span(icon("lock"), "Secure checkout", class_name="row xs i2")
    home = plain_link(brand(), href=routes.HOME, class_name="brand", aria_label="CMP, home")
    bar = rx.el.header(rx.el.div(home, rx.el.span(class_name="grow"), safe, class_name="wrap"), class_name="sbar")
    full = rx.el.div(rx.el.div(form(), summary(), class_name="wrap ckg"), class_name="clipx")
    shown = rx.cond(Checkout.cart.lines.length() > 0, full, rx.el.div(other(), class_name="wrap opening"))
    styles = rx.el.link(rel="stylesheet", href=theme.CHECKOUT_STYLES, custom_attrs={"precedence": "app"})
    script = rx.el.script(src=theme.stamped("pay.js"), custom_attrs={"async": True})
    leaving = rx.el.span(hidden=True, custom_attrs={"data-leave": rx.cond(Checkout.leave, Checkout.order, "")})
    return rx.el.div(styles, skip(), bar, rx.el.main(shown, id="main"), leaving, script, offline())


def other() -> rx.Component:
    """Without a cart to pay for."""
    placed = empty(
        "check",
        "Your order is placed",
        "What was in your cart has become an order. Its page shows how it goes, and the link is in your e-mail.",
        plain_button("Go to your order", href=Checkout.order),
    )
    none = empty(
        "cart",
        "There is nothing to pay",
        "Your cart is empty. If you have just paid, the order’s page and its link by e-mail show how it goes.",
        plain_button("Go to the marketplace", href=routes.MARKETPLACE),
    )
    retry = button("Try again", kind="o", size="s", on_click=Checkout.check)
    broken = failure("The checkout has to wait", Checkout.said, retry)
    lines = [rx.el.span(class_name=f"sk {kind}") for kind in ("w3 t", "w1", "w2")]
    coming = rx.el.div(*lines, class_name="col g4", role="status", aria_label="Loading the checkout")
    return rx.cond(Checkout.order != "", placed, rx.cond(Checkout.said != "", broken, rx.cond(Checkout.loaded, none, coming)))


def form() -> rx.Component:
    parts = [rx.el.h1("Checkout", class_name="t3"), faults(), contact(), address(), payment()]
    # assets/pay.js gives the focus: Reflex finds no field of a list by its name.
    focus = {"data-wrong": Checkout.first}
    return rx.el.form(*parts, class_name="col g12x ckform", on_submit=Checkout.pay, no_validate=True, custom_attrs=focus)


def faults() -> rx.Component:
    """A summary that links to the fields, when two or more need a look."""
    links = rx.foreach(Checkout.wrong, lambda item: rx.el.li(plain_link(item.label, href="#" + item.name, class_name="link")))
    count = rx.el.strong(Checkout.wrong.length(), " fields need a look")
    said = rx.el.div(count, rx.el.ul(links, class_name="row wrapx"), class_name="col")
    many = rx.el.div(icon("alert"), said, class_name="note ba", role="alert")
    return rx.cond(Checkout.wrong.length() > 1, many, rx.fragment())


def contact() -> rx.Component:
    error = Checkout.errors["email"]
    box = text_input("email", error=error, default_value=Checkout.email, auto_complete="email", type="email", key=Checkout.loaded)
    mail = field("E-mail", box, name="email", error=error, hint="The receipt and the link to the order go here.")
    where = rx.cond(
        Checkout.workspace,
        note("What you buy is delivered to your workspace, ", rx.el.strong(Session.email), ".", tone="go", sign="check"),
        note(
            plain_link("Sign in", href=routes.sign_in(routes.CHECKOUT), class_name="link"),
            " to have it delivered to your workspace at once, or go on without: you can sign in after you have paid.",
        ),
    )
    return part("c1", "Contact", rx.el.div(mail, where, class_name="col g4"))


def address() -> rx.Component:
    """The country first: it decides which fields there are, what they are called and in which order they come."""
    options = rx.foreach(Checkout.countries, lambda country: rx.el.option(country.name, value=country.code))
    error = Checkout.errors["country"]
    choose = rx.el.select(
        rx.el.option("Choose a country", value=""),
        options,
        id="country",
        name="country",
        value=Checkout.country,
        on_change=Checkout.choose_country,
        class_name="inp",
        auto_complete="country",
        custom_attrs={"aria-describedby": "country-error", "aria-invalid": rx.cond(error != "", "true", "false")},
    )
    country = field("Country", choose, name="country", error=error, wide=True)
    known = rx.cond(Checkout.filled, note("As on your workspace’s last order. Change here what has changed.", sign="check"), rx.fragment())
    body = rx.el.div(known, rx.el.div(country, rx.foreach(Checkout.fields, asked), class_name="fgrid2"), class_name="col g4")
    return part("c2", "Billing address", body)


def asked(item: rx.Var) -> rx.Component:
    """One field of an address, as its country has it."""
    attrs = {
        "aria-invalid": rx.cond(item.error != "", "true", "false"),
        "aria-describedby": item.name + "-error " + item.name + "-hint",
        "aria-required": rx.cond(item.required, "true", "false"),
    }
    same = {"id": item.name, "name": item.name, "class_name": "inp", "auto_complete": item.auto, "custom_attrs": attrs}
    box = rx.el.input(type="text", default_value=item.value, key=item.key, on_blur=Checkout.keep(item.name), **same)
    options = rx.foreach(item.choices, lambda choice: rx.el.option(choice.label, value=choice.value))
    choose = rx.el.select(
        rx.el.option("Choose", value=""),
        options,
        default_value=item.value,
        key=item.key,
        on_change=Checkout.choose_area(item.name),
        **same,
    )
    optional = rx.cond(item.required, rx.fragment(), rx.el.span(" optional", class_name="i3 reg"))
    fault = rx.el.p(icon("alert"), rx.el.span(item.error), class_name="err", id=item.name + "-error")
    hint = rx.cond(item.hint != "", rx.el.p(item.hint, class_name="hint", id=item.name + "-hint"), rx.fragment())
    return rx.el.div(
        rx.el.label(item.label, optional, html_for=item.name),
        rx.cond(item.choices.length() > 0, choose, box),
        rx.cond(item.error != "", fault, hint),
        class_name=rx.cond(item.wide, "field w2", "field"),
        key=item.name,
    )


def part(name: str, title: str, body: rx.Component) -> rx.Component:
    return rx.el.section(rx.el.h2(title, class_name="t1", id=name), body, class_name="cks", aria_labelledby=name)


PAGE = Page(routes.CHECKOUT, "Checkout · CMP", checkout, on_load=(Session.look, Checkout.load))
