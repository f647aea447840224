"""Offerings: what a SKU stands for. The table follows the catalogue; a SKU that left it still explains what was bought."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update
from sqlmodel import col

from backend.catalogue import MAX_RUN_SECONDS, Product, Terms, Variant
from backend.control_plane import rules
from backend.control_plane.models import OfferingRow
from backend.control_plane.views import Offering
from backend.db.engine import Database
from backend.db.upsert import insert_once
from backend.kernel.ids import Sku
from backend.kernel.money import ZERO, Credits

__all__ = ["Offering", "Offerings", "view"]
LIFE = 5.0
"""Seconds. Every page of the store asks what can be bought, and that changes with the catalogue alone, by a process that starts."""


class Offerings:
    def __init__(self, database: Database, longest: int = MAX_RUN_SECONDS) -> None:
        """longest: seconds that no run may take longer here, whatever its plan says."""
        self._database, self._longest = database, longest
        self._kept: tuple[float, tuple[Offering, ...]] | None = None

    async def sync(self, products: Sequence[Product]) -> None:
        """Make the table say what the catalogue says. Safe to repeat; run at start."""
        wanted = [_values(product, variant, self._longest) for product in products for variant in product.variants]
        async with self._database.write() as tx:
            gone = col(OfferingRow.sku).not_in([values["sku"] for values in wanted])
            await tx.execute(update(OfferingRow).where(gone).values(on_sale=False))
            for position, values in enumerate(wanted):
                values["position"] = position
                if not await insert_once(tx, OfferingRow, values, unique=["sku"]):
                    await tx.execute(update(OfferingRow).where(col(OfferingRow.sku) == values["sku"]).values(**values))
        self._kept = None

    async def by_sku(self, sku: str) -> Offering | None:
        """Also one that is no longer sold: it may have been bought."""
        async with self._database.read() as tx:
            row = await tx.get(OfferingRow, sku)
        return view(row) if row else None

    async def all(self) -> Sequence[Offering]:
        """What can be bought now, in the order of the catalogue; remembered for `LIFE`."""
        kept = self._kept
        if kept is None or time.monotonic() >= kept[0]:
            on_sale = select(OfferingRow).where(col(OfferingRow.on_sale)).order_by(col(OfferingRow.position))
            async with self._database.read() as tx:
                found = tuple(view(row) for row in await tx.scalars(on_sale))
            kept = self._kept = (time.monotonic() + LIFE, found)
        return kept[1]


def view(row: OfferingRow) -> Offering:
    grants = Terms(Credits(row.credits_micro), ZERO, row.knowledge, row.widgets, row.rest, row.mcp, row.rpm, run_seconds=row.run_seconds)
    return Offering(
        sku=Sku(row.sku),
        kind="agent" if row.kind == "agent" else "credits",
        product_slug=row.product_slug,
        product_name=row.product_name,
        plan_name=row.plan_name,
        plan=row.plan,
        emblem=row.emblem,
        terms=grants.under(rules.read(row.rules)),
        flow=row.flow,
        flow_hash=row.flow_hash,
    )


def _values(product: Product, variant: Variant, longest: int) -> dict[str, Any]:
    flow = product.flow()
    seconds = min(variant.terms.run_seconds or longest, longest) if product.is_agent else 0
    return {
        "sku": variant.sku,
        "kind": "agent" if product.is_agent else "credits",
        "product_slug": product.slug,
        "product_name": product.name,
        "plan": variant.name.lower() if product.is_agent else "",
        "plan_name": variant.name,
        "emblem": product.emblem,
        "flow": product.slug if product.is_agent else "",
        "flow_hash": hashlib.sha256(flow.read_bytes()).hexdigest() if flow.exists() else "",
        "credits_micro": variant.terms.credits.micro,
        "rules": rules.written(variant.terms.rules),
        "knowledge": variant.terms.knowledge,
        "widgets": variant.terms.widgets,
        "rest": variant.terms.rest,
        "mcp": variant.terms.mcp,
        "rpm": variant.terms.rpm,
        "run_seconds": seconds,
        "on_sale": True,
    }
