"""Every public method of a State can be called by any browser, so each declares who may."""

from __future__ import annotations

import pytest
import reflex as rx

from backend.kernel.caller import Caller
from cmp_web.cmp_web import PAGES
from cmp_web.state.session import public, signed_in

FRAMEWORK = {"setvar", "set_is_hydrated", "hydrate"}


def ours(kind: type[rx.State]) -> list[type[rx.State]]:
    below = [state for child in kind.get_substates() for state in ours(child)]
    return [*([kind] if kind.__module__.startswith("cmp_web.") else []), *below]


def undeclared(kind: type[rx.State]) -> list[str]:
    return [name for name, handler in kind.event_handlers.items() if name not in FRAMEWORK and not hasattr(handler.fn, "access")]


def test_every_handler_of_every_state_declares_its_access() -> None:
    states = ours(rx.State)
    assert len(states) > 8
    assert {f"{state.__name__}.{name}" for state in states for name in undeclared(state)} == set()


def test_a_handler_that_declares_nothing_is_found() -> None:
    class Careless(rx.State):
        @rx.event
        async def leak(self) -> None:
            """Says nothing of who may call it."""

    assert undeclared(Careless) == ["leak"]


def test_a_guard_refuses_a_handler_it_could_not_guard() -> None:
    with pytest.raises(TypeError, match="async"):

        @signed_in
        def handler(self: rx.State, caller: Caller) -> None: ...


def test_a_guarded_handler_does_not_ask_the_browser_for_its_caller() -> None:
    @signed_in
    async def handler(self: rx.State, caller: Caller, name: str) -> None: ...

    assert list(rx.EventHandler(fn=handler)._parameters) == ["self", "name"]
    assert handler.access == "signed_in"
    assert public(handler).access == "public"


def test_paths_are_told_apart() -> None:
    assert len({page.path for page in PAGES}) == len(PAGES)


def test_what_search_engines_may_list_is_described() -> None:
    assert [page.path for page in PAGES if page.indexed and len(page.description) < 30] == []
