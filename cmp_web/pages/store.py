"""The table of the storefront's pages."""

from __future__ import annotations

from cmp_web.pages import about, cart, checkout, developers, entry, landing, legal, marketplace, missing, order, pricing, product
from cmp_web.pages.page import Page

PAGES: tuple[Page, ...] = (
    landing.PAGE,
    marketplace.PAGE,
    *product.PAGES,
    pricing.PAGE,
    about.PAGE,
    developers.PAGE,
    *legal.PAGES,
    cart.PAGE,
    checkout.PAGE,
    order.PAGE,
    *entry.PAGES,
    missing.PAGE,
)
