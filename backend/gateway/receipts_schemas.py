"""The JSON of a signed receipt. Only texts, lists and objects, so that its canonical form is the same in every language."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from backend.ledger.schemas import ReceiptOut
from backend.ledger.views import Receipt


class SignatureOut(BaseModel):
    """Over the canonical JSON (RFC 8785) of the receipt without `signature`."""

    alg: str = Field(examples=["EdDSA"])
    kid: str = Field(description="Which of the keys at `/.well-known/cmp-receipts.json`.")
    value: str = Field(description="base64url without padding")


class SignedReceiptOut(ReceiptOut):
    """A receipt that can be verified without this server. available: what was available right after the run was settled."""

    type: Literal["cmp.receipt.v1"] = "cmp.receipt.v1"
    issuer: str
    workspace_id: str
    instance_id: str
    instance_name: str
    door: str
    started_at: datetime
    refunded_at: datetime | None
    signature: SignatureOut | None = Field(description="null while the run is under way: nothing is final then.")

    @staticmethod
    def money(receipt: Receipt) -> dict[str, Any]:
        return ReceiptOut.of(receipt).model_dump()


class KeyOut(BaseModel):
    """A public key (RFC 8037)."""

    kty: str
    crv: str
    use: str
    alg: str
    kid: str
    x: str


class KeysOut(BaseModel):
    """A JSON Web Key Set, newest first."""

    keys: list[KeyOut]
