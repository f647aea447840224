"""The provisioner's front: takes Saleor's deliveries in, and lets itself be installed as Saleor's app."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.exc import InterfaceError, OperationalError

from backend.commerce.orders import order_money
from backend.db.engine import Database
from backend.kernel.batch import Batch
from backend.kernel.clock import Clock
from backend.kernel.errors import Forbidden, Invalid, TooLarge, Unauthenticated, Unavailable
from backend.provisioner import policy, repository
from backend.provisioner.facts import Facts, facts, mark
from backend.provisioner.intake import MOST, Arrival, Intake
from backend.provisioner.manifest import APP_ID, CATALOGUE, EVENTS
from backend.provisioner.models import OrderRow
from backend.provisioner.policy import Standing
from backend.provisioner.ports import App, Catalogue, Saleor
from backend.provisioner.signature import Verifier, addressed
from backend.provisioner.workflow import OrderWorkflow

MAX_BODY = 128_000
"""Bytes, the most that can be verified. ORDER_UPDATED carries each line and payment of its order; the others are under 1 KB."""


@dataclass(slots=True)
class Provisioner:
    """api_url: the one GraphQL URL whose deliveries are believed."""

    database: Database
    clock: Clock
    workflow: OrderWorkflow
    saleor: Saleor
    app: App
    catalogue: Catalogue
    verifier: Verifier
    api_url: str
    _app: str = field(default="", init=False)
    _intake: Intake = field(init=False)
    _known: Callable[[str], Awaitable[OrderRow | None]] = field(init=False)

    def __post_init__(self) -> None:
        self._intake = Intake(self.database, self.clock, self.workflow)
        self._known = Batch(self._rows, most=MOST).put

    async def receive(self, cause: str, raw: bytes, headers: Mapping[str, str]) -> str:
        """Take a delivery in: durable when this returns our ref of its order. cause: a key of `manifest.EVENTS`.

        "" for one that changes nothing of ours. Raises Unauthenticated for what Saleor did not sign, or not for us, and Unavailable for
        what cannot be judged or kept now. Until it has been verified, nothing of a delivery is stored.
        """
        if len(raw) > MAX_BODY:
            raise TooLarge("A delivery of ours is never this large.")
        async with self.workflow.door.admitted():
            given = {name.lower(): value for name, value in headers.items()}
            await self.verifier.verify(raw, given.get("saleor-signature", ""))
            try:
                body = await self._addressed(raw, given, EVENTS[cause])
                if cause == CATALOGUE:
                    await self.catalogue.changed()
                    return ""
                return await self._begin(cause, raw, body, given["saleor-event"].lower())
            except (OperationalError, InterfaceError) as fault:
                raise Unavailable("The delivery cannot be kept just now.") from fault

    async def _begin(self, cause: str, raw: bytes, body: Mapping[str, Any], event: str) -> str:
        order = body.get("order")
        order_id = order.get("id") if isinstance(order, dict) else None
        if not isinstance(order, dict) or not isinstance(order_id, str) or not order_id:
            raise Invalid("The delivery names no order.", fields={"order": "missing"})
        elsewhere = self.workflow.foreign(_channel(order), known=False)
        known = await self._known(order_id) if elsewhere or cause == "updated" else None
        if elsewhere and known is None:
            return ""
        # Saleor repeats a delivery byte for byte, and a second event of the same kind has another issuedAt.
        key: str | int = hashlib.sha256(raw).hexdigest()[:32]
        if cause == "updated":
            seen = _facts(order)
            if _nothing_new(known, seen):
                return await self._stays(known, seen)
            # However many of these come before we have looked, one look answers them all.
            key = f"{mark(seen)}:{known.tickets if known else 0}" if seen else key
        return await self._intake.take(Arrival(cause, order_id, key, event))

    async def _rows(self, order_ids: Sequence[str]) -> Sequence[OrderRow | None]:
        async with self.database.read() as tx:
            found = await repository.by_saleor_ids(tx, order_ids)
        return [found.get(one) for one in order_ids]

    async def _stays(self, known: OrderRow | None, seen: Facts | None) -> str:
        """Nothing to do but to show how far Saleor itself says the order is. Our ref of it."""
        if known is None:
            return ""
        if seen and known.facts["status"] != seen["status"]:
            async with self.database.write() as tx:
                row = await repository.lock(tx, known.ref)
                row.facts = row.facts | {"status": seen["status"]}
        return known.ref

    async def register(self, api_url: str, token: str) -> None:
        """Keep the token of a fresh installation, once Saleor itself has said whose it is: the call is unsigned and proves nothing.

        Raises Forbidden: foreign_saleor for another Saleor than the configured one, bad_token for a token that it does not know, and
        foreign_app for the token of another app of its.
        """
        if api_url != self.api_url:
            raise Forbidden(f"This marketplace belongs to the Saleor at {self.api_url}.", code="foreign_saleor")
        try:
            app = await self.saleor.app(token)
        except Unauthenticated:
            raise Forbidden("Saleor does not know this token.", code="bad_token") from None
        if app.identifier != APP_ID:
            raise Forbidden(f"This token belongs to the app {app.name}, not to this marketplace's.", code="foreign_app")
        await self.app.store(app.id, token)

    async def _addressed(self, raw: bytes, headers: Mapping[str, str], events: Mapping[str, str]) -> dict[str, Any]:
        """The body, when it was meant for us. Our id as Saleor's app is kept, and read once more when a delivery names another one."""
        if self._app:
            try:
                return addressed(raw, headers, events=events, api_url=self.api_url, app_id=self._app)
            except Unauthenticated:
                pass
        self._app = await self._app_id()
        return addressed(raw, headers, events=events, api_url=self.api_url, app_id=self._app)

    async def _app_id(self) -> str:
        """Saleor's id of our app. Where only a token was configured, Saleor is asked whose it is."""
        if known := await self.app.app_id():
            return known
        try:
            return (await self.saleor.app(await self.app.token())).id
        except Unauthenticated:
            raise Unavailable("Saleor does not know the token that is configured.", code="bad_app_token") from None


def _channel(order: Mapping[str, Any]) -> str:
    """ "" when the webhook was made by a version of ours that did not ask for it."""
    channel = order.get("channel")
    return str(channel.get("slug") or "") if isinstance(channel, dict) else ""


def _facts(order: Mapping[str, Any]) -> Facts | None:
    """None when the webhook was made by another version of ours, with another selection."""
    try:
        return facts(order_money(order))
    except (KeyError, TypeError, AttributeError, ArithmeticError):
        return None


def _nothing_new(known: OrderRow | None, seen: Facts | None) -> bool:
    """An update of an order that we do not know matters only while the shop holds the money of a paid one: carts are not our business."""
    if seen is None:
        return False
    if known is None:
        return policy.standing(seen, refund_seen=False, once_paid=False, received=0) not in {Standing.PAID, Standing.PARTLY_REFUNDED}
    return known.mark == mark(seen)
