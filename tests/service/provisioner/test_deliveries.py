"""What Saleor did not sign, or not for us, is refused and leaves nothing behind; what cannot be judged now comes again."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import delete, func, select

from backend.commerce.models import ConnectionRow
from backend.kernel.clock import FrozenClock
from backend.kernel.errors import DomainError, Forbidden, Invalid, TooLarge, Unauthenticated, Unavailable
from backend.provisioner.models import OrderRow
from backend.provisioner.signature import REFETCHES, HmacVerifier, JwksVerifier, addressed
from tests.service.provisioner.house import House
from tests.service.provisioner.saleor import API_URL, APP_ID, APP_TOKEN, FakeSaleor

RECORDED = Path(__file__).resolve().parents[4] / "shared" / "saleor"
recorded = pytest.mark.skipif(not RECORDED.exists(), reason="the recorded deliveries (../shared/saleor) are not here")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One kind of database: what is refused never reaches it."""
    return sqlite_url


async def stored(house: House) -> int:
    async with house.database.read() as tx:
        return int((await tx.execute(select(func.count()).select_from(OrderRow))).scalar_one())


async def refused(house: House, raw: bytes, headers: dict[str, str], cause: str = "paid") -> DomainError:
    with pytest.raises(DomainError) as caught:
        await house.provisioner.receive(cause, raw, headers)
    assert await stored(house) == 0
    return caught.value


async def test_a_tampered_body_is_refused(house: House, saleor: FakeSaleor) -> None:
    raw, headers = saleor.delivery(saleor.place("CSA-BASIC"))
    for tampered in (raw + b" ", raw.replace(b"OrderFullyPaid", b"OrderFullyPaId"), b""):
        error = await refused(house, tampered, headers)
        assert (type(error), error.code) == (Unauthenticated, "bad_signature")


async def test_a_signature_by_another_key_is_refused(house: House, saleor: FakeSaleor) -> None:
    order_id, true = saleor.place("CSA-BASIC"), saleor.key
    for kid in ("key-1", "key-of-a-forger"):
        saleor.key = RSAKey.generate_key(2048, {"kid": kid})
        raw, headers = saleor.delivery(order_id)
        saleor.key = true
        assert (await refused(house, raw, headers)).code == "bad_signature"


@pytest.mark.parametrize(
    "signature",
    ["", "x", "..", "eyJhbGciOiJub25lIn0..", "e30..e30", "eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19..c2ln", "ж..ж"],
)
async def test_what_is_no_detached_rs256_signature_is_refused(house: House, saleor: FakeSaleor, signature: str) -> None:
    raw, headers = saleor.delivery(saleor.place("CSA-BASIC"))
    assert (await refused(house, raw, headers | {"Saleor-Signature": signature})).code == "bad_signature"


async def test_a_delivery_without_a_signature_is_refused(house: House, saleor: FakeSaleor) -> None:
    raw, headers = saleor.delivery(saleor.place("CSA-BASIC"))
    del headers["Saleor-Signature"]
    assert (await refused(house, raw, headers)).code == "bad_signature"


async def test_a_true_delivery_of_another_saleor_url_or_event_is_refused(house: House, saleor: FakeSaleor) -> None:
    raw, headers = saleor.delivery(saleor.place("CSA-BASIC"))
    assert (await refused(house, raw, headers | {"Saleor-Api-Url": "http://elsewhere.test/graphql/"})).code == "not_for_us"
    assert (await refused(house, raw, headers, cause="refunded")).code == "not_for_us"
    assert (await refused(house, raw, headers | {"Saleor-Event": "order_fully_refunded"}, cause="refunded")).code == "not_for_us"


async def test_a_true_delivery_for_another_app_is_refused(house: House, saleor: FakeSaleor) -> None:
    raw, headers = saleor.delivery(saleor.place("CSA-BASIC"))
    await house.connection.store("QXBwOjk5", APP_TOKEN)
    assert (await refused(house, raw, headers)).code == "not_for_us"


async def test_a_signed_body_that_names_no_order_is_refused_for_good(house: House, saleor: FakeSaleor) -> None:
    raw = json.dumps({"__typename": "OrderFullyPaid", "recipient": {"id": APP_ID}, "order": None}).encode()
    headers = {"Saleor-Event": "order_fully_paid", "Saleor-Api-Url": API_URL, "Saleor-Signature": saleor.sign(raw)}
    assert isinstance(await refused(house, raw, headers), Invalid)


async def test_a_body_beyond_the_limit_is_refused_unread(house: House, saleor: FakeSaleor) -> None:
    _, headers = saleor.delivery(saleor.place("CSA-BASIC"))
    assert isinstance(await refused(house, b"x" * 128_001, headers), TooLarge)
    assert saleor.asked == []


async def test_when_the_keys_cannot_be_read_saleor_is_asked_to_come_again(house: House, saleor: FakeSaleor) -> None:
    raw, headers = saleor.delivery(saleor.place("CSA-BASIC"))
    saleor.down = True
    assert isinstance(await refused(house, raw, headers), Unavailable)
    saleor.down = False
    assert (await house.provisioner.receive("paid", raw, headers)).startswith("ord_")


