"""The application: every page of the table, the backend mounted beside them, the edge around both."""

from __future__ import annotations

from urllib.parse import urlsplit

import reflex as rx

from cmp_web import theme
from cmp_web.pages import store, workspace

PAGES = (*store.PAGES, *workspace.PAGES)


def document_head() -> list[rx.Component]:
    """What every page's head holds: the text face and the icons early, our small script late."""
    return [
        rx.el.link(rel="icon", href="/favicon.svg", type="image/svg+xml"),
        rx.el.link(rel="preload", href=theme.FONT, custom_attrs={"as": "font"}, type="font/woff2", cross_origin="anonymous"),
        rx.el.script(src=theme.SCRIPT, defer=True),
    ]


app = rx.App(
    html_lang="en",
    stylesheets=theme.STYLESHEETS,
    reset_style=False,
    toaster=None,
    app_wraps={},
    head_components=document_head(),
)

for page in PAGES:
    app.add_page(page.view, route=page.path, title=page.title, description=page.description, on_load=list(page.on_load))


def same_host(origin: str, environ: dict[str, str]) -> bool:
    """Whether a websocket is opened by a page of this very host."""
    return urlsplit(origin).netloc == environ.get("HTTP_HOST")


app.sio.eio.cors_allowed_origins = same_host
