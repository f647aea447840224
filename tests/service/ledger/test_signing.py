"""The keys that sign receipts: one for all processes, sealed at rest, exchanged without making old receipts worthless."""

from __future__ import annotations

import asyncio

import pytest
from joserfc.jwk import OKPKey
from sqlalchemy import text

from backend.db.engine import Database
from backend.kernel.clock import FrozenClock
from backend.kernel.errors import Unavailable
from backend.kernel.secrets import SecretBox
from backend.ledger.signing import Keyring, verified
from backend.ledger.verifying import examine

DOCUMENT = {"run_id": "run_1", "status": "settled", "held": "3", "charged": "2", "released": "1", "lots": [{"id": "l", "amount": "2"}]}


def keyring(database: Database, clock: FrozenClock, secret: str = "a secret") -> Keyring:
    return Keyring(database, clock, SecretBox(secret, "receipts"))


async def signed(keys: Keyring) -> dict[str, object]:
    made = await keys.sign(DOCUMENT)
    return {**DOCUMENT, "signature": {"alg": made.alg, "kid": made.kid, "value": made.value}}


async def test_all_processes_sign_with_one_key_and_the_same_receipt_always_the_same_way(database: Database, clock: FrozenClock) -> None:
    made = await asyncio.gather(*(keyring(database, clock).sign(DOCUMENT) for _ in range(6)))
    assert len(set(made)) == 1
    assert len((await keyring(database, clock).published())["keys"]) == 1


async def test_the_published_key_is_a_jwk_named_by_its_thumbprint_without_its_private_half(database: Database, clock: FrozenClock) -> None:
    [key] = (await keyring(database, clock).published())["keys"]
    assert set(key) == {"kty", "crv", "use", "alg", "kid", "x"}
    jwk = OKPKey.import_key({name: key[name] for name in ("kty", "crv", "x")})
    assert (jwk.thumbprint(), jwk.is_private) == (key["kid"], False)
    made = await keyring(database, clock).sign(DOCUMENT)
    assert (made.kid, verified(DOCUMENT, key["x"], made.value)) == (key["kid"], True)


async def test_after_a_rotation_the_new_key_signs_and_old_receipts_still_verify(database: Database, clock: FrozenClock) -> None:
    keys = keyring(database, clock)
    old = await signed(keys)
    kid = await keys.rotate()
    new = await signed(keyring(database, clock))
    published = await keys.published()
    assert [key["kid"] for key in published["keys"]] == [kid, old["signature"]["kid"]]  # type: ignore[index]
    assert new["signature"]["kid"] == kid  # type: ignore[index]
    assert [examine(one, published).code for one in (old, new)] == ["valid", "valid"]


async def test_a_key_that_leaked_is_published_no_more_and_what_it_signed_is_not_believed(database: Database, clock: FrozenClock) -> None:
    keys = keyring(database, clock)
    old = await signed(keys)
    await keys.rotate(withdraw=True)
    published = await keys.published()
    assert (len(published["keys"]), examine(old, published).code) == (1, "unknown_key")
    assert examine(await signed(keys), published).valid


async def test_two_who_rotate_at_once_leave_one_key_that_all_sign_with(database: Database, clock: FrozenClock) -> None:
    keys = keyring(database, clock)
    await keys.sign(DOCUMENT)
    await asyncio.gather(*(keyring(database, clock).rotate() for _ in range(4)))
    signatures = {(await keyring(database, clock).sign(DOCUMENT)).kid for _ in range(3)}
    assert signatures == {(await keys.published())["keys"][0]["kid"]}


async def test_the_private_key_is_sealed_in_the_database(database: Database, clock: FrozenClock) -> None:
    await keyring(database, clock).sign(DOCUMENT)
    async with database.read() as tx:
        sealed = (await tx.execute(text("SELECT sealed FROM receipt_key"))).scalar_one()
    assert len(SecretBox("a secret", "receipts").open(sealed)) == 44
    with pytest.raises(ValueError, match="another key"):
        SecretBox("a secret", "payments").open(sealed)


async def test_under_another_secret_nothing_is_signed_until_a_new_key_is_made(database: Database, clock: FrozenClock) -> None:
    old = await signed(keyring(database, clock))
    other = keyring(database, clock, "another secret")
    with pytest.raises(Unavailable, match="cmpctl receipts rotate"):
        await other.sign(DOCUMENT)
    await other.rotate()
    published = await other.published()
    assert [examine(one, published).valid for one in (old, await signed(other))] == [True, True]
