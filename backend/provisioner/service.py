"""The provisioner's front: takes Saleor's deliveries in, and lets itself be installed as Saleor's app."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from backend.db.engine import Database
from backend.kernel.clock import Clock
from backend.kernel.errors import Forbidden, Invalid, TooLarge, Unauthenticated, Unavailable
from backend.kernel.ids import SaleorOrderId
from backend.provisioner import repository
from backend.provisioner.manifest import APP_ID, EVENTS
from backend.provisioner.ports import App, Saleor
from backend.provisioner.signature import Verifier, addressed
from backend.provisioner.workflow import OrderWorkflow

MAX_BODY = 64 * 1024
"""Bytes. Our subscription selects ids alone, so a delivery is under 1 KB."""


@dataclass(slots=True)
class Provisioner:
    """api_url: the one GraphQL URL whose deliveries are believed."""

    database: Database
    clock: Clock
    workflow: OrderWorkflow
    saleor: Saleor
    app: App
    verifier: Verifier
    api_url: str
    _asked_app_id: str = field(default="", init=False)

    async def receive(self, cause: str, raw: bytes, headers: Mapping[str, str]) -> str:
        """Take a delivery in: durable when this returns our ref of its order. cause: a key of `manifest.EVENTS`.

        Raises Unauthenticated for what Saleor did not sign, or not for us, and Unavailable for what cannot be judged now. Until it has been
        verified, nothing of a delivery is stored.
        """
        if len(raw) > MAX_BODY:
            raise TooLarge("A delivery of ours is never this large.")
        given = {name.lower(): value for name, value in headers.items()}
        await self.verifier.verify(raw, given.get("saleor-signature", ""))
        body = addressed(raw, given, events=EVENTS[cause], api_url=self.api_url, app_id=await self._app_id())
        order = body.get("order")
        order_id = order.get("id") if isinstance(order, dict) else None
        if not isinstance(order_id, str) or not order_id:
            raise Invalid("The delivery names no order.", fields={"order": "missing"})
        async with self.database.write() as tx:
            row = await repository.open_order(tx, SaleorOrderId(order_id), self.clock.now())
            if cause == "paid":
                await repository.reach(tx, row.ref, "received", self.clock.now())
        # Saleor repeats a delivery byte for byte, and a second event of the same kind has another issuedAt.
        await self.workflow.begin(row.ref, cause, hashlib.sha256(raw).hexdigest()[:32])
        return row.ref

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

    async def _app_id(self) -> str:
        """Saleor's id of our app. Where only a token was configured, Saleor is asked whose it is, once."""
        if known := await self.app.app_id():
            return known
        if not self._asked_app_id:
            try:
                self._asked_app_id = (await self.saleor.app(await self.app.token())).id
            except Unauthenticated:
                raise Unavailable("Saleor does not know the token that is configured.", code="bad_app_token") from None
        return self._asked_app_id
