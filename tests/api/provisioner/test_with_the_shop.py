"""The whole way of an order, with the embedded shop as Saleor: it signs, we verify; we ask, it answers; it refunds, we take back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from backend.commerce.schemas import Address, LineInput
from backend.kernel.ids import SaleorOrderId
from backend.main import System
from backend.provisioner.orders import OrderView
from backend.shop.apps.service import create_app

VISITOR = "the-browser-that-buys"
ADDRESS = Address("Ada", "Buyer", "", "1 Market St", "", "San Francisco", "", "94105", "US", "CA", "")
CANCEL = "mutation($id: ID!) { orderCancel(id: $id) { errors { code } } }"
REFUND = (
    "mutation($id: ID!, $by: PositiveDecimal!) { transactionRequestAction(id: $id, actionType: REFUND, amount: $by) { errors { code } } }"
)


@pytest.fixture
async def market(system: System) -> AsyncIterator[System]:
    """Selling and provisioning; no worker to run agents on."""
    await system.prepare()
    await system.services.durable.start()
    assert system.shop is not None
    await system.shop.start()
    await system.shop.install(f"{system.services.settings.base_url}/api/saleor/manifest")
    yield system
    await system.shop.stop()
    await system.services.durable.stop()
    await system.services.http.aclose()
    await system.services.database.dispose()


async def buy(market: System, *skus: str, email: str = "demo@example.com") -> tuple[SaleorOrderId, str, str]:
    """Saleor's id of the order, the id of its payment, and our ref."""
    services = market.services
    variants = {variant.sku: variant.id for product in (await services.commerce.products()).items for variant in product.variants}
    checkout = await services.commerce.create_checkout([LineInput(variants[sku]) for sku in skus], email=email)
    await services.commerce.set_billing_address(checkout.id, ADDRESS)
    payment = await services.commerce.pay(checkout.id, checkout.gateways[0].id, {"event": {"type": "CHARGE_SUCCESS"}}, "once")
    order = await services.commerce.complete(checkout.id)
    return order.id, payment.transaction_id, await services.orders.track(order.id, visitor=VISITOR)


async def reaches(market: System, ref: str, status: str) -> OrderView:
    deadline = time.monotonic() + 60
    while (view := await market.services.orders.view(ref, visitor=VISITOR)).status != status:
        assert time.monotonic() < deadline, view
        await asyncio.sleep(0.05)
    return view


async def staff(market: System, query: str, **variables: object) -> None:
    """What somebody does in the shop's dashboard."""
    services = market.services
    async with services.database.write() as tx:
        _, token = await create_app(
            tx, services.clock, name="Dashboard", identifier=query, permissions=("HANDLE_PAYMENTS", "MANAGE_ORDERS")
        )
    headers = {"Authorization": f"Bearer {token}"}
    answer = await services.http.post(services.settings.saleor_url, json={"query": query, "variables": variables}, headers=headers)
    (data,) = answer.json()["data"].values()
    assert data["errors"] == []


async def available(market: System) -> str:
    account = await market.services.accounts.by_email("demo@example.com")
    assert account is not None
    (membership,) = await market.services.workspaces.of(account.id)
    return str((await market.services.ledger.balance(membership.workspace.id)).available)


async def test_what_is_bought_in_the_shop_is_provisioned_and_fulfilled_there(market: System) -> None:
    order_id, _, ref = await buy(market, "CSA-BASIC", "CREDITS-100")
    view = await reaches(market, ref, "ready")
    assert [line.outcome for line in view.lines] == ["Agent ready, 50 credits included", "100 credits added"]
    assert await available(market) == "175"
    order = await market.services.commerce.order(order_id)
    assert order is not None
    assert (order.status, order.metadata["cmp_order"]) == ("FULFILLED", ref)


async def test_a_refund_in_the_shop_takes_back_and_a_partial_one_waits(market: System) -> None:
    _, payment, ref = await buy(market, "CREDITS-100")
    await reaches(market, ref, "ready")
    await staff(market, REFUND, id=payment, by="4.00")
    await reaches(market, ref, "needs_hand")
    assert await available(market) == "125"
    await staff(market, REFUND + " ", id=payment, by="6.00")
    await reaches(market, ref, "refunded")
    assert await available(market) == "25"


async def test_an_order_cancelled_in_the_shop_before_it_was_claimed_can_no_longer_be(market: System) -> None:
    order_id, _, ref = await buy(market, "CREDITS-100", email="somebody@example.com")
    await reaches(market, ref, "unclaimed")
    await staff(market, CANCEL, id=order_id)
    await reaches(market, ref, "cancelled")
    account = await market.services.sign_up.register("somebody@example.com", "a long enough pass phrase", "Somebody")
    assert await market.services.orders.claim(account, visitor=VISITOR) == []


async def test_a_delivery_forged_in_the_shops_name_is_refused(market: System) -> None:
    body = '{"__typename": "OrderFullyPaid", "order": {"id": "T3JkZXI6MQ=="}}'
    transport = httpx.ASGITransport(app=market.app)
    async with httpx.AsyncClient(transport=transport, base_url=market.services.settings.base_url) as http:
        answer = await http.post("/webhooks/saleor/order-paid", content=body, headers={"Saleor-Event": "order_fully_paid"})
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_signature")
