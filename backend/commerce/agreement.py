"""What a payment may be begun for: what its buyer was shown, described so that the shop accepts it, by a way that is offered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from backend.commerce.carts import Carts
from backend.commerce.client import Commerce
from backend.commerce.errors import CommerceError
from backend.commerce.gateways import Gateways
from backend.commerce.outcomes import Buyer, Details, Outcome
from backend.commerce.schemas import Checkout
from backend.commerce.seen import Seen, changes, problems, seen


@dataclass(frozen=True, slots=True)
class Wish:
    """What the buyer asked for: what they were shown, who they are, the gateway, and the form that belongs to it."""

    shown: Seen
    details: Details
    gateway: str
    given: Mapping[str, Any]


class Agreement:
    def __init__(self, commerce: Commerce, carts: Carts, gateways: Gateways) -> None:
        self._commerce, self._carts, self._gateways = commerce, carts, gateways

    async def reach(self, buyer: Buyer, wish: Wish) -> Checkout | Outcome | None:
        """The checkout as it may be charged, or what keeps it from that; None when the shop has closed it."""
        checkout_id = wish.shown.checkout_id
        refused = await self.describe(buyer, checkout_id, wish.details)
        # Telling the shop who buys can change the tax, so it is read once more: this is what will be charged.
        fresh = await self._commerce.checkout(checkout_id)
        if fresh is None:
            return None
        news = changes(wish.shown, fresh)
        if refused is not None:
            return replace(refused, checkout=fresh, changes=news)
        if fresh.covered:
            return fresh
        if found := (*news, *problems(fresh)):
            await self._carts.shown(buyer.visitor, seen(fresh))
            return Outcome("changed", changes=found, checkout=fresh)
        if not any(offer.id == wish.gateway and offer.usable for offer in self._gateways.offers(fresh.gateways)):
            return Outcome("refused", "Choose a way to pay.", checkout=fresh)
        return fresh

    async def describe(self, buyer: Buyer, checkout_id: str, details: Details) -> Outcome | None:
        """Tell the shop who buys. None when it accepts that, else everything that is missing or that it does not accept."""
        fields, other = details.missing(), ""
        calls: list[Callable[[], Awaitable[Any]]] = [lambda: self._commerce.set_billing_address(checkout_id, details.address)]
        if details.email:
            calls.append(lambda: self._commerce.set_email(checkout_id, details.email))
        if buyer.workspace_id is not None:
            calls.append(lambda: self._commerce.set_metadata(checkout_id, {"cmp_workspace": str(buyer.workspace_id)}))
        for call in calls:
            try:
                await call()
            except CommerceError as refused:
                fields |= refused.fields
                other = other if refused.fields else refused.detail
        return Outcome("invalid", other, fields=fields) if fields or other else None
