from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from backend.kernel.errors import Invalid
from backend.webhooks import policy, signing
from backend.webhooks.addresses import is_public

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254", "169.254.169.254",
        "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1",
        "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::7f00:1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "::ffff:0:0", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:7f00:1::",
        "2001:db8::1", "2002:7f00:1::", "2002:808:808::", "3fff::1", "5f00::1", "fc00::1", "fd12::1", "fe80::1", "fe80::1%eth0",
        "fec0::1", "ff02::1", "nonsense", "8.8.8", "2130706433", "0x7f000001",
    ],
)  # fmt: skip
def test_no_other_address_is(address: str) -> None:
    assert not is_public(address)


@given(st.ip_addresses(v=4))
def test_what_the_standard_library_calls_private_never_passes(address: IPv4Address) -> None:
    if address.is_private or address.is_multicast or address.is_reserved or address.is_loopback or address.is_link_local:
        assert not is_public(str(address))
    assert is_public(f"::ffff:{address}") == is_public(str(address))


@given(st.ip_addresses(v=6))
def test_nor_do_its_ipv6_likes(address: IPv6Address) -> None:
    if is_public(str(address)):
        assert not any((address.is_private, address.is_multicast, address.is_link_local, address.is_site_local, address.is_unspecified))
        assert address.sixtofour is None
        assert address.teredo is None


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("https://Example.com/hooks?a=b", "https://example.com/hooks?a=b"),
        ("  https://example.com:443/x ", "https://example.com/x"),
        ("https://example.com:8443/", "https://example.com:8443/"),
        ("https://bücher.example/x y", "https://xn--bcher-kva.example/x%20y"),
        ("https://8.8.8.8/", "https://8.8.8.8/"),
    ],
)
def test_an_address_is_kept_in_its_normal_form(text: str, normal: str) -> None:
    assert policy.address(text, private=False) == normal


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com",
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://",
        "https://user:word@example.com/",
        "https://user@example.com/",
        "https://example.com/#part",
        "https://example.com:22/",
        "https://example.com:80/",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://localhost/",
        "https://localhost./",
        "https://a.localhost/",
        "https://printer.local/",
        "https://metadata.google.internal/",
        "https://intranet/",
        "https://127.0.0.1/",
        "https://１２７.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0x7f000001/",
        "https://127.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fe80::1%25eth0]/",
        "https://169.254.169.254/latest",
        "https://example.com\\@127.0.0.1/",
        "https://example.com/\r\nx: y",
        "https://example.com/" + "x" * 500,
    ],
)
def test_an_address_that_must_not_be_called_is_refused_with_its_field(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        policy.address(text, private=False)
    assert refused.value.fields.keys() == {"url"}


def test_for_local_development_http_and_our_own_network_are_allowed() -> None:
    assert policy.address("http://localhost:4000/hooks", private=True) == "http://localhost:4000/hooks"
    with pytest.raises(Invalid):
        policy.address("ftp://localhost/", private=True)


def test_events_are_known_and_not_none() -> None:
    assert policy.events(["run.failed", "run.completed", "run.failed"]) == ["run.completed", "run.failed"]
    for wrong in ([], ["run.exploded"], [policy.TEST]):
        with pytest.raises(Invalid) as refused:
            policy.events(wrong)
        assert refused.value.fields.keys() == {"events"}


def test_ten_attempts_over_three_days_ever_further_apart_and_not_in_step() -> None:
    waits = [policy.next_attempt(n, NOW, name="whd_1") for n in range(1, 10)]
    assert waits[0] is not None
    assert NOW + timedelta(seconds=5) <= waits[0] <= NOW + timedelta(seconds=6)
    assert policy.next_attempt(10, NOW, name="whd_1") is None
    spans = [at - NOW for at in waits if at is not None]
    assert spans == sorted(spans)
    assert timedelta(days=3) < sum(spans, timedelta()) < timedelta(days=4) < policy.GIVE_UP
    assert policy.next_attempt(3, NOW, name="whd_1") != policy.next_attempt(3, NOW, name="whd_2")
    assert policy.next_attempt(3, NOW, name="whd_1") == policy.next_attempt(3, NOW, name="whd_1")


def test_a_receiver_may_ask_to_be_left_alone_for_a_day_at_most() -> None:
    asked = policy.next_attempt(1, NOW, name="x", wait=3600)
    assert asked is not None
    assert timedelta(hours=1) <= asked - NOW <= timedelta(hours=1.1)
    long = policy.next_attempt(1, NOW, name="x", wait=9_999_999)
    assert long is not None
    assert long - NOW <= policy.MAX_WAIT * 1.1


def test_the_official_library_accepts_a_signature_and_refuses_a_changed_body() -> None:
    secret, now = signing.new_secret(), datetime.now(UTC)
    body = policy.body("run.completed", 1_700_000_000_000, {"text": "Grüße ✓"})
    headers = dict(signing.headers("evt_1", now, body, [secret]))
    assert Webhook(secret).verify(body, headers) == {
        "type": "run.completed",
        "timestamp": "2023-11-14T22:13:20.000Z",
        "data": {"text": "Grüße ✓"},
    }
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(secret).verify(body + b" ", headers)
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(signing.new_secret()).verify(body, headers)


def test_during_a_rotation_either_secret_proves_the_message() -> None:
    new, old, now = signing.new_secret(), signing.new_secret(), datetime.now(UTC)
    headers = dict(signing.headers("evt_1", now, b"{}", [new, old]))
    for secret in (new, old):
        assert Webhook(secret).verify(b"{}", headers) == {}


def test_the_standards_own_example_has_its_signature() -> None:
    """From the specification: this message, this secret, this signature."""
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    headers = signing.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", datetime.fromtimestamp(1614265330, UTC), body, [secret])
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
