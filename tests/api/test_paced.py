"""What anybody may ask for is paced by the address it comes from."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from backend.identity.sign_in import ADDRESS
from backend.main import System
from backend.widget.service import OPENED


@pytest.fixture
async def http(system: System) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(system.app), base_url="http://localhost:3000") as client:
        yield client
    await system.services.database.dispose()


@pytest.mark.usefixtures("one_moment")
async def test_registering_again_and_again_is_slowed_down_before_any_password_is_hashed(http: httpx.AsyncClient) -> None:
    answers = [await http.post("/auth/register", json={"email": "nobody", "password": "x"}) for _ in range(ADDRESS.amount + 1)]
    assert {answer.status_code for answer in answers[:-1]} == {422}
    assert (answers[-1].status_code, answers[-1].json()["code"], answers[-1].headers["retry-after"]) == (429, "rate_limited", "60")


@pytest.mark.usefixtures("one_moment")
async def test_one_address_opens_only_so_many_chats_and_others_are_not_kept_out(http: httpx.AsyncClient, system: System) -> None:
    services = system.services
    await services.offerings.sync(services.products)
    account = await services.sign_up.register("ann@example.com", "a few unrelated words")
    [home] = await services.workspaces.of(account.id)
    offering = await services.offerings.by_sku("CSA-PRO")
    assert offering is not None
    async with services.database.write() as tx:
        agent = await services.instances.create(tx, workspace_id=home.workspace.id, offering=offering, source_key="a test")
    caller = await services.access.caller(await services.sessions.open(account.id, "a test"), None)
    assert caller is not None
    widget = await services.widgets.settings(caller, agent.id)
    opening: dict[str, Any] = {"json": {"widget_id": widget.id}, "headers": {"Origin": services.settings.base_url}}
    answers = [(await http.post("/v1/widget/session:init", **opening)).status_code for _ in range(OPENED.amount + 1)]
    assert (set(answers[:-1]), answers[-1]) == ({200}, 429)
    elsewhere = httpx.ASGITransport(system.app, client=("192.0.2.1", 1))
    async with httpx.AsyncClient(transport=elsewhere, base_url="http://localhost:3000") as other:
        assert (await other.post("/v1/widget/session:init", **opening)).status_code == 200
