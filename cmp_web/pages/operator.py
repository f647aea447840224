"""The table of the operator's pages."""

from __future__ import annotations

from cmp_web.pages import operator_orders
from cmp_web.pages.page import Page

PAGES: tuple[Page, ...] = (operator_orders.PAGE,)
