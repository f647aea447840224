"""Saleor's codes become words for a buyer."""

from __future__ import annotations

import pytest

from backend.commerce import policy
from backend.commerce.errors import CheckoutGone
from backend.kernel.errors import NotFound
from backend.problem import http_status

NAMED = (
    *("EMAIL_NOT_SET", "BILLING_ADDRESS_NOT_SET", "CHECKOUT_NOT_FULLY_PAID", "INVALID", "REQUIRED", "INSUFFICIENT_STOCK"),
    *("QUANTITY_GREATER_THAN_LIMIT", "ZERO_QUANTITY", "PRODUCT_NOT_PUBLISHED", "UNAVAILABLE_VARIANT_IN_CHANNEL"),
    *("PARTIAL_PAYMENT_NOT_ALLOWED", "NOT_FOUND", "GRAPHQL_ERROR"),
)


@pytest.mark.parametrize("code", NAMED)
def test_every_code_a_buyer_can_meet_has_words_of_its_own(code: str) -> None:
    assert policy.words(code, None) != policy.words("A_CODE_OF_TOMORROW", None)


def test_a_code_of_tomorrow_still_gets_a_sentence() -> None:
    refused = policy.refusal([{"field": "streetAddress1", "code": "A_CODE_OF_TOMORROW", "message": "x"}])
    assert refused.code == "a_code_of_tomorrow"
    assert refused.fields == {"street_address_1": "The shop did not accept this."}


def test_a_checkout_that_is_gone_is_not_found_but_a_missing_line_is_not_that() -> None:
    gone = policy.checkout_refusal([{"field": "id", "code": "NOT_FOUND", "message": ""}])
    assert isinstance(gone, CheckoutGone)
    assert isinstance(gone, NotFound)
    assert http_status(gone) == 404
    other = policy.checkout_refusal([{"field": "lineId", "code": "NOT_FOUND", "message": ""}])
    assert not isinstance(other, CheckoutGone)
    assert http_status(other) == 400


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ("CHARGE_SUCCESS", "succeeded"),
        ("AUTHORIZATION_SUCCESS", "authorized"),
        ("CHARGE_ACTION_REQUIRED", "action_required"),
        ("CHARGE_REQUEST", "pending"),
        ("CHARGE_FAILURE", "failed"),
        ("AUTHORIZATION_FAILURE", "failed"),
        ("SOMETHING_NEW", "unknown"),
        (None, "unknown"),
    ],
)
def test_only_events_known_to_be_good_count_as_paid(event: str | None, status: str) -> None:
    assert policy.payment_status(event) == status


def test_a_payment_service_that_did_not_answer_is_not_taken_for_a_declined_card() -> None:
    assert policy.payment_status("CHARGE_FAILURE", "Failed to delivery request.") == "unknown"
    assert policy.payment_message("unknown", "").startswith("The payment service gave no clear answer")
    assert policy.payment_status("CHARGE_FAILURE", "Insufficient funds") == "failed"
    assert policy.payment_message("failed", "Insufficient funds") == "The payment was declined: Insufficient funds."
    assert policy.payment_message("failed", "") == "The payment was declined."


@pytest.mark.parametrize(
    "said",
    [
        "Missing value for field: pspReference. Input: {'result': 'CHARGE_SUCCESS'}.",
        "Incorrect value (x) for field: amount. Error: Input should be a valid decimal.",
        "The transaction with provided `pspReference` and `type` already exists with different amount.",
    ],
)
def test_an_answer_that_saleor_could_not_read_is_not_taken_for_a_declined_card(said: str) -> None:
    assert policy.payment_status("CHARGE_FAILURE", said) == "unknown"
    assert said not in policy.payment_message("unknown", said)
