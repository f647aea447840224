"""Verifies a receipt with nothing but the receipt and a set of public keys. Pure; says what is wrong in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from backend.ledger.signing import ALGORITHM, SIGNATURE, verified


@dataclass(frozen=True, slots=True)
class Verdict:
    """code: "valid", or which way it is not: "unreadable", "open", "unsigned", "unknown_key", "wrong_signature", "wrong_sums"."""

    code: str
    words: str

    @property
    def valid(self) -> bool:
        return self.code == "valid"


def examine(document: object, keys: object) -> Verdict:
    """document: of a receipt's JSON. keys: of the published JSON Web Key Set's."""
    if not isinstance(document, dict) or "run_id" not in document:
        return Verdict("unreadable", "This is not a receipt: it names no run.")
    known = _known(keys)
    if known is None:
        return Verdict("unreadable", "The key file is not a JSON Web Key Set.")
    signature = document.get(SIGNATURE)
    if signature is None:
        if document.get("status") == "open":
            return Verdict("open", "The run was under way when this was read, so nothing is signed yet. Ask for the receipt again.")
        return Verdict("unsigned", "This receipt is not signed.")
    if not isinstance(signature, dict) or signature.get("alg") != ALGORITHM:
        return Verdict("unreadable", f"The signature is none of ours: it must be an object with alg {ALGORITHM}.")
    kid, value = str(signature.get("kid")), str(signature.get("value"))
    if kid not in known:
        have = ", ".join(known) or "none"
        return Verdict("unknown_key", f"The receipt names the key {kid}, and the key file has {have}. Take the newest key file.")
    if not verified(document, known[kid], value):
        words = "The signature does not match: a field of the receipt is not what was signed, or the signature is another receipt's."
        return Verdict("wrong_signature", words)
    fault = _sums(document)
    if fault:
        return Verdict("wrong_sums", f"The signature is right and the sums are not: {fault}.")
    return Verdict("valid", f"Valid: run {document['run_id']} was charged {document.get('charged')} credits, signed by the key {kid}.")


def _known(keys: object) -> dict[str, str] | None:
    """Public key by its id; None when this is no key set."""
    listed = keys.get("keys") if isinstance(keys, Mapping) else None
    if not isinstance(listed, list) or not all(isinstance(key, Mapping) for key in listed):
        return None
    return {str(key["kid"]): str(key["x"]) for key in listed if key.get("crv") == "Ed25519" and "kid" in key and "x" in key}


def _sums(document: Mapping[str, Any]) -> str:
    try:
        held, charged, released = (Decimal(document[name]) for name in ("held", "charged", "released"))
        lots = sum((Decimal(lot["amount"]) for lot in document["lots"]), Decimal(0))
    except (KeyError, TypeError, InvalidOperation):
        return "an amount is missing or not a number"
    if held != charged + released:
        return "held is not charged and released together"
    return "" if lots == charged else "the lots did not pay what was charged"
