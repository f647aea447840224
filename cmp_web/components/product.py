"""The parts of a product's page. Each takes a ProductView or a Var of one; prices and handlers are given by the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import reflex as rx

from cmp_web import routes
from cmp_web.components.base import badge, button, leaders, link, note
from cmp_web.components.either import each, text, when
from cmp_web.components.emblems import plate
from cmp_web.components.icons import icon
from cmp_web.components.shelf import picture

Price = Callable[[Any], Any]
Gone = Callable[[Any], rx.Var]
"""Whether a plan cannot be bought now."""
BOTH = "Basic, Pro"
CONNECTIONS = (
    ("widget", "Website widget", "Works only on addresses you list", BOTH),
    ("chat", "Workspace chat", "For you and your members", BOTH),
    ("code", "REST", "Streaming, background, idempotent", BOTH),
    ("file", "Documents", "PDF, Word, Markdown, HTML, text", BOTH),
    ("refresh", "OpenAI clients", "The agent is the model they name", BOTH),
    ("plug", "MCP", "The agent is a tool for assistants", "Pro"),
)
"""Icon, name, words, and the plans that have it."""
FIGURES = (
    ("Runs that succeed", "of all finished runs"),
    ("Time to the first word", "middle value, seconds"),
    ("Credits an answer takes", "middle value, credits"),
)


def crumbs(product: Any) -> rx.Component:
    trail = rx.el.ol(
        rx.el.li(link("Marketplace", href=routes.MARKETPLACE)),
        rx.el.li(link(product.category_name, href=text(f"{routes.MARKETPLACE}?category=", product.category))),
        rx.el.li(rx.el.span(product.name, aria_current="page")),
    )
    return rx.el.nav(trail, class_name="crumbs", aria_label="Breadcrumb")


def heading(product: Any, shot: Any) -> rx.Component:
    """shot: the seller's own picture; the emblem stands where there is none."""
    said = rx.el.div(rx.el.h1(product.name, class_name="t3"), rx.el.p(product.summary, class_name="i2"), class_name="col g2")
    drawn = rx.el.div(plate(product.emblem, "l"), said, class_name="row top g5")
    seen = rx.fragment(picture(shot, "(max-width: 1023px) 100vw, 560px"), said)
    return rx.cond(shot.src != "", seen, drawn)


def words(product: Any, written: rx.Var[str]) -> rx.Component:
    """What it is: in the seller's words when they wrote some, in the catalogue's otherwise. written: HTML made safe in commerce."""
    return rx.cond(written != "", rx.html(written, class_name="rich measure"), rx.el.p(product.description, class_name="measure"))


def buying(product: Any, price: Price, gone: Gone, add: Any, chosen: rx.Var[str]) -> rx.Component:
    """The choice of plan and the button that buys it. Which offer shows is decided by CSS, so choosing takes no time at all."""
    plans = rx.el.fieldset(
        rx.el.legend(when(product.agent, rx.fragment("Plan"), rx.fragment("Pack")), class_name="lab legend"),
        each(product.plans, lambda plan: _choice(plan, price, gone, chosen)),
        class_name="col g2",
        key=chosen,
    )
    offers = each(product.plans, lambda plan: _offer(plan, price, gone, add, product))
    bar = rx.el.div(each(product.plans, lambda plan: _bar_offer(plan, price, gone, add, product)), class_name="buybar")
    return rx.el.div(plans, offers, bar, class_name="col g6 buying")


def _buy(plan: Any, label: Any, gone: Gone, add: Any, product: Any, **props: Any) -> rx.Component:
    """The button that puts a plan in the cart, or says why it cannot."""
    return button(rx.cond(gone(plan), "Sold out", label), disabled=gone(plan), on_click=add(product.slug, plan.sku), **props)


def _bar_offer(plan: Any, price: Price, gone: Gone, add: Any, product: Any) -> rx.Component:
    """The chosen plan in the bar that stays in sight on a phone."""
    said = rx.el.div(rx.el.span(plan.name, class_name="xs i2"), rx.el.span(price(plan), class_name="semi num"), class_name="col grow")
    act = _buy(plan, text("Add ", plan.name, " to cart"), gone, add, product)
    return rx.el.div(said, act, class_name=text("offer row grow p", plan.index))


def _choice(plan: Any, price: Price, gone: Gone, chosen: rx.Var[str]) -> rx.Component:
    top = rx.el.span(rx.el.span(plan.name, class_name="semi"), rx.el.span(price(plan), class_name="semi num"), class_name="row between")
    line = rx.cond(gone(plan), "Sold out", plan.line)
    said = rx.el.span(top, rx.el.span(line, class_name="xs i2"), class_name="col grow")
    mark = rx.el.input(
        type="radio",
        name="plan",
        value=plan.sku,
        default_checked=rx.cond(chosen == "", plan.index == 0, chosen == plan.sku),
        custom_attrs={"data-plan": plan.index},
    )
    return rx.el.label(mark, said, class_name="plan")


