"""A Saleor that stays up: `python -m benchmarks._shop_apart FOLDER`, a process and a database of its own.

It is the embedded shop, which the contract tests hold against recorded calls of a real Saleor; only its events are not delivered but kept
in a list for whoever sends them (`GET /fire/events`), as the webhook's own subscription shows them. `GET /fire/truth` tells what is true.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import uvicorn
from sqlalchemy import event as orm_event
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from backend import catalogue
from backend.catalogue import Product
from backend.db.engine import Database, Tx
from backend.db.migrate import upgrade
from backend.durable import Durable
from backend.kernel.clock import SystemClock
from backend.kernel.ids import Sku
from backend.provisioner import manifest
from backend.shop import ids
from backend.shop.apps import service
from backend.shop.apps.hub import ShopApps
from backend.shop.apps.payload import Payloads, app_principal, event
from backend.shop.apps.views import app_view
from backend.shop.context import AppPrincipal
from backend.shop.models import OrderEventRow, OrderLineRow, OrderRow, TransactionRow
from backend.shop.seed import seed
from backend.shop.server import create_shop

UNKNOWN_SKU = "T-SHIRT"
CAUSES = {name.upper(): cause for cause, names in manifest.EVENTS.items() if cause != manifest.CATALOGUE for name in names}


class Kept:
    """The shop's events, in the order they were committed."""

    def __init__(self) -> None:
        self.all: list[dict[str, Any]] = []

    async def emit(self, tx: Tx, event: str, order_id: str) -> None:
        noted: list[tuple[str, str]] | None = tx.sync_session.info.get("fire")
        if noted is None:
            noted = tx.sync_session.info["fire"] = []
            orm_event.listen(tx.sync_session, "after_commit", self._committed, once=True)
        noted.append((event, order_id))

    def _committed(self, session: Any) -> None:
        for name, order_id in session.info.pop("fire", []):
            if name in CAUSES:
                issued = SystemClock().now().isoformat()
                self.all.append({"event": name, "order": order_id, "cause": CAUSES[name], "issued": issued, "raw": None})


class Apart:
    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.url = folder, f"http://127.0.0.1:{port}"
        self.database, self.clock, self.kept = Database(f"sqlite:///{folder}/shop.db"), SystemClock(), Kept()
        # Never started: the sender is another process.
        durable = Durable(f"sqlite:///{folder}/shop-durable.db")
        self.apps = ShopApps(self.database, self.clock, durable, folder=folder / "shop", public_url=self.url)
        self.server = create_shop(
            self.database,
            self.clock,
            events=self.kept,
            resolve_app=self._app,
            public_url=self.url,
            bindables=self.apps.bindables(),
        )
        self.apps.attach(self.server.state.schema)
        self.payloads = Payloads(self.database, self.clock, self.kept, self.url)
        self.payloads.attach(self.server.state.schema)
        routes = {"/.well-known/jwks.json": self.jwks, "/fire/events": self.events, "/fire/truth": self.truth}
        self.server.router.routes.extend(Route(path, answer) for path, answer in routes.items())
        self.ours: Any = None

    async def prepare(self) -> dict[str, str]:
        """Goods, and two apps: ours, and the payment app. Their tokens."""
        await asyncio.to_thread(upgrade, f"sqlite:///{self.folder}/shop.db")
        await seed(self.database, [*catalogue.load(), _unknown()], clock=self.clock)
        async with self.database.write() as tx:
            row, ours = await service.create_app(tx, self.clock, name="CMP", identifier="cmp.provisioner", permissions=["MANAGE_ORDERS"])
            staff = ["MANAGE_ORDERS", "HANDLE_PAYMENTS"]
            _, payments = await service.create_app(tx, self.clock, name="Payments", identifier="payments", permissions=staff)
        self.ours = row
        return {"url": f"{self.url}/graphql/", "ours": ours, "payments": payments}

    async def _app(self, token: str | None) -> AppPrincipal | None:
        return await self.apps.principal(token)

    async def jwks(self, _: Request) -> Response:
        return Response((self.folder / "jwks.json").read_bytes(), media_type="application/json")

    async def events(self, request: Request) -> Response:
        """Those from number `after` on, each as the subscription of its webhook shows it."""
        fresh = self.kept.all[int(request.query_params["after"]) :][:200]
        for one in fresh:
            if one["raw"] is None:
                about = event(one["event"], one["issued"], app_view(self.ours), one["order"])
                one["raw"] = json.dumps(await self.payloads.run(manifest.subscription(one["cause"]), about, app_principal(self.ours)))
        return JSONResponse(fresh)

    async def truth(self, _: Request) -> Response:
        async with self.database.read() as tx:
            orders = list(await tx.scalars(select(OrderRow)))
            lines, paid = list(await tx.scalars(select(OrderLineRow))), list(await tx.scalars(select(TransactionRow)))
            full = set(await tx.scalars(select(OrderEventRow.order_id).where(OrderEventRow.type == "ORDER_FULLY_PAID")))  # type: ignore[call-overload,arg-type]
        lines_of, money_of, found = defaultdict(list), defaultdict(list), []
        for line in lines:
            lines_of[line.order_id].append(line)
        for one in paid:
            money_of[one.order_id].append(one)
        for order in orders:
            money = money_of[order.id]
            found.append(
                {
                    "id": ids.global_id("Order", order.id),
                    "number": str(order.number),
                    "email": order.email,
                    "status": order.status,
                    "total": order.total,
                    "charged": sum(one.charged for one in money),
                    "refunded": sum(one.refunded for one in money),
                    "once_paid": order.id in full or order.charge_status in {"FULL", "OVERCHARGED"},
                    "lines": [
                        {"id": ids.global_id("OrderLine", line.id), "sku": line.sku, "quantity": line.quantity, "fulfilled": line.fulfilled}
                        for line in lines_of[order.id]
                    ],
                }
            )
        return JSONResponse(found)


def _unknown() -> Product:
    """Something the shop sells and nobody offers."""
    pack = next(product for product in catalogue.load() if product.type == "credit-pack")
    variant = dataclasses.replace(pack.variants[0], sku=Sku(UNKNOWN_SKU), name="M")
    return dataclasses.replace(pack, slug="t-shirt", name="T-Shirt", variants=(variant,))


async def main(folder: Path, port: int) -> None:
    shop = Apart(folder, port)
    about = await shop.prepare()
    server = uvicorn.Server(uvicorn.Config(shop.server, host="127.0.0.1", port=port, log_level="warning", lifespan="off", ws="none"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.02)
    (folder / "shop.part").write_text(json.dumps(about))
    (folder / "shop.part").rename(folder / "shop.json")
    await serving


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
