"""The checkout: one column of questions, the sum beside it."""

from __future__ import annotations

import reflex as rx

from cmp_web import routes
from cmp_web.components.base import button, checkbox, empty, failure, field, leader, link, link_button, note, plain_link, text_input
from cmp_web.components.connection import offline
from cmp_web.components.countries import country_select
from cmp_web.components.emblems import plate
from cmp_web.components.icons import icon
from cmp_web.layouts.store import home, skip
from cmp_web.pages.page import Page
from cmp_web.state.checkout import Checkout
from cmp_web.state.session import Session

LABELS = {
    "email": "E-mail",
    "first_name": "First name",
    "last_name": "Last name",
    "company_name": "Company",
    "street_address_1": "Street and number",
    "postal_code": "Postal code",
    "city": "City",
    "country_area": "State or region",
    "country": "Country",
    "terms": "Terms",
}
AUTOCOMPLETE = {
    "email": "email",
    "first_name": "given-name",
    "last_name": "family-name",
    "company_name": "organization",
    "street_address_1": "address-line1",
    "postal_code": "postal-code",
    "city": "address-level2",
    "country_area": "address-level1",
}


def checkout() -> rx.Component:
    safe = rx.el.span(icon("lock"), "Secure checkout", class_name="row xs i2")
    bar = rx.el.header(rx.el.div(home(), rx.el.span(class_name="grow"), safe, class_name="wrap"), class_name="sbar")
    none = empty(
        "cart",
        "There is nothing to pay",
        "Your cart is empty. If you have just paid, the order’s page and its link by e-mail show how it goes.",
        link_button("Go to the marketplace", href=routes.MARKETPLACE),
    )
    broken = failure("The checkout could not be loaded", Checkout.failed, button("Try again", kind="o", size="s", on_click=Checkout.load))
    lines = [rx.el.span(class_name=f"sk {kind}") for kind in ("w3 t", "w1", "w2")]
    coming = rx.el.div(*lines, class_name="col g4", role="status", aria_label="Loading the checkout")
    other = rx.cond(Checkout.failed != "", broken, rx.cond(Checkout.loaded, none, coming))
    full = rx.el.div(rx.el.div(form(), summary(), class_name="wrap ckg"), class_name="clipx")
    shown = rx.cond(Checkout.cart.lines.length() > 0, full, rx.el.div(other, class_name="wrap opening"))
    return rx.el.div(skip(), bar, rx.el.main(shown, id="main"), offline())


def form() -> rx.Component:
    parts = [rx.el.h1("Checkout", class_name="t3"), faults(), contact(), address(), payment()]
    return rx.el.form(*parts, class_name="col g12x ckform", on_submit=Checkout.pay, no_validate=True)


def faults() -> rx.Component:
    """A summary that links to the fields, when two or more need a look."""
    links = [
        rx.cond(Checkout.errors[name] != "", rx.el.li(plain_link(words, href=f"#{name}", class_name="link")), rx.fragment())
        for name, words in LABELS.items()
    ]
    said = rx.el.div(
        rx.el.strong(Checkout.wrong.length(), " fields need a look"), rx.el.ul(*links, class_name="row wrapx"), class_name="col"
    )
    many = rx.el.div(icon("alert"), said, class_name="note ba", role="alert")
    return rx.cond(Checkout.wrong.length() > 1, many, rx.fragment())


def asked(name: str, *, wide: bool = False, optional: bool = False, hint: str = "", **props: object) -> rx.Component:
    error = Checkout.errors[name]
    value = Checkout.email if name == "email" else Checkout.address[name]
    control = text_input(name, error=error, default_value=value, auto_complete=AUTOCOMPLETE[name], **props)
    return field(LABELS[name], control, name=name, error=error, wide=wide, optional=optional, hint=hint)


def contact() -> rx.Component:
    mail = asked("email", hint="The receipt and the link to the order go here.", type="email")
    where = rx.cond(
        Checkout.workspace,
        note("What you buy is delivered to your workspace, ", rx.el.strong(Session.email), ".", tone="go", sign="check"),
        note(
            link("Sign in", href=routes.sign_in(routes.CHECKOUT), class_name="link"),
            " to have it delivered to your workspace at once, or go on without: you can sign in after you have paid.",
        ),
    )
    return _part("c1", "Contact", rx.el.div(mail, where, class_name="col g4"))


def address() -> rx.Component:
    country = field(
        "Country", country_select("country", Checkout.address["country"]), name="country", error=Checkout.errors["country"], wide=True
    )
    fields = [
        asked("first_name"),
        asked("last_name"),
        asked("company_name", wide=True, optional=True),
        asked("street_address_1", wide=True),
        asked("postal_code"),
        asked("city"),
        asked("country_area", wide=True, hint="Needed in some countries, such as the United States and Canada."),
        country,
    ]
    return _part("c2", "Billing address", rx.el.div(*fields, class_name="fgrid2"))


