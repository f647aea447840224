"""Every endpoint and every handler says who may use it."""

from __future__ import annotations

from collections.abc import Sequence

import reflex as rx
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from backend.main import System
from cmp_web import cmp_web

FRAMEWORK = {"setvar", "set_is_hydrated", "hydrate"}
"""Handlers that Reflex itself gives every State."""


def declared(dependant: Dependant) -> list[str]:
    own = [dependant.call.access] if hasattr(dependant.call, "access") else []
    return own + [access for child in dependant.dependencies for access in declared(child)]


def api_routes(routes: Sequence[object]) -> list[APIRoute]:
    found = []
    for route in routes:
        if isinstance(route, APIRoute) and not route.path.startswith(("/docs", "/redoc")):
            found.append(route)
        elif included := getattr(route, "original_router", None):
            found += api_routes(included.routes)
    return found


def test_every_endpoint_declares_who_may_call_it(system: System) -> None:
    routes = api_routes(system.app.routes)
    assert len(routes) > 30
    assert [f"{route.methods} {route.path}" for route in routes if len(declared(route.dependant)) != 1] == []


def test_every_endpoint_that_takes_a_key_says_which_scope_it_needs(system: System) -> None:
    by_key = [(route.path, access) for route in api_routes(system.app.routes) for access in declared(route.dependant) if "api" in access]
    assert len(by_key) > 15
    assert [path for path, access in by_key if "key scope" not in access] == []


def test_every_handler_of_a_state_declares_who_may_call_it() -> None:
    assert cmp_web.PAGES

    def states(state: type[rx.State]) -> list[type[rx.State]]:
        return [state, *(below for child in state.get_substates() for below in states(child))]

    handlers = [(s.__name__, n, h) for s in states(rx.State) if s.__module__.startswith("cmp_web") for n, h in s.event_handlers.items()]
    own = [(s, n, h) for s, n, h in handlers if n not in FRAMEWORK]
    assert len(own) > 20
    assert [f"{state}.{name}" for state, name, handler in own if not hasattr(handler.fn, "access")] == []
