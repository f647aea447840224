"""A visitor's cart: the shop keeps the checkout, we keep which one is whose."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from sqlalchemy import delete, update
from sqlmodel import col

from backend.commerce.client import Commerce
from backend.commerce.errors import CheckoutGone
from backend.commerce.models import CartRow
from backend.commerce.schemas import Checkout, LineInput
from backend.commerce.seen import Seen
from backend.db.engine import Database
from backend.db.upsert import insert_once
from backend.kernel.clock import Clock
from backend.kernel.errors import Invalid
from backend.kernel.secrets import fingerprint


class Carts:
    """visitor: the value of the visitor's cookie; whoever holds it holds the cart. A cart that the shop closed is an empty cart."""

    def __init__(self, database: Database, commerce: Commerce, clock: Clock) -> None:
        self._database, self._commerce, self._clock = database, commerce, clock

    async def current(self, visitor: str) -> Checkout | None:
        checkout_id = await self._find(visitor)
        if checkout_id is None:
            return None
        checkout = await self._commerce.checkout(checkout_id)
        if checkout is None:
            await self._forget(visitor, checkout_id)
        return checkout

    async def add(self, visitor: str, variant_id: str, quantity: int = 1, metadata: Mapping[str, str] | None = None) -> Checkout:
        """Put it in the cart, beginning one where there is none. Raises CommerceError when the shop does not sell it so, Invalid
        `no_visitor` for a browser without a name: all such browsers would share one cart."""
        if not visitor:
            raise Invalid("This browser takes no cookies, so it can have no cart.", code="no_visitor")
        line = LineInput(variant_id, quantity, metadata or {})
        checkout_id = await self._find(visitor)
        if checkout_id is not None:
            try:
                return await self._commerce.add_lines(checkout_id, [line])
            except CheckoutGone:
                await self._forget(visitor, checkout_id)
        return await self._begin(visitor, line)

    async def set_quantity(self, visitor: str, line_id: str, quantity: int) -> Checkout | None:
        """None when there is no cart (any more)."""
        return await self._change(visitor, lambda checkout_id: self._commerce.set_quantity(checkout_id, line_id, quantity))

    async def remove(self, visitor: str, line_id: str) -> Checkout | None:
        """None when there is no cart (any more)."""
        return await self._change(visitor, lambda checkout_id: self._commerce.remove_line(checkout_id, line_id))

    async def clear(self, visitor: str) -> None:
        """Begin anew, as after an order. The shop throws abandoned checkouts away by itself."""
        async with self._database.write() as tx:
            await tx.execute(delete(CartRow).where(col(CartRow.visitor_hash) == fingerprint(visitor)))

    async def leave(self, checkout_id: str) -> None:
        """That checkout became an order: whoever's cart it was begins anew."""
        async with self._database.write() as tx:
            await tx.execute(delete(CartRow).where(col(CartRow.checkout_id) == checkout_id))

    async def forget(self, before: datetime) -> None:
        """Carts nobody has looked at since then; the shop has thrown their checkouts away."""
        async with self._database.write() as tx:
            await tx.execute(delete(CartRow).where(col(CartRow.used_at) < before))

    async def shown(self, visitor: str, seen: Seen) -> None:
        """Remember what the visitor was shown, if that is still their cart."""
        mine = (col(CartRow.visitor_hash) == fingerprint(visitor)) & (col(CartRow.checkout_id) == seen.checkout_id)
        async with self._database.write() as tx:
            await tx.execute(update(CartRow).where(mine).values(seen=seen.to_json(), used_at=self._clock.now()))

    async def last_shown(self, visitor: str) -> Seen | None:
        async with self._database.read() as tx:
            row = await tx.get(CartRow, fingerprint(visitor))
            return Seen.from_json(row.seen) if row and row.seen else None

    async def _begin(self, visitor: str, line: LineInput) -> Checkout:
        """The unique row decides between two who begin at once; the second adds to the first one's cart."""
        made = await self._commerce.create_checkout([line])
        values = {"visitor_hash": fingerprint(visitor), "checkout_id": made.id, "used_at": self._clock.now()}
        async with self._database.write() as tx:
            if await insert_once(tx, CartRow, values, unique=["visitor_hash"]):
                return made
        return await self.add(visitor, line.variant_id, line.quantity, line.metadata)

    async def _change(self, visitor: str, change: Callable[[str], Awaitable[Checkout]]) -> Checkout | None:
        checkout_id = await self._find(visitor)
        if checkout_id is None:
            return None
        try:
            return await change(checkout_id)
        except CheckoutGone:
            await self._forget(visitor, checkout_id)
            return None

    async def _find(self, visitor: str) -> str | None:
        async with self._database.read() as tx:
            row = await tx.get(CartRow, fingerprint(visitor))
            return row.checkout_id if row else None

    async def _forget(self, visitor: str, checkout_id: str) -> None:
        """Only that checkout: another request may have begun a new one meanwhile."""
        gone = (col(CartRow.visitor_hash) == fingerprint(visitor)) & (col(CartRow.checkout_id) == checkout_id)
        async with self._database.write() as tx:
            await tx.execute(delete(CartRow).where(gone))
