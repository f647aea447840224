"""Saleor's codes become words for a buyer, and product texts become safe ones."""

from __future__ import annotations

import json

import pytest

from backend.commerce import description, policy
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
    assert policy.payment_message("unknown", "").startswith("The payment service did not answer")
    assert policy.payment_status("CHARGE_FAILURE", "Insufficient funds") == "failed"
    assert policy.payment_message("failed", "Insufficient funds") == "The payment was declined: Insufficient funds."
    assert policy.payment_message("failed", "") == "The payment was declined."


def _document(*blocks: dict[str, object]) -> str:
    return json.dumps({"time": 1, "blocks": list(blocks), "version": "2.24.3"})


def test_a_description_keeps_its_shape() -> None:
    read = description.read(
        _document(
            {"type": "header", "data": {"text": "What it does", "level": 1}},
            {"type": "paragraph", "data": {"text": "Answers &amp; <b>cites</b>."}},
            {"type": "list", "data": {"style": "ordered", "items": ["One", {"content": "Two"}]}},
            {"type": "quote", "data": {"text": "Good"}},
        )
    )
    assert read.html == ("<h3>What it does</h3><p>Answers &amp; cites.</p><ol><li>One</li><li>Two</li></ol><blockquote>Good</blockquote>")
    assert read.plain == "What it does\nAnswers & cites.\n- One\n- Two\nGood"


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "&amp;lt;script&amp;gt;alert(1)",
        "<scr<script>ipt>alert(1)",
        '<a href="javascript:alert(1)">x</a>',
        "<img src=x onerror=alert(1)",
    ],
)
def test_no_tag_of_the_author_comes_out(text: str) -> None:
    html = description.read(_document({"type": "paragraph", "data": {"text": text}})).html
    inside = html.removeprefix("<p>").removesuffix("</p>")
    assert "<" not in inside


@pytest.mark.parametrize("document", [None, "", "{}", "[]", '{"blocks": 3}', '{"blocks": [3, {"type": "paragraph"}]}'])
def test_a_document_without_text_is_empty(document: str | None) -> None:
    assert description.read(document) == description.Description("", "")


def test_plain_text_is_taken_as_paragraphs() -> None:
    assert description.read("One < two\nThree").html == "<p>One &lt; two</p><p>Three</p>"
