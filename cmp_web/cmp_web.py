"""The application: every page of the table, the backend mounted beside them, the edge around both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import reflex as rx
from starlette.types import ASGIApp

from backend.kernel.garbage import keep_what_is_loaded
from cmp_web import theme
from cmp_web.edge import Edge
from cmp_web.edge.head import PICTURE
from cmp_web.edge.site import Site
from cmp_web.pages import operator, store, workspace

if TYPE_CHECKING:
    from backend.main import System

PAGES = (*store.PAGES, *workspace.PAGES, *operator.PAGES)


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
    app.add_page(page.view, route=page.path, title=page.title, description=page.description, image=PICTURE, on_load=list(page.on_load))


def same_host(origin: str, environ: dict[str, str]) -> bool:
    """Whether a websocket is opened by a page of this very host."""
    try:
        return urlsplit(origin).netloc == environ.get("HTTP_HOST")
    except ValueError:
        return False


app.sio.eio.cors_allowed_origins = same_host


def serve(system: System) -> ASGIApp:
    """The whole house as one ASGI application: pages, websocket, backend. Call once in a process, in an environment of `build.serving`."""
    services = system.services

    def edge(inner: ASGIApp) -> ASGIApp:
        settings = services.settings
        return Edge(
            inner,
            site=Site(),
            table=PAGES,
            shop=services.commerce,
            offerings=services.offerings,
            base_url=settings.base_url,
            brand=settings.brand_name,
            images=settings.media_origins,
        )

    @asynccontextmanager
    async def backend() -> AsyncIterator[None]:
        """Starlette does not run the lifespan of an application mounted in another."""
        async with system.app.router.lifespan_context(system.app):
            keep_what_is_loaded()
            yield

    app.api_transformer = [system.app, edge]
    app.register_lifespan_task(backend)
    return system.visited(app())
