"""From Saleor's error codes to words for a buyer, and from its payment events to what they mean for one. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from backend.commerce.errors import CheckoutGone, CommerceError

PaymentStatus = Literal["succeeded", "authorized", "failed", "action_required", "pending", "unknown"]

_BY_FIELD = {
    ("email", "INVALID"): "This is not a valid e-mail address.",
    ("email", "REQUIRED"): "Enter an e-mail address.",
    ("promoCode", "INVALID"): "This code does not exist or is no longer valid.",
    ("promoCode", "NOT_FOUND"): "This code does not exist or is no longer valid.",
    ("variantId", "GRAPHQL_ERROR"): "This product does not exist.",
    ("variantId", "NOT_FOUND"): "This product does not exist.",
    ("channel", "NOT_FOUND"): "The shop has no such sales channel.",
    ("postalCode", "INVALID"): "This postal code does not fit the country.",
    ("countryArea", "INVALID"): "This state or region does not fit the country.",
    ("phone", "INVALID"): "This is not a valid phone number.",
    ("country", "REQUIRED"): "Choose a country.",
    ("paymentGateway", "NOT_FOUND"): "This way to pay is not offered.",
    ("gateway", "NOT_SUPPORTED_GATEWAY"): "This way to pay is not offered.",
    ("promoCode", "VOUCHER_NOT_APPLICABLE"): "This code does not apply to what is in your cart.",
    ("promoCode", "GIFT_CARD_NOT_APPLICABLE"): "This gift card cannot be used here.",
    ("promoCode", "REQUIRED"): "Enter a code first.",
    ("idempotencyKey", "UNIQUE"): "This payment was begun already.",
    ("channel", "MISSING_CHANNEL_SLUG"): "The shop does not say which of its channels sells here.",
}

_BY_CODE = {
    "EMAIL_NOT_SET": "Enter an e-mail address first.",
    "BILLING_ADDRESS_NOT_SET": "Enter a billing address first.",
    "CHECKOUT_NOT_FULLY_PAID": "The payment does not cover the total yet.",
    "REQUIRED": "This is required.",
    "MISSING_ADDRESS_DATA": "A part of the address is missing.",
    "INVALID": "This is not valid.",
    "INSUFFICIENT_STOCK": "There are not enough of this left.",
    "QUANTITY_GREATER_THAN_LIMIT": "That is more than one order may hold of this product (50).",
    "ZERO_QUANTITY": "The quantity has to be at least 1.",
    "NO_LINES": "The cart is empty.",
    "PRODUCT_NOT_PUBLISHED": "This product is not for sale at the moment.",
    "PRODUCT_UNAVAILABLE_FOR_PURCHASE": "This product is not for sale at the moment.",
    "UNAVAILABLE_VARIANT_IN_CHANNEL": "This product is not for sale at the moment.",
    "CHANNEL_INACTIVE": "The shop is closed at the moment.",
    "PARTIAL_PAYMENT_NOT_ALLOWED": "The payment has to cover the whole total.",
    "NOT_SUPPORTED_GATEWAY": "This way to pay is not offered.",
    "PAYMENT_ERROR": "The payment did not go through.",
    "INACTIVE_PAYMENT": "The payment is no longer valid. Pay again.",
    "VOUCHER_NOT_APPLICABLE": "This code does not apply to this cart.",
    "GIFT_CARD_NOT_APPLICABLE": "This gift card does not apply to this cart.",
    "TAX_ERROR": "The tax could not be worked out. Try again in a moment.",
    "CHECKOUT_COMPLETION_IN_PROGRESS": "This order is being placed already.",
    "TRANSACTION_ALREADY_PROCESSED": "This payment was dealt with already.",
    "MISSING_PAYMENT_APP": "The payment service is not connected to the shop any more.",
    "MISSING_PAYMENT_APP_RELATION": "This payment was not made through a payment service of the shop.",
    "MISSING_CHANNEL_SLUG": "The shop does not say which of its channels sells here.",
    "INVALID_SHIPPING_METHOD": "The shop wants to ship this order, which cannot be done here.",
    "SHIPPING_ADDRESS_NOT_SET": "The shop wants to ship this order, which cannot be done here.",
    "SHIPPING_METHOD_NOT_SET": "The shop wants to ship this order, which cannot be done here.",
    "SHIPPING_METHOD_NOT_APPLICABLE": "The shop wants to ship this order, which cannot be done here.",
    "DELIVERY_METHOD_NOT_APPLICABLE": "The shop wants to ship this order, which cannot be done here.",
    "SHIPPING_NOT_REQUIRED": "Nothing in this order is shipped.",
    "SHIPPING_CHANGE_FORBIDDEN": "Nothing in this order is shipped.",
    "NON_EDITABLE_GIFT_LINE": "This line is a gift and cannot be changed.",
    "NON_REMOVABLE_GIFT_LINE": "This line is a gift and cannot be taken out.",
    "PRICE_OVERRIDE_REASON_WITHOUT_OVERRIDE": "The shop did not accept this price.",
    "UNIQUE": "This was already used.",
    "NOT_FOUND": "The shop does not know this.",
    "GRAPHQL_ERROR": "The shop could not make sense of this.",
    "CANNOT_CANCEL_ORDER": "This order can no longer be cancelled.",
    "FULFILL_ORDER_LINE": "This order line is fulfilled already.",
}

_OUR_NAMES = {"streetAddress1": "street_address_1", "streetAddress2": "street_address_2"}
_CHECKOUT_IDS = {None, "", "id", "checkoutId", "checkout", "token"}

EVENTS: dict[str, PaymentStatus] = {
    "CHARGE_SUCCESS": "succeeded",
    "AUTHORIZATION_SUCCESS": "authorized",
    "AUTHORIZATION_ADJUSTMENT": "authorized",
    "CHARGE_ACTION_REQUIRED": "action_required",
    "AUTHORIZATION_ACTION_REQUIRED": "action_required",
    "CHARGE_REQUEST": "pending",
    "AUTHORIZATION_REQUEST": "pending",
    "CHARGE_FAILURE": "failed",
    "AUTHORIZATION_FAILURE": "failed",
    "CANCEL_SUCCESS": "failed",
    "REFUND_SUCCESS": "failed",
    "CHARGE_BACK": "failed",
    # What is under way with money that was taken before says nothing of this payment: it is looked up.
    "CANCEL_REQUEST": "unknown",
    "CANCEL_FAILURE": "unknown",
    "REFUND_REQUEST": "unknown",
    "REFUND_FAILURE": "unknown",
    "REFUND_REVERSE": "unknown",
    "INFO": "unknown",
}

_NOT_HEARD = ("failed to delivery request", "failed to deliver request")
_NOT_UNDERSTOOD = (
    *("missing value for field:", "incorrect value (", "invalid value for", "enum name not found:"),
    *("the transaction with provided `pspreference`", "event with `authorization_success` already"),
)
"""How Saleor's own words begin when it could not reach the payment app, and when it could make nothing of its answer. It writes both as a
failed charge, but whether money was taken is not known then. A true decline has the app's words, and need not have a reference."""