def _offer(plan: Any, price: Price, gone: Gone, add: Any, product: Any) -> rx.Component:
    act = _buy(plan, text("Add ", plan.name, " to cart"), gone, add, product, size="l", wide=True)
    promise = when(
        product.agent,
        rx.el.p("Paid once. Your agent is ready as soon as the payment is confirmed.", class_name="xs i3 center"),
        rx.el.p("Paid once. The credits are yours as soon as the payment is confirmed.", class_name="xs i3 center"),
    )
    facts = when(
        product.agent,
        leaders(("You get at once", plan.gets), ("A run costs", plan.run), ("A failed run costs", "0 credits"), ("SKU", plan.sku)),
        leaders(("You get at once", plan.gets), ("Price", price(plan)), ("Expires", "Never"), ("SKU", plan.sku)),
    )
    return rx.el.div(
        rx.el.div(act, promise, class_name="col g3"), rx.el.div(facts, class_name="sm num"), class_name=text("offer col g6 p", plan.index)
    )


def section(name: str, title: str, *children: rx.Component) -> rx.Component:
    head = rx.el.div(rx.el.h2(title, class_name="t2", id=f"{name}-h"))
    return rx.el.section(head, rx.el.div(*children), class_name="asec", id=name, aria_labelledby=f"{name}-h")


def figures() -> rx.Component:
    shown = [
        rx.el.div(
            rx.el.dt(name, class_name="xs i2"),
            rx.el.dd("—", class_name="v i3", aria_label="not measured yet"),
            rx.el.dd(unit, class_name="xs i3"),
            class_name="stat col g1",
        )
        for name, unit in FIGURES
    ]
    why = note(
        rx.el.strong("Not enough runs yet."),
        " These figures come from real runs of this version and appear here when there are enough of them to mean something. "
        "We would rather show a dash than a guess.",
    )
    return section("figures", "Measured figures", rx.el.div(rx.el.dl(*shown, class_name="cols3 mfig"), why, class_name="card pad col g6"))


def plans(product: Any, price: Price, gone: Gone, add: Any) -> rx.Component:
    def row(name: str, cell: Callable[[Any], Any]) -> rx.Component:
        return rx.el.tr(rx.el.th(name, scope="row"), each(product.plans, lambda plan: rx.el.td(cell(plan))))

    head = rx.el.tr(
        rx.el.td(),
        each(
            product.plans,
            lambda p: rx.el.th(rx.el.span(p.name, class_name="t0 semi"), rx.el.span(price(p), class_name="price"), scope="col"),
        ),
    )
    body = [
        row("Credits included", lambda p: p.credits),
        row("A run costs", lambda p: rx.fragment(p.run, when(p.tokens != "", rx.el.span(p.tokens, class_name="xs i3 col")))),
        row("Knowledge", lambda p: p.knowledge),
        row("Website widgets", lambda p: p.widgets),
        row("REST", lambda p: _yes(p.rest)),
        row("Requests a minute", lambda p: p.rpm),
        row("Longest run", lambda p: p.longest),
        row("OpenAI clients", lambda p: _yes(p.rest)),
        row("MCP", lambda p: _yes(p.mcp)),
    ]
    acts = rx.el.tr(rx.el.td(), each(product.plans, lambda p: rx.el.td(_buy(p, text("Add ", p.name), gone, add, product, kind="o"))))
    table = rx.el.table(rx.el.thead(head), rx.el.tbody(*body), rx.el.tfoot(acts), class_name="tbl bare ptab num")
    return section("plans", "Plans side by side", rx.el.div(table, class_name="scrollx"))


def _yes(has: Any) -> rx.Component:
    yes = rx.el.span(icon("check"), rx.el.span("Yes", class_name="vh"), class_name="go")
    return when(has, yes, rx.el.span("—", class_name="i3", aria_label="Not included"))


def cost(product: Any, plan: Any) -> rx.Component:
    """plan: the one whose price is told as an example."""
    run = plan.run
    steps = (
        ("Before", "Quote", text("You see “", run, "” beside the send button.")),
        ("During", "Hold", text(plan.most, " set aside, so that nothing is spent twice.")),
        ("After", "Receipt", "Charged what was used. The rest is released."),
    )
    road = [rx.el.li(rx.el.span(w, class_name="xs i3"), rx.el.b(n), rx.el.span(what, class_name="sm i2")) for w, n, what in steps]
    rules = rx.el.div(
        _rules("You are charged", "check", product.charged), _rules("You are not charged", "x", product.not_charged), class_name="cols2"
    )
    return section("cost", "What a run costs", rx.el.div(rx.el.ol(*road, class_name="qhr"), rules, class_name="col g6"))


def _rules(title: str, sign: str, rules: Any) -> rx.Component:
    listed = rx.el.ul(each(rules, lambda rule: rx.el.li(icon(sign), rx.el.span(rule))), class_name="tick sm i2")
    return rx.el.div(rx.el.h3(title, class_name="t0"), listed, class_name="card pad col g3")


def connections() -> rx.Component:
    listed = [
        rx.el.li(
            rx.el.span(icon(sign), class_name="i2"),
            rx.el.div(rx.el.h3(name, class_name="t0"), rx.el.p(words, class_name="sm i2"), class_name="grow"),
            badge(plans, tone="ol"),
        )
        for sign, name, words, plans in CONNECTIONS
    ]
    return section("connect", "What you can connect", rx.el.ul(*listed, class_name="cols2 rg0 doors"))


def questions(product: Any) -> rx.Component:
    def asked(item: Any) -> rx.Component:
        return rx.el.details(rx.el.summary(item.question, icon("cd")), rx.el.p(item.answer, class_name="sm"), class_name="faq")

    return section("questions", "Questions", each(product.questions, asked))