def payment() -> rx.Component:
    agree = checkbox(
        rx.fragment(
            "I agree to the ",
            link("terms", href=routes.TERMS, class_name="link"),
            " and the ",
            link("charge rules", href=f"{routes.TERMS}#charges", class_name="link"),
            ".",
        ),
        name="terms",
        id="terms",
        default_checked=False,
    )
    unagreed = rx.cond(Checkout.errors["terms"] != "", rx.el.p(icon("alert"), Checkout.errors["terms"], class_name="err"), rx.fragment())
    said = rx.cond(Checkout.declined != "", note(Checkout.declined, tone="ba", sign="alert", role="alert"), rx.fragment())
    failed = rx.cond(Checkout.failed != "", note(Checkout.failed, tone="ba", sign="alert", role="alert"), rx.fragment())
    busy = rx.fragment(rx.el.span(class_name="spin"), "Paying")
    act = rx.el.button(
        rx.cond(Checkout.paying, busy, rx.fragment("Pay ", Checkout.cart.total)),
        type="submit",
        class_name="btn p l w",
        aria_disabled=Checkout.paying,
    )
    after = "You can close this page after paying. The order keeps going, and the link comes by e-mail."
    pay = rx.fragment(rx.el.div(agree, unagreed, class_name="col g2"), said, failed, act, rx.el.p(after, class_name="xs i3"))
    body = rx.el.div(gateways(), rx.cond(Checkout.confirming, confirmation(), pay), class_name="col g4")
    return _part("c3", "Payment", body)


def gateways() -> rx.Component:
    def choice(gateway: rx.Var) -> rx.Component:
        mark = rx.el.input(
            type="radio",
            name="gateway",
            value=gateway["id"],
            checked=Checkout.gateway == gateway["id"],
            on_change=Checkout.choose(gateway["id"]),
        )
        return rx.el.label(mark, rx.el.span(gateway["name"]), class_name="ck gateway")

    listed = rx.el.fieldset(rx.el.legend("Way to pay", class_name="lab legend"), rx.foreach(Checkout.gateways, choice), class_name="col g2")
    return rx.fragment(listed, rx.cond(Checkout.test, test_card(), rx.fragment()))


def test_card() -> rx.Component:
    """What the test gateway should do; it charges nothing in any case."""
    cards = (
        ("accepted", "A card that is accepted"),
        ("declined", "A card that is declined"),
        ("confirm", "A card whose bank asks to confirm"),
    )
    choices = [
        rx.el.label(
            rx.el.input(type="radio", name="outcome", value=value, default_checked=value == "accepted"), rx.el.span(words), class_name="ck"
        )
        for value, words in cards
    ]
    words = note("This shop runs in test mode. No card is charged. Choose what the test card should do.")
    return rx.fragment(words, rx.el.fieldset(rx.el.legend("Test card", class_name="lab legend"), *choices, class_name="col g3"))


def confirmation() -> rx.Component:
    words = rx.el.p(rx.el.strong("Your bank asks you to confirm this payment. "), "Nothing is charged until you do.", class_name="sm i2")
    acts = rx.el.div(
        button("Do not pay", kind="o", on_click=Checkout.give_up),
        button("Confirm payment of ", Checkout.cart.total, on_click=Checkout.confirm),
        class_name="row wrapx",
    )
    return rx.el.div(words, acts, class_name="card pad col g4", role="alert")


def summary() -> rx.Component:
    head = rx.el.div(
        rx.el.h2("Summary", class_name="t1", id="sum-h"),
        link("Edit cart", href=routes.CART, class_name="sm link"),
        class_name="row between base",
    )
    sums = rx.el.dl(
        leader("Subtotal", Checkout.cart.subtotal),
        rx.cond(Checkout.cart.discount != "", leader("Discount", "-" + Checkout.cart.discount), rx.fragment()),
        leader("Tax", Checkout.cart.tax),
        rx.el.div(rx.el.dt("Total"), rx.el.dd(Checkout.cart.total), class_name="tot"),
        class_name="lead-l sm",
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
    inner = rx.el.div(head, lines, rule, code(), sums, rx.el.hr(class_name="hr after"), after, class_name="col g6 ckin")
    return rx.el.aside(inner, class_name="cka", aria_labelledby="sum-h")


def _line(item: rx.Var) -> rx.Component:
    name = rx.cond(item.quantity > 1, f"{item.quantity} × {item.name}", item.name)
    said = rx.el.div(rx.el.p(name, class_name="med"), rx.el.p(item.brings, class_name="xs i3"), class_name="grow sm")
    return rx.el.li(plate(item.emblem, "s"), said, rx.el.span(item.total, class_name="sm num"), class_name="row top g4")


def code() -> rx.Component:
    box = field(
        "Promo code", text_input("promo_code", error=Checkout.errors["promo_code"], auto_complete="off"), name="promo_code", error=""
    )
    wrong = rx.cond(
        Checkout.errors["promo_code"] != "",
        rx.el.p(icon("alert"), Checkout.errors["promo_code"], class_name="err", id="promo_code-error"),
        rx.fragment(),
    )
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
    return rx.cond(Checkout.cart.promo_code != "", have, ask)


def _part(name: str, title: str, body: rx.Component) -> rx.Component:
    return rx.el.section(rx.el.h2(title, class_name="t1", id=name), body, class_name="cks", aria_labelledby=name)


PAGE = Page(routes.CHECKOUT, "Checkout · CMP", checkout, on_load=(Session.look, Checkout.load))
