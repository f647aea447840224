"""Secrets: made, hashed and sealed. Pure functions over given keys; nothing here reads a file or the environment."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def new_token(prefix: str = "") -> str:
    """A secret with 256 bits of randomness, URL-safe, after an optional prefix that scanners can recognise."""
    return prefix + secrets.token_urlsafe(32)


def fingerprint(token: str) -> str:
    """SHA-256 in hex. Enough for tokens with full entropy; passwords need Argon2 instead."""
    return hashlib.sha256(token.encode()).hexdigest()


def token_for(secret_key: str, purpose: str) -> str:
    """A token that everybody who knows the installation's secret can derive, and that tells nothing of it. One for each purpose."""
    return hmac.new(secret_key.encode(), f"cmp:{purpose}".encode(), hashlib.sha256).hexdigest()


class SecretBox:
    """Seals small secrets for storage (Fernet: AES-128-CBC with HMAC-SHA256) under a key derived from the installation's secret."""

    def __init__(self, secret_key: str, purpose: str) -> None:
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"cmp:{purpose}".encode()).derive(secret_key.encode())
        self._fernet = Fernet(base64.urlsafe_b64encode(derived))

    def seal(self, plain: str) -> str:
        return self._fernet.encrypt(plain.encode()).decode()

    def open(self, sealed: str) -> str:
        """Raises ValueError when the text was sealed under another key or was changed."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise ValueError("sealed under another key, or changed") from None
