"""Plays the recorded calls to our shop, in their order, each recorded id replaced by ours.

Many recorded checkouts and orders were made by calls that were not recorded, or by staff mutations this shop does not have. What such a
call presupposes is made first: a checkout with what the recorded answers say was in it, an order, a variant without stock.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import update
from sqlmodel import SQLModel, col, select

from backend.catalogue import Product, Terms, Variant
from backend.db.engine import Database
from backend.kernel.ids import Sku
from backend.kernel.money import Credits, Money
from backend.shop import ids
from backend.shop.models import CategoryRow, ChannelRow, ProductRow, ProductTypeRow, VariantRow, WarehouseRow
from backend.shop.payments.policy import DUMMY
from tests.contract.shop.recorded import Call, calls
from tests.service.shop.shop import APP_TOKEN, Shop

_SOLD = {
    "customer-support-agent": ("ai-agent", "agents", (("CSA-BASIC", "Basic", "19.99"), ("CSA-PRO", "Pro", "49.99"))),
    "knowledge-base-agent": ("ai-agent", "agents", (("KBA-BASIC", "Basic", "29.99"), ("KBA-PRO", "Pro", "79.99"))),
    "credits": ("credit-pack", "credits", (("CREDITS-100", "100 credits", "10.00"), ("CREDITS-500", "500 credits", "40.00"))),
}
_GLOBAL_ID = re.compile(r"[A-Za-z0-9+/]{8,}={0,2}")
NEVER_THERE = {198, 199}
"""Calls about a checkout that did not exist there either."""


def catalogue() -> tuple[Product, ...]:
    """The products of the recorded server, in its order, so that products and variants get the recorded numbers."""
    none = Terms(Credits(0), Credits(0), 0, 0, False, False, 0)
    return tuple(
        Product(
            slug=slug,
            name=slug.replace("-", " ").title(),
            type=kind,
            category=category,
            emblem="mark",
            summary="",
            description=f"{slug} description",
            variants=tuple(Variant(Sku(sku), name, name, "", Money.of(price, "USD"), none) for sku, name, price in variants),
            folder=Path(slug),
        )
        for slug, (kind, category, variants) in _SOLD.items()
    )


@dataclass
class Replay:
    shop: Shop
    database: Database
    known: dict[str, str] = field(default_factory=dict)
    """Recorded id → ours, global ids and bare UUIDs alike."""

    async def learn_catalogue(self) -> None:
        async with self.database.read() as tx:
            for offset, kind, model in ((1, "ProductType", ProductTypeRow), (1, "Category", CategoryRow)):
                for number in await tx.scalars(select(model.id)):
                    self.learn(ids.global_id(kind, (number or 0) + offset), ids.global_id(kind, number))
            place = await tx.scalar(select(WarehouseRow.id))
        for call in calls():
            for found in _GLOBAL_ID.findall(json.dumps([call.variables, call.body])):
                if ids.parse(found) and (ids.parse(found) or ("",))[0] == "Warehouse":
                    self.learn(found, ids.global_id("Warehouse", place))

    def learn(self, recorded: str, ours: str) -> None:
        there, here = ids.parse(recorded), ids.parse(ours)
        if there and here and there[0] == here[0]:
            self.known[recorded] = ours
            if ids.as_uuid(there[1]):
                self.known[there[1]] = here[1]

    async def play(self, call: Call) -> tuple[int, dict[str, Any]]:
        """The status and body of our answer."""
        if call.number in SETUPS:
            await SETUPS[call.number](self, call)
        await self._provide(call)
        variables = self._ours(_for_our_gateway(call))
        response = await self.shop.raw(self._ours(call.query), variables, token=APP_TOKEN if call.authorized else "")
        body: dict[str, Any] = response.json()
        self._learn_pairs(call.body, body)
        return response.status_code, body

    def _ours(self, value: Any) -> Any:
        match value:
            case str():
                return self.known.get(value, value)
            case dict():
                return {key: self._ours(one) for key, one in value.items()}
            case list():
                return [self._ours(one) for one in value]
            case _:
                return value

    def _learn_pairs(self, recorded: Any, ours: Any) -> None:
        if isinstance(recorded, dict) and isinstance(ours, dict):
            for key in recorded:
                self._learn_pairs(recorded[key], ours.get(key))
        elif isinstance(recorded, list) and isinstance(ours, list):
            for a, b in zip(recorded, ours, strict=False):
                self._learn_pairs(a, b)
        elif isinstance(recorded, str) and isinstance(ours, str) and recorded not in self.known:
            self.learn(recorded, ours)

    async def _provide(self, call: Call) -> None:
        if call.number in NEVER_THERE:
            return
        wanted = [found for found in _GLOBAL_ID.findall(json.dumps(call.variables)) if found not in self.known]
        for found in wanted:
            match ids.parse(found):
                case ("Checkout", _):
                    await self.make_checkout(found, call)
                case ("Order" | "TransactionItem", _):
                    await self.make_order(found, call)
        if "checkoutComplete" in call.query and call.body["data"]["checkoutComplete"]["order"]:
            await self.pay_what_is_left(self.known[call.variables["id"]])

    async def make_checkout(self, recorded: str, call: Call) -> None:
        made = await self.shop.checkout(_sku(recorded, call))
        self.learn(recorded, made["id"])
        for found in _GLOBAL_ID.findall(json.dumps(call.variables)):
            if (ids.parse(found) or ("",))[0] == "CheckoutLine":
                self.learn(found, made["lines"][0]["id"])

    async def make_order(self, recorded: str, call: Call) -> None:
        made = await self.shop.order((await self.shop.buy(_sku(recorded, call)))["id"])
        ours = {"Order": made["id"], "OrderLine": made["lines"][0]["id"], "TransactionItem": made["transactions"][0]["id"]}
        for found in _GLOBAL_ID.findall(json.dumps(call.variables)):
            kind = (ids.parse(found) or ("",))[0]
            if kind in ours and found not in self.known:
                self.learn(found, ours[kind])

    async def pay_what_is_left(self, checkout: str) -> None:
        found = await self.shop.ask("query($id:ID!){checkout(id:$id){authorizeStatus}}", id=checkout)
        if found and found["authorizeStatus"] != "FULL":
            await self.shop.pay(checkout)

    async def set(self, model: type[SQLModel], column: str, value: str, **values: Any) -> None:
        async with self.database.write() as tx:
            await tx.execute(update(model).where(col(getattr(model, column)) == value).values(**values))


def _for_our_gateway(call: Call) -> dict[str, Any]:
    """The recorded payment app was told what to answer in its own way."""
    given = json.loads(json.dumps(call.variables))
    gateway = given.get("g")
    for one in gateway if isinstance(gateway, list) else [gateway] if gateway else []:
        if one["id"] == "fake.pay":
            one["id"] = DUMMY
            result = (one.get("data") or {}).get("result")
            unreachable = call.body["data"].get("transactionInitialize") and call.number == 82
            one["data"] = {"event": {"type": "CHARGE_FAILURE" if unreachable else result}} if result else one.get("data")
    return dict(given)


def _sku(recorded: str, call: Call) -> str:
    """What was in a recorded checkout or order, as far as any answer about it tells."""
    for other in (call, *calls()):
        if recorded in json.dumps([other.variables, other.body]):
            found = re.search(r'"(?:productSku|sku)": "([A-Z]+-[A-Z0-9]+)"', json.dumps(other.body))
            if found:
                return found[1]
    return "CSA-BASIC"


Setup = Callable[[Replay, Call], Awaitable[None]]


async def _no_stock_row(replay: Replay, _: Call) -> None:
    async with replay.database.write() as tx:
        await tx.execute(update(VariantRow).values(stock=None))


async def _stock_again(replay: Replay, _: Call) -> None:
    async with replay.database.write() as tx:
        await tx.execute(update(VariantRow).values(stock=100_000, track_inventory=False))


async def _sold_out(replay: Replay, _: Call) -> None:
    await replay.set(VariantRow, "sku", "KBA-PRO", track_inventory=True, stock=0)


async def _one_left_in_a_checkout(replay: Replay, call: Call) -> None:
    await replay.set(VariantRow, "sku", "KBA-PRO", track_inventory=True, stock=1)
    await _checkout_of(replay, call, "KBA-PRO")


async def _paid_then_sold_out(replay: Replay, call: Call) -> None:
    await replay.pay_what_is_left(replay.known[call.variables["id"]])
    await _sold_out(replay, call)


async def _unpublished(replay: Replay, _: Call) -> None:
    await replay.set(ProductRow, "slug", "knowledge-base-agent", published=False)


async def _unpublished_meanwhile(replay: Replay, call: Call) -> None:
    await replay.set(ProductRow, "slug", "knowledge-base-agent", published=True)
    await _checkout_of(replay, call, "KBA-BASIC")
    await _unpublished(replay, call)


async def _published_again(replay: Replay, _: Call) -> None:
    await replay.set(ProductRow, "slug", "knowledge-base-agent", published=True)


async def _two_channels(replay: Replay, _: Call) -> None:
    async with replay.database.write() as tx:
        tx.add(ChannelRow(slug="second-channel", name="Second", currency="USD", country="US"))


async def _checkout_of(replay: Replay, call: Call, sku: str) -> None:
    made = await replay.shop.checkout(sku)
    for found in _GLOBAL_ID.findall(json.dumps(call.variables)):
        match ids.parse(found):
            case ("Checkout", _):
                replay.learn(found, made["id"])
            case ("CheckoutLine", _):
                replay.learn(found, made["lines"][0]["id"])


SETUPS: dict[int, Setup] = {
    127: _no_stock_row,
    142: _stock_again,
    181: _sold_out,
    182: _one_left_in_a_checkout,
    183: _paid_then_sold_out,
    185: _stock_again,
    195: _unpublished,
    197: _unpublished_meanwhile,
    198: _published_again,
    264: _two_channels,
}
"""What staff did between two recorded calls, by the call that follows."""
