"""Customers for the gateway's benchmark: workspaces with credits, an agent and an API key each, and no plan that slows them down.

The agent's offering is a row of its own, not of the catalogue: the plans on sale stop a customer at some dozens of requests a minute, which
is right for them and would measure nothing but itself here. Everything else is what a customer has.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from backend.control_plane import rules
from backend.control_plane.models import OfferingRow
from backend.db.upsert import insert_once
from backend.kernel.money import Credits
from backend.kernel.pricing import Charge, Charges
from backend.ledger.views import LotSource
from backend.main import System, assemble
from backend.settings import Settings

SKU = "BENCHMARK"
RPM = 1_000_000_000
CREDITS = Credits.of(100_000_000)


@dataclass(frozen=True, slots=True)
class Seeded:
    """One customer. secret: of the API key."""

    workspace: str
    instance: str
    secret: str


def seed(settings: Settings, workspaces: int) -> list[Seeded]:
    """Nothing may be running on the database."""
    return asyncio.run(_seed(settings, workspaces))


async def _seed(settings: Settings, workspaces: int) -> list[Seeded]:
    system = assemble(settings)
    try:
        await asyncio.to_thread(settings.data_dir.mkdir, parents=True, exist_ok=True)
        await system.prepare()
        await _offering(system)
        return [await _customer(system, number) for number in range(workspaces)]
    finally:
        await system.stop()


async def _offering(system: System) -> None:
    """A copy of the product's dearest plan, without its limit, and paid for every answer: to search documents is the agent's work, so
    the agent has none, and an answer that cites nothing would cost nothing and leave out the settlement."""
    product = next(product for product in system.services.products if product.slug == "knowledge-base-agent")
    async with system.services.database.write() as tx:
        row = (await tx.scalars(select(OfferingRow).where(col(OfferingRow.sku) == product.variants[-1].sku))).one()
        paid = replace(product.variants[-1].terms.rules, charges=Charges(empty=Charge.PRICE))
        values: dict[str, Any] = row.model_dump() | {
            "sku": SKU,
            "rules": rules.written(paid),
            "rest": True,
            "rpm": RPM,
            "on_sale": False,
            "position": 999,
        }
        await insert_once(tx, OfferingRow, values, unique=["sku"])


async def _customer(system: System, number: int) -> Seeded:
    services = system.services
    offering = await services.offerings.by_sku(SKU)
    assert offering is not None
    async with services.database.write() as tx:
        account = await services.accounts.add(tx, f"bench-{number}@example.com", "no password opens this", "Benchmark")
        workspace = await services.workspaces.create_personal(tx, account.id, f"Benchmark {number}")
        key = f"bench-{number}"
        instance = await services.instances.create(tx, workspace_id=workspace.id, offering=offering, source_key=key)
        await services.ledger.grant(tx, workspace_id=workspace.id, amount=CREDITS, source=LotSource.GIFT, ref="benchmark", key=key)
    made = await services.keys.create(workspace.id, account.id, "benchmark")
    return Seeded(workspace.id, instance.id, made.secret)
