"""A receipt that was touched anywhere is refused, and the words say what is wrong."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from backend.ledger.signing import decode, encode, signed_bytes
from backend.ledger.verifying import examine

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
X = encode(PRIVATE.public_key().public_bytes_raw())
KEYS = {"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "one", "x": X}]}
RECEIPT: dict[str, Any] = {
    "type": "cmp.receipt.v1",
    "run_id": "run_1",
    "status": "settled",
    "held": "3",
    "charged": "2",
    "released": "1",
    "lots": [{"id": "lot_1", "label": "Pack “€”", "amount": "1.5"}, {"id": "lot_2", "label": "", "amount": "0.5"}],
    "refunded_at": None,
}


def sign(document: dict[str, Any], kid: str = "one") -> dict[str, Any]:
    return {**document, "signature": {"alg": "EdDSA", "kid": kid, "value": encode(PRIVATE.sign(signed_bytes(document)))}}


def test_an_untouched_receipt_is_valid_in_whatever_order_its_members_stand() -> None:
    made = sign(RECEIPT)
    assert examine(made, KEYS).valid
    assert examine(dict(reversed(made.items())), KEYS).valid


@pytest.mark.parametrize("name", sorted(RECEIPT))
def test_a_changed_or_missing_field_is_noticed(name: str) -> None:
    changed, missing = sign(RECEIPT) | {name: "other"}, sign(RECEIPT)
    del missing[name]
    assert examine(changed, KEYS).code == "wrong_signature"
    assert examine(missing, KEYS).code == ("unreadable" if name == "run_id" else "wrong_signature")


def test_an_added_field_and_a_changed_lot_are_noticed() -> None:
    assert examine(sign(RECEIPT) | {"note": "x"}, KEYS).code == "wrong_signature"
    made = copy.deepcopy(sign(RECEIPT))
    made["lots"][1]["amount"] = "0.50"
    assert examine(made, KEYS).code == "wrong_signature"


def test_a_key_that_the_file_does_not_have_is_named() -> None:
    verdict = examine(sign(RECEIPT, "two"), KEYS)
    assert (verdict.code, "two" in verdict.words, "one" in verdict.words) == ("unknown_key", True, True)


def test_the_signature_of_another_receipt_is_refused() -> None:
    other = sign({**RECEIPT, "run_id": "run_2"})
    verdict = examine({**RECEIPT, "signature": other["signature"]}, KEYS)
    assert (verdict.code, "another receipt's" in verdict.words) == ("wrong_signature", True)


def test_a_receipt_of_a_run_under_way_says_so_and_an_unsigned_one_too() -> None:
    assert examine({**RECEIPT, "status": "open", "signature": None}, KEYS).code == "open"
    assert examine(RECEIPT, KEYS).code == "unsigned"


def test_sums_that_do_not_add_up_are_refused_even_when_they_are_signed() -> None:
    assert examine(sign({**RECEIPT, "released": "2"}), KEYS).code == "wrong_sums"
    assert examine(sign({**RECEIPT, "lots": []}), KEYS).code == "wrong_sums"
    assert examine(sign({**RECEIPT, "held": "many"}), KEYS).code == "wrong_sums"


@pytest.mark.parametrize("document", [None, [], 5, {}, {"run_id": "r", "signature": "x"}, {"run_id": "r", "signature": {"alg": "none"}}])
def test_what_is_no_receipt_is_called_unreadable(document: object) -> None:
    assert examine(document, KEYS).code == "unreadable"


@pytest.mark.parametrize("keys", [None, [], {}, {"keys": 1}, {"keys": ["x"]}])
def test_what_is_no_key_set_is_called_unreadable(keys: object) -> None:
    assert examine(sign(RECEIPT), keys).code == "unreadable"


@pytest.mark.parametrize("value", ["", "x", "é", "A" * 86, encode(bytes(64)), encode(bytes(63))])
@pytest.mark.parametrize("x", [X, "", "%%", encode(bytes(31))])
def test_a_mangled_signature_or_key_is_refused_and_breaks_nothing(value: str, x: str) -> None:
    made = {**RECEIPT, "signature": {"alg": "EdDSA", "kid": "one", "value": value}}
    assert examine(made, {"keys": [{"crv": "Ed25519", "kid": "one", "x": x}]}).code == "wrong_signature"


def test_numbers_that_have_no_canonical_form_are_refused_and_break_nothing() -> None:
    for odd in (float("nan"), 2**70, {"a": float("inf")}):
        assert examine({**sign(RECEIPT), "held": odd}, KEYS).code == "wrong_signature"


@given(st.binary(max_size=80))
def test_base64url_has_one_spelling(raw: bytes) -> None:
    assert decode(encode(raw)) == raw
    with pytest.raises(ValueError, match=r"."):
        decode(encode(raw) + "=")
