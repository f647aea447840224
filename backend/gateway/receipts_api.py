"""Signed receipts over HTTP, and the public keys that verify them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from backend.doors import Who
from backend.gateway.receipts import Receipts
from backend.gateway.receipts_schemas import KeysOut, SignedReceiptOut
from backend.kernel.caller import Caller
from backend.ledger.signing import Keyring

KEYS_PATH = "/.well-known/cmp-receipts.json"


def routes(receipts: Receipts, keyring: Keyring, who: Who) -> APIRouter:
    router = APIRouter(tags=["credits"])

    @router.get("/v1/receipts/{run_id}")
    async def read_receipt(run_id: str, caller: Annotated[Caller, Depends(who.run_lister)]) -> SignedReceiptOut:
        """What one run cost, and which lots paid, signed. `cmpctl receipts verify` and docs/receipts.md verify it off-line."""
        return await receipts.signed(caller, run_id)

    @router.get(KEYS_PATH, dependencies=[Depends(who.public)])
    async def receipt_keys(response: Response) -> KeysOut:
        """The keys that sign receipts, as a JSON Web Key Set; earlier ones too, so that old receipts can be verified."""
        response.headers["Cache-Control"] = "public, max-age=300"
        return KeysOut.model_validate(await keyring.published())

    return router
