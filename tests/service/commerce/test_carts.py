"""A visitor's cart survives, is one however fast one clicks, and begins anew after an order."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, select

from backend.commerce.carts import Carts
from backend.commerce.errors import CommerceError
from backend.commerce.models import CartRow
from backend.kernel.clock import FrozenClock
from backend.kernel.errors import Invalid
from tests.service.commerce.shop import ADDRESS, Mall


@pytest.fixture
def carts(mall: Mall, clock: FrozenClock) -> Carts:
    return Carts(mall.database, mall.commerce, clock)


async def test_a_cart_is_found_again_by_its_visitor_alone(mall: Mall, carts: Carts, clock: FrozenClock) -> None:
    made = await carts.add("visitor-1", await mall.variant("CSA-BASIC"))
    again = await Carts(mall.database, mall.commerce, clock).current("visitor-1")
    assert again == made
    assert await carts.current("visitor-2") is None


async def test_browsers_without_a_name_do_not_share_a_cart(mall: Mall, carts: Carts) -> None:
    variant = await mall.variant("CSA-BASIC")
    with pytest.raises(Invalid) as refused:
        await carts.add("", variant)
    assert refused.value.code == "no_visitor"
    assert await carts.current("") is None


async def test_two_adds_at_once_give_one_cart_with_both(mall: Mall, carts: Carts) -> None:
    agent, pack = await mall.variant("CSA-BASIC"), await mall.variant("CREDITS-100")
    await asyncio.gather(*(carts.add("visitor-1", variant) for variant in (agent, pack, agent)))
    cart = await carts.current("visitor-1")
    assert cart is not None
    assert sorted((line.sku, line.quantity) for line in cart.lines) == [("CREDITS-100", 1), ("CSA-BASIC", 2)]
    async with mall.database.read() as tx:
        assert await tx.scalar(select(func.count()).select_from(CartRow)) == 1


async def test_the_visitor_is_not_kept_in_the_clear(mall: Mall, carts: Carts) -> None:
    await carts.add("visitor-1", await mall.variant("CSA-BASIC"))
    async with mall.database.read() as tx:
        (row,) = (await tx.scalars(select(CartRow))).all()
    assert "visitor-1" not in row.visitor_hash


async def test_after_an_order_the_cart_is_empty_and_the_next_add_begins_a_new_one(mall: Mall, carts: Carts) -> None:
    cart = await carts.add("visitor-1", await mall.variant("CSA-BASIC"))
    await mall.commerce.set_email(cart.id, "buyer@example.com")
    await mall.commerce.set_billing_address(cart.id, ADDRESS)
    await mall.commerce.add_promo_code(cart.id, "FREE")
    await mall.commerce.complete(cart.id)
    fresh = await carts.add("visitor-1", await mall.variant("CREDITS-100"))
    assert fresh.id != cart.id
    assert [line.sku for line in fresh.lines] == ["CREDITS-100"]


async def test_a_cart_the_shop_closed_is_no_cart_and_no_error(mall: Mall, carts: Carts) -> None:
    cart = await carts.add("visitor-1", await mall.variant("CSA-BASIC"))
    await mall.commerce.set_email(cart.id, "buyer@example.com")
    await mall.commerce.set_billing_address(cart.id, ADDRESS)
    await mall.commerce.add_promo_code(cart.id, "FREE")
    await mall.commerce.complete(cart.id)
    assert await carts.set_quantity("visitor-1", cart.lines[0].id, 2) is None
    assert await carts.current("visitor-1") is None
    assert await carts.remove("visitor-1", cart.lines[0].id) is None


async def test_quantities_change_and_lines_go(mall: Mall, carts: Carts) -> None:
    cart = await carts.add("visitor-1", await mall.variant("CSA-BASIC"), 2, {"agent_name": "Bob"})
    changed = await carts.set_quantity("visitor-1", cart.lines[0].id, 3)
    assert changed is not None
    assert changed.quantity == 3
    left = await carts.remove("visitor-1", cart.lines[0].id)
    assert left is not None
    assert left.lines == ()


async def test_what_the_shop_refuses_leaves_no_cart(carts: Carts) -> None:
    with pytest.raises(CommerceError):
        await carts.add("visitor-1", "UHJvZHVjdFZhcmlhbnQ6OTk5OQ==")
    assert await carts.current("visitor-1") is None


async def test_clearing_forgets_the_cart(mall: Mall, carts: Carts) -> None:
    await carts.add("visitor-1", await mall.variant("CSA-BASIC"))
    await carts.clear("visitor-1")
    assert await carts.current("visitor-1") is None
