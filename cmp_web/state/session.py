"""Who is looking. A browser can call every public method of every State, so each handler says who may: `public` or `signed_in`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from http.cookies import CookieError, SimpleCookie
from typing import Any

import reflex as rx

from backend.kernel.caller import Caller
from cmp_web import routes
from cmp_web.state.services import services

VISITOR = "cmp_visitor"
"""The HttpOnly cookie the edge gives every browser; it names a cart and a trial, and nothing else."""

Handler = Callable[..., Any]


def public(handler: Handler) -> Handler:
    """Anyone may call."""
    handler.access = "public"
    return handler


def signed_in(handler: Handler) -> Handler:
    """Only members of a workspace may call. The handler receives its Caller after `self`; anyone else is shown the sign-in page.

    The caller is asked for again at every event: a session that has ended ends here too, even on a websocket opened before.
    Works on coroutines and asynchronous generators, also under `background=True`. Raises TypeError on any other function.
    """
    guarded = _generator(handler) if inspect.isasyncgenfunction(handler) else _coroutine(handler)
    signature = inspect.signature(handler)
    given = list(signature.parameters.values())
    guarded.__signature__ = signature.replace(parameters=[given[0], *given[2:]])
    guarded.__annotations__ = {name: kind for name, kind in handler.__annotations__.items() if name != given[1].name}
    del guarded.__wrapped__
    guarded.access = "signed_in"
    return guarded


def _generator(handler: Handler) -> Handler:
    @wraps(handler)
    async def guarded(self: rx.State, *args: Any, **kwargs: Any) -> Any:
        caller = await caller_of(self)
        if caller is None:
            yield _to_sign_in(self)
            return
        async for event in handler(self, caller, *args, **kwargs):
            yield event

    return guarded


def _coroutine(handler: Handler) -> Handler:
    if not inspect.iscoroutinefunction(handler):
        raise TypeError(f"{handler.__qualname__}: a guarded handler is async")

    @wraps(handler)
    async def guarded(self: rx.State, *args: Any, **kwargs: Any) -> Any:
        caller = await caller_of(self)
        return _to_sign_in(self) if caller is None else await handler(self, caller, *args, **kwargs)

    return guarded


async def caller_of(state: rx.State) -> Caller | None:
    """The caller behind the session cookie of the browser's own request, or None."""
    return await services().access.from_cookie_header(state.router.headers.cookie)


def visitor_of(state: rx.State) -> str:
    """The opaque name of this browser, or "" when it takes no cookies."""
    try:
        jar = SimpleCookie(state.router.headers.cookie)
    except CookieError:
        return ""
    return jar[VISITOR].value if VISITOR in jar else ""


def _to_sign_in(state: rx.State) -> Any:
    return rx.redirect(routes.sign_in(state.router.url.path))


class Session(rx.State):
    """The signed-in person, as the bars at the top of the pages show them."""

    email: str = ""
    known: bool = False
    """Whether the server has been asked yet."""

    @rx.event
    @public
    async def look(self) -> None:
        caller = await caller_of(self)
        self.email = caller.email if caller else ""
        self.known = True

    @rx.event
    @signed_in
    async def require(self, caller: Caller) -> None:
        """For a page that only members may see."""
        self.email = caller.email
        self.known = True
