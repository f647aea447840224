"""An order's states, and which events a movement of money makes. Pure."""

from __future__ import annotations

from collections.abc import Sequence

PAYMENT_STATUS = {"NONE": "NOT_CHARGED", "PARTIAL": "PARTIALLY_CHARGED", "FULL": "FULLY_CHARGED", "OVERCHARGED": "FULLY_CHARGED"}
PAID = frozenset({"FULL", "OVERCHARGED"})
PAYMENT_WORDS = {"NOT_CHARGED": "Not charged", "PARTIALLY_CHARGED": "Partially charged", "FULLY_CHARGED": "Fully charged"}


def fulfilment_status(lines: Sequence[tuple[int, int]]) -> str:
    """lines: (ordered, fulfilled) of each line."""
    if all(done >= ordered for ordered, done in lines):
        return "FULFILLED"
    return "PARTIALLY_FULFILLED" if any(done for _, done in lines) else "UNFULFILLED"


def payment_events(charged_before: int, charged_after: int, before: str, after: str) -> list[str]:
    """What is announced when the sum charged on an order changes; before and after are its charge statuses.

    ORDER_PAID comes with every charge, a partial one too; ORDER_FULLY_PAID when the sum reaches the total, again after a refund.
    """
    if charged_after > charged_before:
        return ["ORDER_PAID", *(["ORDER_FULLY_PAID"] if after in PAID and before not in PAID else []), "ORDER_UPDATED"]
    if charged_after < charged_before:
        return ["ORDER_REFUNDED", *(["ORDER_FULLY_REFUNDED"] if charged_after <= 0 else []), "ORDER_UPDATED"]
    return []


def may_cancel(status: str, fulfilled: int) -> bool:
    return status in {"UNFULFILLED", "UNCONFIRMED"} and fulfilled == 0
