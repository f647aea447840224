"""Global ids: base 64 of `Type:key`, as Saleor makes them."""

from __future__ import annotations

import base64
import binascii
import uuid


def global_id(kind: str, key: object) -> str:
    return base64.b64encode(f"{kind}:{key}".encode()).decode()


def parse(value: str) -> tuple[str, str] | None:
    """(kind, key), or None when the text is no global id."""
    try:
        kind, colon, key = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    return (kind, key) if colon and kind and key else None


def number(kind: str, value: str) -> int | None:
    """The whole-number key of a global id of this kind, or None."""
    match parse(value):
        case (found, key) if found == kind and key.isascii() and key.isdigit() and len(key) < 10:
            return int(key)
    return None


def token(kind: str, value: str) -> str | None:
    """The UUID key of a global id of this kind, in its canonical form, or None."""
    match parse(value):
        case (found, key) if found == kind:
            return as_uuid(key)
    return None


def as_uuid(value: str) -> str | None:
    try:
        return str(uuid.UUID(value))
    except ValueError:
        return None


def fresh() -> str:
    return str(uuid.uuid4())
