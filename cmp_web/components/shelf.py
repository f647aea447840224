"""Products as they stand on a shelf. Values or Vars in, elements out."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cmp_web import routes
from cmp_web.components.base import badge, button, leader, leaders, link
from cmp_web.components.either import each, text, when
from cmp_web.components.emblems import emblem
from cmp_web.components.icons import drawing


def card(item: Any, add: Any) -> rx.Component:
    """A variant: what it is, what it brings, its price. `add` is the handler given the product's slug and the SKU."""
    href = text(f"{routes.MARKETPLACE}/", item.slug, "?plan=", item.sku)
    drawn = emblem(item.emblem, 56)
    seen = rx.cond(item.shot.src != "", picture(item.shot, "240px"), drawn)
    head = rx.el.div(seen, badge(item.badge, tone="ol"), class_name="top")
    name = rx.el.div(rx.el.h2(link(item.name, href=href), class_name="t0"), rx.el.p(item.summary, class_name="sm i2"), class_name="col g1")
    facts = rx.el.dl(each(item.rows, lambda row: leader(row.name, row.value)), class_name="lead-l sm")
    sign = rx.el.p(drawing(text("i-", item.sign), "ic"), item.tag, class_name="xs i3 row")
    name_of = text("Add to cart, ", item.name)
    add_it = button("Add to cart", kind="o", size="s", on_click=add(item.slug, item.sku), aria_label=name_of)
    act = when(item.available, add_it, rx.el.span("Sold out", class_name="sm i3"))
    price = rx.el.div(rx.el.span(item.price, class_name="price"), act, class_name="ft")
    return rx.el.article(head, rx.el.div(name, facts, sign, price, class_name="bd"), class_name="prod")


def picture(shot: Any, sizes: str) -> rx.Component:
    """A picture of the seller's own, shown whole whatever its shape, and fetched when it comes into sight. sizes: how wide it is shown, as
    an `img` says it."""
    size = {"width": "512", "height": "320"}
    return rx.el.img(src=shot.src, src_set=shot.srcset, sizes=sizes, alt=shot.alt, loading="lazy", class_name="shot", **size)


def pages(links: Any) -> rx.Component:
    """The row of pages: real links, so that they can be shared, opened beside, and gone back from."""

    def step(item: Any) -> rx.Component:
        current = rx.cond(item.here, "page", "false")
        way = link(item.label, href=item.href, rel=item.rel, aria_label=item.name, aria_current=current, class_name="btn q s")
        return rx.el.li(rx.cond(item.href != "", way, rx.el.span(item.label, class_name="i3")))

    row = rx.el.ul(rx.foreach(links, step), class_name="row wrapx g1")
    return rx.cond(links.length() > 0, rx.el.nav(row, aria_label="Pages", class_name="pages num"), rx.fragment())


def family(name: str, summary: str, picture: str, href: str, *prices: tuple[str, str]) -> rx.Component:
    """A product with all its prices, for the landing page."""
    head = rx.el.div(emblem(picture, 80), class_name="top")
    said = rx.el.div(rx.el.h3(link(name, href=href), class_name="t1"), rx.el.p(summary, class_name="sm i2"), class_name="col g2")
    return rx.el.article(head, rx.el.div(said, leaders(*prices), class_name="bd"), class_name="prod tall")


def card_skeleton() -> rx.Component:
    lines = [rx.el.span(class_name=f"sk {kind}") for kind in ("w3 t", "w1", "w2")]
    return rx.el.div(rx.el.div(class_name="top washed"), rx.el.div(*lines, class_name="bd"), class_name="prod")