def words(code: str, field: str | None) -> str:
    """One sentence a buyer understands, for any code; an unknown one still gets a true sentence."""
    return _BY_FIELD.get((field or "", code)) or _BY_CODE.get(code) or "The shop did not accept this."


def our_name(field: str) -> str:
    return _OUR_NAMES.get(field) or re.sub(r"(?<=[a-z])(?=[A-Z0-9])", "_", field).lower()


def refusal(errors: Sequence[Mapping[str, Any]]) -> CommerceError:
    """The error for a mutation's `errors`. The first decides the code; each field keeps its first sentence."""
    first = errors[0]
    code, field = str(first["code"]), first.get("field")
    fields: dict[str, str] = {}
    for error in errors:
        if error.get("field"):
            fields.setdefault(our_name(error["field"]), words(str(error["code"]), error["field"]))
    return CommerceError(words(code, field), code=code.lower(), fields=fields)


def checkout_refusal(errors: Sequence[Mapping[str, Any]]) -> CommerceError:
    """As `refusal`, but a checkout that the shop no longer knows is told apart."""
    if any(error["code"] == "NOT_FOUND" and error.get("field") in _CHECKOUT_IDS for error in errors):
        return CheckoutGone("This cart was already ordered or has expired.")
    return refusal(errors)


def payment_status(event_type: str | None, said: str = "") -> PaymentStatus:
    """What a transaction event means. What is not known for good or bad is unknown: it is looked up before anything is paid again."""
    status = EVENTS.get(event_type or "", "unknown")
    own = said.strip().lower().startswith(_NOT_HEARD + _NOT_UNDERSTOOD)
    return "unknown" if status == "failed" and own else status


def payment_message(status: PaymentStatus, said: str) -> str:
    """said: the payment provider's own message, which may be empty or talk about machinery."""
    if status == "failed":
        return f"The payment was declined: {said.rstrip('.')}." if said.strip() else "The payment was declined."
    return {
        "action_required": "Your bank wants you to confirm this payment.",
        "pending": "The payment is being processed.",
        "unknown": "The payment service gave no clear answer, so it is not known yet whether it took the payment.",
    }.get(status, "")
