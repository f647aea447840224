"""The table of the workspace's pages."""

from __future__ import annotations

from cmp_web.pages.page import Page

PAGES: tuple[Page, ...] = ()
