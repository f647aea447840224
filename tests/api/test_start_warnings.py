"""What a start says aloud when something is unsafe."""

from __future__ import annotations

import pytest

from backend.main import assemble
from backend.settings import Settings
from tests.wired import System


@pytest.mark.parametrize(("address", "warned"), [("http://localhost:3000", False), ("https://market.example", True)])
async def test_an_embedded_shop_that_others_can_reach_is_warned_of(system: System, address: str, warned: bool) -> None:
    said: list[str] = []
    settings: Settings = system.services.settings.model_copy(update={"public_url": address})
    exposed = assemble(settings, said.append)
    await exposed.prepare()
    await exposed.services.database.dispose()
    await exposed.services.http.aclose()
    assert any("takes no money" in words for words in said) is warned
