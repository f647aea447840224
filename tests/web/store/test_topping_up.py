"""More credits for who has bought before: press the pack, press Pay."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col

from backend.identity.sessions import COOKIE
from backend.kernel.caller import Caller, Role
from backend.kernel.errors import Unavailable
from backend.main import System
from backend.workspaces.models import MembershipRow
from cmp_web.state.app_credits import Credits
from cmp_web.state.checkout import Checkout
from cmp_web.state.order import Order
from tests.web.store.conftest import call, destination, tab
from tests.web.store.test_buying_states import BUYER, put

PACK = ("starter-credit-pack", "CREDITS-100")


async def sign_up(system: System, email: str = "buyer@example.com") -> tuple[str, Caller]:
    """Their cookies, and who they are."""
    services = system.services
    account = await services.sign_up.register(email, "four plain words", "")
    token = await services.sessions.open(account.id, "a test")
    caller = await services.access.caller(token, None)
    assert caller is not None
    return f"browser-{email[:3]}; {COOKIE}={token}", caller


async def opened(visitor: str) -> Checkout:
    state = tab(Checkout, "/checkout", visitor=visitor)
    await call(Checkout.load, state)
    return state


def as_shown(state: Checkout) -> dict[str, Any]:
    """What the browser sends when nothing is typed or ticked."""
    return {field.name: field.value for field in state.fields} | {"email": state.email, "outcome": "accepted"}


async def buy(visitor: str) -> str:
    """The first purchase, by hand; the address of the order's page."""
    await put(*PACK, visitor)
    state = await opened(visitor)
    await call(Checkout.choose_country, state, "US")
    return destination(await call(Checkout.pay, state, BUYER))


async def delivered(path: str, visitor: str) -> None:
    page = tab(Order, path, visitor=visitor)
    await call(Order.load, page)
    if page.order.open:
        await asyncio.wait_for(call(Order.watch, page, page.order.ref), 30)
    assert page.order.status == "ready"


async def press_the_pack(visitor: str) -> Checkout:
    credits_ = tab(Credits, "/app/credits", visitor=visitor)
    assert destination(await call(Credits.top_up, credits_, *PACK, credits_.turn)) == "/checkout"
    return await opened(visitor)


async def test_the_pack_and_pay_are_two_presses_for_who_has_bought_before(running: System) -> None:
    visitor, caller = await sign_up(running)
    first = await buy(visitor)
    state = await press_the_pack(visitor)
    assert (state.known, state.filled, state.country, state.email) == (True, True, "US", "buyer@example.com")
    assert {field.name: field.value for field in state.fields}["street_address_1"] == "1 Example Street"
    second = destination(await call(Checkout.pay, state, as_shown(state)))
    assert second.startswith("/orders/ord_")
    assert second != first
    for path in (first, second):
        await delivered(path, visitor)
    assert str((await running.services.ledger.balance(caller.workspace_id)).available) == "200"


async def test_the_tab_of_the_first_purchase_asks_for_no_second_tick(running: System) -> None:
    visitor, _ = await sign_up(running)
    await put(*PACK, visitor)
    state = await opened(visitor)
    await call(Checkout.choose_country, state, "US")
    assert state.known is False
    first = destination(await call(Checkout.pay, state, BUYER))
    await press_the_pack(visitor)
    await call(Checkout.load, state)
    assert (state.known, state.filled, state._typed["street_address_1"]) == (True, False, "1 Example Street")
    assert destination(await call(Checkout.pay, state, as_shown(state))) not in {"", first}


async def test_who_has_never_bought_is_asked_for_all_of_it(running: System) -> None:
    await buy((await sign_up(running))[0])
    visitor, _ = await sign_up(running, "other@example.com")
    state = await press_the_pack(visitor)
    assert (state.known, state.country, [field.value for field in state.fields if field.value]) == (False, "", [])
    assert destination(await call(Checkout.pay, state, as_shown(state))) == ""
    assert state.errors["terms"]


@pytest.mark.parametrize(("role", "seen"), [(Role.VIEWER, False), (Role.MEMBER, False), (Role.ADMIN, True), (Role.OWNER, True)])
async def test_of_somebody_elses_order_only_admins_and_owners_are_shown_the_address(running: System, role: Role, seen: bool) -> None:
    visitor, caller = await sign_up(running)
    await delivered(await buy(visitor), visitor)
    orders = running.services.orders
    mate = Caller(caller.door, caller.workspace_id, role, email="mate@example.com")
    assert (await orders.latest(mate) is not None) is seen
    assert await orders.latest(Caller(caller.door, caller.workspace_id, role, email="Buyer@example.com")) is not None


async def test_a_tab_forgets_the_address_when_its_member_has_left(running: System) -> None:
    visitor, _ = await sign_up(running)
    await buy(visitor)
    state = await press_the_pack(visitor)
    await running.services.sessions.close(visitor.rpartition("=")[2])
    await call(Checkout.load, state)
    assert (state.known, state.country, state.email, [field.value for field in state.fields if field.value]) == (False, "", "", [])


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ADMIN])
async def test_a_tab_forgets_it_for_another_member_too_who_has_agreed_to_nothing(running: System, role: Role) -> None:
    visitor, caller = await sign_up(running)
    await buy(visitor)
    state = await press_the_pack(visitor)
    assert (state.known, state.filled) == (True, True)
    token, mate = (await sign_up(running, "mate@example.com"))[0].rpartition("=")[2], "mate@example.com"
    account = await running.services.sessions.account(token)
    assert account is not None
    async with running.services.database.write() as tx:
        mine = update(MembershipRow).where(col(MembershipRow.account_id) == account.id)
        await tx.execute(mine.values(workspace_id=caller.workspace_id, role=role.value))
    running.services.callers.forget(account.id)
    # The same tab, where somebody else has signed in.
    state.router = tab(Checkout, "/checkout", visitor=f"{visitor.partition(';')[0]}; {COOKIE}={token}").router
    await call(Checkout.load, state)
    # An admin is shown the address, as theirs to see; the address of the mail is never another's.
    shown = "1 Example Street" if role is Role.ADMIN else ""
    assert (state.known, state._typed.get("street_address_1", ""), state.email in {"", mate}) == (False, shown, True)
    assert destination(await call(Checkout.pay, state, as_shown(state) | BUYER | {"terms": ""})) == ""
    assert state.errors["terms"]


async def test_what_is_typed_is_not_overwritten(running: System) -> None:
    visitor, _ = await sign_up(running)
    await buy(visitor)
    state = await press_the_pack(visitor)
    await call(Checkout.keep, state, "city", "Chicago")
    await call(Checkout.load, state)
    assert (state._typed["city"], state._typed["postal_code"]) == ("Chicago", "62701")


async def test_a_shop_that_does_not_tell_the_address_only_costs_some_typing(running: System, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor, _ = await sign_up(running)
    await buy(visitor)

    async def away(*_: object) -> None:
        raise Unavailable("The shop does not answer.")

    monkeypatch.setattr(type(running.services.commerce), "billed_to", away)
    state = await press_the_pack(visitor)
    assert (state.filled, state.country, state.loaded, len(state.cart.lines)) == (False, "", True, 1)
