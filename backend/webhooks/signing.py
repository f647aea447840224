"""Standard Webhooks: a secret of an endpoint, and the headers that prove who sent a message and when. Pure.

The signed text is `{id}.{seconds}.{body}`. While a secret is being exchanged a message carries a signature by each.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime

PREFIX = "whsec_"
_BYTES = 32


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def headers(message_id: str, at: datetime, body: bytes, keys: Sequence[str]) -> Mapping[str, str]:
    """keys: secrets, the newest first. at: of this attempt; a receiver refuses what is minutes old."""
    seconds = str(int(at.timestamp()))
    signed = b".".join((message_id.encode(), seconds.encode(), body))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(_signature(key, signed) for key in keys),
    }


def _signature(key: str, signed: bytes) -> str:
    raw = base64.b64decode(key.removeprefix(PREFIX))
    return "v1," + base64.b64encode(hmac.new(raw, signed, hashlib.sha256).digest()).decode()
