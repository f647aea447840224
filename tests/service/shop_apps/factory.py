"""A shop with one product, an app that records what it is told, and a way to buy."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from graphql import ExecutionResult, GraphQLSchema, graphql
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from backend.db.engine import Database
from backend.kernel.clock import Clock
from backend.shop.apps.hub import ShopApps
from backend.shop.apps.models import WebhookRow
from backend.shop.apps.service import create_app
from backend.shop.context import AppPrincipal, ShopContext
from backend.shop.models import VoucherCodeRow, VoucherRow
from backend.shop.schema import executable_schema
from backend.shop.server import BINDABLES
from tests.stocked import stock

URL = "http://shop.test"
ADDRESS = {
    "firstName": "Ada",
    "lastName": "Buyer",
    "streetAddress1": "1 Market St",
    "city": "San Francisco",
    "postalCode": "94105",
    "countryArea": "CA",
    "country": "US",
}


@dataclass
class Told:
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """An app's HTTP side. answers: the statuses to give, in turn, then 202 for ever."""

    answers: list[int] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    tokens: list[Told] = field(default_factory=list)
    manifest: dict[str, Any] = field(default_factory=dict)
    refusal: tuple[int, dict[str, Any]] | None = None

    def asgi(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/hook", self._hook, methods=["POST"]),
                Route("/register", self._register, methods=["POST"]),
                Route("/manifest.json", self._manifest),
                Route("/page", lambda _: Response("<html>hello</html>", media_type="text/html")),
            ]
        )

    async def _hook(self, request: Request) -> Response:
        self.told.append(Told(dict(request.headers), await request.body()))
        return JSONResponse({}, self.answers.pop(0) if self.answers else 202)

    async def _register(self, request: Request) -> Response:
        self.tokens.append(Told(dict(request.headers), await request.body()))
        status, body = self.refusal or (200, {})
        return JSONResponse(body, status)

    async def _manifest(self, _: Request) -> Response:
        return JSONResponse(self.manifest)


def schema_with(apps: ShopApps) -> GraphQLSchema:
    schema = executable_schema([*BINDABLES, *apps.bindables()])
    apps.attach(schema)
    return schema


@dataclass
class Shop:
    database: Database
    clock: Clock
    apps: ShopApps
    schema: GraphQLSchema
    variant: str = ""

    async def run(self, query: str, app: AppPrincipal | None = None, **variables: Any) -> ExecutionResult:
        context = ShopContext(self.database, self.clock, self.apps.events, app, URL)
        return await graphql(self.schema, query, context_value=context, variable_values=variables)

    async def ask(self, query: str, app: AppPrincipal | None = None, **variables: Any) -> Any:
        result = await self.run(query, app, **variables)
        assert result.errors is None, result.errors
        return result.data

    async def stock(self) -> None:
        """The catalogue, and a voucher that takes everything off."""
        await stock(self.database, self.clock)
        async with self.database.write() as tx:
            voucher = VoucherRow(name="FREE", value_type="PERCENTAGE", value=10_000, starts=self.clock.now())
            tx.add(voucher)
            await tx.flush()
            tx.add(VoucherCodeRow(id="free", voucher_id=voucher.id or 0, code="FREE"))
        found = await self.ask('{productVariant(sku:"CSA-BASIC",channel:"default-channel"){id}}')
        self.variant = found["productVariant"]["id"]

    async def app(self, identifier: str = "provisioner.local", *permissions: str) -> AppPrincipal:
        async with self.database.write() as tx:
            row, _ = await create_app(
                tx, self.clock, name="Provisioner", identifier=identifier, permissions=permissions or ("MANAGE_ORDERS", "MANAGE_APPS")
            )
        return AppPrincipal(row.id or 0, row.name, frozenset(row.permissions))

    async def hook(self, app: AppPrincipal, query: str | None, *events: str, url: str = "http://app.test/hook", **more: Any) -> int:
        async with self.database.write() as tx:
            row = WebhookRow(app_id=app.id, name="hook", target_url=url, query=query, async_events=list(events), **more)
            tx.add(row)
        return row.id or 0

    async def buy(self) -> str:
        """The global id of an order that costs nothing and so is paid in full at once."""
        made = await self.ask(
            "mutation($i:CheckoutCreateInput!){checkoutCreate(input:$i){checkout{id} errors{code message}}}",
            i={
                "channel": "default-channel",
                "email": "buyer@example.com",
                "billingAddress": ADDRESS,
                "lines": [{"quantity": 1, "variantId": self.variant, "metadata": [{"key": "agent_name", "value": "Bob"}]}],
                "metadata": [{"key": "marketplace_user", "value": "u1"}],
            },
        )
        checkout = made["checkoutCreate"]["checkout"]["id"]
        await self.ask('mutation($id:ID!){checkoutAddPromoCode(id:$id,promoCode:"FREE"){errors{code}}}', id=checkout)
        placed = await self.ask("mutation($id:ID!){checkoutComplete(id:$id){order{id} errors{code message}}}", id=checkout)
        assert placed["checkoutComplete"]["errors"] == []
        return str(placed["checkoutComplete"]["order"]["id"])
