"""Pricing: every plan and pack in two tables, and how a run is charged. All figures come from the catalogue."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cmp_web import routes
from cmp_web.components.base import link, link_button, note
from cmp_web.components.emblems import plate
from cmp_web.components.icons import icon
from cmp_web.layouts.store import ON_LOAD, shell
from cmp_web.pages.page import Page
from cmp_web.state import shelf
from cmp_web.state.views import Plan, ProductView

AGENTS = [shelf.built_product(product) for product in shelf.SHELF if product.is_agent]
PACKS = [shelf.built_product(product) for product in shelf.SHELF if not product.is_agent]
HEADS = ("Agent", "Price", "Credits", "A run", "Knowledge", "Widgets", "Requests a minute", "REST", "OpenAI", "MCP")


def pricing() -> rx.Component:
    lead = "Pay once for an agent and the credits that come with it. No subscription. Credits do not expire."
    head = rx.el.div(rx.el.h1("Pricing", class_name="t3"), rx.el.p(lead, class_name="lead"), class_name="col g2 mhead")
    return shell(
        rx.el.div(head, rx.el.div(agents(), packs(), runs(), class_name="col g12x"), class_name="wrap opening"), here=routes.PRICING
    )


def agents() -> rx.Component:
    heads = [rx.el.th(words, scope="col", class_name="" if place in {0, 7, 8, 9} else "n") for place, words in enumerate(HEADS)]
    rows = [_agent(product, plan) for product in AGENTS for plan in product.plans]
    caption = rx.el.caption("Plans of every agent", class_name="vh")
    table = rx.el.table(caption, rx.el.thead(rx.el.tr(*heads)), rx.el.tbody(*rows), class_name="tbl hov stack num")
    return _part("agents", "Agents", rx.el.div(table, class_name="card scrollx"))


def _agent(product: ProductView, plan: Plan) -> rx.Component:
    name = link(f"{product.name} – {plan.name}", href=f"{routes.product(product.slug)}?plan={plan.sku}", class_name="med")
    first = _first(product, name, f"{plan.credits}, {plan.run} a run")
    figures = [rx.el.td(plan.price, class_name="n semi"), *[_figure(value) for value in (plan.credits, plan.run, plan.knowledge)]]
    return rx.el.tr(first, *figures, _figure(plan.widgets), _figure(plan.rpm), _has(plan.rest), _has(plan.rest), _has(plan.mcp))


def _first(product: ProductView, name: rx.Component, phone: str) -> rx.Component:
    """phone: what a phone, which has no room for the columns, says below the name."""
    said = rx.el.div(name, rx.el.span(phone, class_name="xs i3 only-m"), class_name="col")
    return rx.el.td(rx.el.div(plate(product.emblem, "s"), said, class_name="row g3"))


def _figure(value: Any) -> rx.Component:
    return rx.el.td(value, class_name="n hide-m")


def _has(yes: bool) -> rx.Component:
    shown = rx.el.span(icon("check"), rx.el.span("Yes", class_name="vh"), class_name="go")
    return rx.el.td(shown if yes else rx.el.span("—", class_name="i3", aria_label="No"), class_name="hide-m")


def packs() -> rx.Component:
    rows = [
        rx.el.tr(
            _first(product, link(product.name, href=routes.product(product.slug), class_name="med"), plan.line),
            rx.el.td(plan.price, class_name="n semi"),
            rx.el.td(plan.line, class_name="n hide-m"),
            rx.el.td("Never", class_name="n hide-m"),
        )
        for product in PACKS
        for plan in product.plans
    ]
    heads = rx.el.tr(
        rx.el.th("Pack", scope="col"), *[rx.el.th(words, scope="col", class_name="n") for words in ("Price", "Each", "Expires")]
    )
    table = rx.el.table(
        rx.el.caption("Credit packs", class_name="vh"), rx.el.thead(heads), rx.el.tbody(*rows), class_name="tbl hov stack num"
    )
    return _part("packs", "Credit packs", rx.el.div(table, class_name="card scrollx"))


def _rules(agent: ProductView, whose: str) -> rx.Component:
    charged = rx.el.ul(*[rx.el.li(icon("check"), words) for words in agent.charged], class_name="tick sm i2")
    free = rx.el.ul(*[rx.el.li(icon("x"), words) for words in agent.not_charged], class_name="tick sm i2")
    return rx.el.div(
        rx.el.div(rx.el.h3(f"{whose}You are charged", class_name="t0"), charged, class_name="card pad col g3"),
        rx.el.div(rx.el.h3(f"{whose}You are not charged", class_name="t0"), free, class_name="card pad col g3"),
        class_name="cols2",
    )


def runs() -> rx.Component:
    alike = all((agent.charged, agent.not_charged) == (AGENTS[0].charged, AGENTS[0].not_charged) for agent in AGENTS)
    cards = [_rules(agent, "" if alike else f"{agent.name}: ") for agent in (AGENTS[:1] if alike else AGENTS)]
    more = note(f"Prices are in {shelf.CURRENCY}. Raising an agent you have from Basic to Pro is coming.")
    act = rx.el.div(link_button("Choose an agent", href=routes.MARKETPLACE), class_name="row")
    return _part("runs", "How a run is charged", rx.el.div(*cards, more, act, class_name="col g6"))


def _part(name: str, title: str, body: rx.Component) -> rx.Component:
    return rx.el.section(rx.el.h2(title, class_name="t1", id=f"{name}-h"), body, class_name="col g4", id=name, aria_labelledby=f"{name}-h")


PAGE = Page(
    routes.PRICING,
    "Pricing · CMP",
    pricing,
    description="What each AI agent costs, once, what comes with it, what a run takes, and what credits cost. No subscription.",
    on_load=ON_LOAD,
    indexed=True,
)
