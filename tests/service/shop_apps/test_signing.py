"""The shop's signatures are what a consumer of Saleor's webhooks expects."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path

import pytest
from joserfc import jws
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet

from backend.shop.apps.signing import SigningKey, hmac_signature

BODY = b'{"__typename": "OrderFullyPaid", "order": {"id": "T3JkZXI6MQ=="}}'


def _verify(key: SigningKey, signature: str, body: bytes) -> None:
    keys = KeySet.import_key_set(key.jwks())
    jws.deserialize_compact(signature, keys, algorithms=["RS256"], payload=body)


def test_a_signature_verifies_with_the_published_keys(tmp_path: Path) -> None:
    key = SigningKey.load(tmp_path)
    _verify(key, key.sign(BODY), BODY)


def test_a_changed_body_does_not_verify(tmp_path: Path) -> None:
    key = SigningKey.load(tmp_path)
    with pytest.raises(BadSignatureError):
        _verify(key, key.sign(BODY), BODY + b" ")


def test_the_signature_is_detached_and_its_header_is_saleors(tmp_path: Path) -> None:
    key = SigningKey.load(tmp_path)
    header, middle, _ = key.sign(BODY).split(".")
    said = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))
    assert middle == ""
    assert said == {"alg": "RS256", "b64": False, "crit": ["b64"], "kid": key.jwks()["keys"][0]["kid"], "typ": "JWT"}


def test_the_published_key_has_the_members_of_saleors_and_no_private_one(tmp_path: Path) -> None:
    (published,) = SigningKey.load(tmp_path).jwks()["keys"]
    assert set(published) == {"kty", "key_ops", "n", "e", "use", "kid", "alg"}


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    first, second = SigningKey.load(tmp_path / "shop"), SigningKey.load(tmp_path / "shop")
    assert first.jwks() == second.jwks()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "shop").iterdir()] == [0o600]


def test_a_secret_signs_with_hmac() -> None:
    assert hmac_signature("key", b"The quick brown fox jumps over the lazy dog") == (
        "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
    )
