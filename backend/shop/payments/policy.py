"""The dummy gateway's mind, and what an event does to a transaction's sums. Pure; amounts in minor units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

DUMMY = "saleor.io.dummy-payment-app"
"""The id of Saleor's own dummy payment app; storefronts written for it work here unchanged."""

RESULTS = frozenset(
    {
        "CHARGE_SUCCESS",
        "CHARGE_FAILURE",
        "CHARGE_REQUEST",
        "CHARGE_ACTION_REQUIRED",
        "AUTHORIZATION_SUCCESS",
        "AUTHORIZATION_FAILURE",
        "AUTHORIZATION_REQUEST",
        "AUTHORIZATION_ACTION_REQUIRED",
    }
)
WAITING = frozenset(kind for kind in RESULTS if kind.endswith(("ACTION_REQUIRED", "REQUEST")))
"""The events after which a payment can be gone on with. A refund that was asked for is none of them."""

MESSAGES = {
    "SUCCESS": "Payment accepted",
    "FAILURE": "Card declined",
    "REQUEST": "Payment pending",
    "ACTION_REQUIRED": "Confirm the payment",
}


@dataclass(frozen=True, slots=True)
class Sums:
    authorized: int = 0
    charged: int = 0
    refunded: int = 0


def outcome(data: object) -> str | None:
    """The event type that a storefront asks the dummy gateway for with `{"event": {"type": …}}`; None when it names no known one.

    Without an event the charge succeeds.
    """
    event = data.get("event") if isinstance(data, Mapping) else None
    kind: Any = event.get("type", "CHARGE_SUCCESS") if isinstance(event, Mapping) else "CHARGE_SUCCESS"
    return kind if isinstance(kind, str) and kind in RESULTS else None


def message(kind: str) -> str:
    return next((text for end, text in MESSAGES.items() if kind.endswith(end)), "")


def after(sums: Sums, kind: str, amount: int) -> Sums:
    """The sums after an event. A charge uses up what was authorised; a refund and a charge-back give back what was charged."""
    if kind == "AUTHORIZATION_SUCCESS":
        return replace(sums, authorized=sums.authorized + amount)
    if kind == "CHARGE_SUCCESS":
        return replace(sums, charged=sums.charged + amount, authorized=max(0, sums.authorized - amount))
    if kind == "REFUND_SUCCESS":
        return replace(sums, charged=sums.charged - amount, refunded=sums.refunded + amount)
    if kind == "CHARGE_BACK":
        return replace(sums, charged=sums.charged - amount)
    return sums
