"""How to pay: the gateways, what the chosen one needs, and the one button."""

from __future__ import annotations

import reflex as rx

from cmp_web import routes
from cmp_web.components.base import button, checkbox, note, plain_button, plain_link
from cmp_web.components.icons import icon
from cmp_web.state.checkout import Checkout


def payment() -> rx.Component:
    """Only one thing is asked at a time: how to pay, or what the payment begun wants next."""
    ways = rx.cond(Checkout.cart.free, note("Nothing has to be paid. Placing the order is all that is left.", sign="check"), gateways())
    asked = (Checkout.step == "confirm") | (Checkout.step == "redirect") | (Checkout.step == "open")
    # Hidden, not taken away: what was chosen and agreed to is still so when the buyer comes back to it.
    form = rx.el.div(ways, card(), agree(), outcome(), act(), class_name="col g4", hidden=asked)
    asking = rx.match(Checkout.step, ("confirm", confirmation()), ("redirect", leaving()), ("open", left_open()), rx.fragment())
    body = rx.el.div(form, asking, class_name="col g4")
    return rx.el.section(rx.el.h2("Payment", class_name="t1", id="c3"), body, class_name="cks", aria_labelledby="c3")


def gateways() -> rx.Component:
    listed = rx.el.fieldset(rx.el.legend("Way to pay", class_name="lab legend"), rx.foreach(Checkout.offers, way), class_name="col g2")
    none = note(
        "None of the shop’s ways to pay can be used here yet, so nothing can be bought just now. Your cart is kept. "
        "Please tell the shop that its storefront does not know its payment service.",
        tone="wa",
        sign="alert",
        role="alert",
    )
    return rx.fragment(listed, rx.cond((Checkout.gateway == "") & Checkout.loaded, none, rx.fragment()))


def way(offer: rx.Var) -> rx.Component:
    mark = rx.el.input(
        type="radio",
        name="gateway",
        value=offer.id,
        default_checked=Checkout.gateway == offer.id,
        on_change=Checkout.choose(offer.id),
        disabled=~offer.usable,
    )
    unknown = rx.el.span("The shop also offers ", offer.name, ", which this storefront cannot use yet.")
    words = rx.cond(offer.usable, rx.el.span(offer.name), unknown)
    return rx.el.label(mark, words, class_name=rx.cond(offer.usable, "ck gateway", "ck gateway off"))


def card() -> rx.Component:
    """What the chosen gateway needs to know before Pay is pressed."""
    return rx.match(Checkout.kind, ("test", test_card()), ("stripe", stripe()), ("redirect", away()), rx.fragment())


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


def stripe() -> rx.Component:
    """The place of Stripe's own form. assets/pay.js brings it, checks it before the form is sent, and says when it is done."""
    told = Checkout.stripe
    attrs = {
        "data-stripe-key": told.key,
        "data-amount": told.amount,
        "data-currency": told.currency,
        "data-secret": told.secret,
        "data-back": told.back,
        "data-turn": told.turn,
    }
    box = rx.el.div(class_name="stripebox", custom_attrs=attrs, key=told.key)
    error = rx.el.p(class_name="err", id="stripe-error", role="alert")
    method = rx.el.input(type="hidden", name="stripe_method")
    done = rx.el.button("Go on", type="button", id="stripe-done", hidden=True, on_click=Checkout.confirm)
    return rx.cond(told.key != "", rx.el.div(box, error, method, done, class_name="col g2"), rx.fragment())


def away() -> rx.Component:
    return note("You pay on the payment service’s own page and come back here after that.")


def confirmation() -> rx.Component:
    words = rx.el.p(rx.el.strong("Your bank asks you to confirm this payment. "), "Nothing is charged until you do.", class_name="sm i2")
    acts = rx.el.div(
        button("Do not pay", kind="o", on_click=Checkout.give_up),
        button("Confirm payment of ", Checkout.cart.total, on_click=Checkout.confirm),
        class_name="row wrapx",
    )
    return rx.el.div(words, outcome(), acts, class_name="card pad col g4", role="alert")


