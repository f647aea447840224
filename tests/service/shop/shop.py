"""Speaks GraphQL to the shop, and does the things every test needs: a checkout that can be completed, a payment, an order."""

from __future__ import annotations

from typing import Any

import httpx

from backend.db.engine import Database, Tx
from backend.kernel.clock import Clock
from backend.shop.context import AppPrincipal
from backend.shop.payments.policy import DUMMY
from backend.shop.server import create_shop

APP_TOKEN = "a-token-of-the-test-app"
PERMISSIONS = frozenset(
    {
        "HANDLE_PAYMENTS",
        "MANAGE_CHANNELS",
        "MANAGE_CHECKOUTS",
        "MANAGE_DISCOUNTS",
        "MANAGE_ORDERS",
        "MANAGE_PRODUCTS",
        "MANAGE_SETTINGS",
    }
)
ADDRESS = {
    "firstName": "Ada",
    "lastName": "Buyer",
    "streetAddress1": "1 Market St",
    "city": "San Francisco",
    "postalCode": "94105",
    "countryArea": "CA",
    "country": "US",
}


class Notes:
    """An event sink that remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    async def emit(self, tx: Tx, event: str, order_id: str) -> None:
        assert tx.in_transaction()
        self.told.append((event, order_id))

    def of(self, order_id: str) -> list[str]:
        return [event for event, told in self.told if told == order_id]


async def resolve_app(token: str | None) -> AppPrincipal | None:
    return AppPrincipal(1, "Test app", PERMISSIONS) if token == APP_TOKEN else None


class Shop:
    def __init__(self, database: Database, clock: Clock) -> None:
        self.events = Notes()
        app = create_shop(database, clock, events=self.events, resolve_app=resolve_app, public_url="http://shop.test")
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.test")

    async def raw(self, query: str, variables: dict[str, Any] | None = None, *, token: str = "") -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return await self.client.post("/graphql/", json={"query": query, "variables": variables or {}}, headers=headers)

    async def ask(self, query: str, *, token: str = "", **variables: Any) -> Any:
        """The one root field's answer; fails on a GraphQL error."""
        response = await self.raw(query, variables, token=token)
        body = response.json()
        assert response.status_code == 200, body
        assert "errors" not in body, body
        (answer,) = body["data"].values()
        return answer

    async def variant(self, sku: str) -> str:
        found = await self.ask('query($s:String){productVariant(sku:$s,channel:"default-channel"){id}}', s=sku)
        return str(found["id"])

    async def checkout(self, *skus: str, **extra: Any) -> dict[str, Any]:
        """A checkout with one of each, an e-mail and an address."""
        lines = [{"variantId": await self.variant(sku), "quantity": 1} for sku in skus or ("CSA-BASIC",)]
        given = {"channel": "default-channel", "email": "buyer@example.com", "billingAddress": ADDRESS, "lines": lines, **extra}
        answer = await self.ask(
            "mutation($i:CheckoutCreateInput!){checkoutCreate(input:$i){"
            "checkout{id lines{id} totalPrice{gross{amount}}} errors{field code message}}}",
            i=given,
        )
        assert answer["errors"] == []
        found: dict[str, Any] = answer["checkout"]
        return found

    async def pay(self, checkout: str, kind: str = "CHARGE_SUCCESS", **extra: Any) -> dict[str, Any]:
        answer: dict[str, Any] = await self.ask(
            "mutation($id:ID!,$g:PaymentGatewayToInitialize!,$a:PositiveDecimal,$k:String){"
            "transactionInitialize(id:$id,paymentGateway:$g,amount:$a,idempotencyKey:$k){"
            "transaction{id chargedAmount{amount} actions} transactionEvent{type message amount{amount}} errors{field code}}}",
            id=checkout,
            g={"id": DUMMY, "data": {"event": {"type": kind}}},
            **extra,
        )
        return answer

    async def complete(self, checkout: str) -> dict[str, Any]:
        answer: dict[str, Any] = await self.ask(
            "mutation($id:ID!){checkoutComplete(id:$id){order{id number status isPaid chargeStatus total{gross{amount}}"
            " lines{id productSku quantity metadata{key value}} metadata{key value}} errors{field code message}}}",
            id=checkout,
        )
        return answer

    async def buy(self, *skus: str, **extra: Any) -> dict[str, Any]:
        """A paid order."""
        checkout = await self.checkout(*skus, **extra)
        if checkout["totalPrice"]["gross"]["amount"]:
            await self.pay(checkout["id"])
        answer = await self.complete(checkout["id"])
        assert answer["errors"] == []
        found: dict[str, Any] = answer["order"]
        return found

    async def order(self, key: str) -> dict[str, Any]:
        answer: dict[str, Any] = await self.ask(
            "query($id:ID!){order(id:$id){id number status isPaid chargeStatus paymentStatus totalCharged{amount} totalRefunded{amount}"
            " transactions{id chargedAmount{amount}} fulfillments{id} lines{id quantityToFulfill} events{type}}}",
            token=APP_TOKEN,
            id=key,
        )
        return answer

    async def fulfil(self, order: dict[str, Any]) -> dict[str, Any]:
        place = await self.ask("{warehouses(first:1){edges{node{id}}}}", token=APP_TOKEN)
        stocks = [{"warehouse": place["edges"][0]["node"]["id"], "quantity": 1}]
        answer: dict[str, Any] = await self.ask(
            "mutation($o:ID!,$i:OrderFulfillInput!){orderFulfill(order:$o,input:$i){order{status} fulfillments{id status}"
            " errors{field code orderLines}}}",
            token=APP_TOKEN,
            o=order["id"],
            i={"notifyCustomer": False, "lines": [{"orderLineId": line["id"], "stocks": stocks} for line in order["lines"]]},
        )
        return answer

    async def voucher(self, code: str, value: str, kind: str = "PERCENTAGE", **extra: Any) -> None:
        made = await self.ask(
            "mutation($i:VoucherInput!){voucherCreate(input:$i){voucher{id} errors{field code}}}",
            token=APP_TOKEN,
            i={"name": code, "addCodes": [code], "discountValueType": kind, "type": "ENTIRE_ORDER", **extra},
        )
        assert made["errors"] == []
        channel = await self.ask('{channel(slug:"default-channel"){id}}')
        listed = await self.ask(
            "mutation($id:ID!,$i:VoucherChannelListingInput!){voucherChannelListingUpdate(id:$id,input:$i){errors{field code}}}",
            token=APP_TOKEN,
            id=made["voucher"]["id"],
            i={"addChannels": [{"channelId": channel["id"], "discountValue": value}]},
        )
        assert listed["errors"] == []

    async def promo(self, checkout: str, code: str) -> dict[str, Any]:
        answer: dict[str, Any] = await self.ask(
            "mutation($id:ID!,$c:String!){checkoutAddPromoCode(id:$id,promoCode:$c){checkout{voucherCode discount{amount}"
            " totalPrice{gross{amount}} lines{totalPrice{gross{amount}}}} errors{field code}}}",
            id=checkout,
            c=code,
        )
        return answer

    async def refund(self, transaction: str, amount: str | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = await self.ask(
            "mutation($id:ID!,$a:PositiveDecimal){transactionRequestAction(id:$id,actionType:REFUND,amount:$a){"
            "transaction{refundedAmount{amount} chargedAmount{amount}} errors{field code}}}",
            token=APP_TOKEN,
            id=transaction,
            a=amount,
        )
        return answer
