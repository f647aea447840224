"""Paying: what a storefront and a payment app may do with a transaction of a checkout or an order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from backend.db.engine import Tx
from backend.kernel.clock import Clock
from backend.kernel.money import Money
from backend.shop import ids
from backend.shop.checkout.service import Checkouts
from backend.shop.context import EventSink
from backend.shop.errors import refuse
from backend.shop.models import OrderRow, TransactionEventRow, TransactionRow
from backend.shop.orders.service import Orders
from backend.shop.payments import policy, service

MAX_AMOUNT = 10**12
"""Minor units. Far above any order, far below what a 64-bit column holds."""


@dataclass(frozen=True, slots=True)
class Source:
    """What is paid for. left: minor units still to be covered."""

    checkout_id: str | None
    order: OrderRow | None
    currency: str
    left: int


class Payments:
    """Serves one transaction."""

    def __init__(self, tx: Tx, clock: Clock, events: EventSink) -> None:
        self._tx = tx
        self._clock = clock
        self._now = clock.now()
        self._orders = Orders(tx, self._now, events)

    async def source(self, global_id: str) -> Source:
        """The checkout or order, locked. Raises Refused with NOT_FOUND."""
        checkouts = await Checkouts.open(self._tx, self._clock)
        if ids.token("Order", global_id):
            order = await self._orders.locked(global_id)
            paid = await service.rows_of(self._tx, order_id=order.id)
            left = order.total - sum(one.charged + one.authorized for one in paid)
            currency = next(one for one in checkouts.catalogue.channels if one.key == order.channel_id).currency_code
            return Source(None, order, currency, max(0, left))
        view = await checkouts.view(await checkouts.row(global_id))
        covered = sum(one.charged + one.authorized for one in view.transactions)
        return Source(view.key, None, view.channel.currency_code, max(0, view.total - covered))

    async def initialize(self, source: Source, gateway: str, data: object, amount: Decimal | None, key: str | None) -> TransactionEventRow:
        """Begin a payment; the same idempotency key gives the payment begun before. Raises Refused for a gateway that is not there."""
        if gateway != policy.DUMMY:
            raise refuse("NOT_FOUND", "App with provided identifier not found.", "paymentGateway")
        owner = source.checkout_id or (source.order.id if source.order else "")
        if key and (earlier := await service.begun(self._tx, owner, key)):
            return await self._last(earlier)
        wanted = source.left if amount is None else minor(amount, source.currency)
        row = await service.begin(
            self._tx,
            self._now,
            gateway=gateway,
            requested=wanted,
            checkout_id=source.checkout_id,
            order_id=source.order.id if source.order else None,
            idempotency_key=key,
            name="Dummy payment",
        )
        return await self._decide(row, data, wanted)

    async def process(self, row: TransactionRow, data: object) -> TransactionEventRow:
        """Go on with a payment that waits for the buyer. One that does not wait is left as it is.

        Raises Refused with MISSING_PAYMENT_APP for a payment that an app took elsewhere: the buyer has no say in it.
        """
        if row.gateway != policy.DUMMY:
            raise refuse("MISSING_PAYMENT_APP", "The app that made this transaction is not a payment gateway here.", "id")
        last = await self._last(row)
        if last.type not in policy.WAITING:
            return last
        return await self._decide(row, data, last.amount)

    async def _decide(self, row: TransactionRow, data: object, amount: int) -> TransactionEventRow:
        kind = policy.outcome(data)
        text = policy.message(kind) if kind else "The payment gateway does not know this event type"
        return await self.record(row, kind or "CHARGE_FAILURE", amount, ids.fresh(), text)

    async def _last(self, row: TransactionRow) -> TransactionEventRow:
        found = await service.last_event(self._tx, row)
        if found is None:
            raise refuse("NOT_FOUND", "This transaction has no events.", "id")
        return found

    async def record(
        self, row: TransactionRow, kind: str, amount: int, psp_reference: str, text: str = "", url: str = ""
    ) -> TransactionEventRow:
        """Write the event; when the transaction belongs to an order, bring that up to date and announce what happened."""
        order = await self._orders.locked(ids.global_id("Order", row.order_id)) if row.order_id else None
        before = await self._orders.charged(order) if order else 0
        event = await service.record(self._tx, row, kind, amount, self._now, psp_reference=psp_reference, message=text, external_url=url)
        if order:
            await self._orders.settle(order, before, charge_back=kind == "CHARGE_BACK")
        return event

    async def transaction(self, global_id: str | None, token: str | None) -> TransactionRow:
        """The transaction, locked. Raises Refused with NOT_FOUND."""
        key = ids.token("TransactionItem", global_id) if global_id else token
        if found := await service.find(self._tx, key, lock=True):
            return found
        raise refuse("NOT_FOUND", f"Couldn't resolve to a node: {global_id or token}", "id" if global_id else "token")

    async def refund(self, row: TransactionRow, amount: int | None) -> None:
        """Give money back, at most what is charged; the dummy gateway does it at once. amount: minor units, None for all of it."""
        self._ours(row)
        given = row.charged if amount is None else min(amount, row.charged)
        if given <= 0:
            return
        if row.order_id:
            await self._orders.note(await self._orders.locked(ids.global_id("Order", row.order_id)), "TRANSACTION_REFUND_REQUESTED")
        await self._twice(row, "REFUND", given)

    async def charge(self, row: TransactionRow, amount: int | None) -> None:
        """Take what was authorised, at most all of it."""
        self._ours(row)
        taken = row.authorized if amount is None else min(amount, row.authorized)
        if taken > 0:
            await self._twice(row, "CHARGE", taken)

    async def _twice(self, row: TransactionRow, action: str, amount: int) -> None:
        reference = ids.fresh()
        await service.record(self._tx, row, f"{action}_REQUEST", amount, self._now, psp_reference=reference)
        await self.record(row, f"{action}_SUCCESS", amount, reference, policy.message("SUCCESS"))

    @staticmethod
    def _ours(row: TransactionRow) -> None:
        if row.gateway != policy.DUMMY:
            message = "The app that made this transaction takes no requests."
            raise refuse("MISSING_TRANSACTION_ACTION_REQUEST_WEBHOOK", message, "id")

    async def report(self, row: TransactionRow, kind: str, amount: int, psp_reference: str, text: str) -> tuple[bool, TransactionEventRow]:
        """(whether it was reported before, the event)."""
        if known := await service.reported(self._tx, row, kind, psp_reference):
            return True, known
        return False, await self.record(row, kind, amount, psp_reference, text)

    async def create(self, source: Source, given: Mapping[str, Any], app: str) -> TransactionRow:
        """A payment that an app took elsewhere. Raises Refused with INCORRECT_CURRENCY."""
        sums = {name: given.get(f"amount{name}") for name in ("Authorized", "Charged")}
        if any(money and money["currency"] != source.currency for money in sums.values()):
            raise refuse("INCORRECT_CURRENCY", f"Currency needs to be the same as for the order: {source.currency}", "transaction")
        row = await service.begin(
            self._tx,
            self._now,
            gateway=app,
            requested=0,
            checkout_id=source.checkout_id,
            order_id=source.order.id if source.order else None,
            name=given.get("name") or "",
        )
        for name, kind in (("Authorized", "AUTHORIZATION_SUCCESS"), ("Charged", "CHARGE_SUCCESS")):
            if money := sums[name]:
                amount = minor(money["amount"], source.currency)
                await self.record(row, kind, amount, given.get("pspReference") or "", given.get("message") or "")
        return row


def minor(amount: Decimal, currency: str) -> int:
    """Raises Refused with INVALID for an amount no order can have."""
    found = Money.of(amount, currency).amount_minor if abs(amount) < MAX_AMOUNT else MAX_AMOUNT
    if not 0 <= found < MAX_AMOUNT:
        raise refuse("INVALID", "The amount is out of range.", "amount")
    return found
