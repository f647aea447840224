"""How the shop signs: a detached JWS over the raw body with a key of its own, or an HMAC for a webhook that has a secret."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from joserfc.jwk import RSAKey


class SigningKey:
    """One RSA key for the life of the installation."""

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        self._key = key
        public = RSAKey.import_key(key.public_key())
        self._kid = public.thumbprint()
        self._jwk = {**public.as_dict(private=False), "key_ops": ["verify"], "use": "sig", "kid": self._kid, "alg": "RS256"}

    @classmethod
    def load(cls, folder: Path) -> SigningKey:
        """The key kept in `folder`, made there the first time and readable by its owner alone."""
        path = folder / "signing-key.pem"
        if not path.exists():
            _make(folder, path)
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError(f"{path} holds no RSA key")
        return cls(key)

    def jwks(self) -> dict[str, Any]:
        return {"keys": [self._jwk]}

    def sign(self, body: bytes) -> str:
        """`header..signature`, with the body left out and not encoded (RFC 7797)."""
        header = {"alg": "RS256", "b64": False, "crit": ["b64"], "kid": self._kid, "typ": "JWT"}
        protected = _b64(json.dumps(header, separators=(",", ":")).encode())
        signature = self._key.sign(protected.encode() + b"." + body, padding.PKCS1v15(), hashes.SHA256())
        return f"{protected}..{_b64(signature)}"


def hmac_signature(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _make(folder: Path, path: Path) -> None:
    """Written whole under another name first: of two processes that start at once, one wins and both read a complete key."""
    folder.mkdir(parents=True, exist_ok=True)
    pem = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    draft = folder / f".signing-key-{secrets.token_hex(8)}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
