from __future__ import annotations

import pytest

from backend.kernel.errors import Invalid
from backend.widget.policy import MAX_ORIGINS, normal_origin, normal_origins


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("https://shop.example.com", "https://shop.example.com"),
        (" HTTPS://Shop.Example.com/ ", "https://shop.example.com"),
        ("https://shop.example.com:443", "https://shop.example.com"),
        ("https://shop.example.com:8443", "https://shop.example.com:8443"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("http://localhost", "http://localhost"),
        ("http://localhost:5500", "http://localhost:5500"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_an_origin_is_kept_the_way_a_browser_sends_it(written: str, sent: str) -> None:
    assert normal_origin(written) == sent


@pytest.mark.parametrize(
    "written",
    [
        "",
        "*",
        "null",
        "shop.example.com",
        "http://shop.example.com",
        "https://*.example.com",
        "https://shop.example.com/page",
        "https://shop.example.com?x=1",
        "https://shop.example.com#x",
        "https://user@shop.example.com",
        "https://shop.example.com:99999",
        "https://",
        "https://shop example.com",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://localhost.evil.com",
    ],
)
def test_what_is_not_an_exact_origin_is_refused_with_its_field(written: str) -> None:
    with pytest.raises(Invalid) as caught:
        normal_origin(written)
    assert "allowed_origins" in caught.value.fields


def test_origins_are_kept_once_each() -> None:
    assert normal_origins(["https://b.example", "https://a.example", "https://B.example/"]) == ["https://b.example", "https://a.example"]


def test_too_many_origins_are_refused() -> None:
    with pytest.raises(Invalid):
        normal_origins([f"https://{number}.example" for number in range(MAX_ORIGINS + 1)])
