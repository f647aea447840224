"""The websocket opens for pages of this very host, and for no others."""

from __future__ import annotations

import pytest

from cmp_web.cmp_web import same_host


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [("http://market.test:3000", True), ("http://market.test", False), ("https://evil.test", False), ("http://[", False), ("null", False)],
)
def test_only_the_own_origin_may_open_it(origin: str, allowed: bool) -> None:
    assert same_host(origin, {"HTTP_HOST": "market.test:3000"}) is allowed
