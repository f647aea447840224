"""A Saleor with payment apps: the embedded shop over real HTTP, and before it what Saleor passes on from Stripe's app, from one that
redirects, and from one nobody here knows. Money moves in the shop itself, so a checkout is paid exactly when the app says so."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from backend import catalogue
from backend.db.engine import Database, Tx
from backend.db.migrate import upgrade
from backend.kernel.clock import SystemClock
from backend.shop.apps.service import create_app, principal
from backend.shop.context import AppPrincipal
from backend.shop.payments.policy import DUMMY
from backend.shop.seed import seed
from backend.shop.server import create_shop

STRIPE, REDIRECT, UNKNOWN = "saleor.app.payment.stripe", "app.example.bank", "app.saleor.adyen"
BANK = "https://bank.example"


class Silent:
    async def emit(self, tx: Tx, event: str, order_id: str) -> None:
        """Nobody is told."""


@dataclass
class Intent:
    """status: Stripe's own words."""

    checkout: str
    key: str
    method: str
    status: str = "requires_payment_method"


@dataclass
class FakeSaleor:
    """gateways: what a checkout offers. intents: by transaction id. back: where the bank was told to send the buyer. asked: operations."""

    folder: Path
    gateways: list[str] = field(default_factory=lambda: [STRIPE, REDIRECT, UNKNOWN])
    intents: dict[str, Intent] = field(default_factory=dict)
    back: str = ""
    asked: list[str] = field(default_factory=list)
    down: bool = False
    token: str = ""

    def open(self) -> Starlette:
        url = f"sqlite:///{self.folder / 'saleor.db'}"
        upgrade(url)
        self.database = Database(url, pooled=False)
        # The browser's own loop runs in this thread.
        with ThreadPoolExecutor(1) as apart:
            apart.submit(lambda: asyncio.run(self._seed())).result()
        shop = create_shop(
            self.database, SystemClock(), events=Silent(), resolve_app=self._app, public_url="http://saleor.test", bindables=()
        )
        self.inner = httpx.AsyncClient(transport=httpx.ASGITransport(shop), base_url="http://saleor.test")
        return Starlette(routes=[Route("/graphql/", self.answer, methods=["POST"])])

    async def _seed(self) -> None:
        await seed(self.database, catalogue.load(), clock=SystemClock())
        async with self.database.write() as tx:
            _, self.token = await create_app(tx, SystemClock(), name="CMP", identifier="cmp", permissions=["MANAGE_ORDERS"])

    async def _app(self, token: str | None) -> AppPrincipal | None:
        async with self.database.read() as tx:
            return await principal(tx, token) if token else None

    async def answer(self, request: Request) -> Response:
        if self.down:
            return Response("away", 503)
        body = await request.json()
        self.asked.append(body["operationName"])
        given = body.get("variables") or {}
        special = self.special().get(body["operationName"])
        if special is not None and (found := await special(given, body, request)) is not None:
            return JSONResponse({"data": found})
        said = await self._ask(body, request)
        _offer(said, self.gateways)
        return JSONResponse(said)

    async def _ask(self, body: dict[str, Any], request: Request) -> dict[str, Any]:
        headers = {"authorization": token} if (token := request.headers.get("authorization")) else {}
        found: dict[str, Any] = (await self.inner.post("/graphql/", json=body, headers=headers)).json()
        return found

    def special(self) -> dict[str, Any]:
        return {
            "PaymentGatewayInitialize": self.configure,
            "TransactionInitialize": self.initialize,
            "TransactionProcess": self.process,
        }

    async def configure(self, given: dict[str, Any], *_: object) -> dict[str, Any] | None:
        (gateway,) = given["gateways"]
        config = {"id": gateway["id"], "data": {"stripePublishableKey": "pk_test_fake"}, "errors": []}
        return {"paymentGatewayInitialize": {"gatewayConfigs": [config], "errors": []}}

    async def initialize(self, given: dict[str, Any], *_: object) -> dict[str, Any] | None:
        gateway, data = given["gateway"]["id"], given["gateway"]["data"]
        if gateway not in {STRIPE, REDIRECT}:
            return None
        known = next((name for name, intent in self.intents.items() if intent.key == given["key"]), f"VHI6{len(self.intents):03d}=")
        if gateway == STRIPE:
            self.intents.setdefault(known, Intent(given["id"], given["key"], data["paymentIntent"]["paymentMethod"]))
            answer = {"paymentIntent": {"stripeClientSecret": f"{known}_secret_x"}}
        else:
            self.intents.setdefault(known, Intent(given["id"], given["key"], "bank"))
            self.back, answer = data["returnUrl"], None
        url = f"{BANK}/pay" if gateway == REDIRECT else ""
        return {"transactionInitialize": _event(known, "CHARGE_ACTION_REQUIRED", "Payment intent requires payment method", answer, url)}

    async def process(self, given: dict[str, Any], body: dict[str, Any], request: Request) -> dict[str, Any] | None:
        intent = self.intents.get(given["id"])
        if intent is None:
            return None
        if intent.method == "bank" and (given["data"] or {}).get("outcome") == "paid":
            intent.status = "succeeded"
        if intent.status != "succeeded":
            url = f"{BANK}/pay" if intent.method == "bank" else ""
            return {
                "transactionProcess": _event(given["id"], "CHARGE_ACTION_REQUIRED", "Payment intent requires payment method", None, url)
            }
        charge = {"id": intent.checkout, "gateway": {"id": DUMMY, "data": {"event": {"type": "CHARGE_SUCCESS"}}}, "key": intent.key}
        query = "mutation($id:ID!,$gateway:PaymentGatewayToInitialize!,$key:String){transactionInitialize(id:$id,paymentGateway:$gateway,"
        await self._ask({"query": query + "idempotencyKey:$key){errors{code}}}", "variables": charge}, request)
        return {"transactionProcess": _event(given["id"], "CHARGE_SUCCESS", "Payment intent has been successful", None)}


def _event(transaction: str, kind: str, message: str, data: object, url: str = "") -> dict[str, Any]:
    """As Saleor passes an app's answer on: its address is the event's, not among its data."""
    event = {"type": kind, "message": message, "externalUrl": url}
    return {"transaction": {"id": transaction}, "transactionEvent": event, "data": data, "errors": []}


def _offer(value: Any, gateways: list[str]) -> None:
    """Every checkout in the answer offers these."""
    names = {STRIPE: "Stripe", REDIRECT: "Bank transfer", UNKNOWN: "Adyen", DUMMY: "Dummy payment"}
    if isinstance(value, dict):
        if "availablePaymentGateways" in value:
            value["availablePaymentGateways"] = [{"id": gateway, "name": names[gateway]} for gateway in gateways]
        for one in value.values():
            _offer(one, gateways)
    elif isinstance(value, list):
        for one in value:
            _offer(one, gateways)
