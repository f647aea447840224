"""The table of the storefront's pages."""

from __future__ import annotations

from cmp_web.pages import landing, marketplace, missing, product
from cmp_web.pages.page import Page

PAGES: tuple[Page, ...] = (landing.PAGE, marketplace.PAGE, *product.PAGES, missing.PAGE)
