from __future__ import annotations

import httpx
import pytest

from backend.identity.keys import KeyLimits
from backend.kernel.caller import ALL_SCOPES
from tests.service.identity.app import client
from tests.service.identity.people import Town

SITE = "https://shop.example.com"
INIT = "/v1/widget/session:init"


async def owner(town: Town) -> tuple[httpx.AsyncClient, str]:
    """A client with the owner's key, and the path of the agent's widget."""
    ann = await town.member()
    agent = await town.agent(ann)
    key = await town.keys.create(ann.workspace_id, ann.account_id, "a test", KeyLimits(ALL_SCOPES))
    return client(town, authorization=f"Bearer {key.secret}"), f"/v1/instances/{agent.id}/widget"


async def placed(town: Town) -> str:
    http, path = await owner(town)
    async with http:
        return str((await http.put(path, json={"allowed_origins": [SITE], "title": "Ask the workshop"})).json()["id"])


async def test_the_settings_are_read_and_written(town: Town) -> None:
    http, path = await owner(town)
    async with http:
        before = (await http.get(path)).json()
        after = (await http.put(path, json={"allowed_origins": ["https://Shop.example.com/"], "enabled": True})).json()
        assert await _json(http, path) == after
    assert before["id"].startswith("wid_")
    assert before["allowed_origins"] == []
    assert after == {**before, "allowed_origins": [SITE]}


async def test_a_bad_origin_is_refused_by_its_field(town: Town) -> None:
    http, path = await owner(town)
    async with http:
        answer = await http.put(path, json={"allowed_origins": ["http://shop.example.com"]})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "allowed_origins")


async def test_a_second_widget_on_a_basic_plan_is_refused(town: Town) -> None:
    http, path = await owner(town)
    async with http:
        answer = await http.get(path, params={"number": 2})
    assert (answer.status_code, answer.json()["code"]) == (403, "plan_limit")


async def test_a_visitor_gets_a_token_that_the_page_may_read(town: Town) -> None:
    widget_id = await placed(town)
    async with client(town, origin=SITE) as http:
        answer = await http.post(INIT, json={"widget_id": widget_id})
    assert answer.status_code == 200
    assert (answer.headers["access-control-allow-origin"], answer.headers["vary"]) == (SITE, "Origin")
    assert "access-control-allow-credentials" not in answer.headers
    body = answer.json()
    assert body["token"].startswith("cmpw_")
    assert body["session_id"].startswith("conv_")
    assert (body["title"], body["expires_at"]) == ("Ask the workshop", "2026-11-22T13:00:00Z")


@pytest.mark.parametrize("origin", ["", "null", "https://evil.example"])
async def test_a_foreign_or_missing_origin_is_403_and_the_page_may_read_why(town: Town, origin: str) -> None:
    widget_id = await placed(town)
    async with client(town, **({"origin": origin} if origin else {})) as http:
        answer = await http.post(INIT, json={"widget_id": widget_id})
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
    assert "token" not in answer.json()
    assert answer.headers.get("access-control-allow-origin", "") == origin


async def test_an_unknown_widget_is_404_whoever_asks(town: Town) -> None:
    answers = []
    for origin in (SITE, "https://evil.example"):
        async with client(town, origin=origin) as http:
            answers.append(await http.post(INIT, json={"widget_id": "wid_none"}))
    assert [a.status_code for a in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()


async def test_a_preflight_is_answered_for_opening_a_session_and_nothing_else(town: Town) -> None:
    ask = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    async with client(town, origin=SITE, **ask) as http:
        opening, keys = await http.options(INIT), await http.options("/v1/keys")
    assert (opening.status_code, opening.headers["access-control-allow-origin"], opening.headers["vary"]) == (204, SITE, "Origin")
    assert "Content-Type" in opening.headers["access-control-allow-headers"]
    assert "access-control-allow-origin" not in keys.headers


async def test_a_visitors_token_opens_nothing_but_runs(town: Town) -> None:
    widget_id = await placed(town)
    async with client(town, origin=SITE) as http:
        session = (await http.post(INIT, json={"widget_id": widget_id})).json()
    async with client(town, authorization=f"Bearer {session['token']}") as http:
        for path in ("/v1/instances", f"/v1/instances/{session['instance_id']}/widget", "/v1/keys"):
            assert (await http.get(path)).status_code == 403


async def _json(http: httpx.AsyncClient, path: str) -> object:
    return (await http.get(path)).json()
