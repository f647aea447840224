"""What GraphQL shows of payments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backend.shop.views import MetadataItem, MoneyView, money


@dataclass(frozen=True, slots=True)
class Gateway:
    id: str
    name: str
    currencies: Sequence[str]
    config: Sequence[MetadataItem] = ()


@dataclass(frozen=True, slots=True)
class TransactionEventView:
    id: str
    created_at: str
    type: str
    psp_reference: str
    message: str
    amount: MoneyView
    external_url: str
    idempotency_key: str | None


@dataclass(frozen=True, slots=True)
class TransactionView:
    """authorized, charged, refunded: minor units. events: newest first. checkout_key, order_key: the UUID of what it pays for."""

    id: str
    token: str
    gateway: str
    name: str
    message: str
    psp_reference: str
    external_url: str
    currency: str
    authorized: int
    charged: int
    refunded: int
    actions: Sequence[str]
    events: Sequence[TransactionEventView]
    checkout_key: str | None
    order_key: str | None
    metadata: Sequence[MetadataItem]
    private_metadata: Sequence[MetadataItem]
    created_at: str
    modified_at: str

    @property
    def authorized_amount(self) -> MoneyView:
        return money(self.authorized, self.currency)

    @property
    def charged_amount(self) -> MoneyView:
        return money(self.charged, self.currency)

    @property
    def refunded_amount(self) -> MoneyView:
        return money(self.refunded, self.currency)

    @property
    def nothing(self) -> MoneyView:
        return money(0, self.currency)

    authorize_pending_amount = refund_pending_amount = charge_pending_amount = canceled_amount = nothing
