"""The operator's room is closed to everybody else, at every event, in a tab that was opened before as well."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import reflex as rx

from cmp_web.pages import operator as table
from cmp_web.state.app_workspace import Workspace
from cmp_web.state.operator_order import OperatorOrder
from cmp_web.state.operator_orders import OperatorOrders
from cmp_web.state.operator_payments import OperatorPayments
from cmp_web.state.session import Operator
from tests.web.orders.conftest import MEMBER, OPERATOR, Market, call

STATES = (Operator, OperatorOrders, OperatorOrder, OperatorPayments)
FRAMEWORK = {"setvar", "set_is_hydrated", "hydrate"}
HANDLERS = [(state, name) for state in STATES for name in state.event_handlers if name not in FRAMEWORK]
EVERY = pytest.mark.parametrize(("state", "name"), HANDLERS, ids=lambda value: getattr(value, "__name__", value))


def shown(tab: rx.State) -> dict[str, Any]:
    return {var: getattr(tab, var) for var in tab.base_vars}


async def press(state: type[rx.State], name: str, tab: rx.State) -> list[Any]:
    """The handler, with the values a browser would send that acts on the open order."""
    handler = state.event_handlers[name]
    wanted = list(inspect.signature(handler.fn).parameters)[1:]
    values: dict[str, Any] = {
        "turn": 0,
        "opened": 1,
        "looks": 0,
        "text": "x",
        "payment": "pay_1",
        "form": {"turn": "0", "take-reason": "x", "keep-reason": "x", "settle-reason": "x", "payment": "pay_1"},
    }
    return await call(handler, tab, *[values[given] for given in wanted])


def fresh(state: type[rx.State]) -> dict[str, Any]:
    found = rx.State(_reflex_internal_init=True).get_substate(state.get_full_name().split("."))  # type: ignore[call-arg]
    return shown(found)


def test_every_handler_of_the_room_is_for_operators_only() -> None:
    assert {getattr(state.event_handlers[name].fn, "access", "") for state, name in HANDLERS} == {"operator"}
    assert len(HANDLERS) > 10


@EVERY
async def test_nobody_is_sent_to_the_sign_in_page_and_sees_nothing(market: Market, state: type[rx.State], name: str) -> None:
    ref = await market.order("T-SHIRT")
    tab = market.tab(state, "", order=ref)
    (event,) = await press(state, name, tab)
    assert "/signin?next=%2Foperator%2Forders" in str(event.args)
    assert shown(tab) == fresh(state)
    assert await market.status(ref) == "needs_hand"


@EVERY
async def test_a_member_who_is_no_operator_is_told_so_and_sees_nothing(market: Market, state: type[rx.State], name: str) -> None:
    ref = await market.order("T-SHIRT")
    tab = market.tab(state, MEMBER, order=ref)
    assert await press(state, name, tab) == []
    assert (await tab.get_state(Operator)).refused
    assert shown(tab) == fresh(state) | ({"refused": True} if state is Operator else {})
    assert (await market.services.desk.order(ref)).log == (await market.services.desk.order(ref)).log
    assert "Tried again." not in [event.words for event in (await market.services.desk.order(ref)).log]


@EVERY
async def test_a_session_that_ended_ends_in_an_open_tab_and_takes_what_was_shown_with_it(
    market: Market, state: type[rx.State], name: str
) -> None:
    ref = await market.order("T-SHIRT")
    tab = market.tab(state, order=ref)
    await call(state.load, tab)  # type: ignore[attr-defined]
    assert shown(tab) != fresh(state)
    await market.services.sessions.close(market.tokens[OPERATOR])
    (event,) = await press(state, name, tab)
    assert "/signin" in str(event.args)
    assert shown(tab) == fresh(state)


async def test_an_operator_whose_address_is_not_proven_is_none(market: Market) -> None:
    market.services.access._operators |= {"typed@example.com"}
    await market.person("typed@example.com", proven=False)
    tab = market.tab(OperatorOrders, "typed@example.com")
    await call(OperatorOrders.load, tab)
    assert ((await tab.get_state(Operator)).refused, tab.rows) == (True, [])


async def test_a_watch_ends_with_the_session_it_began_in(market: Market) -> None:
    ref = await market.order("T-SHIRT")
    tab = market.tab(OperatorOrder, order=ref)
    await call(OperatorOrder.load, tab)
    watch = OperatorOrder.watch.fn(tab, tab.opened, 99)
    await market.services.sessions.close(market.tokens[OPERATOR])
    events = [event async for event in watch]
    assert "/signin" in str(events[0].args)
    assert shown(tab) == fresh(OperatorOrder)


@pytest.mark.parametrize(("email", "there"), [(OPERATOR, True), (MEMBER, False)])
async def test_the_workspace_shows_the_way_to_the_room_to_operators_only(market: Market, email: str, there: bool) -> None:
    tab = market.tab(Workspace, email, "/app")
    await call(Workspace.load, tab)
    assert tab.operator is there


def test_every_page_of_the_room_is_drawn_and_asks_for_an_operator_first() -> None:
    for page in table.PAGES:
        assert page.view().render()
        assert [getattr(handler.fn, "access", "") for handler in page.on_load] == ["operator"] * len(page.on_load)
        assert page.on_load
        assert not page.indexed