def leaving() -> rx.Component:
    """Where to is said before the browser goes there."""
    words = rx.el.p(
        "To pay ",
        rx.el.strong(Checkout.cart.total),
        " you go to ",
        rx.el.strong(Checkout.host, class_name="nowidth"),
        ". When you are done there you come back here, and the order is placed.",
        class_name="sm i2",
    )
    acts = rx.el.div(
        button("Do not pay", kind="o", on_click=Checkout.give_up),
        plain_button("Go on to ", Checkout.host, href=Checkout.url, rel="noreferrer"),
        class_name="row wrapx",
    )
    return rx.el.div(words, outcome(), acts, class_name="card pad col g4", role="alert")


def left_open() -> rx.Component:
    """A payment begun before that can still be made."""
    go = plain_button("Go on to ", Checkout.host, href=Checkout.url, rel="noreferrer")
    acts = rx.el.div(
        button("Give it up", kind="o", on_click=Checkout.give_up), rx.cond(Checkout.url != "", go, rx.fragment()), class_name="row wrapx"
    )
    return rx.el.div(outcome(), acts, class_name="card pad col g4", role="alert")


def agree() -> rx.Component:
    """Who has bought before agrees by the press of the button, beside which it says so."""
    rules = (
        plain_link("terms", href=routes.TERMS, class_name="link"),
        " and the ",
        plain_link("charge rules", href=f"{routes.TERMS}#charges", class_name="link"),
        ".",
    )
    words = rx.fragment("I agree to the ", *rules)
    again = rx.el.p("As with your last order, by paying you agree to the ", *rules, class_name="sm i2")
    error = Checkout.errors["terms"]
    unagreed = rx.cond(error != "", rx.el.p(icon("alert"), error, class_name="err", id="terms-error"), rx.fragment())
    box = checkbox(words, name="terms", id="terms", default_checked=False, custom_attrs={"aria-describedby": "terms-error"})
    return rx.cond(Checkout.known, again, rx.el.div(box, unagreed, class_name="col g2"))


def outcome() -> rx.Component:
    """What changed since it was shown, and what came of pressing Pay."""
    head = rx.el.strong(rx.cond(Checkout.said != "", Checkout.said, "This changed since you looked. Check it, and press the button again."))
    said = rx.el.div(head, rx.el.ul(rx.foreach(Checkout.changes, changed), class_name="told"), class_name="col g2 grow")
    news = rx.el.div(icon("alert"), said, class_name="note wa", role="alert")
    again = rx.cond(
        Checkout.again != "", button(Checkout.again, kind="o", size="s", on_click=Checkout.check, disabled=Checkout.paying), rx.fragment()
    )
    words = rx.el.div(rx.el.p(Checkout.said), again, class_name="col g3 grow start")
    plain = rx.el.div(icon("alert"), words, class_name="note " + Checkout.tone, role="alert")
    return rx.cond(Checkout.changes.length() > 0, news, rx.cond(Checkout.said != "", plain, rx.fragment()))


def changed(item: rx.Var) -> rx.Component:
    words = rx.cond(item.left > 0, rx.fragment("Take ", item.left), "Take it out")
    mend = rx.el.button(words, type="button", class_name="aslink link med nowrap", on_click=Checkout.mend(item.line, item.left))
    return rx.el.li(item.words, rx.cond(item.line != "", mend, rx.fragment()))


def act() -> rx.Component:
    busy = rx.fragment(rx.el.span(class_name="spin"), rx.cond(Checkout.cart.free, "Placing the order", "Paying"))
    words = rx.cond(Checkout.cart.free, "Place order", rx.fragment("Pay ", Checkout.cart.total))
    usable = Checkout.cart.free | (Checkout.gateway != "")
    press = rx.el.button(
        rx.cond(Checkout.paying, busy, words), type="submit", class_name="btn p l w", aria_disabled=Checkout.paying, disabled=~usable
    )
    after = "You can close this page after paying. The order keeps going, and the link comes by e-mail."
    return rx.fragment(press, rx.el.p(after, class_name="xs i3"))
