"""Payments whose order the shop would not place after the money was taken: what an operator sees of them, and may do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from backend.commerce import attempts
from backend.commerce.attempts import Stage
from backend.commerce.carts import Carts
from backend.commerce.models import AttemptRow
from backend.commerce.outcomes import Buyer, StrandedView, Tried, stranded_of, tried
from backend.commerce.placing import Held, Placing
from backend.db.engine import Database
from backend.kernel.clock import Clock
from backend.kernel.errors import Conflict, Invalid, NotFound
from backend.kernel.ids import WorkspaceId

T = TypeVar("T")
MAX_REASON = 500
"""Characters."""


class Stranded:
    """Every method is for operators: the doors and the pages' State check the caller before."""

    def __init__(self, database: Database, clock: Clock, carts: Carts, placing: Placing) -> None:
        self._database, self._clock, self._carts, self._placing = database, clock, carts, placing

    async def stranded(self) -> list[StrandedView]:
        """Payments whose order the shop would not place, oldest first: for the operator, who places it by hand or gives the money back."""
        async with self._database.read() as tx:
            return [stranded_of(row) for row in await attempts.stranded(tx)]

    async def settled(self) -> list[StrandedView]:
        """The last of them that an operator dealt with by hand, newest first."""
        async with self._database.read() as tx:
            return [stranded_of(row) for row in await attempts.settled(tx)]

    async def retry_stranded(self, attempt_id: str) -> Tried:
        """Place the order of a stranded payment, if the shop allows it by now; nothing is ever paid here, and what it still refuses stays.

        Raises NotFound; Conflict when the payment does not wait for anybody or is being worked on; Unavailable, UpstreamFailed.
        """

        async def place(held: Held) -> Tried:
            found = await self._placing.complete(held, nobody(held.row), keep=True)
            return tried(found, found.message if found.kind == "refused" else held.row.reason)

        return await self._by_hand(attempt_id, place)

    async def settle_stranded(self, attempt_id: str, reason: str, by: str) -> None:
        """It was dealt with by hand: the money given back, or the order placed in the shop. by: the operator's e-mail address. The cart is
        left, so that its buyer cannot order again what was paid once.

        Raises Invalid without a reason; NotFound; Conflict when the payment does not wait for anybody or is being worked on.
        """
        said = " ".join(reason.split())[:MAX_REASON]
        if not said:
            raise Invalid("Say how it was dealt with.", fields={"reason": "Say how, in a few words: it is kept with the payment."})

        async def settle(held: Held) -> None:
            await self._carts.leave(held.row.checkout_id)
            await self._placing.save(held, stage=Stage.SETTLED, settled_at=self._clock.now(), settled_by=by, settled_reason=said)

        await self._by_hand(attempt_id, settle)

    async def _by_hand(self, attempt_id: str, do: Callable[[Held], Awaitable[T]]) -> T:
        """Do it to a stranded payment while holding it, so that neither its buyer nor another operator works on it."""

        async def still(held: Held) -> tuple[T]:
            _refuse_unless_stranded(held.row)
            return (await do(held),)

        async with self._database.read() as tx:
            _refuse_unless_stranded(await attempts.find(tx, attempt_id))
        done = await self._placing.hold(attempt_id, still)
        if done is None:
            raise Conflict("Somebody works on this payment just now. Look again in a moment.")
        return done[0]


def nobody(row: AttemptRow) -> Buyer:
    """Its buyer, who is not at the browser."""
    return Buyer("", WorkspaceId(row.workspace_id) if row.workspace_id else None)


def _refuse_unless_stranded(row: AttemptRow | None) -> None:
    if row is None:
        raise NotFound("There is no such payment.")
    if row.stage == Stage.PLACED:
        raise Conflict("The order of this payment was placed meanwhile.")
    if row.stage == Stage.SETTLED:
        raise Conflict(f"{row.settled_by or 'Somebody'} has dealt with this payment already.")
    if row.stage != Stage.STRANDED:
        raise Conflict("This payment does not wait for anybody.")
