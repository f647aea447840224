"""A product's page: one static page for each product known when the site is built, one dynamic page for those that come later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import reflex as rx

from cmp_web import routes
from cmp_web.components import product as parts
from cmp_web.components.base import failure, link_button, note
from cmp_web.components.either import when
from cmp_web.components.trial import trial
from cmp_web.layouts.store import ON_LOAD, shell
from cmp_web.pages.missing import not_found
from cmp_web.pages.page import Page
from cmp_web.state import shelf
from cmp_web.state.cart import CartBadge
from cmp_web.state.product import Product, Trial
from cmp_web.state.views import Plan, ProductView


def view(product: Any, price: parts.Price, first: Any) -> rx.Component:
    """product: a ProductView or a Var of one. first: its first plan."""
    add = CartBadge.add

    def gone(plan: Any) -> rx.Var:
        return Product.gone.contains(plan.sku)

    stale = rx.cond(Product.note != "", note(Product.note, tone="wa", sign="clock", role="status"), rx.fragment())
    refused = rx.cond(CartBadge.failed != "", note(CartBadge.failed, tone="ba", sign="alert", role="alert"), rx.fragment())
    buy = rx.el.div(
        parts.crumbs(product),
        parts.heading(product, Product.shot),
        stale,
        parts.buying(product, price, gone, add, Product.plan),
        refused,
        class_name="col g6",
    )
    words = parts.words(product, Product.written)
    about = rx.el.div(rx.el.h2("About", class_name="t2"), words, class_name="col g4")
    beside = when(product.agent, trial(product, first.run, Trial, Trial.ask, Trial.submit), rx.el.div(about, class_name="card pad"))
    described = parts.section("about", "What it does", words)
    agent = rx.fragment(described, parts.figures(), parts.plans(product, price, gone, add), parts.cost(product, first), parts.connections())
    body = [rx.el.div(buy, beside, class_name="agrid"), when(product.agent, agent), parts.questions(product)]
    return rx.el.div(*body, class_name="wrap shelfpage")


def known(product: ProductView) -> Callable[[], rx.Component]:
    """The page of a product known when the site is built: all words in the HTML, and prices corrected when the shop has others now."""

    def price(plan: Plan) -> rx.Component:
        now = Product.prices
        return rx.cond(now.contains(plan.sku), now[plan.sku], plan.price)

    def page() -> rx.Component:
        return shell(view(product, price, product.plans[0]), here=routes.MARKETPLACE, class_name="hasbar")

    return page


def late() -> rx.Component:
    product = Product.late
    shown = rx.cond(product.slug != "", view(product, lambda plan: plan.price, product.plans[0]), waiting())
    return shell(rx.cond(Product.missing, not_found(), shown), here=routes.MARKETPLACE, class_name="hasbar")


def waiting() -> rx.Component:
    broken = failure(
        "The shop does not answer", Product.failed, link_button("To the marketplace", href=routes.MARKETPLACE, kind="o", size="s")
    )
    lines = [rx.el.span(class_name=f"sk {kind}") for kind in ("w3 t", "w1", "w2")]
    coming = rx.el.div(*lines, class_name="col g4", role="status", aria_label="Loading the product")
    return rx.el.div(rx.cond(Product.failed != "", broken, coming), class_name="wrap shelfpage")


ON_PRODUCT = (*ON_LOAD, Trial.begin, Product.load)
PAGES = (
    *(
        Page(
            routes.product(p.slug),
            f"{p.name} · CMP",
            known(shelf.built_product(p)),
            description=p.summary,
            on_load=ON_PRODUCT,
            indexed=True,
        )
        for p in shelf.SHELF
    ),
    Page(routes.PRODUCT, Product.title, late, on_load=ON_PRODUCT),
)
