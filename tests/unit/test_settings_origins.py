"""Origins end up in a header of every page, so nothing else passes for one."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from backend.settings import Settings


def settings(**given: object) -> Settings:
    return Settings(_env_file=None, **given)  # type: ignore[call-arg, arg-type]


def test_pictures_come_from_the_shop_and_from_what_is_named_beside_it() -> None:
    found = settings(
        saleor_api_url="https://shop.example:8443/graphql/", saleor_media_origins="https://cdn.example/, https://*.media.example"
    )
    assert found.media_origins == ("https://shop.example:8443", "https://cdn.example", "https://*.media.example")
    assert settings().media_origins == ()


@pytest.mark.parametrize("origin", ["cdn.example", "https://cdn.example; script-src *", "https://cdn.example/path", "javascript:x"])
def test_what_is_no_origin_is_refused_at_the_start(origin: str) -> None:
    with pytest.raises(ValidationError):
        settings(saleor_media_origins=origin)
