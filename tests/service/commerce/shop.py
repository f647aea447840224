"""The embedded shop over its HTTP interface in-process, and a client that talks to it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import httpx

from backend.commerce.client import Commerce
from backend.commerce.copies import DatabaseCopies
from backend.commerce.order_schemas import Order
from backend.commerce.schemas import Address, Checkout, LineInput
from backend.db.engine import Database, Tx
from backend.kernel.clock import FrozenClock
from backend.kernel.ids import Sku
from backend.shop.apps.api import AppResolvers
from backend.shop.apps.install import Installer
from backend.shop.apps.service import create_app, principal
from backend.shop.context import AppPrincipal
from backend.shop.models import VoucherCodeRow, VoucherRow
from backend.shop.server import create_shop
from tests.stocked import stock

URL = "http://shop.test/graphql/"
ADDRESS = Address(
    first_name="Ada",
    last_name="Buyer",
    street_address_1="1 Market St",
    city="San Francisco",
    postal_code="94105",
    country="US",
    country_area="CA",
)


class Heard:
    """An event sink that keeps what it heard."""

    def __init__(self) -> None:
        self.events: list[str] = []

    async def emit(self, tx: Tx, event: str, order_id: str) -> None:
        self.events.append(event)


class Switch(httpx.AsyncBaseTransport):
    """The way to the shop, which can be cut. asked: requests that went through it.

    held: while it is not set, answers that the shop has given already wait; `arrived` says that one does.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner, self.up, self.asked = inner, True, 0
        self.held: asyncio.Event | None = None
        self.arrived = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if not self.up:
            raise httpx.ConnectError("cut", request=request)
        answer = await self.inner.handle_async_request(request)
        if self.held:
            self.arrived.set()
            await self.held.wait()
        return answer


@dataclass
class Mall:
    database: Database
    commerce: Commerce
    way: Switch
    heard: Heard
    token: str

    async def variant(self, sku: str) -> str:
        page = await self.commerce.products()
        return next(variant.id for product in page.items for variant in product.variants if variant.sku == Sku(sku))

    async def ready(self, sku: str = "CSA-BASIC", **metadata: str) -> Checkout:
        """A checkout that only has to be paid."""
        line = LineInput(await self.variant(sku), metadata=metadata)
        made = await self.commerce.create_checkout([line], "buyer@example.com", {"cmp_workspace": "ws_1"})
        return await self.commerce.set_billing_address(made.id, ADDRESS)

    async def order(self, sku: str = "CSA-BASIC", **metadata: str) -> Order:
        """A paid order."""
        checkout = await self.ready(sku, **metadata)
        paid = await self.commerce.pay(checkout.id, checkout.gateways[0].id, SUCCESS, "key")
        assert paid.status == "succeeded"
        placed = await self.commerce.complete(checkout.id)
        order = await self.commerce.order(placed.id)
        assert order is not None
        return order


SUCCESS = {"event": {"type": "CHARGE_SUCCESS", "includePspReference": True}}


async def open_mall(database: Database, clock: FrozenClock) -> Mall:
    await stock(database, clock)
    async with database.write() as tx:
        _, token = await create_app(tx, clock, name="CMP", identifier="cmp", permissions=["MANAGE_ORDERS"])
        voucher = VoucherRow(name="FREE", value_type="PERCENTAGE", value=10_000, starts=clock.now())
        tx.add(voucher)
        await tx.flush()
        tx.add(VoucherCodeRow(id="free", voucher_id=voucher.id or 0, code="FREE"))

    async def resolve(given: str | None) -> AppPrincipal | None:
        async with database.read() as tx:
            return await principal(tx, given) if given else None

    async def app_token() -> str:
        return token

    async def begin(*_: object) -> None:
        raise AssertionError("no test installs an app here")

    heard = Heard()
    http = httpx.AsyncClient(transport=httpx.MockTransport(begin))
    apps = AppResolvers(Installer(database, clock, http, "http://shop.test"), begin)
    server = create_shop(database, clock, events=heard, resolve_app=resolve, public_url="http://shop.test", bindables=apps.bindables())
    way = Switch(httpx.ASGITransport(server))
    copies = DatabaseCopies(database, URL, "default-channel")
    commerce = Commerce(URL, "default-channel", transport=way, app_token=app_token, clock=clock, copies=copies)
    return Mall(database, commerce, way, heard, token)
