"""Every refusal and every payment event that was recorded, and every one the schema knows, is told to a buyer in words of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLEnumType

from backend.commerce import policy
from tests.saleor import SALEOR, real_schema

BUYING = ("checkout", "transaction", "paymentGateway")
CODES = (
    *("CheckoutErrorCode", "TransactionInitializeErrorCode", "TransactionProcessErrorCode"),
    *("PaymentGatewayInitializeErrorCode", "PaymentGatewayConfigErrorCode"),
)
FALLBACK = policy.words("A_CODE_OF_TOMORROW", None)

pytestmark = pytest.mark.skipif(not (SALEOR / "transcripts").is_dir(), reason="../shared/saleor is not here: nothing is recorded")


def answers() -> Iterator[tuple[str, dict[str, Any]]]:
    """(operation, its answer) of every recorded call about buying."""
    for path in sorted((SALEOR / "transcripts").glob("*.json")):
        data = json.loads(path.read_text())["response"]["body"].get("data") or {}
        yield from ((name, said) for name, said in data.items() if name.startswith(BUYING) and isinstance(said, dict))


def test_every_recorded_refusal_has_words() -> None:
    faults = {(one.get("field"), one["code"]) for _, said in answers() for one in said.get("errors") or ()}
    assert len(faults) > 15
    assert {fault for fault in faults if policy.words(fault[1], fault[0]) == FALLBACK} == set()


def test_every_recorded_event_has_a_meaning() -> None:
    kinds = {said["transactionEvent"]["type"] for _, said in answers() if said.get("transactionEvent")}
    assert {"CHARGE_SUCCESS", "CHARGE_FAILURE", "CHARGE_ACTION_REQUIRED", "AUTHORIZATION_SUCCESS"} <= kinds
    assert kinds <= set(policy.EVENTS)


def test_a_payment_app_that_could_not_be_reached_is_recorded_and_not_taken_for_a_declined_card() -> None:
    silent = [
        said["transactionEvent"]
        for name, said in answers()
        if name == "transactionInitialize" and said["transactionEvent"] and "Failed to deliver" in said["transactionEvent"]["message"]
    ]
    assert silent
    assert {policy.payment_status(event["type"], event["message"]) for event in silent} == {"unknown"}


def test_the_schema_knows_no_event_and_no_code_without_words() -> None:
    schema = real_schema()
    events = schema.type_map["TransactionEventTypeEnum"]
    assert isinstance(events, GraphQLEnumType)
    assert set(events.values) == set(policy.EVENTS)
    for name in CODES:
        codes = schema.type_map[name]
        assert isinstance(codes, GraphQLEnumType)
        assert [code for code in codes.values if policy.words(code, None) == FALLBACK] == [], name