async def test_before_the_app_is_installed_saleor_is_asked_to_come_again(house: House, saleor: FakeSaleor) -> None:
    raw, headers = saleor.delivery(saleor.place("CSA-BASIC"))
    async with house.database.write() as tx:
        await tx.execute(delete(ConnectionRow))
    assert (await refused(house, raw, headers)).code == "app_not_installed"
    await house.connection.store("", "a token that Saleor has forgotten")
    assert isinstance(await refused(house, raw, headers), Unavailable)


async def test_with_a_configured_token_alone_saleor_is_asked_whose_it_is(house: House, saleor: FakeSaleor) -> None:
    await house.connection.store("", APP_TOKEN)
    raw, headers = saleor.delivery(saleor.place("CSA-BASIC"))
    assert (await house.provisioner.receive("paid", raw, headers)).startswith("ord_")


async def test_a_new_key_of_saleors_is_learnt_from_its_first_delivery(house: House, saleor: FakeSaleor) -> None:
    await house.deliver(saleor, saleor.place("CSA-BASIC"))
    saleor.key = RSAKey.generate_key(2048, {"kid": "key-2"})
    assert (await house.deliver(saleor, saleor.place("CSA-BASIC"))).startswith("ord_")
    assert saleor.asked.count("/.well-known/jwks.json") == 2


async def test_forged_keys_do_not_make_us_ask_saleor_without_end(house: House, saleor: FakeSaleor, clock: FrozenClock) -> None:
    true, order_id = saleor.key, saleor.place("CSA-BASIC")
    forger = FakeSaleor(key=RSAKey.generate_key(2048, {"kid": "unknown"}))
    raw, headers = forger.delivery(order_id)
    codes = [(await refused(house, raw, headers)).code for _ in range(REFETCHES + 3)]
    assert codes == ["bad_signature"] * REFETCHES + ["unavailable"] * 3
    assert saleor.asked.count("/.well-known/jwks.json") == REFETCHES
    clock.advance(timedelta(minutes=1))
    saleor.key = RSAKey.generate_key(2048, {"kid": "key-2"})
    raw, headers = saleor.delivery(order_id)
    assert (await house.provisioner.receive("paid", raw, headers)).startswith("ord_")
    assert true.kid != saleor.key.kid


async def test_an_installation_is_kept_only_when_the_configured_saleor_confirms_its_token(house: House) -> None:
    await house.connection.store("", "")
    with pytest.raises(Forbidden) as foreign:
        await house.provisioner.register("http://elsewhere.test/graphql/", APP_TOKEN)
    with pytest.raises(Forbidden) as unknown:
        await house.provisioner.register(API_URL, "a-token-nobody-issued")
    assert (foreign.value.code, unknown.value.code, await house.connection.app_id()) == ("foreign_saleor", "bad_token", "")
    await house.provisioner.register(API_URL, APP_TOKEN)
    assert (await house.connection.app_id(), await house.connection.token()) == (APP_ID, APP_TOKEN)


@recorded
async def test_deliveries_recorded_from_a_real_saleor_verify_and_their_tampered_copies_do_not(clock: FrozenClock) -> None:
    jwks = (RECORDED / "jwks.json").read_text()
    verifier = JwksVerifier(
        "http://saleor.test/jwks", httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200, text=jwks))), clock
    )
    signed = [path for path in sorted((RECORDED / "deliveries").glob("order_*.json")) if "hmac" not in path.name]
    assert len(signed) >= 10
    for path in signed:
        raw, headers = read(path)
        await verifier.verify(raw, headers["saleor-signature"])
        with pytest.raises((Unauthenticated, Unavailable)):
            await verifier.verify(raw.replace(b"Order", b"order", 1), headers["saleor-signature"])


@recorded
async def test_a_recorded_delivery_with_a_secret_verifies_by_hmac(clock: FrozenClock) -> None:
    raw, headers = read(next((RECORDED / "deliveries").glob("order_fully_paid-hmac-*.json")))
    await HmacVerifier("topsecret").verify(raw, headers["saleor-signature"])
    for verifier, body in ((HmacVerifier("topsecret"), raw + b" "), (HmacVerifier("another"), raw)):
        with pytest.raises(Unauthenticated):
            await verifier.verify(body, headers["saleor-signature"])


@recorded
def test_only_a_recorded_delivery_that_names_its_recipient_is_ours() -> None:
    events = {"order_fully_paid": "OrderFullyPaid"}
    ours, headers = read(RECORDED / "deliveries" / "order_fully_paid-sub-paid-0012.json")
    given = {"events": events, "api_url": "http://127.0.0.1:9000/graphql/", "app_id": "QXBwOjE="}
    assert addressed(ours, headers, **given)["order"]["number"] == "1"  # type: ignore[arg-type]
    for name in ("order_fully_paid-manifest-paid-0010.json", "order_fully_paid-legacy-paid-0005.json"):
        raw, headers = read(RECORDED / "deliveries" / name)
        with pytest.raises(Unauthenticated):
            addressed(raw, headers, **given)  # type: ignore[arg-type]


def read(path: Path) -> tuple[bytes, dict[str, str]]:
    data = json.loads(path.read_text())
    return data["raw_body"].encode(), {name.lower(): value for name, value in data["headers"]}
