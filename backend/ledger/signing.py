"""The keys that sign receipts: made once, the same for every process, kept sealed, published without their private half.

A signature covers the canonical JSON (RFC 8785) of the document without its member `signature`. Ed25519 signs the same bytes the same
way each time, so a receipt may be signed whenever it is read.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from joserfc.jwk import OKPKey
from sqlalchemy import select, update
from sqlmodel import col

from backend.db.engine import Database, Tx
from backend.db.upsert import insert_once
from backend.kernel.clock import Clock
from backend.kernel.errors import Unavailable
from backend.kernel.secrets import SecretBox
from backend.ledger.models import ReceiptKey

SIGNATURE = "signature"
ALGORITHM = "EdDSA"
Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Signature:
    """kid: which of the published keys made it. value: base64url without padding."""

    kid: str
    value: str
    alg: str = ALGORITHM


class Keyring:
    """box: seals private keys for the database."""

    def __init__(self, database: Database, clock: Clock, box: SecretBox) -> None:
        self._database, self._clock, self._box = database, clock, box

    async def sign(self, document: Document) -> Signature:
        """By the newest key, which is made when there is none. Raises Unavailable when it cannot be opened."""
        row = await self._newest() or await self._make(None)
        try:
            raw = base64.b64decode(self._box.open(row.sealed))
        except ValueError:
            words = (
                "Receipts cannot be signed: CMP_SECRET_KEY is another one than when their key was made. `cmpctl receipts rotate` makes one."
            )
            raise Unavailable(words, code="receipt_key_sealed") from None
        return Signature(row.id, encode(Ed25519PrivateKey.from_private_bytes(raw).sign(signed_bytes(document))))

    async def rotate(self, *, withdraw: bool = False) -> str:
        """Sign by a new key from now on; the earlier ones stay published. Its id.

        withdraw: an earlier one has leaked: none of them is published any more, and what they signed must be asked for anew.
        """
        before = await self._newest()
        row = await self._make(before)
        if withdraw:
            async with self._database.write() as tx:
                await tx.execute(update(ReceiptKey).where(col(ReceiptKey.number) < row.number).values(withdrawn=True))
        return row.id

    async def published(self) -> dict[str, list[dict[str, str]]]:
        """Every key that is to be believed as a JSON Web Key Set, newest first."""
        if await self._newest() is None:
            await self._make(None)
        async with self._database.read() as tx:
            query = select(ReceiptKey).where(col(ReceiptKey.withdrawn).is_(False)).order_by(col(ReceiptKey.number).desc())
            rows = list(await tx.scalars(query))
        return {"keys": [{"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": ALGORITHM, "kid": row.id, "x": row.x} for row in rows]}

    async def _newest(self) -> ReceiptKey | None:
        async with self._database.read() as tx:
            return await _newest(tx)

    async def _make(self, before: ReceiptKey | None) -> ReceiptKey:
        """The key after `before`. Of two processes that make it at once, both get the one that was first."""
        private = Ed25519PrivateKey.generate()
        x = encode(private.public_key().public_bytes_raw())
        values = {
            "id": OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": x}).thumbprint(),
            "number": before.number + 1 if before else 1,
            "x": x,
            "sealed": self._box.seal(base64.b64encode(private.private_bytes_raw()).decode()),
            "withdrawn": False,
            "created_at": self._clock.now(),
        }
        async with self._database.write() as tx:
            await insert_once(tx, ReceiptKey, values, unique=["number"])
            made = await _newest(tx)
        assert made is not None, "one was just made"
        return made


async def _newest(tx: Tx) -> ReceiptKey | None:
    return (await tx.scalars(select(ReceiptKey).order_by(col(ReceiptKey.number).desc()).limit(1))).one_or_none()


def signed_bytes(document: Document) -> bytes:
    """Raises ValueError for what has no canonical form."""
    return rfc8785.dumps({name: value for name, value in document.items() if name != SIGNATURE})


def verified(document: Document, x: str, value: str) -> bool:
    """Whether `value` is the signature of this document by the public key `x`; both base64url."""
    try:
        Ed25519PublicKey.from_public_bytes(decode(x)).verify(decode(value), signed_bytes(document))
    except (InvalidSignature, ValueError, RecursionError):
        return False
    return True


def encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Raises ValueError for anything but the canonical base64url of some bytes."""
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if encode(raw) != text:
        raise ValueError("not canonical base64url")
    return raw
