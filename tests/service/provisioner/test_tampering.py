"""Every delivery recorded from a real Saleor verifies; with any one byte of it changed, or any header that matters, it does not."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from backend.kernel.clock import FrozenClock
from backend.kernel.errors import DomainError, Unauthenticated, Unavailable
from backend.problem import http_status
from backend.provisioner.manifest import EVENTS
from backend.provisioner.signature import HmacVerifier, JwksVerifier, Verifier, verifier
from tests.service.provisioner.house import House
from tests.service.provisioner.saleor import API_URL, APP_ID, FakeSaleor
from tests.service.provisioner.test_deliveries import RECORDED, read, recorded, stored

THEIRS = "http://127.0.0.1:9000/graphql/"
NAMES = sorted(path.name for path in (RECORDED / "deliveries").glob("*.json") if not path.name.startswith("register"))
"""All but the registration, which Saleor does not sign."""
ADDRESSED = [name for name in NAMES if "-sub-" in name or "-hmac-" in name]
"""Those whose subscription selected the recipient, as ours does."""


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One kind of database: what is refused never reaches it."""
    return sqlite_url


def flipped(data: bytes) -> Iterator[bytes]:
    for place in range(len(data)):
        yield data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def made_for(name: str, clock: FrozenClock) -> Verifier:
    """The verifier that belongs to a recorded delivery: by the secret its webhook had, or by the keys of that Saleor."""
    if "-hmac-" in name:
        return HmacVerifier("an older secret, topsecret")
    keys = (RECORDED / "jwks.json").read_text()
    answers = httpx.MockTransport(lambda _: httpx.Response(200, text=keys))
    return JwksVerifier("http://saleor.test/jwks", httpx.AsyncClient(transport=answers), clock)


async def refused(verifier: Verifier, raw: bytes, signature: str) -> bool:
    try:
        await verifier.verify(raw, signature)
    except Unauthenticated as error:
        return http_status(error) == 401
    return False


@recorded
@pytest.mark.parametrize("name", NAMES)
async def test_a_recorded_delivery_verifies_and_with_any_one_byte_changed_it_does_not(name: str, clock: FrozenClock) -> None:
    verifier = made_for(name, clock)
    raw, headers = read(RECORDED / "deliveries" / name)
    signature = headers["saleor-signature"]
    await verifier.verify(raw, signature)
    assert [place for place, body in enumerate(flipped(raw)) if not await refused(verifier, body, signature)] == []
    for place, changed in enumerate(flipped(signature.encode())):
        # A changed key id could be a new key: Saleor's keys are asked for again, as often as a minute allows.
        clock.advance(timedelta(minutes=1))
        assert await refused(verifier, raw, changed.decode()), place
    for changed in ("", signature[:-1], signature + "A", signature + "=", f" {signature}"):
        assert await refused(verifier, raw, changed), changed
    assert await refused(verifier, b"", signature)


@recorded
@pytest.mark.parametrize("name", ADDRESSED)
async def test_a_recorded_delivery_that_names_us_is_taken_in_and_no_changed_header_is(house: House, clock: FrozenClock, name: str) -> None:
    await house.connection.store("QXBwOjE=", "a token")
    house.provisioner.api_url, house.provisioner.verifier = THEIRS, made_for(name, clock)
    raw, headers = read(RECORDED / "deliveries" / name)
    await all_refused(house, raw, headers)
    assert (await house.provisioner.receive("paid", raw, headers)).startswith("ord_")


async def test_a_fresh_delivery_with_any_one_byte_or_header_changed_is_refused_and_leaves_nothing(
    house: House, saleor: FakeSaleor, clock: FrozenClock
) -> None:
    raw, given = saleor.delivery(saleor.place("CSA-BASIC"))
    headers = {name.lower(): value for name, value in given.items()}
    for body in flipped(raw):
        await is_401(house, body, headers)
    for changed in flipped(headers["saleor-signature"].encode()):
        clock.advance(timedelta(minutes=1))
        await is_401(house, raw, headers | {"saleor-signature": changed.decode()})
    await all_refused(house, raw, headers)
    assert (await house.provisioner.receive("paid", raw, headers)).startswith("ord_")


@pytest.mark.parametrize(
    "other", [{"__typename": "OrderPaid"}, {"__typename": None}, {"recipient": {"id": "QXBwOjE="}}, {"recipient": None}, {"recipient": {}}]
)
@pytest.mark.parametrize("cause", list(EVENTS))
async def test_a_signed_body_of_another_event_or_for_another_app_is_refused(
    house: House, saleor: FakeSaleor, cause: str, other: dict[str, object]
) -> None:
    event, typename = next(iter(EVENTS[cause].items()))
    body = {"__typename": typename, "recipient": {"id": APP_ID}, "order": {"id": saleor.place("CSA-BASIC")}} | other
    raw = json.dumps(body).encode()
    headers = {"saleor-event": event, "saleor-api-url": API_URL, "saleor-signature": saleor.sign(raw)}
    await is_401(house, raw, headers, cause)


async def test_a_secret_that_is_being_replaced_may_be_given_beside_the_new_one(clock: FrozenClock) -> None:
    both = verifier(API_URL, " new , old ", httpx.AsyncClient(), clock)
    for secret in ("new", "old"):
        await both.verify(b"{}", hmac.new(secret.encode(), b"{}", hashlib.sha256).hexdigest())
    for signature in (
        "",
        "0" * 64,
        hmac.new(b"", b"{}", hashlib.sha256).hexdigest(),
        hmac.new(b"new , old", b"{}", hashlib.sha256).hexdigest(),
    ):
        assert await refused(both, b"{}", signature)


async def test_a_database_that_cannot_answer_makes_saleor_come_again(
    house: House, saleor: FakeSaleor, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw, headers = saleor.delivery(saleor.place("CSA-BASIC"))

    def locked(*_: object) -> None:
        raise OperationalError("INSERT", {}, Exception("database is locked"))

    with monkeypatch.context() as patch:
        patch.setattr("backend.provisioner.repository.open_orders", locked)
        with pytest.raises(Unavailable) as caught:
            await house.provisioner.receive("paid", raw, headers)
    assert http_status(caught.value) == 503
    assert (await house.provisioner.receive("paid", raw, headers)).startswith("ord_")


async def all_refused(house: House, raw: bytes, headers: dict[str, str]) -> None:
    """Every header that matters, left out and changed."""
    for name in ("saleor-event", "saleor-api-url", "saleor-signature"):
        await is_401(house, raw, {key: value for key, value in headers.items() if key != name})
        for changed in ("", "x", headers[name] + "x", headers[name][:-1]):
            await is_401(house, raw, headers | {name: changed})
    for cause in EVENTS:
        if cause != "paid":
            await is_401(house, raw, headers, cause)
    await is_401(house, raw, headers | {"saleor-event": "order_paid"})


async def is_401(house: House, raw: bytes, headers: dict[str, str], cause: str = "paid") -> None:
    with pytest.raises(DomainError) as caught:
        await house.provisioner.receive(cause, raw, headers)
    assert http_status(caught.value) == 401
    assert await stored(house) == 0
