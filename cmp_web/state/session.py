"""Who is looking. A browser can call every public method of every State, so each handler says who may: `public`, `signed_in`, …"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import wraps
from http.cookies import CookieError, SimpleCookie
from typing import Any

import reflex as rx
from reflex.istate.proxy import StateProxy

from backend.kernel.caller import Caller
from cmp_web import routes
from cmp_web.state.services import services

VISITOR = "cmp_visitor"
"""The HttpOnly cookie the edge gives every browser; it names a cart and a trial, and nothing else."""

Handler = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Guard:
    """access: what a handler behind it declares. refuse: what anyone else is shown, given the State, open for writing, and who it is."""

    access: str
    admits: Callable[[Caller | None], bool]
    refuse: Callable[[rx.State, Caller | None], Awaitable[Any]]


def public(handler: Handler) -> Handler:
    """Anyone may call."""
    handler.access = "public"
    return handler


def signed_in(handler: Handler) -> Handler:
    """Only members of a workspace may call. The handler receives its Caller after `self`; anyone else is shown the sign-in page.

    The caller is asked for again at every event: a session that has ended ends here too, even on a websocket opened before.
    Works on coroutines and asynchronous generators, also under `background=True`. Raises TypeError on any other function.
    """
    return _guarded(handler, Guard("signed_in", lambda caller: caller is not None, _sign_in_first))


def operator_only(handler: Handler) -> Handler:
    """Only the people who run the market may call; otherwise as `signed_in`.

    What the State showed is wiped for anyone else. Nobody is shown the sign-in page, a member of no such right the page that says so.
    """
    return _guarded(handler, Guard("operator", lambda caller: caller is not None and caller.operator, _operators_only))


def _guarded(handler: Handler, guard: Guard) -> Handler:
    guarded = _generator(handler, guard) if inspect.isasyncgenfunction(handler) else _coroutine(handler, guard)
    signature = inspect.signature(handler)
    given = list(signature.parameters.values())
    guarded.__signature__ = signature.replace(parameters=[given[0], *given[2:]])
    guarded.__annotations__ = {name: kind for name, kind in handler.__annotations__.items() if name != given[1].name}
    del guarded.__wrapped__
    guarded.access = guard.access
    return guarded


def _generator(handler: Handler, guard: Guard) -> Handler:
    @wraps(handler)
    async def guarded(self: rx.State, *args: Any, **kwargs: Any) -> Any:
        caller = await caller_of(self)
        if not guard.admits(caller):
            yield await _refused(self, caller, guard)
            return
        async for event in handler(self, caller, *args, **kwargs):
            yield event

    return guarded


def _coroutine(handler: Handler, guard: Guard) -> Handler:
    if not inspect.iscoroutinefunction(handler):
        raise TypeError(f"{handler.__qualname__}: a guarded handler is async")

    @wraps(handler)
    async def guarded(self: rx.State, *args: Any, **kwargs: Any) -> Any:
        caller = await caller_of(self)
        return await handler(self, caller, *args, **kwargs) if guard.admits(caller) else await _refused(self, caller, guard)

    return guarded


async def _refused(state: rx.State, caller: Caller | None, guard: Guard) -> Any:
    """A background handler does not hold its State yet."""
    async with state if isinstance(state, StateProxy) else nullcontext():
        return await guard.refuse(state, caller)


async def _sign_in_first(state: rx.State, _caller: Caller | None) -> Any:
    return rx.redirect(routes.sign_in(state.router.url.path))


async def _operators_only(state: rx.State, caller: Caller | None) -> Any:
    state.reset()  # type: ignore[no-untyped-call]
    (await state.get_state(Operator)).refused = caller is not None
    return await _sign_in_first(state, caller) if caller is None else None


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


class Operator(rx.State):
    """Around the operator's pages. refused: somebody is signed in who is no operator. needs_hand: orders that wait for one."""

    email: str = ""
    needs_hand: int = 0
    refused: bool = False

    @rx.event
    @operator_only
    async def load(self, caller: Caller) -> None:
        self.email, self.refused = caller.email, False
