"""The storefront's States over the whole backend with its embedded shop, in a folder of their own. Only the runner plays a script."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import pytest
import reflex as rx
from reflex.event import EventSpec
from reflex.istate.data import RouterData
from reflex.state import BaseState

from backend import container
from backend.commerce import live
from backend.control_plane import offerings
from backend.main import System, assemble
from backend.settings import Settings
from cmp_web.state.session import VISITOR
from tests.service.gateway.house import ScriptedRunner
from tests.wired import prepared as prepared

S = TypeVar("S", bound=rx.State)


def tab(kind: type[S], path: str = "/", query: Mapping[str, str] | None = None, visitor: str = "browser-one") -> S:
    """The State of a fresh tab at `path`. visitor: the browser's name; "" for one that takes no cookies."""
    root = rx.State(_reflex_internal_init=True)  # type: ignore[call-arg]
    cookie = f"{VISITOR}={visitor}" if visitor else ""
    asked = f"?{urlencode(query)}" if query else ""
    root.router = RouterData.from_router_data(
        {"headers": {"cookie": cookie}, "pathname": path, "asPath": path + asked, "query": dict(query or {})}
    )
    found = root.get_substate(kind.get_full_name().split("."))
    assert isinstance(found, kind)
    return found


async def call(handler: Any, state: rx.State, *values: Any) -> list[Any]:
    """All the events a handler returned or yielded."""
    made = handler.fn(state, *values)
    if hasattr(made, "__aiter__"):
        return [event async for event in made if event is not None]
    returned = await made
    return returned if isinstance(returned, list) else [returned] if returned is not None else []


def destination(events: list[Any]) -> str:
    """Where the last redirect among the events leads."""
    going = [event for event in events if isinstance(event, EventSpec) and event.handler.fn.__qualname__ == "_redirect"]
    found = [{str(name): value._var_value for name, value in event.args} for event in going]
    return str(found[-1]["path"]) if found else ""


async def _entered(state: BaseState) -> BaseState:
    return state


async def _left(_state: BaseState, *_error: object) -> None:
    return None


@pytest.fixture
async def system(settings: Settings, prepared: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[System]:
    """Migrated and seeded; nothing durable runs."""
    monkeypatch.setattr("backend.runner.local.EmbeddedRunner", lambda *_, **__: ScriptedRunner())
    # How quick this machine is, is not what these tests are about.
    monkeypatch.setattr(live, "SLOW", timedelta(minutes=1))
    monkeypatch.setattr(live, "COLD_PATIENCE", 60.0)
    monkeypatch.setattr(offerings, "LIFE", 0.0)
    shutil.copytree(prepared, settings.data_dir)
    built = assemble(settings)
    monkeypatch.setattr(container, "_current", built.services)
    # The lock around a background handler is Reflex's own.
    monkeypatch.setattr(BaseState, "__aenter__", _entered)
    monkeypatch.setattr(BaseState, "__aexit__", _left)
    yield built
    await built.services.http.aclose()
    await built.services.database.dispose()


@pytest.fixture
async def running(system: System) -> AsyncIterator[System]:
    """With durable work and deliveries taken up, so that an order goes its whole way."""
    await system.start()
    yield system
    # All of it: whatever went on would find its database gone, and leave the connection it was at open for a later test to stumble over.
    await system.stop()
