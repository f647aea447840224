"""An agent whose runs are priced by their tokens, sold beside those of the catalogue."""

from __future__ import annotations

from dataclasses import replace

from backend import catalogue
from backend.control_plane.instances import InstanceView
from backend.kernel.caller import Caller
from backend.kernel.money import Credits
from backend.kernel.pricing import USUAL, Charges, Rules, TokenPrice
from tests.service.identity.people import Town

PRICE = TokenPrice(per_1000=Credits.of("0.4"), run=Credits.of("0.1"), minimum=Credits.of("0.5"))


def by_tokens(charges: Charges = USUAL) -> Rules:
    """0.1 credits and 0.4 for 1,000 tokens, at least 0.5, at most 4."""
    return Rules(Credits.of(4), PRICE, charges)


def priced(rules: Rules, sku: str = "CSA-BASIC") -> tuple[catalogue.Product, ...]:
    """The catalogue, with `sku` under other rules."""
    return tuple(
        replace(p, variants=tuple(replace(v, terms=v.terms.under(rules)) if v.sku == sku else v for v in p.variants))
        for p in catalogue.load()
    )


async def buy(town: Town, caller: Caller, rules: Rules, source_key: str = "by-rules") -> InstanceView:
    """A CSA-BASIC, bought while it was offered under `rules`."""
    await town.offerings.sync(priced(rules))
    offering = await town.offerings.by_sku("CSA-BASIC")
    assert offering is not None
    async with town.database.write() as tx:
        return await town.instances.create(tx, workspace_id=caller.workspace_id, offering=offering, source_key=source_key)
