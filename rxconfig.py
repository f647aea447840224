"""Reflex's own configuration. No port or address is here: the edge writes them when a page is asked for, so one build serves anywhere."""

from __future__ import annotations

import os

import reflex as rx

from cmp_web.lean import LeanPlugin

config = rx.Config(
    app_name="cmp_web",
    telemetry_enabled=False,
    react_strict_mode=False,
    show_built_with_reflex=False,
    default_color_mode="system",
    cors_allowed_origins=[],
    frontend_compression_formats=["brotli", "gzip"],
    state_manager_mode="redis" if os.environ.get("REFLEX_REDIS_URL") else "memory",
    plugins=[LeanPlugin()],
    disable_plugins=[rx.plugins.SitemapPlugin],
)
