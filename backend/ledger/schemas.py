"""The ledger's JSON. Credits are decimal strings, moments ISO 8601 in UTC."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel

from backend.kernel.page import Page
from backend.ledger.views import Balance, EntryKind, EntryView, HoldStatus, LotSource, LotView, Receipt


class LotOut(BaseModel):
    """Credits that came in together."""

    id: str
    label: str
    source: LotSource
    granted: str
    remaining: str
    expires_at: datetime | None
    created_at: datetime


class CreditsOut(BaseModel):
    """available = balance − held."""

    balance: str
    held: str
    available: str
    lots: list[LotOut]

    @classmethod
    def of(cls, balance: Balance, lots: list[LotView]) -> CreditsOut:
        return cls(
            balance=str(balance.balance),
            held=str(balance.held),
            available=str(balance.available),
            lots=[
                LotOut(
                    id=lot.id,
                    label=lot.label,
                    source=lot.source,
                    granted=str(lot.granted),
                    remaining=str(lot.remaining),
                    expires_at=lot.expires_at,
                    created_at=lot.created_at,
                )
                for lot in lots
            ],
        )


class EntryOut(BaseModel):
    """One line of the account. amount: signed."""

    id: str
    at: datetime
    kind: EntryKind
    amount: str
    balance_after: str
    label: str
    run_id: str | None
    lot_id: str


class EntriesOut(BaseModel):
    items: list[EntryOut]
    next: str | None

    @classmethod
    def of(cls, page: Page[EntryView]) -> EntriesOut:
        return cls(items=[_entry(entry) for entry in page.items], next=page.next)


class LotChargeOut(BaseModel):
    id: str
    label: str
    amount: str


class ReceiptOut(BaseModel):
    """What a run was quoted, what was held for it, what it was charged, and from which lots."""

    run_id: str
    status: HoldStatus
    quoted: str
    held: str
    charged: str
    released: str
    available: str
    lots: list[LotChargeOut]
    refunded: str
    at: datetime

    @classmethod
    def of(cls, receipt: Receipt) -> ReceiptOut:
        return cls(
            run_id=receipt.run_id,
            status=receipt.status,
            quoted=str(receipt.quoted),
            held=str(receipt.held),
            charged=str(receipt.charged),
            released=str(receipt.released),
            available=str(receipt.available),
            lots=[LotChargeOut(id=lot.lot_id, label=lot.label, amount=str(lot.amount)) for lot in receipt.lots],
            refunded=str(receipt.refunded),
            at=receipt.at,
        )


def _entry(entry: EntryView) -> EntryOut:
    return EntryOut(
        id=entry.id,
        at=entry.at,
        kind=entry.kind,
        amount=str(entry.amount),
        balance_after=str(entry.balance_after),
        label=entry.label,
        run_id=entry.run_id,
        lot_id=entry.lot_id,
    )
