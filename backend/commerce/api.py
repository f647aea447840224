"""Payments without their order, for the people who run the market, over HTTP. Everybody else is refused at the door."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from backend.commerce.outcomes import StrandedView
from backend.commerce.stranded import MAX_REASON, Stranded
from backend.doors import Who
from backend.kernel.caller import Caller


class PaymentOut(BaseModel):
    id: str = Field(description="The reference its buyer was told.")
    email: str
    amount: str
    gateway: str
    transaction_id: str
    reason: str = Field(description="Why the shop would not place the order.")
    at: datetime
    settled_at: datetime | None
    settled_by: str
    settled_reason: str


class PaymentsOut(BaseModel):
    items: list[PaymentOut]


class TriedOut(BaseModel):
    order_ref: str = Field(description="Of the order that was placed, or empty.")
    words: str


class SettleIn(BaseModel):
    reason: str = Field(default="", max_length=MAX_REASON)


def routes(payments: Stranded, who: Who) -> APIRouter:
    router = APIRouter(prefix="/v1/operator/payments", tags=["operator"])
    operator = Annotated[Caller, Depends(who.operator)]

    @router.get("", dependencies=[Depends(who.operator)])
    async def stranded_payments(view: Literal["open", "settled"] = "open") -> PaymentsOut:
        """Payments whose order the shop would not place, oldest first. view: open, or settled for the last that were dealt with by hand."""
        found = await (payments.stranded() if view == "open" else payments.settled())
        return PaymentsOut(items=[_shown(payment) for payment in found])

    @router.post("/{attempt_id}:retry", dependencies=[Depends(who.operator)])
    async def retry_payment(attempt_id: str) -> TriedOut:
        """Place its order, if the shop allows it by now. Nothing is paid. 409 when it does not wait for anybody."""
        tried = await payments.retry_stranded(attempt_id)
        return TriedOut(order_ref=tried.order_ref, words=tried.words)

    @router.post("/{attempt_id}:settle", status_code=204)
    async def settle_payment(attempt_id: str, body: SettleIn, caller: operator) -> None:
        """It was dealt with by hand: refunded in the payment service, or ordered in the shop. 409 when it does not wait for anybody."""
        await payments.settle_stranded(attempt_id, body.reason, caller.email)

    return router


def _shown(payment: StrandedView) -> PaymentOut:
    return PaymentOut(
        id=payment.id,
        email=payment.email,
        amount=str(payment.amount),
        gateway=payment.gateway,
        transaction_id=payment.transaction_id,
        reason=payment.reason,
        at=payment.at,
        settled_at=payment.settled_at,
        settled_by=payment.settled_by,
        settled_reason=payment.settled_reason,
    )
